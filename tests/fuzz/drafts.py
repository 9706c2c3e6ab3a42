"""A file on its way to being mutated: its cells and how they are written, and what may be expected of its reader."""

from __future__ import annotations

import csv
import gzip
import io
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from pyro_neurovae.atlases.atlas import dk68_names
from pyro_neurovae.atlases.resolver import resolve_on
from pyro_neurovae.errors import InputError


@dataclass
class Draft:
    """A table, text or other file, and what a reader may make of it after the mutations so far.

    Attributes
    ----------
    cells
        Rows of a table, the header first; empty for other files.
    content
        The bytes, where they are settled; None while cells decide.
    origin, columns
        Number of each row (the header is 0) and column in the file that was mutated; -1 for one that is new.
    axis
        Where regions are named: "rows", "columns", "both" or "" (nowhere).
    exact
        Whether the file must be read: what was done to it changes nothing.
    free
        Whether anything may become of the numbers; without it those of rows and columns not ``touched`` stay.
    touched
        Rows, or columns, of the file that was mutated whose numbers may be others now.
    before
        Cells of the file that was mutated.
    whole
        Whether the first row still is the header of the columns below it.
    """

    cells: list[list[str]] = field(default_factory=list)
    content: bytes | None = None
    axis: str = "rows"
    pick: Random = field(default_factory=lambda: Random(0))
    origin: list[int] = field(default_factory=list)
    columns: list[int] = field(default_factory=list)
    delimiter: str = ","
    quoted: bool = False
    newline: str = "\n"
    encoding: str = "utf-8"
    decimal: str = "."
    packed: bool = False
    name: str = ""
    exact: bool = True
    free: bool = False
    touched: set[int] = field(default_factory=set)
    before: list[list[str]] = field(default_factory=list)
    whole: bool = True

    @classmethod
    def of(cls, path: Path, axis: str, pick: Random, *, table: bool) -> Draft:
        """Start from a file: a table's cells, or the bytes of any other."""
        if not table:
            return cls(content=path.read_bytes(), axis="", pick=pick, name=path.name)
        lines = path.read_text(encoding="utf-8")
        cells = (
            list(csv.reader(io.StringIO(lines)))
            if path.suffix == ".csv"
            else [r.split() for r in lines.split("\n") if r]
        )
        sizes = range(len(cells)), range(len(cells[0]))
        origin, columns = map(list, sizes)
        before = [list(row) for row in cells]
        return cls(cells=cells, axis=axis, pick=pick, origin=origin, columns=columns, name=path.name, before=before)

    def touch(self, row: int, column: int | None = None) -> None:
        """Say that a row's numbers, or a column's where regions are columns, may be others now."""
        self.exact = False
        if self.axis in ("rows", "both"):
            self.touched.add(self.origin[row])
        elif self.axis == "columns" and column is not None and _names_region(self.before[0][self.columns[column]]):
            self.touched.add(self.columns[column])
        else:
            self.free = True
        if self.axis == "both" and column is not None:
            self.touched.add(self.columns[column])

    def loosen(self, *, free: bool = True) -> None:
        """Say that the file may be refused and, if it is read, that numbers may be others (``free``)."""
        self.exact = False
        self.free = self.free or free

    def settle(self) -> bytes:
        """The file's bytes as they are written now."""
        if self.content is None:
            quoting = csv.QUOTE_ALL if self.quoted else csv.QUOTE_MINIMAL
            text = io.StringIO()
            rows = [[cell.replace(".", self.decimal) if _number(cell) else cell for cell in row] for row in self.cells]
            csv.writer(text, delimiter=self.delimiter, quoting=quoting, lineterminator=self.newline).writerows(rows)
            self.content = text.getvalue().encode(self.encoding)
            self.content = gzip.compress(self.content, 1) if self.packed else self.content
        return self.content

    def regions_touched(self) -> set[str]:
        """Names that touched rows or columns give to their regions, in the spelling of the file and the atlas's."""
        found: set[str] = set()
        for number in self.touched - {-1}:
            row = self.before[number] if self.axis == "rows" or number < len(self.before) else []
            cells = [*row[:2], " ".join(row[:2]), *([] if self.axis == "rows" else [self.before[0][number]])]
            for cell in cells:
                found.add(cell)
                with suppress(InputError):
                    found |= set(resolve_on([cell], dk68_names(), source="a test").canonical.values())
        return found


def _names_region(label: str) -> bool:
    """Whether a column is of a region, and no key or measure of quality that all numbers depend on."""
    try:
        return bool(resolve_on([label], dk68_names(), source="a test").canonical)
    except InputError:
        return False


def _number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
