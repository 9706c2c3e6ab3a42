"""Standard errors of a map: as given, as group sizes imply them, and how far the two agree."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np

from ..errors import InputError, NeurovaeWarning
from ..wording import first_names
from .placement import PlacedRows
from .thinning_columns import ThinningColumns

__all__ = ["checked_errors", "cohens_d_error", "compare_errors", "errors_from_sizes", "implied_errors"]

NO_ERRORS = 'pass --se none (in Python standard_error="none") to estimate the noise'


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


def implied_errors(
    placed: PlacedRows, columns: ThinningColumns, value: np.ndarray, *, source: str
) -> np.ndarray | None:
    """Standard errors (region,) that the columns of group sizes imply; None where they say nothing of the effect."""
    if columns.sizes is None or not columns.standardised:
        return None
    controls, cases = (placed.numbers(column, source=source) for column in columns.sizes)
    useless = (controls <= 0) | (cases <= 0)
    if useless.any():
        row = placed.frame.index[int(np.argmax(useless[placed.positions]))]
        raise InputError(
            f"{source}, row {row}: a group size in {' or '.join(columns.sizes)} is not above 0; "
            "correct it, or leave the cell empty if it is not known."
        )
    return cohens_d_error(value, controls, cases)


def errors_from_sizes(
    implied: np.ndarray | None, columns: ThinningColumns, *, source: str, notices: list[str]
) -> np.ndarray:
    """Take the implied standard errors for the map's own, with a notice; InputError where there are none."""
    other = f"; {columns.foreign_error} belongs to another effect" if columns.foreign_error else ""
    if implied is None or np.isnan(implied).all():
        raw = columns.sizes is not None and not columns.standardised
        lack = "group sizes tell nothing of an effect in raw units" if raw else "no group sizes"
        raise InputError(
            f"{source}: no column of standard errors of {columns.value} and {lack}{other}; "
            f"name the column with --se-column, or {NO_ERRORS}."
        )
    notices.append(
        f"{source}: standard errors of {columns.value}, read as Cohen's d, computed from the group sizes "
        f"{' and '.join(columns.sizes or ())}{other}."
    )
    return implied


def checked_errors(value: np.ndarray, error: np.ndarray, *, labels: Sequence[str], source: str) -> np.ndarray:
    """Return standard errors (region,) without those of missing values; InputError for one that can't be used."""
    observed = ~np.isnan(value)
    error = np.where(observed, error, np.nan)
    useless = error <= 0
    if useless.any():
        row = int(np.argmax(useless))
        raise InputError(
            f"{source}, row {labels[row]}: standard error {error[row]:g} is "
            f"{'negative' if error[row] < 0 else 'zero'}; "
            f"name the column of standard errors with --se-column, or {NO_ERRORS}."
        )
    empty = [label for label, lacks in zip(labels, observed & np.isnan(error), strict=True) if lacks]
    if empty:
        raise InputError(
            f"{source}: no standard error for {first_names(empty, limit=len(empty))}; "
            f"fill them in, name another column with --se-column, or {NO_ERRORS}."
        )
    return error


def compare_errors(
    error: np.ndarray, implied: np.ndarray | None, *, labels: Sequence[str], source: str, notices: list[str]
) -> None:
    """Warn, and note, where standard errors are off what the group sizes imply by more than a factor of two."""
    if implied is None:
        return
    ratio = np.nan_to_num(error / implied, nan=1.0)
    factor = np.maximum(ratio, 1 / ratio)
    off = factor > 2
    if not off.any():
        return
    worst = int(np.argmax(factor))
    sentence = (
        f"{source}: {int(off.sum())} of {int((~np.isnan(error)).sum())} standard errors differ from what the "
        f"group sizes imply by more than a factor of two, by a factor of {factor[worst]:.1f} in "
        f"{labels[worst]}; "
        "intervals follow the standard errors, so check that they belong to the effect."
    )
    notices.append(sentence)
    warnings.warn(sentence, NeurovaeWarning, stacklevel=2)
