"""Text files of any delimiter, gzipped or not, as a table of strings with exact faults."""

from __future__ import annotations

import csv
import io
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..errors import InputError
from .decimal_commas import point_decimals
from .limits import read_bytes, unpack_gzip
from .table_headers import plain_name, split_header
from .workbooks import is_workbook, read_workbook

__all__ = [
    "TextTable",
    "file_stem",
    "is_missing",
    "parse_numbers",
    "plain_name",
    "read_cells",
    "read_table",
    "read_text",
]

# A field between blanks, in quotes where it has some itself, as R writes it.
_WORDS = re.compile(r'"((?:[^"]|"")*)"|(\S+)')
_SEPARATOR = re.compile(r'[ \t]*"?sep=([^"\n])"?[ \t]*(?:\n|$)', re.IGNORECASE)
# Signs of a file that tell its delimiter.
_MOST_LOOKED_AT = 10_000_000
MISSING = frozenset({"", "na", "nan", "n/a", "#n/a", "null", "none", "-", ".", "?"})


@dataclass(frozen=True)
class TextTable:
    """A table as it stands in its file: every cell a stripped string.

    Attributes
    ----------
    source
        The file's name, for messages.
    header
        One name a column, in the file's spelling; the first may be empty.
    cells
        Array (row, column) of strings.
    """

    source: str
    header: tuple[str, ...]
    cells: np.ndarray

    def frame(self) -> pd.DataFrame:
        """Return the rows under their column names, all strings."""
        return pd.DataFrame(self.cells, columns=list(self.header), dtype=object)

    def labelled(self) -> pd.DataFrame:
        """Return the table with its first column as the labels of the rows."""
        return pd.DataFrame(
            self.cells[:, 1:], index=list(self.cells[:, 0]), columns=list(self.header[1:]), dtype=object
        )


def file_stem(path: str | os.PathLike[str]) -> str:
    """Return the file's name without its folder, ``.gz`` and extension."""
    name = Path(path).name
    return Path(name[:-3] if name.lower().endswith(".gz") else name).stem


def read_table(path: str | os.PathLike[str]) -> TextTable:
    """Read a table with one header line and at least two columns.

    Raises
    ------
    InputError
        If the file is missing, is no text, has one column, or has a line whose number of fields is not that
        of the header.
    """
    source, lines = read_cells(path)
    header, body = split_header(lines, source)
    if len(header) < 2 or not body:
        raise InputError(
            f"{source}: not a table, it has {len(header)} column(s) and {len(body)} row(s) below the header; "
            "give text with a header line, labels and numbers, separated by commas, tabs or blanks."
        )
    cells = np.empty((len(body), len(header)), dtype=object)
    for position, (line, row) in enumerate(body):
        if len(row) < len(header) or any(row[len(header) :]):
            raise InputError(
                f"{source}, line {line}: {len(row)} fields where the header has {len(header)}; "
                "complete the line or put labels that hold the delimiter in quotes."
            )
        cells[position] = row[: len(header)]
    return TextTable(source, tuple(header), cells)


def read_cells(path: str | os.PathLike[str]) -> tuple[str, list[tuple[int, list[str]]]]:
    """Return the file's name and its lines that are not blank: (line number, stripped fields) each.

    Decimal commas become points (see `decimal_commas`); a line ``sep=;`` that a spreadsheet asks for names the
    delimiter. Of a workbook the sheet that has cells is read, and its name is put behind the file's.
    """
    if is_workbook(path):
        source, lines = read_workbook(path)
        return source, [(number, row) for number, row in lines if any(row)]
    source, text = read_text(path)
    said = _SEPARATOR.match(text)
    delimiter = said[1] if said else _delimiter(text)
    lines = _fields(text, delimiter, source)[1 if said else 0 :]
    if delimiter != "," or '"' in text:
        lines = point_decimals(lines, source=source, semicolons=delimiter == ";")
    lines = [(number, row) for number, row in lines if any(row)]
    if not lines:
        raise InputError(f"{source}: not a table, there is nothing in it but delimiters; give a header line and rows.")
    return source, lines


