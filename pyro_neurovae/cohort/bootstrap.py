"""Stratified bootstrap of the contrast: many resampled cohorts fitted in one batch of matrix products."""

from __future__ import annotations

import numpy as np

from .balance import group_weights
from .regression import column_space, hedges_factor, solve_batch

__all__ = ["bootstrap_counts", "bootstrap_effects"]

_CHUNK = 256


def bootstrap_counts(strata: np.ndarray, number: int, seed: int) -> np.ndarray:
    """How often each replicate holds each subject, drawn with replacement within strata; (replicate, row) int."""
    rng = np.random.default_rng([seed, *b"bootstrap"])
    counts = np.zeros((number, len(strata)), dtype=np.int64)
    for stratum in np.unique(strata):
        rows = np.flatnonzero(strata == stratum)
        counts[:, rows] = rng.multinomial(len(rows), np.full(len(rows), 1 / len(rows)), size=number)
    return counts


def bootstrap_effects(
    thickness: np.ndarray, design: np.ndarray, counts: np.ndarray, *, scheme: str = "none", standardised: bool = True
) -> np.ndarray:
    """Effect of the group in every replicate, balancing weights estimated anew in each; (replicate, region).

    Parameters
    ----------
    thickness
        (row, region) in mm, NaN where missing.
    design
        (row, column); the second column is the group.
    counts
        As `bootstrap_counts` gives them.
    scheme
        Weights, as in `balance.group_weights`.
    standardised
        Cohen's d, Hedges-corrected (the default), or mm.
    """
    case, covariates = design[:, 1] == 1, np.delete(design, 1, axis=1)
    effects = np.empty((len(counts), thickness.shape[1]))
    for start in range(0, len(counts), _CHUNK):
        block = counts[start : start + _CHUNK].astype(float)
        weights = block * group_weights(scheme, case, covariates, block)
        weights *= block.sum(1, keepdims=True) / weights.sum(1, keepdims=True)
        effects[start : start + _CHUNK] = _batched(thickness, design, weights, block, standardised)
    return effects


def _batched(
    thickness: np.ndarray, design: np.ndarray, weights: np.ndarray, counts: np.ndarray, standardised: bool
) -> np.ndarray:
    """Weighted least squares of a batch of weights (replicate, row); (replicate, region)."""
    seen = ~np.isnan(thickness)
    # Without the mean of a region nothing cancels in the sums of squares.
    y = np.where(seen, thickness - np.nanmean(thickness, axis=0), 0.0)
    n, columns = design.shape
    pairs = (design[:, :, None] * design[:, None, :]).reshape(n, -1)
    products = (design[:, :, None] * y[:, None, :]).reshape(n, -1)
    moments = (weights @ products).reshape(len(weights), columns, -1)  # (replicate, column, region)
    patterns, which = np.unique(seen, axis=1, return_inverse=True)  # regions that the same subjects have
    beta, ranks = np.empty_like(moments), np.empty(thickness.shape[1])
    for number, pattern in enumerate(patterns.T):
        regions = np.flatnonzero(np.ravel(which) == number)
        ranks[regions] = column_space(design[pattern]).shape[1]
        normal = (weights @ (pairs * pattern[:, None])).reshape(-1, columns, columns)
        beta[:, :, regions] = solve_batch(normal, moments[:, :, regions])
    if not standardised:
        return beta[:, 1]
    degrees = counts @ seen.astype(float) - ranks
    left = weights @ y**2 - (beta * moments).sum(1)
    return hedges_factor(degrees) * beta[:, 1] / np.sqrt(left / degrees)
