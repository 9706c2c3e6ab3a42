"""How an object shows itself: one line in a console, sentences and small tables in print and in a notebook."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from html import escape
from io import StringIO
from typing import TYPE_CHECKING, Any, Self

from .wording import counted, visible

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table
    from rich.text import Text

__all__ = ["Introduced", "Part", "Shown", "drawn_by", "pictures", "text_of"]

# A console of any width shows a text of 80 columns; no printed object is longer than what fits a screen.
_WIDTH, _LONGEST = 80, 1400
_LONGEST_TITLE = 200
_BETWEEN = 3  # columns of a table, in columns of the terminal


@dataclass(frozen=True)
class Shown:
    """A table as people read it.

    Attributes
    ----------
    title
        What stands above it.
    headings
        Of the columns.
    rows
        Cells in words, a tuple a row.
    names
        How many of the first columns hold words; the others hold numbers and are set to the right.
    """

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    names: int = 1

    @classmethod
    def of(cls, title: str, table: pd.DataFrame, columns: Mapping[str, str], *, names: int = 1) -> Self:
        """Write the rows of a table, a template for each heading, as in ``{"share": "{mean:.0%}"}``."""
        records: list[dict[Any, Any]] = table.to_dict("records")
        rows = tuple(tuple(form.format_map(row) for form in columns.values()) for row in records)
        return cls(title, tuple(columns), rows, names)

    def table(self, width: int, *, padding: tuple[int, ...] = (0, 1), wrapped: Collection[str] | None = None) -> Table:
        """Table for a terminal, whose numbers stay whole however narrow it is.

        Parameters
        ----------
        width
            Of the terminal. Where the table is wider, columns stand closer and headings are broken between words, and
            names into lines where that is not enough.
        padding
            Of a cell, as Rich takes it.
        wrapped
            Headings of the columns whose cells may be broken; None (the default) for those that hold words.
        """
        from rich import box
        from rich.table import Table

        cells = [max((len(row[place]) for row in self.rows), default=0) for place in range(len(self.headings))]
        wide = sum(max(len(one), cell) + _BETWEEN for one, cell in zip(self.headings, cells, strict=True)) > width
        style: dict[str, Any] = {"title_justify": "left", "box": box.SIMPLE, "pad_edge": False}
        style["padding"] = (0, 1, 0, 0) if wide else padding
        table = Table(title=text_of(self.title.replace("\n", " ")), **style)
        for place, heading in enumerate(self.headings):
            words = place < self.names
            kept = heading not in wrapped if wrapped is not None else not words
            one_line = heading.replace("\n", " ")
            shown = _broken(one_line, cells[place]) if wide and kept else one_line
            table.add_column(text_of(shown), justify="left" if words else "right", no_wrap=kept, overflow="fold")
        for row in self.rows:
            table.add_row(*(text_of(cell.replace("\n", " ")) for cell in row))
        return table

    def html(self) -> str:
        """Table for a notebook, without style or script of its own."""
        sides = ["left" if place < self.names else "right" for place in range(len(self.headings))]
        heads = "".join(
            f'<th style="text-align:{side}">{_safe(one)}</th>' for side, one in zip(sides, self.headings, strict=True)
        )
        rows = "".join(
            "<tr>"
            + "".join(f'<td style="text-align:{side}">{_safe(one)}</td>' for side, one in zip(sides, row, strict=True))
            + "</tr>"
            for row in self.rows
        )
        title = f'<caption style="text-align:left">{_safe(self.title)}</caption>' if self.title else ""
        return f"<table>{title}<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"


# A table, a sentence, or notices, which a notebook folds away and a console only counts.
Part = Shown | str | tuple[str, ...]


class Introduced:
    """Base of what a user holds in hand: a short ``repr``, a readable ``print``, a table in a notebook.

    A subclass says what it is in `_title` and what it holds in `_parts`. A dataclass among them is declared with
    ``repr=False``, or it would print every number.
    """

    def _title(self) -> str:
        """What it is, in one line."""
        raise NotImplementedError

    def _parts(self) -> Iterable[Part]:
        """What it holds, in a screen."""
        return ()

    def __repr__(self) -> str:
        return f"<{_cut(visible(self._title()), _LONGEST_TITLE)}>"

    def __str__(self) -> str:
        from rich.console import Console

        written = StringIO()
        console = Console(file=written, width=_WIDTH, highlight=False, color_system=None)
        console.print(text_of(_cut(self._title(), _LONGEST_TITLE)))
        for part in self._parts():
            if isinstance(part, tuple):
                part = f"{counted(len(part), 'notice')}: see .notices" if part else ""
            if part:
                console.print(part.table(_WIDTH) if isinstance(part, Shown) else text_of(part))
        lines = "\n".join(line.rstrip() for line in written.getvalue().splitlines())
        if len(lines) <= _LONGEST:
            return lines
        return f"{lines[:_LONGEST].rpartition(chr(10))[0]}\n..."

    def _repr_html_(self) -> str:
        body = "".join(_html(part) for part in self._parts())
        return f"<div><p><strong>{_safe(_cut(self._title(), _LONGEST_TITLE))}</strong></p>{body}</div>"


# Pictures are a later room's, which the package names here when it is imported; what is shown asks for them by name.
_gallery: list[Callable[[], dict[str, Callable[..., Any]]]] = []


def drawn_by(gallery: Callable[[], dict[str, Callable[..., Any]]]) -> None:
    """Name what gives the pictures of a fit, by their names."""
    _gallery[:] = [gallery]


def pictures() -> dict[str, Callable[..., Any]]:
    """Pictures of a fit, name to function."""
    return {name: function for gallery in _gallery for name, function in gallery().items()}


def text_of(text: str) -> Text:
    """A text for a terminal as it stands: a name from data is no markup and steers no terminal."""
    from rich.text import Text

    return Text(visible(text))


def _broken(heading: str, width: int) -> str:
    """Heading in lines no longer than the cells below it, or than its longest word."""
    longest = max(width, *(len(word) for word in heading.split())) if heading else 1
    return "\n".join(textwrap.wrap(heading, longest, break_long_words=False))


def _html(part: Part) -> str:
    if isinstance(part, Shown):
        return part.html()
    if isinstance(part, str):
        return f"<p>{_safe(part)}</p>"
    if not part:
        return ""
    items = "".join(f"<li>{_safe(one)}</li>" for one in part)
    return f"<details><summary>{counted(len(part), 'notice')}</summary><ul>{items}</ul></details>"


def _safe(text: str) -> str:
    return escape(visible(text))


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 3]}..."
