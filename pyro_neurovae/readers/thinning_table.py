"""A table or series of cortical thinning as one map in a graph's order, its standard errors checked."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..errors import InputError
from .error_comparison import compare_errors
from .placement import place_rows
from .row_labels import label_rows
from .standard_errors import (
    ErrorSource,
    checked_errors,
    error_remedy,
    errors_from_sizes,
    group_sizes,
    implied_errors,
    spread_share,
)
from .text_table import file_stem, read_table
from .thinning_columns import choose_columns

__all__ = ["ThinningMap", "map_from_series", "map_from_table", "map_names", "read_thinning"]

FilePath = str | os.PathLike[str]


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
    spread_share
        Share of each squared standard error that comes from estimating a standard deviation (region,), as
        `standard_errors.spread_share` has it of Cohen's d; None (the default) for none, as in any other effect.
    """

    name: str
    value: np.ndarray
    standard_error: np.ndarray
    notices: tuple[str, ...] = ()
    spread_share: np.ndarray | None = None


def map_names(paths: Sequence[FilePath]) -> list[str]:
    """Name every map after its file, without folder and extension.

    Raises
    ------
    InputError
        If there is no file, or two would give the same name.
    """
    if not paths:
        raise InputError("no thinning file; give at least one.")
    names = [file_stem(path) for path in paths]
    for position, name in enumerate(names):
        first = names.index(name)
        if first < position:
            raise InputError(f"{paths[first]} and {paths[position]} would both be map {name}; rename one of the files.")
    return names


def read_thinning(
    path: FilePath,
    names: Sequence[str],
    *,
    name: str | None = None,
    value_column: str | None = None,
    se_column: str | None = None,
    standard_error: ErrorSource = "file",
) -> ThinningMap:
    """Read one map onto a graph's regions; see `map_from_table`.

    Reads ENIGMA's summary statistics (``Structure``, ``d_icv``, ``se_icv``, ``n_controls``, ``n_patients``),
    text with blanks between columns (``Hem ROIThickness ... d ... NPD NHC``), and any table of named columns.
    """
    table = read_table(path)
    return map_from_table(
        table.frame(),
        names,
        name=file_stem(path) if name is None else name,
        source=table.source,
        value_column=value_column,
        se_column=se_column,
        standard_error=standard_error,
    )


def map_from_table(
    table: pd.DataFrame,
    names: Sequence[str],
    *,
    name: str,
    source: str,
    value_column: str | None = None,
    se_column: str | None = None,
    standard_error: ErrorSource = "file",
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
        sizes; "sizes" computes them from group sizes, as of Cohen's d, whatever column there is; "none" reads
        neither, and the noise is left to be estimated.

    Raises
    ------
    InputError
        If a column is not found, a label can't be placed, or a number can't be used.
    """
    columns = choose_columns(
        [str(column) for column in table.columns],
        source=source,
        value_column=value_column,
        se_column=None if standard_error == "none" else se_column,
    )
    labelled = label_rows(table.set_axis([str(column) for column in table.columns], axis=1), names, source=source)
    placed = place_rows(labelled, names, source=source)
    value = placed.numbers(columns.value, source=source)
    if standard_error == "none":
        return _without_errors(name, value, placed.notices, source)
    implied = implied_errors(placed, columns, value, source=source)
    given = None if columns.error is None else placed.numbers(columns.error, source=source)
    notices, labels, asked = list(placed.notices), placed.labels(names), standard_error == "sizes"
    computed = asked or given is None or (se_column is None and bool(np.isnan(given).all()))
    if given is None or computed:
        given = errors_from_sizes(implied, columns, source=source, notices=notices, asked=asked)
    sized = implied is not None and not np.isnan(implied[~np.isnan(value)]).any()
    remedy = error_remedy(columns, sizes=sized, computed=computed)
    fill = "the group sizes" if computed else "them"
    error = checked_errors(value, given, labels=labels, source=source, remedy=remedy, fill=fill)
    notices += compare_errors(
        value,
        error,
        implied=implied,
        placed=placed,
        columns=columns,
        labels=labels,
        source=source,
        remedy=remedy,
    )
    share = None
    if computed or columns.effect_size:
        share = spread_share(value, *group_sizes(placed, columns, source=source))
    return ThinningMap(name, value, error, tuple(notices), share)


def map_from_series(
    value: pd.Series,
    error: pd.Series | None,
    names: Sequence[str],
    *,
    name: str,
    source: str,
    standardised: bool = False,
) -> ThinningMap:
    """Place a series of thinning and one of standard errors, each by its own labels; None means not known.

    ``standardised`` says that the values are Cohen's d, of two groups of unknown sizes.
    """
    placed = place_rows(value.to_frame("value"), names, source=source)
    thinning = placed.numbers("value", source=source)
    if error is None:
        return _without_errors(name, thinning, placed.notices, source)
    about = f"standard errors of {source}"
    beside = place_rows(error.to_frame("standard error"), names, source=about)
    given = beside.numbers("standard error", source=about)
    labels, remedy = placed.labels(names), 'pass standard_error="none" to estimate the noise'
    spread = checked_errors(thinning, given, labels=labels, source=source, remedy=remedy)
    share = spread_share(thinning) if standardised else None
    return ThinningMap(name, thinning, spread, tuple(dict.fromkeys(placed.notices + beside.notices)), share)


def _without_errors(name: str, value: np.ndarray, notices: tuple[str, ...], source: str) -> ThinningMap:
    unknown = np.where(np.isnan(value), np.nan, 0.0)
    told = f"{source}: no standard errors; the noise of the map is estimated."
    return ThinningMap(name, value, unknown, (*notices, told))
