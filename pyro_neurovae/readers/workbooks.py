"""Excel workbooks as lines of text cells, by openpyxl where it is installed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import InputError
from .limits import check_archive

__all__ = ["is_workbook", "read_workbook"]

_ENDINGS = (".xlsx", ".xlsm")


def is_workbook(path: str | os.PathLike[str]) -> bool:
    """Whether a file is named like a workbook and is a zip archive, as these are."""
    if Path(path).suffix.lower() not in _ENDINGS or not Path(path).is_file():
        return False
    try:
        with Path(path).open("rb") as file:
            return file.read(2) == b"PK"
    except OSError:
        return False  # what reads text says why


def read_workbook(path: str | os.PathLike[str]) -> tuple[str, list[tuple[int, list[str]]]]:
    """Return the name of file and sheet, and the lines of the only sheet that has cells: (row number, cells) each.

    Dates are written as ISO has them, numbers with all their digits.

    Raises
    ------
    InputError
        If openpyxl is not installed, the file is no workbook or too large, several sheets or none have cells, or the
        result of a formula is not in the file.
    """
    name = Path(path).name
    try:
        import openpyxl
    except ImportError as fault:
        raise InputError(
            f"{name}: an Excel workbook, which openpyxl reads and which is not installed; install it (pip install "
            "openpyxl), or export the sheet as CSV."
        ) from fault
    place = Path(path)
    try:
        check_archive(place)
        shown, written = (_sheets(openpyxl.load_workbook, place, data_only=results) for results in (True, False))
    except InputError:
        raise
    except Exception as fault:  # openpyxl lets through whatever zip, XML and its own checks raise
        raise InputError(f"{name}: no Excel workbook that can be read ({fault}); export the sheet as CSV.") from fault
    filled = [title for title, rows in written.items() if any(map(_any, rows))]
    if len(filled) != 1:
        which = f"{len(filled)} sheets have cells ({', '.join(filled[:5])})" if filled else "no sheet has cells"
        raise InputError(f"{name}: {which}; export the sheet that is meant as CSV, or keep only that one.")
    source = f"{name}, sheet {filled[0]}"
    lines = []
    for number, (row, own) in enumerate(zip(shown[filled[0]], written[filled[0]], strict=True), start=1):
        if any(cell is None and _is_formula(formula) for cell, formula in zip(row, own, strict=True)):
            raise InputError(f"{source}, row {number}: a formula without its result; save the file in Excel once more.")
        lines.append((number, [_text(cell) for cell in row]))
    width = max(len(row) for _, row in lines)
    padded = [(number, row + [""] * (width - len(row))) for number, row in lines]
    first = min(next(place for place, cell in enumerate(row) if cell) for _, row in padded if any(row))
    return source, [(number, row[first:]) for number, row in padded]


def _sheets(load: Callable[..., Any], place: Path, *, data_only: bool) -> dict[str, list[tuple[Any, ...]]]:
    """Cells of each sheet, results or formulas, as far as there are any, whatever size the sheet says that it has."""
    book = load(place, read_only=True, data_only=data_only)
    try:
        sheets = {}
        for sheet in book.worksheets:
            sheet.reset_dimensions()
            sheets[sheet.title] = list(sheet.iter_rows(values_only=True))
    finally:
        book.close()
    return sheets


def _any(row: tuple[Any, ...]) -> bool:
    return any(cell is not None and str(cell).strip() for cell in row)


def _is_formula(cell: Any) -> bool:
    return isinstance(cell, str) and cell.startswith("=")


def _text(cell: Any) -> str:
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    return "" if cell is None else str(cell).strip()
