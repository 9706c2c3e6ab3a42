"""Where the standard errors of a table's effects come from: a column, an interval, a statistic, sizes or the kind."""

from __future__ import annotations

import re
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from ..errors import InputError
from ..wording import first_names
from .column_names import KINDS
from .magnitudes import check_magnitude
from .placement import PlacedRows
from .standard_errors import ErrorSource, error_remedy
from .text_table import is_missing
from .thinning_columns import ThinningColumns

__all__ = ["FoundErrors", "find_errors"]

_NUMBER = r"([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)"
_INTERVAL = re.compile(rf"[\[(]?\s*{_NUMBER}\s*(?:[,;/:]|to|\.\.|\N{{EN DASH}}|\s-)\s*{_NUMBER}\s*[\])]?")
# How far an effect may be from the middle of its interval, as a share of the width: just outside, both being rounded;
# and usually, for intervals of bootstraps are not quite symmetric.
OUTSIDE, LOPSIDED = 0.55, 0.15


@dataclass(frozen=True)
class FoundErrors:
    """Standard errors before they are checked.

    Attributes
    ----------
    values
        One for each region, NaN where there is none.
    words
        Where they come from, as stands after "read d".
    sizes
        Whether they are computed from the group sizes.
    """

    values: np.ndarray
    words: str
    sizes: bool = False


def find_errors(
    placed: PlacedRows,
    columns: ThinningColumns,
    value: np.ndarray,
    *,
    implied: np.ndarray | None,
    source: str,
    remedy: str,
    choice: ErrorSource = "file",
    named: bool = False,
) -> FoundErrors:
    """Find the standard errors (region,) of a table's effects.

    A column of its own comes first, then the effect's interval, the group sizes (of Cohen's d alone) and the test
    statistic; one that is empty throughout counts for none. t and z values have the error 1.

    Parameters
    ----------
    placed, columns, value
        The table, which of its columns are read, and the effects.
    implied
        What the group sizes imply, None where they say nothing of the effect.
    source, remedy
        Name of the table, and how else errors can be had, for messages.
    choice
        "sizes" for those of the group sizes, whatever else there is; "file" (the default) as above.
    named
        Whether the user names the column of standard errors; then nothing takes its place.

    Raises
    ------
    InputError
        If there are none, or they may belong to another effect.
    """
    if choice == "sizes":
        return _from_sizes(implied, columns, source)
    if columns.kind in ("t", "z") and not named:
        aside = _set_aside(columns.error)
        return FoundErrors(np.ones_like(value), f"; their standard error is 1, as of any {columns.kind} value{aside}")
    if columns.error is not None:
        given = placed.numbers(columns.error, source=source)
        if named or not np.isnan(given).all():
            return FoundErrors(given, f" with the standard errors {columns.error}")
    for found in (_from_interval(placed, columns, value, source, remedy), _implied(implied, columns)):
        if found is not None:
            return found
    statistic = None if columns.foreign_error else _from_statistic(placed, columns, value, source)
    if statistic is not None:
        return statistic
    raise InputError(f"{source}: {_lack(columns)}; {_remedy(columns)}.")


def _from_sizes(implied: np.ndarray | None, columns: ThinningColumns, source: str) -> FoundErrors:
    if implied is not None and not np.isnan(implied).all():
        return FoundErrors(implied, _sized(columns) + _set_aside(columns.error), sizes=True)
    own = f"to read those in {columns.error}" if columns.error else f"and {error_remedy(columns, sizes=False)}"
    if columns.sizes is not None and not columns.effect_size:
        if columns.kind == "":
            raise InputError(
                f"{source}: --se sizes computes standard errors of Cohen's d, and the name of {columns.value} does "
                "not say that it is one; say so with --kind d if it is, or leave --se out."
            )
        raise InputError(
            f"{source}: --se sizes computes standard errors of Cohen's d, but {columns.value} is "
            f"{KINDS[columns.kind]}, of which group sizes tell nothing; leave it out {own}."
        )
    raise InputError(
        f"{source}: --se sizes computes standard errors of Cohen's d, but for {columns.value} there are no group "
        f"sizes; leave it out {own}."
    )


def _implied(implied: np.ndarray | None, columns: ThinningColumns) -> FoundErrors | None:
    if implied is None or np.isnan(implied).all():
        return None
    other = ""
    if columns.foreign_error:
        whose = f"may be that of {first_names(columns.rivals)}" if columns.rivals else "belongs to another effect"
        other = f"; {columns.foreign_error} {whose} and is not read"
    return FoundErrors(implied, _sized(columns) + other, sizes=True)


