"""Excel workbooks as lines of text cells, by openpyxl where it is installed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ..errors import InputError

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
        If openpyxl is not installed, the file is no workbook, several sheets or none have cells, or the result of a
        formula is not in the file.
    """
    name = Path(path).name
    try:
        import openpyxl
    except ImportError as fault:
        raise InputError(
            f"{name}: an Excel workbook, which openpyxl reads and which is not installed; install it (pip install "
            "openpyxl), or export the sheet as CSV."
        ) from fault
    try:
        values, formulas = (
            openpyxl.load_workbook(os.fspath(path), read_only=True, data_only=results) for results in (True, False)
        )
        filled = [sheet.title for sheet in formulas.worksheets if any(map(_any, sheet.iter_rows(values_only=True)))]
        if len(filled) != 1:
            which = f"{len(filled)} sheets have cells ({', '.join(filled[:5])})" if filled else "no sheet has cells"
            raise InputError(f"{name}: {which}; export the sheet that is meant as CSV, or keep only that one.")
        source = f"{name}, sheet {filled[0]}"
        shown, written = (list(book[filled[0]].iter_rows(values_only=True)) for book in (values, formulas))
    except InputError:
        raise
    except Exception as fault:  # openpyxl lets through whatever zip, XML and its own checks raise
        raise InputError(f"{name}: no Excel workbook that can be read ({fault}); export the sheet as CSV.") from fault
    lines = []
    for number, (row, own) in enumerate(zip(shown, written, strict=True), start=1):
        lines.append((number, [_text(cell) for cell in row]))
        lost = next((cell for cell, formula in zip(row, own, strict=True) if cell is None and _is_formula(formula)), 0)
        if lost is None:
            raise InputError(f"{source}, row {number}: a formula without its result; save the file in Excel once more.")
    width = max(len(row) for _, row in lines)
    return source, [(number, row + [""] * (width - len(row))) for number, row in lines]


def _any(row: tuple[Any, ...]) -> bool:
    return any(cell is not None and str(cell).strip() for cell in row)


def _is_formula(cell: Any) -> bool:
    return isinstance(cell, str) and cell.startswith("=")


def _text(cell: Any) -> str:
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    return "" if cell is None else str(cell).strip()
