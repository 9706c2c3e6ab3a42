"""Standard errors of a map: as given, as group sizes imply them, and what to do where there are none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from ..errors import InputError
from ..wording import first_names
from .magnitudes import check_magnitude
from .placement import PlacedRows
from .thinning_columns import ThinningColumns

__all__ = [
    "ErrorSource",
    "checked_errors",
    "cohens_d_error",
    "error_remedy",
    "group_sizes",
    "implied_errors",
    "spread_share",
]

# Where standard errors come from: a column of the file, the group sizes in place of it, or nowhere.
ErrorSource = Literal["file", "sizes", "none"]


# No group has more people.
MOST_PEOPLE = 1e9
# Standard errors that many times larger or smaller than a map's effects are in another unit.
MOST_APART = 1e4


def cohens_d_error(d: np.ndarray, controls: np.ndarray | float, cases: np.ndarray | float) -> np.ndarray:
    """Compute the standard error of Cohen's d, sqrt((n1 + n2)/(n1 n2) + d^2/(2 (n1 + n2))), from group sizes.

    Parameters
    ----------
    d
        Effects, of any shape.
    controls, cases
        Sizes of the two groups, above 0, broadcast with ``d``; the formula is symmetric in them.

    References
    ----------
    Hedges & Olkin (1985), Statistical Methods for Meta-Analysis, chapter 5.
    """
    total = controls + cases
    return np.sqrt(total / (controls * cases) + d**2 / (2 * total))


def spread_share(
    d: np.ndarray, controls: np.ndarray | float = np.nan, cases: np.ndarray | float = np.nan
) -> np.ndarray:
    """Share of the squared standard error of Cohen's d that comes from estimating the standard deviation.

    (d^2 / 2 N) over the whole of `cohens_d_error`, from 0 to 1: with d a mean over a standard deviation, the rest is
    the error of the mean.

    Parameters
    ----------
    d
        Effects, of any shape.
    controls, cases
        Sizes of the groups, broadcast with ``d``; where either is NaN (the default) they are taken for equal, and the
        share is (d^2 / 2) / (4 + d^2 / 2) whatever they are.
    """
    total = controls + cases
    means = np.nan_to_num(total**2 / (controls * cases), nan=4.0)  # N times the first term of the formula
    return (d**2 / 2) / (means + d**2 / 2)


def group_sizes(placed: PlacedRows, columns: ThinningColumns, *, source: str) -> tuple[np.ndarray, np.ndarray]:
    """Sizes of the control and of the case group of each region, NaN where not known; (region,) each."""
    if columns.sizes is None:
        return np.full(placed.n_regions, np.nan), np.full(placed.n_regions, np.nan)
    controls, cases = (placed.numbers(column, source=source) for column in columns.sizes)
    return controls, cases


def implied_errors(
    placed: PlacedRows, columns: ThinningColumns, value: np.ndarray, *, source: str
) -> np.ndarray | None:
    """Standard errors (region,) that the columns of group sizes imply; None where they say nothing of the effect."""
    if columns.sizes is None or not columns.effect_size:
        return None
    controls, cases = group_sizes(placed, columns, source=source)
    useless = (controls < 1) | (cases < 1) | (controls > MOST_PEOPLE) | (cases > MOST_PEOPLE)
    if useless.any():
        row = placed.frame.index[int(np.argmax(useless[placed.positions]))]
        raise InputError(
            f"{source}, row {row}: a group size in {' or '.join(columns.sizes)} is not from 1 to {MOST_PEOPLE:.0e}; "
            "correct it, or leave the cell empty if it is not known."
        )
    return cohens_d_error(value, controls, cases)


def error_remedy(columns: ThinningColumns, *, sizes: bool, computed: bool = False) -> str:
    """Say how else standard errors can be had: from another column, from the group sizes, or not at all.

    Parameters
    ----------
    columns
        The columns of the table.
    sizes
        Whether the group sizes give standard errors of every value.
    computed
        Whether those at hand have been computed from them; False (the default) where they are the file's.
    """
    ways = ["name the column of standard errors with --se-column"]
    told = 'standard_error="none"'
    if computed and columns.error is not None:
        ways = [f"pass --se file to read them from {columns.error}"]
        told = 'standard_error="file" or "none"'
    elif sizes and not computed and columns.sizes is not None:
        ways.append(f"pass --se sizes to compute them from {' and '.join(columns.sizes)}")
        told = 'standard_error="sizes" or "none"'
    return f"{', '.join(ways)}, or pass --se none to estimate the noise (in Python {told})"


def checked_errors(
    value: np.ndarray, error: np.ndarray, *, labels: Sequence[str], source: str, remedy: str, fill: str = "them"
) -> np.ndarray:
    """Return standard errors (region,) without those of missing values; InputError for one that can't be used.

    ``remedy`` is what the message advises, ``fill`` what to fill in where some are missing.
    """
    observed = ~np.isnan(value)
    error = np.where(observed, error, np.nan)
    check_magnitude(error, labels=labels, source=source, what="standard error", remedy=remedy)
    useless = error <= 0
    if useless.any():
        row = int(np.argmax(useless))
        raise InputError(
            f"{source}, row {labels[row]}: standard error {error[row]:g} is "
            f"{'negative' if error[row] < 0 else 'zero'}; {remedy}."
        )
    typical = np.median(np.abs(value[observed])) if observed.any() else 0.0
    # Logarithms, as the ratio itself may be more than a number can hold.
    apart = np.abs(np.log(error) - np.log(typical)) if typical > 0 else np.zeros_like(error)
    if np.nanmax(apart, initial=0.0) > np.log(MOST_APART):
        row = int(np.nanargmax(apart))
        raise InputError(
            f"{source}, row {labels[row]}: standard error {error[row]:g} is of another unit than the effects, whose "
            f"usual size is {typical:.3g}; correct it, {remedy}."
        )
    if np.array_equal(error, np.abs(value), equal_nan=True) and (error != 1).any():
        raise InputError(f"{source}: the standard errors are the effects themselves; {remedy}.")
    empty = [label for label, lacks in zip(labels, observed & np.isnan(error), strict=True) if lacks]
    if empty:
        raise InputError(f"{source}: no standard error for {first_names(empty, limit=20)}; fill {fill} in, {remedy}.")
    return error
