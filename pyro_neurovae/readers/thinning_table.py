"""A table or series of cortical thinning as one map in a graph's order, its standard errors checked."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from ..errors import InputError, NeurovaeWarning
from ..wording import first_names
from .placement import PlacedRows, place_rows
from .text_table import parse_numbers
from .thinning_columns import ThinningColumns, choose_columns, label_rows

__all__ = ["ThinningMap", "cohens_d_error", "map_from_series", "map_from_table"]

NO_ERRORS = 'pass --se none (in Python standard_error="none") to estimate the noise'


@dataclass(frozen=True)
class ThinningMap:
    """One thinning map on a graph's regions.

    Attributes
    ----------
    name
        The map's name.
    value
        Thinning (region,), NaN where missing.
    standard_error
        Standard error (region,) of the value, NaN where that is missing; all 0 where the error is unknown.
    notices
        What was computed, set aside or assumed, one sentence each.
    """

    name: str
    value: np.ndarray
    standard_error: np.ndarray
    notices: tuple[str, ...] = ()


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


def map_from_table(
    table: pd.DataFrame,
    names: Sequence[str],
    *,
    name: str,
    source: str,
    value_column: str | None = None,
    se_column: str | None = None,
    standard_error: Literal["file", "none"] = "file",
) -> ThinningMap:
    """Read a map from a table of named columns.

    Parameters
    ----------
    table
        Strings or numbers; regions in a column with a usual name, or in the index.
    names
        The graph's regions, in its order.
    name, source
        The map's name, and the file or argument for messages.
    value_column, se_column
        The columns of the effect and of its standard error; None (the default) looks for the usual names.
    standard_error
        "file" (the default) takes the column of standard errors or, without one, computes them from group
        sizes; "none" reads neither, and the noise is left to be estimated.

    Raises
    ------
    InputError
        If a column is not found, a label can't be placed, or a number can't be used.
    """
    columns = choose_columns(
        [str(column) for column in table.columns],
        source=source,
        value_column=value_column,
        se_column=se_column if standard_error == "file" else None,
    )
    labelled = label_rows(table.set_axis([str(column) for column in table.columns], axis=1), names, source=source)
    placed = place_rows(labelled, names, source=source)
    value = _column(placed, columns.value, source)
    if standard_error == "none":
        return _without_errors(name, value, placed.notices, source)
    implied = _implied_error(placed, columns, value, source)
    given = None if columns.error is None else _column(placed, columns.error, source)
    notices = list(placed.notices)
    labels = _labels(placed, names)
    if given is None or (se_column is None and np.isnan(given).all()):
        given = _from_sizes(implied, columns, source, notices)
    error = _checked_error(value, given, labels, source)
    _compare(error, implied, labels, source, notices)
    return ThinningMap(name, value, error, tuple(notices))


def map_from_series(
    value: pd.Series, error: pd.Series | None, names: Sequence[str], *, name: str, source: str
) -> ThinningMap:
    """Place a series of thinning and one of standard errors, each by its own labels; None means not known."""
    placed = place_rows(value.to_frame("value"), names, source=source)
    thinning = _column(placed, "value", source)
    if error is None:
        return _without_errors(name, thinning, placed.notices, source)
    about = f"standard errors of {source}"
    beside = place_rows(error.to_frame("standard error"), names, source=about)
    spread = _checked_error(thinning, _column(beside, "standard error", about), _labels(placed, names), source)
    return ThinningMap(name, thinning, spread, tuple(dict.fromkeys(placed.notices + beside.notices)))


def _column(placed: PlacedRows, column: str, source: str) -> np.ndarray:
    cells = placed.frame.loc[:, [column]]
    if cells.shape[1] > 1:
        raise InputError(f"{source}: two columns are called {column}; rename one of them.")
    return placed.scatter(parse_numbers(cells, source=source).to_numpy()[:, 0])


def _labels(placed: PlacedRows, names: Sequence[str]) -> list[str]:
    labels = list(names)
    for position, label in zip(placed.positions, placed.frame.index, strict=True):
        labels[position] = str(label)
    return labels


def _without_errors(name: str, value: np.ndarray, notices: tuple[str, ...], source: str) -> ThinningMap:
    unknown = np.where(np.isnan(value), np.nan, 0.0)
    return ThinningMap(
        name, value, unknown, (*notices, f"{source}: no standard errors; the noise of the map is estimated.")
    )


def _implied_error(placed: PlacedRows, columns: ThinningColumns, value: np.ndarray, source: str) -> np.ndarray | None:
    if columns.sizes is None or not columns.standardised:
        return None
    controls, cases = (_column(placed, column, source) for column in columns.sizes)
    useless = (controls <= 0) | (cases <= 0)
    if useless.any():
        row = placed.frame.index[int(np.argmax(useless[placed.positions]))]
        raise InputError(
            f"{source}, row {row}: a group size in {' or '.join(columns.sizes)} is not above 0; "
            "correct it, or leave the cell empty if it is not known."
        )
    return cohens_d_error(value, controls, cases)


def _from_sizes(implied: np.ndarray | None, columns: ThinningColumns, source: str, notices: list[str]) -> np.ndarray:
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


def _checked_error(value: np.ndarray, error: np.ndarray, labels: list[str], source: str) -> np.ndarray:
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


def _compare(error: np.ndarray, implied: np.ndarray | None, labels: list[str], source: str, notices: list[str]) -> None:
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