def _fields(text: str, delimiter: str | None, source: str) -> list[tuple[int, list[str]]]:
    if delimiter is None:
        rows = enumerate((_WORDS.findall(line) for line in text.splitlines()), start=1)
        return [(number, [(quoted or word).strip() for quoted, word in row]) for number, row in rows]
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, skipinitialspace=True)
    try:
        return [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    except csv.Error as fault:
        raise InputError(f"{source}, line {reader.line_num}: not a table ({fault}); export it as CSV.") from fault


def read_text(path: str | os.PathLike[str]) -> tuple[str, str]:
    """Return the file's name and its text, unpacked where it is gzipped, its lines ended by newlines.

    Raises
    ------
    InputError
        If the file is missing, can't be read, is empty or is no text.
    """
    source = Path(path).name
    return source, _decode(_read_bytes(path), source)


def is_missing(cell: Any) -> bool:
    """Whether a cell, text or number, says that there is no value."""
    return cell.strip().lower() in MISSING if isinstance(cell, str) else bool(pd.isna(cell))


def parse_numbers(
    cells: pd.DataFrame, *, source: str, remedy: str = "leave the cell empty if it is missing"
) -> pd.DataFrame:
    """Turn a labelled frame of strings or numbers into float64, NaN where a cell says it is missing.

    ``remedy`` is what a message advises where the number can't be corrected.

    Raises
    ------
    InputError
        Naming file, row and column of the first cell that is not a number or is infinite.
    """
    flat = pd.Series(cells.to_numpy(dtype=object).ravel(), dtype=object).map(_plain)
    numbers = pd.to_numeric(flat, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    letters, infinite = np.isnan(numbers) & flat.notna().to_numpy(), np.isinf(numbers)
    for fault, what in ((letters, "is not a number"), (infinite, "is infinite")):
        if fault.any():
            row, column = divmod(int(np.argmax(fault)), cells.shape[1])
            raise InputError(
                f"{source}, row {cells.index[row]}, column {cells.columns[column]}: "
                f"{str(flat[int(np.argmax(fault))])!r} {what}; correct it, or {remedy}."
            )
    return pd.DataFrame(numbers.reshape(cells.shape), index=cells.index, columns=cells.columns)


def _plain(cell: object) -> object:
    """A cell as pandas reads a number from it: what is none, though it could be taken for one, as text."""
    if isinstance(cell, float):
        return cell
    if isinstance(cell, str):
        return np.nan if is_missing(cell) else cell.strip()
    if isinstance(cell, bool | np.bool_ | complex | np.complexfloating | bytes):
        return repr(cell)
    return str(cell) if isinstance(cell, int) and abs(cell) >= 2**63 else cell


def _read_bytes(path: str | os.PathLike[str]) -> bytes:
    content = read_bytes(Path(path))
    return unpack_gzip(content, Path(path)) if content[:2] == b"\x1f\x8b" else content


def _decode(content: bytes, source: str) -> str:
    if not content.strip():
        raise InputError(f"{source}: not a table, the file is empty; give text with a header line and rows.")
    encodings = ("utf-16",) if content[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "cp1252")
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeError:
            continue
        if not any(ord(sign) < 32 and sign not in "\t\r\n\f" for sign in set(text)):
            return text.replace("\r\n", "\n").replace("\r", "\n").replace("\N{MINUS SIGN}", "-")
    kind = "an Excel workbook or zip archive" if content[:2] == b"PK" else "binary, not text"
    raise InputError(f"{source}: not a table, the file is {kind}; export it as CSV or TSV (.gz is fine).")


def _delimiter(text: str) -> str | None:
    """Return which of tab, semicolon and comma is in most of the first lines; None means blanks."""
    first = [line for line in text[:_MOST_LOOKED_AT].splitlines() if line.strip()][:20]
    lines = {sign: sum(sign in line for line in first) for sign in "\t;,"}
    most = max(lines, key=lambda sign: lines[sign])  # of equal ones a comma comes last, it may be a decimal one
    return most if 2 * lines[most] >= len(first) else None
