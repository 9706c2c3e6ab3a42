"""Whether numbers are of a size that can be computed with: the one rule, for every reader."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import InputError

__all__ = ["LARGEST", "SMALLEST", "check_magnitude", "constant"]

# What is fitted is rescaled first and gives the same within these bounds (squares and products of four stay far from
# the limits of double precision); no unit of measurement puts a quantity outside them.
LARGEST, SMALLEST = 1e30, 1e-30
# Numbers that vary by less than this share of their size are equal up to the rounding of single precision.
ROUNDING = 1e-6
LACKING = "leave the cell empty if it stands for a missing value"


def check_magnitude(
    values: np.ndarray,
    *,
    labels: Sequence[str],
    source: str,
    what: str,
    furthest: float | None = None,
    remedy: str = LACKING,
) -> None:
    """Raise InputError for numbers that are too large or too small to be computed with, or for one far off the rest.

    Parameters
    ----------
    values
        Quantities of one unit, such as a column; (row,), NaN where missing.
    labels, source, what
        Name of each row, of the file or argument, and of the quantity, for the sentence.
    furthest
        How many times the median size of the others (zeros left out) a number may be; None (the default) for any.
    remedy
        What the sentence advises where a number can't be corrected.

    Raises
    ------
    InputError
        Naming source, row and quantity.
    """
    sizes = np.abs(np.where(np.isfinite(values), values, 0.0))
    row = int(np.argmax(sizes))
    largest, name = sizes[row], f"{source}, row {labels[row]}: {what} {values[row]:g}"
    if largest > LARGEST:
        raise InputError(f"{name} is beyond {LARGEST:g}, more than can be computed with; correct it, or {remedy}.")
    if 0 < largest < SMALLEST:
        raise InputError(
            f"{source}: {what} is nowhere above {largest:g}, less than can be computed with ({SMALLEST:g}); give it in "
            "another unit."
        )
    others = sizes[(sizes > 0) & (np.arange(len(sizes)) != row)]
    if furthest is not None and len(others) and largest > furthest * np.median(others):
        raise InputError(
            f"{name} is {largest / np.median(others):.2g} times the usual size of the others; correct it, or {remedy}."
        )


def constant(values: np.ndarray) -> np.ndarray:
    """Whether numbers are all equal up to rounding, over the first axis; NaN are passed over; bool (...)."""
    sizes = np.nan_to_num(np.abs(values), nan=0.0).max(axis=0)
    ranges = np.fmax.reduce(values, axis=0) - np.fmin.reduce(values, axis=0)
    return ~(ranges > ROUNDING * sizes)
