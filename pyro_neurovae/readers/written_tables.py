"""Tables as the package writes them, and as it reads what it wrote: CSV whose text no spreadsheet takes for a formula.

A text cell, or a name of a column, that begins with a sign by which spreadsheets know a formula gets an apostrophe
before it, which they take for "this is text"; reading takes it off again. Numbers stay as they are, written as text
too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from .table_headers import is_number

__all__ = ["read_written", "write_table"]

_FORMULA = re.compile(r"'*[=+\-@\t\r].")
_GUARDED = re.compile(r"''*[=+\-@\t\r].")

# Columns that hold names, whatever these look like: a map may be called 1, NA or true.
_NAMES = ("map", "region", "gene", "model", "variant", "method", "statistic", "folds", "source", "best", "check")


def write_table(table: pd.DataFrame, path: Path, *, index: bool = False, digits: int = 8) -> None:
    """Write a table as CSV with so many digits; ``index`` writes the names of the rows too."""
    guarded = table.apply(lambda column: column if pd.api.types.is_numeric_dtype(column) else column.map(_guard))
    guarded = guarded.rename(columns=_guard)
    if index:
        guarded.index = guarded.index.map(_guard).rename(table.index.name)
    guarded.to_csv(path, index=index, float_format=f"%.{digits}g")


def read_written(path: Path, *, names: Sequence[str] = _NAMES) -> pd.DataFrame:
    """Read what `write_table` wrote; columns ``names`` are text.

    Raises
    ------
    OSError, ValueError
        When it can't be read, as pandas has them.
    """
    table = pd.read_csv(path, dtype=dict.fromkeys(names, str), keep_default_na=False, na_values=[""])
    texts = table.select_dtypes(exclude=["number", "bool"]).columns
    return table.assign(**{name: table[name].map(_unguard) for name in texts}).rename(columns=_unguard)


def _guard(cell: object) -> object:
    if not isinstance(cell, str) or not _FORMULA.match(cell) or is_number(cell):
        return cell
    return f"'{cell}"


def _unguard(cell: object) -> object:
    return cell[1:] if isinstance(cell, str) and _GUARDED.match(cell) and not is_number(cell[1:]) else cell
