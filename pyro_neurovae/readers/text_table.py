"""Text files of any delimiter, gzipped or not, as a table of strings with exact faults."""

from __future__ import annotations

import csv
import gzip
import io
import os
import re
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ..errors import InputError

__all__ = ["TextTable", "file_stem", "parse_numbers", "plain_name", "read_cells", "read_table", "read_text"]

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


def plain_name(name: object) -> str:
    """Return a column's name in lower case, letters and digits only."""
    return re.sub(r"[^a-z0-9]", "", str(name).lower())


def read_table(path: str | os.PathLike[str]) -> TextTable:
    """Read a table with one header line and at least two columns.

    Raises
    ------
    InputError
        If the file is missing, is no text, has one column, or has a line whose number of fields is not that
        of the header.
    """
    source, lines = read_cells(path)
    header, body = [cell.lstrip("#").strip() for cell in lines[0][1]], lines[1:]
    while header and not header[-1] and not any(any(row[len(header) - 1 :]) for _, row in body):
        header.pop()
    if body and all(len(row) == len(header) + 1 and row[-1] for _, row in body):
        header.insert(0, "")  # R's write.table leaves the corner out
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
    """Return the file's name and its lines that are not blank: (line number, stripped fields) each."""
    source, text = read_text(path)
    delimiter = _delimiter(text)
    if delimiter is None:
        rows = [line.split() for line in text.splitlines()]
        return source, [(number, row) for number, row in enumerate(rows, start=1) if row]
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, skipinitialspace=True)
    try:
        lines = [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    except csv.Error as fault:
        raise InputError(f"{source}, line {reader.line_num}: not a table ({fault}); export it as CSV.") from fault
    if delimiter == ";" and not any("." in cell for _, row in lines[1:] for cell in row[1:]):
        lines = lines[:1] + [
            (number, row[:1] + [cell.replace(",", ".") for cell in row[1:]]) for number, row in lines[1:]
        ]
    return source, [(number, row) for number, row in lines if any(row)]


def read_text(path: str | os.PathLike[str]) -> tuple[str, str]:
    """Return the file's name and its text, unpacked where it is gzipped, its lines ended by newlines.

    Raises
    ------
    InputError
        If the file is missing, can't be read, is empty or is no text.
    """
    source = Path(path).name
    return source, _decode(_read_bytes(path), source)


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
    flat = pd.Series(cells.to_numpy(dtype=object).ravel(), dtype=object)
    text = flat.map(lambda cell: isinstance(cell, str))
    flat[text] = flat[text].map(lambda cell: np.nan if cell.strip().lower() in MISSING else cell.strip())
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


def _read_bytes(path: str | os.PathLike[str]) -> bytes:
    place = Path(path)
    if place.is_dir():
        raise InputError(f"{place} is a folder; name the file in it that holds the table.")
    try:
        content = place.read_bytes()
    except FileNotFoundError as fault:
        raise InputError(f"{place}: no such file; check the path and the spelling.") from fault
    except OSError as fault:
        raise InputError(f"{place} can't be read ({fault.strerror}); check its permissions.") from fault
    if content[:2] != b"\x1f\x8b":
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as fault:
        raise InputError(f"{place.name}: damaged gzip file ({fault}); fetch or compress it again.") from fault


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
    """Return the commonest of tab, semicolon and comma in the first line; None means blanks."""
    first = next(line for line in text.splitlines() if line.strip())
    return max("\t;,", key=first.count) if any(sign in first for sign in "\t;,") else None
