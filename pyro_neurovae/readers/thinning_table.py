"""A table or series of cortical thinning as one map in a graph's order, its standard errors checked."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ..errors import InputError
from ..wording import first_names
from .column_names import KINDS
from .effect_checks import check_effects, check_kind, sign_notice, twin_notice
from .error_comparison import compare_errors
from .error_sources import find_errors
from .placed_effects import contrast_of, place_effects, unread_columns
from .placement import PlacedRows, place_rows
from .standard_errors import ErrorSource, checked_errors, error_remedy, group_sizes, implied_errors, spread_share
from .text_table import file_stem
from .thinning_columns import SPREAD_SHARE, ThinningColumns

__all__ = ["FlipInput", "ThinningMap", "flips", "map_from_series", "map_from_table", "map_names"]

FilePath = str | os.PathLike[str]
# Whether positive means thinner: in all maps, in none, or in those named.
FlipInput = bool | str | Sequence[str]


@dataclass(frozen=True)
class ThinningMap:
    """One thinning map on a graph's regions.

    Attributes
    ----------
    name
        The map's name.
    value
        Effect (region,), negative where cases are thinner, NaN where missing.
    standard_error
        Standard error (region,) of the value, NaN where that is missing; all 0 where the error is unknown.
    notices
        What was computed, set aside or assumed, one sentence each.
    spread_share
        Share of each squared standard error that comes from estimating a standard deviation (region,), as
        `standard_errors.spread_share` has it of Cohen's d; None (the default) for none, as in any other effect.
    kind
        What the effect is, a key of `column_names.KINDS`; "" (the default) where nothing tells.
    vertices
        Effect and standard error at each vertex of fsaverage5, or of a coarser surface within it, left hemisphere
        first, NaN where nothing was measured; (2, vertex). None (the default) for a map that was given by regions.
    """

    name: str
    value: np.ndarray
    standard_error: np.ndarray
    notices: tuple[str, ...] = ()
    spread_share: np.ndarray | None = None
    kind: str = ""
    vertices: np.ndarray | None = None


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


def flips(flip: FlipInput, names: Sequence[str]) -> dict[str, bool]:
    """Return whether the signs of each map are turned round: all for True, those named else.

    Raises
    ------
    InputError
        For a name that no map has.
    """
    if isinstance(flip, bool):
        return dict.fromkeys(names, flip)
    wanted = [flip] if isinstance(flip, str) else list(flip)
    unknown = [name for name in wanted if name not in names]
    if unknown:
        raise InputError(f"flip names {unknown[0]}, which is no map; the maps are {first_names(names)}.")
    return {name: name in wanted for name in names}


def map_from_table(
    table: pd.DataFrame,
    names: Sequence[str],
    *,
    name: str,
    source: str,
    value_column: str | None = None,
    se_column: str | None = None,
    standard_error: ErrorSource = "file",
    kind: str = "auto",
    flip: bool = False,
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
        "file" (the default) takes the column of standard errors or, without one, computes them: from the effect's
        interval, from group sizes where the effect is Cohen's d, or from its test statistic; "sizes" computes them from
        group sizes, as of Cohen's d, whatever column there is; "none" reads none, and the noise is left to be
        estimated.
    kind
        What the effect is: "d", "mm", "percent", "rate", "t", "z" or "b" (another difference or coefficient); "auto"
        (the default) goes by its name. t and z values have the standard error 1.
    flip
        Whether the table has positive for thinner, so that signs are turned round; False (the default) keeps them.

    Raises
    ------
    InputError
        If a column is not found or may be another effect's, a label can't be placed, or a number can't be used.
    """
    check_kind(kind)
    _check_choices(se_column, standard_error, source)
    placed, columns = place_effects(
        table, names, source=source, value_column=value_column, se_column=se_column, kind=kind
    )
    value, labels = placed.numbers(columns.value, source=source), placed.labels(names)
    check_effects(value, columns.kind, labels=labels, source=source, column=columns.value, asked=kind != "auto")
    signs = sign_notice(
        value, source=source, column=columns.value, name=name, contrast=contrast_of(placed), flipped=flip
    )
    signs += twin_notice(value, names, source=source)
    effect, read = -value if flip else value, f"read {columns.value} ({KINDS[columns.kind]}{_sign_words(flip)})"
    unread = unread_columns(placed.frame, columns)
    signs += [f"{source}: columns not read: {first_names(unread)}."] if unread else []
    if standard_error == "none":
        return replace(_without_errors(name, effect, placed.notices, signs, source, read), kind=columns.kind)
    error, words, doubts = _errors(placed, columns, value, labels, source, standard_error, named=se_column is not None)
    share = _spread_share(placed, columns, value, source, standard_error)
    notices = (*placed.notices, f"{source}: {read}{words}.", *signs, *doubts)
    return ThinningMap(name, effect, error, notices, share, columns.kind)