def _sized(columns: ThinningColumns) -> str:
    return f", its standard errors computed from the group sizes {' and '.join(columns.sizes or ())}"


def _set_aside(error: str | None) -> str:
    return f"; those in {error} are set aside" if error else ""


def _from_interval(
    placed: PlacedRows, columns: ThinningColumns, value: np.ndarray, source: str, remedy: str
) -> FoundErrors | None:
    if columns.interval is None:
        return None
    low, high, level = columns.interval
    if low == high:
        lower, upper = _both_ends(placed, low, source)
    else:
        lower, upper = placed.numbers(low, source=source), placed.numbers(high, source=source)
    labels = placed.labels([""] * placed.n_regions)
    for column, ends in ((low, lower), (high, upper)):
        check_magnitude(ends, labels=labels, source=source, what=f"column {column}", remedy=remedy)
    if np.isnan(upper - lower).all():
        return None
    offset = np.abs((lower + upper) / 2 - value) / np.where(upper > lower, upper - lower, np.nan)
    wrong = (offset > OUTSIDE) | (upper <= lower)
    if wrong.any() or np.nanmedian(offset) > LOPSIDED:
        row = int(np.argmax(wrong)) if wrong.any() else int(np.nanargmax(offset))
        label = placed.frame.index[list(placed.positions).index(row)]
        raise InputError(
            f"{source}, row {label}: {lower[row]:g} to {upper[row]:g} is no interval about {columns.value} "
            f"{value[row]:g} and may be that of another effect; {remedy}."
        )
    widths = 2 * NormalDist().inv_cdf(0.5 + level / 2)
    named = low if low == high else f"{low} to {high}"
    words = f", its standard errors from the {100 * level:.3g}% interval {named} (width over {widths:.2f})"
    return FoundErrors((upper - lower) / widths, words)


def _both_ends(placed: PlacedRows, column: str, source: str) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper ends (region,) of intervals that stand in one cell each, such as "[-0.3, 0.1]"."""
    cells = placed.frame.loc[:, [column]].iloc[:, 0]
    found = [None if is_missing(cell) else _INTERVAL.fullmatch(str(cell).strip()) for cell in cells]
    for label, cell, ends in zip(placed.frame.index, cells, found, strict=True):
        if ends is None and not is_missing(cell):
            raise InputError(
                f"{source}, row {label}, column {column}: {str(cell)!r} is no interval such as [-0.3, 0.1]; correct "
                "it, or leave the cell empty if it is missing."
            )
    numbers = [(np.nan, np.nan) if one is None else (float(one[1]), float(one[2])) for one in found]
    lower, upper = placed.scatter(np.array(numbers).reshape(-1, 2)).T
    return lower, upper


def _from_statistic(placed: PlacedRows, columns: ThinningColumns, value: np.ndarray, source: str) -> FoundErrors | None:
    if columns.statistic is None:
        return None
    statistic = placed.numbers(columns.statistic, source=source)
    if np.isnan(statistic).all():
        return None
    labels = placed.labels([""] * placed.n_regions)
    check_magnitude(statistic, labels=labels, source=source, what=f"column {columns.statistic}")
    with np.errstate(all="ignore"):
        found = np.abs(value / statistic)
    words = f", its standard errors as {columns.value} over {columns.statistic}"
    return FoundErrors(np.where(np.isfinite(found) & (found > 0), found, np.nan), words)


def _lack(columns: ThinningColumns) -> str:
    """Why there are no standard errors."""
    if columns.foreign_error and columns.rivals:
        whose = first_names([columns.value, *columns.rivals])
        return f"{columns.foreign_error} may be the standard error of any of {whose}"
    other = f"; {columns.foreign_error} belongs to another effect" if columns.foreign_error else ""
    lack = "no group sizes"
    if columns.sizes is not None and columns.effect_size:
        lack = f"the group sizes {' and '.join(columns.sizes)} are empty"
    elif columns.sizes is not None:
        lack = f"group sizes tell nothing of an effect {KINDS[columns.kind]}"
    return f"no column of standard errors of {columns.value} and {lack}{other}"


def _remedy(columns: ThinningColumns) -> str:
    ways = error_remedy(columns, sizes=False)
    if columns.foreign_error and columns.rivals:
        return (
            f"say so with --se-column {columns.foreign_error} if it is that of {columns.value}, name another effect, "
            f"such as {columns.rivals[0]}, with --value-column, or pass --se none to estimate the noise (in Python "
            'standard_error="none")'
        )
    if columns.kind == "":
        sized = ", or d for Cohen's d, whose standard errors the group sizes give" if columns.sizes else ""
        return f"say what {columns.value} is with --kind (t or z for such values, whose error is 1{sized}), {ways}"
    return ways
