"""Whether a map's standard errors agree with the group sizes and the p values that stand beside them."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
import pandas as pd

from ..errors import warn
from .placement import PlacedRows
from .thinning_columns import ThinningColumns

__all__ = ["compare_errors", "size_doubt", "z_ratios"]

# Beyond this factor errors that are all too large, all too small, or not those of the p values are told of.
FACTOR = 1.5
# Beyond this one, single errors are: regions of a meta-analysis differ in their errors as studies differ.
SINGLE_FACTOR = 2.0
# Larger p values, from small effects, suffer from rounding; so many regions at least make a median.
LARGEST_P, FEWEST = 0.5, 8
# As many equal smallest p values are a floor: that of permutations, or of a number of decimals.
FLOOR = 3


def compare_errors(
    value: np.ndarray,
    error: np.ndarray,
    *,
    implied: np.ndarray | None,
    placed: PlacedRows,
    columns: ThinningColumns,
    labels: Sequence[str],
    source: str,
    remedy: str,
) -> list[str]:
    """Warn, in one sentence, of standard errors that are off what group sizes or p values imply; return it.

    Parameters
    ----------
    value, error
        Effects and the standard errors to judge; (region,).
    implied
        What the group sizes imply for Cohen's d, None where they say nothing; used only where the effect is called one.
    placed, columns
        The table, and which of its columns holds p values.
    labels, source, remedy
        Names of the regions and of the file, and what to do, for the sentence.

    Returns
    -------
    list of str
        The sentence, or nothing where all agree.
    """
    doubt = None if implied is None or not columns.effect_size else size_doubt(error, implied, labels=labels)
    ratios = z_ratios(value, error, placed, columns)
    ratio = float(np.median(ratios)) if len(ratios) >= FEWEST else None
    off = ratio is not None and max(ratio, 1 / ratio) > FACTOR
    if doubt is None and not off:
        return []
    told = _told(doubt, ratio, off=off, count=len(ratios), p=columns.p_values)
    if ratio is None or off:
        told += f"; intervals follow the standard errors: if these are not those of {columns.value}, {remedy}"
    else:
        told += (
            f"; the p values in {columns.p_values} agree with them, as where the studies of a meta-analysis differ, so "
            f"keep them; --se sizes computes them from {' and '.join(columns.sizes or ())} instead"
        )
    sentence = f"{source}: {told}."
    warn(sentence)
    return [sentence]


def size_doubt(error: np.ndarray, implied: np.ndarray, *, labels: Sequence[str]) -> str | None:
    """Say how standard errors (region,) differ from the implied ones, all or some; None where they agree."""
    known = ~np.isnan(error) & ~np.isnan(implied)
    if not known.any():
        return None
    ratio = np.where(known, error / implied, 1.0)
    factor = np.maximum(ratio, 1 / ratio)
    for sign, word in ((ratio[known], "larger"), (1 / ratio[known], "smaller")):
        if sign.min() > FACTOR:
            return (
                f"all {known.sum()} standard errors are {word} than what the group sizes imply, by a factor of "
                f"{np.median(sign):.1f} ({sign.min():.1f} to {sign.max():.1f})"
            )
    off, worst = factor > SINGLE_FACTOR, int(np.argmax(factor))
    if not off.any():
        return None
    return (
        f"{off.sum()} of {(~np.isnan(error)).sum()} standard errors differ from what the group sizes imply by more "
        f"than a factor of two, by a factor of {factor[worst]:.1f} in {labels[worst]}"
    )


def z_ratios(value: np.ndarray, error: np.ndarray, placed: PlacedRows, columns: ThinningColumns) -> np.ndarray:
    """Effect over standard error, as a share of the z that its two-sided p value implies, where that can be told.

    Left out are p values that are no number ("<0.001"), zero, above .5, or the smallest of all several times, and
    effects of exactly zero.

    Returns
    -------
    array
        One ratio for each region that tells; 1 where p values and standard errors are of one test.
    """
    if columns.p_values is None or list(placed.frame.columns).count(columns.p_values) > 1:
        return np.zeros(0)
    p = placed.scatter(pd.to_numeric(placed.frame[columns.p_values], errors="coerce").to_numpy(dtype=np.float64))
    usable = (p / 2 > 0) & (p < LARGEST_P) & (np.abs(value) > 0) & (error > 0)
    if not usable.any():
        return np.zeros(0)
    smallest = p[usable].min()
    if (p[usable] == smallest).sum() >= FLOOR:
        usable &= p > smallest
    z = np.array([-NormalDist().inv_cdf(one / 2) for one in p[usable]])
    return np.abs(value[usable]) / error[usable] / z


def _told(doubt: str | None, ratio: float | None, *, off: bool, count: int, p: str | None) -> str:
    if doubt is not None and (ratio is None or not off):
        return doubt
    if doubt is not None:
        return f"{doubt}, and effects over them are {ratio:.2g} times the z of the p values in {p}"
    ratio = 1.0 if ratio is None else ratio
    factor = f"small by a factor of {ratio:.1f}" if ratio > 1 else f"large by a factor of {1 / ratio:.1f}"
    return (
        f"effects over their standard errors are {ratio:.2g} times the z of the p values in {p} (median of {count} "
        f"regions), so the standard errors look too {factor}"
    )
