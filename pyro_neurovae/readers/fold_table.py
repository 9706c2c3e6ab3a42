"""A table that deals the regions to folds."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from ..errors import InputError
from .placement import place_rows
from .table_headers import check_columns
from .text_table import parse_numbers, read_table

__all__ = ["read_folds"]

# Beyond it an integer of the machine ends.
_LARGEST = 1e9


def read_folds(path: str | os.PathLike[str], names: Sequence[str]) -> np.ndarray:
    """Read a way of folding, a table with the columns region and fold, onto a graph's regions; (region,) int.

    A region that the table leaves out gets the fold -1: it is fine as long as no map has a value there.

    Raises
    ------
    InputError
        Naming the file, the row or column, and the remedy.
    """
    table = read_table(path)
    frame = table.frame()
    what = "a table of folds has the columns region and fold"
    check_columns(table.header, ("region", "fold"), source=table.source, what=what)
    placed = place_rows(frame.set_index("region")[["fold"]], names, source=table.source)
    numbers = parse_numbers(placed.frame, source=table.source).to_numpy()[:, 0]
    for label, number in zip(placed.frame.index, numbers, strict=True):
        if not (0 <= number <= _LARGEST and number == int(number)):
            raise InputError(
                f"{table.source}, row {label}: the fold is {number:g}; number folds with whole numbers from 0."
            )
    return np.nan_to_num(placed.scatter(numbers), nan=-1).astype(int)