def map_from_series(
    value: pd.Series,
    error: pd.Series | None,
    names: Sequence[str],
    *,
    name: str,
    source: str,
    kind: str = "",
    flip: bool = False,
    estimate: bool = False,
    share: pd.Series | None = None,
) -> ThinningMap:
    """Place a series of thinning and one of standard errors, each by its own labels; None means not known.

    ``kind`` says what the values are, as in `map_from_table`: t and z values have the error 1 unless the noise is to be
    estimated (``estimate``), and Cohen's d is taken for that of two groups of unknown sizes. "" (the default) is not
    known. ``share`` is what of each squared standard error comes from estimating the sd, where a table says it.
    """
    placed = place_rows(value.to_frame("value"), names, source=source)
    thinning, labels = placed.numbers("value", source=source), placed.labels(names)
    check_effects(thinning, kind, labels=labels, source=source, column=source)
    signs = sign_notice(thinning, source=source, flipped=flip) + twin_notice(thinning, names, source=source)
    effect = -thinning if flip else thinning
    read = f"read effects {KINDS[kind]}{_sign_words(flip)}" if kind else f"read effects{_sign_words(flip)}"
    if error is None and kind in ("t", "z") and not estimate:
        told = f"{source}: {read}; their standard error is 1, as of any {kind} value."
        ones = np.where(np.isnan(thinning), np.nan, 1.0)
        return ThinningMap(name, effect, ones, (*placed.notices, told, *signs), kind=kind)
    if error is None:
        return replace(_without_errors(name, effect, placed.notices, signs, source, read), kind=kind)
    about = f"standard errors of {source}"
    beside = place_rows(error.to_frame("standard error"), names, source=about)
    given = beside.numbers("standard error", source=about)
    remedy = 'pass standard_error="none" to estimate the noise'
    spread = checked_errors(thinning, given, labels=labels, source=source, remedy=remedy)
    known = spread_share(thinning) if kind == "d" else None
    if share is not None:
        known = place_rows(share.to_frame(SPREAD_SHARE), names, source=source).numbers(SPREAD_SHARE, source=source)
    notices = tuple(dict.fromkeys((*placed.notices, *beside.notices, *signs)))
    return ThinningMap(name, effect, spread, notices, known, kind)


def _check_choices(se_column: str | None, standard_error: ErrorSource, source: str) -> None:
    if se_column is not None and standard_error != "file":
        raise InputError(
            f"{source}: --se-column {se_column} has no effect with --se {standard_error}; leave out one of the two."
        )


def _errors(
    placed: PlacedRows,
    columns: ThinningColumns,
    value: np.ndarray,
    labels: Sequence[str],
    source: str,
    choice: ErrorSource,
    *,
    named: bool,
) -> tuple[np.ndarray, str, list[str]]:
    """Standard errors (region,), checked; where they come from, as stands after "read d"; and doubts about them."""
    implied = implied_errors(placed, columns, value, source=source)
    sized = implied is not None and not np.isnan(implied[~np.isnan(value)]).any()
    remedy = error_remedy(columns, sizes=sized)
    found = find_errors(
        placed, columns, value, implied=implied, source=source, remedy=remedy, choice=choice, named=named
    )
    remedy = error_remedy(columns, sizes=sized, computed=found.sizes)
    fill = "the group sizes" if found.sizes else "them"
    error = checked_errors(value, found.values, labels=labels, source=source, remedy=remedy, fill=fill)
    doubts = compare_errors(
        value, error, implied=implied, placed=placed, columns=columns, labels=labels, source=source, remedy=remedy
    )
    beside = columns.sizes is not None and columns.effect_size and not found.sizes
    sizes = f"; group sizes {' and '.join(columns.sizes or ())}" if beside else ""
    return error, f"{found.words}{sizes}", doubts


def _spread_share(
    placed: PlacedRows, columns: ThinningColumns, value: np.ndarray, source: str, choice: ErrorSource
) -> np.ndarray | None:
    """The table's own share where its standard errors are read, else what the formula of Cohen's d says; (region,)."""
    if columns.spread_share is not None and choice == "file":
        return placed.numbers(columns.spread_share, source=source)
    return spread_share(value, *group_sizes(placed, columns, source=source)) if columns.effect_size else None


def _sign_words(flip: bool) -> str:
    return ", signs turned round so that negative is thinner" if flip else ", negative for thinner"


def _without_errors(
    name: str, value: np.ndarray, notices: Sequence[str], signs: Sequence[str], source: str, read: str
) -> ThinningMap:
    unknown = np.where(np.isnan(value), np.nan, 0.0)
    told = f"{source}: {read} without standard errors; the noise of the map is estimated."
    return ThinningMap(name, value, unknown, (*notices, told, *signs))
