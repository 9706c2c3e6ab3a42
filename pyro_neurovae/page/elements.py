"""Pieces of an HTML page: text that is escaped, figures held in the page itself, tables that sort and filter."""

from __future__ import annotations

import base64
import json
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from html import escape as escape_marks
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..wording import bounded_p, told_probability, visible

if TYPE_CHECKING:
    from ..plots.picture import Picture

__all__ = [
    "Section",
    "data_table",
    "definitions",
    "details",
    "escape",
    "figure",
    "heading",
    "paragraph",
    "picture",
    "plain_table",
    "unordered",
]

# Rows that stand in the page where no script runs; a script shows as many at a time.
_ROWS = 80
# Letters beyond which a cell keeps some width on a phone.
_LONG = 60
# Significant digits that are shown, and that a download holds.
_SHOWN, _HELD = 3, 6


@dataclass(frozen=True)
class Section:
    """A part of the report under its own heading.

    Attributes
    ----------
    anchor, title
        Its id in the page, and its heading.
    body
        HTML below the heading.
    """

    anchor: str
    title: str
    body: str

    def html(self) -> str:
        """Return the section as HTML."""
        return (
            f'<section id="{self.anchor}" aria-labelledby="{self.anchor}-title">\n'
            f'<h2 id="{self.anchor}-title">{escape(self.title)}</h2>\n{self.body}\n</section>'
        )


def escape(text: str, *, quote: bool = True) -> str:
    """Text for a page: marks of HTML, controls and what turns the direction of reading are written out."""
    return escape_marks(visible(text), quote=quote)


def heading(text: str) -> str:
    """Put text in a heading within a section, escaped."""
    return f"<h3>{escape(text)}</h3>"


def paragraph(text: str, *, kind: str = "") -> str:
    """Put text in a paragraph, escaped."""
    return f"<p{_class(kind)}>{escape(text)}</p>"


def unordered(items: Sequence[str]) -> str:
    """List items, escaped."""
    return "<ul>" + "".join(f"<li>{escape(item)}</li>" for item in items) + "</ul>" if items else ""


def definitions(pairs: Mapping[str, str]) -> str:
    """List names with their values, escaped."""
    rows = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in pairs.items())
    return f'<dl class="facts">{rows}</dl>'


def figure(drawn: Picture, *, alt: str, caption: str, dpi: int = 110, kind: str = "") -> str:
    """Hold a figure in the page as PNG, with what it shows for who does not see it."""
    return picture(drawn.png(dpi), alt=alt, caption=caption, kind=kind)


def picture(png: bytes, *, alt: str, caption: str, kind: str = "") -> str:
    """Hold PNG bytes in the page."""
    data = base64.b64encode(png).decode()
    return (
        f'<figure{_class(kind)}><img src="data:image/png;base64,{data}" alt="{escape(alt, quote=True)}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def plain_table(
    frame: pd.DataFrame,
    *,
    caption: str,
    statuses: Mapping[str, str] | None = None,
    draws: Mapping[str, int] | None = None,
) -> str:
    """Return a small table as it is; cells of ``statuses`` get a class for their colour, ``draws`` as `data_table`."""
    kinds = ["number" if pd.api.types.is_numeric_dtype(frame[name]) else "" for name in frame.columns]
    heads = "".join(
        f'<th scope="col"{_class(kind)}>{escape(_label(str(name)))}</th>'
        for name, kind in zip(frame.columns, kinds, strict=True)
    )
    rows = "".join(f"<tr>{_cells(row, frame, statuses or {}, draws or {})}</tr>" for row in frame.to_dict("records"))
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption, quote=True)}"><table>'
        f"<caption>{escape(caption)}</caption><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def data_table(
    frame: pd.DataFrame,
    *,
    name: str,
    caption: str,
    first: Sequence[str] = (),
    headings: Mapping[str, str] | None = None,
    draws: Mapping[str, int] | None = None,
    least: Mapping[str, float] | None = None,
) -> str:
    """Return a table that sorts, filters and downloads as CSV; its first rows stand there without script.

    Parameters
    ----------
    frame
        The rows, in the order that they stand in at first; the first column names them and stays in sight.
    name
        Of the file that is downloaded.
    caption
        What stands above it.
    first
        Columns that are shown at once, the others when they are asked for; none (the default) for all.
    headings
        What stands above a column in place of its name.
    draws
        How many draws a column of probabilities was counted in: more than they can tell is not shown.
    least
        The least that a column of p-values can be, by the number of null maps: what is as small is shown as a bound.
    """
    columns = [str(column) for column in frame.columns]
    numeric = [bool(pd.api.types.is_numeric_dtype(frame[column]) and frame[column].dtype != bool) for column in columns]
    rows = [[_value(cell) for cell in row] for row in frame.itertuples(index=False, name=None)]
    counted = [(draws or {}).get(column, 0) for column in columns]
    kinds = [_kind(column, number, first) for column, number in zip(columns, numeric, strict=True)]
    bounds = [(least or {}).get(column, 0.0) for column in columns]
    places = [_places(frame[column]) if number else 0 for column, number in zip(frame, numeric, strict=True)]
    held = {
        "columns": columns,
        "kinds": kinds,
        "numeric": numeric,
        "draws": counted,
        "least": [[bound * (1 + 1e-6), bounded_p(0, bound)] if bound else None for bound in bounds],
        "places": places,
        "rows": rows,
    }
    heads = "".join(
        f'<th scope="col" aria-sort="none"{_class(kind)}>'
        f'<button type="button">{escape((headings or {}).get(column, _label(column)))}</button></th>'
        for column, kind in zip(columns, kinds, strict=True)
    )
    shown = "".join(
        f"<tr>{''.join(map(_cell, row, kinds, counted, [True, *[False] * len(row)], places, bounds))}</tr>"
        for row in rows[:_ROWS]
    )
    more = '<button type="button" class="columns" aria-pressed="false">All columns</button>'
    # "</" would end the script that holds the data, and "<!--" hide its end.
    safe = json.dumps(held, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    return (
        f'<div class="data" data-name="{escape(name, quote=True)}">'
        f'<div class="tools"><label>Filter <input type="search" placeholder="words, all of them" '
        f'aria-label="Filter {escape(caption, quote=True)}"></label>'
        f"{more if any('rest' in kind for kind in kinds) else ''}"
        f'<button type="button" class="download">Download CSV</button><span class="count" aria-live="polite">'
        f"{min(_ROWS, len(rows))} of {len(rows)} rows</span></div>"
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption, quote=True)}"><table>'
        f"<caption>{escape(caption)}</caption><thead><tr>{heads}</tr></thead><tbody>{shown}</tbody></table></div>"
        f'<button type="button" class="more" hidden>Show more rows</button>'
        f'<script type="application/json">{safe}</script></div>'
    )


