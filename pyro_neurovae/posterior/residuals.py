"""Statistics that the residuals of a map are checked by, against what the model would have given."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..studies.study import Study
from .kernels import expression_kernel

__all__ = ["Statistic", "residual_statistics", "two_sided"]

Statistic = Callable[[np.ndarray], np.ndarray]


def residual_statistics(study: Study, seen: np.ndarray) -> dict[str, Statistic]:
    """Statistics of residuals (..., seen region) that the study has the means for, by check."""
    found: dict[str, Statistic] = {}
    weights = study.graph.weights[np.ix_(seen, seen)]
    if weights.any():
        found["moran"] = lambda e: _quadratic(e, weights) * e.shape[-1] / weights.sum()
    found["spread"] = lambda e: np.sqrt((e**2).mean(-1))
    found["extremes"] = lambda e: np.abs(e).max(-1)
    place = np.cumsum(seen) - 1  # of a region among those seen
    pairs = place[[pair for pair in study.graph.homologues if seen[list(pair)].all()]]
    if len(pairs):
        found["asymmetry"] = lambda e: (e[..., pairs[:, 0]] - e[..., pairs[:, 1]]).mean(-1)
    both = (seen & study.expression_observed)[seen]
    kernel = expression_kernel(study)[np.ix_(seen, seen)][np.ix_(both, both)]
    white = np.trace(kernel - kernel.mean(0)) / (len(kernel) - 1)
    axis = _first_component(study)[seen][both]
    found["expression_pc1"] = lambda e: _correlation(e[..., both], axis)
    found["expression"] = lambda e: _quadratic(e[..., both], kernel) / white
    return found


def two_sided(observed: np.ndarray, replicated: np.ndarray) -> float:
    """Twice the smaller probability that a replicate is at least, or at most, what is observed.

    ``observed`` (draw,) against the replicates (draw, replicate) of the same draw, or all (1, replicate).
    """
    above = (replicated >= observed[:, None]).mean()
    below = (replicated <= observed[:, None]).mean()
    return float(min(1.0, 2 * min(above, below)))


def _quadratic(values: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Ratio e'Ae / e'e of values centred over the regions (..., region)."""
    centred = values - values.mean(-1, keepdims=True)
    ratio: np.ndarray = ((centred @ matrix) * centred).sum(-1) / (centred**2).sum(-1)
    return ratio


def _correlation(values: np.ndarray, axis: np.ndarray) -> np.ndarray:
    """Correlation of (..., region) with (region,)."""
    centred, along = values - values.mean(-1, keepdims=True), axis - axis.mean()
    product: np.ndarray = centred @ along / np.sqrt((centred**2).sum(-1) * (along**2).sum())
    return product


def _first_component(study: Study) -> np.ndarray:
    """First left-singular vector of the expression, its largest entry positive; (region,), 0 where unmeasured."""
    vector: np.ndarray = np.linalg.eigh(expression_kernel(study))[1][:, -1]
    return vector * np.sign(vector[np.abs(vector).argmax()])
