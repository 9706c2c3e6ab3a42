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

from ..wording import visible

if TYPE_CHECKING:
    from ..plots.picture import Picture

__all__ = [
    "Section",
    "data_table",
    "definitions",
    "escape",
    "figure",
    "heading",
    "paragraph",
    "picture",
    "plain_table",
    "unordered",
]

# Rows that stand in the page where no script runs; a script shows as many at a time.
_ROWS = 40
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


def figure(drawn: Picture, *, alt: str, caption: str, dpi: int = 110) -> str:
    """Hold a figure in the page as PNG, with what it shows for who does not see it."""
    return picture(drawn.png(dpi), alt=alt, caption=caption)


def picture(png: bytes, *, alt: str, caption: str) -> str:
    """Hold PNG bytes in the page."""
    data = base64.b64encode(png).decode()
    return (
        f'<figure><img src="data:image/png;base64,{data}" alt="{escape(alt, quote=True)}" loading="lazy">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def plain_table(frame: pd.DataFrame, *, caption: str, statuses: Mapping[str, str] | None = None) -> str:
    """Return a small table as it is; cells of ``statuses`` get a class for their colour."""
    kinds = ["number" if pd.api.types.is_numeric_dtype(frame[name]) else "" for name in frame.columns]
    heads = "".join(
        f'<th scope="col"{_class(kind)}>{escape(_label(str(name)))}</th>'
        for name, kind in zip(frame.columns, kinds, strict=True)
    )
    rows = "".join(f"<tr>{_cells(row, frame, statuses or {})}</tr>" for row in frame.to_dict("records"))
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption, quote=True)}"><table>'
        f"<caption>{escape(caption)}</caption><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def data_table(frame: pd.DataFrame, *, name: str, caption: str) -> str:
    """Return a table that sorts, filters and downloads as CSV; its first rows stand there without script."""
    columns = [str(column) for column in frame.columns]
    numeric = [bool(pd.api.types.is_numeric_dtype(frame[column]) and frame[column].dtype != bool) for column in columns]
    rows = [[_value(cell) for cell in row] for row in frame.itertuples(index=False, name=None)]
    held = json.dumps({"columns": columns, "numeric": numeric, "rows": rows}, separators=(",", ":"), allow_nan=False)
    heads = "".join(
        f'<th scope="col" aria-sort="none"{_class("number" if number else "")}>'
        f'<button type="button">{escape(_label(column))}</button></th>'
        for column, number in zip(columns, numeric, strict=True)
    )
    shown = "".join(
        "<tr>"
        + "".join(
            f"<td{_class('number' if n else '')}>{escape(_shown(c))}</td>" for c, n in zip(row, numeric, strict=True)
        )
        + "</tr>"
        for row in rows[:_ROWS]
    )
    # "</" would end the script that holds the data, and "<!--" hide its end.
    safe = held.replace("<", "\\u003c")
    return (
        f'<div class="data" data-name="{escape(name, quote=True)}">'
        f'<div class="tools"><label>Filter <input type="search" placeholder="a word" '
        f'aria-label="Filter {escape(caption, quote=True)}"></label>'
        f'<button type="button" class="download">Download CSV</button><span class="count" aria-live="polite">'
        f"{min(_ROWS, len(rows))} of {len(rows)} rows</span></div>"
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption, quote=True)}"><table>'
        f"<caption>{escape(caption)}</caption><thead><tr>{heads}</tr></thead><tbody>{shown}</tbody></table></div>"
        f'<button type="button" class="more" hidden>Show more rows</button>'
        f'<script type="application/json">{safe}</script></div>'
    )


def _cells(row: Mapping[Hashable, object], frame: pd.DataFrame, statuses: Mapping[str, str]) -> str:
    cells = []
    for name in frame.columns:
        value = _value(row[name])
        kind = statuses.get(str(value), "")
        kind = kind or ("number" if pd.api.types.is_numeric_dtype(frame[name]) else "")
        kind = kind or ("long" if len(str(value)) > _LONG else "")
        cells.append(f"<td{_class(kind)}>{escape(_shown(value))}</td>")
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