def details(summary: str, body: str) -> str:
    """Put HTML behind a line that opens it; the line is escaped."""
    return f"<details><summary>{escape(summary)}</summary>{body}</details>"


def _kind(column: str, number: bool, first: Sequence[str]) -> str:
    """Classes of a column: "number" for numbers, "rest" for what is shown when asked for."""
    return " ".join(word for word, holds in (("number", number), ("rest", first and column not in first)) if holds)


def _places(column: pd.Series) -> int:
    """Decimals that all numbers of a column are shown with: three digits of the largest."""
    largest = float(np.nanmax(np.abs(column.to_numpy(dtype=float)), initial=0))
    if pd.api.types.is_integer_dtype(column) or not largest or not np.isfinite(largest):
        return 0
    return int(np.clip(_SHOWN - 1 - np.floor(np.log10(largest)), 0, _HELD))


def _cell(
    value: object, kind: str, draws: int, names: bool = False, places: int | None = None, least: float = 0.0
) -> str:
    """A cell of a table; that which names the row is its heading."""
    told = _shown(value)
    if isinstance(value, float) and least and value <= least * (1 + 1e-6):
        told = bounded_p(value, least)
    elif isinstance(value, float):
        told = told_probability(value, draws) if draws else told if places is None else f"{value:.{places}f}"
    return f'<th scope="row">{escape(told)}</th>' if names else f"<td{_class(kind)}>{escape(told)}</td>"


def _cells(
    row: Mapping[Hashable, object], frame: pd.DataFrame, statuses: Mapping[str, str], draws: Mapping[str, int]
) -> str:
    cells = []
    for name in frame.columns:
        value = _value(row[name])
        kind = statuses.get(str(value), "")
        kind = kind or ("number" if pd.api.types.is_numeric_dtype(frame[name]) else "")
        kind = kind or ("long" if len(str(value)) > _LONG else "")
        cells.append(_cell(value, kind, draws.get(str(name), 0)))
    return "".join(cells)


def _value(cell: object) -> object:
    """A cell as JSON can hold it."""
    if isinstance(cell, bool | np.bool_):
        return "yes" if cell else "no"
    if isinstance(cell, int | np.integer):
        return int(cell)
    if isinstance(cell, float | np.floating):
        return float(f"{float(cell):.{_HELD}g}") if np.isfinite(cell) else None
    return None if cell is None or cell is pd.NA else str(cell)


def _shown(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.{_SHOWN}g}" if isinstance(value, float) else str(value)


def _label(name: str) -> str:
    return name.replace("_", " ")


def _class(kind: str) -> str:
    return f' class="{kind}"' if kind else ""
