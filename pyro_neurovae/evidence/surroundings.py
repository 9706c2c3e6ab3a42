"""Baselines that need no gene: the value of the homologue, and the values of the neighbours."""

from __future__ import annotations

import numpy as np

from ..graphs.region_graph import RegionGraph
from .task import Task

__all__ = ["copied_values", "neighbours", "twin"]

# Weight of the map's mean beside that of the neighbours, in units of a region's mean weight to all its neighbours.
_PULLS = np.r_[0.0, np.logspace(-2, 2, 17), np.inf]
_LEAST_PAIRS = 3  # of which how unlike homologues are can be learnt


def copied_values(thinning: np.ndarray, graph: RegionGraph) -> np.ndarray:
    """Each region's value copied from its homologue, NaN where it has none or that has no value; (..., region)."""
    alone = graph.homologue == np.arange(graph.n_regions)
    return np.where(alone, np.nan, thinning[..., graph.homologue])


def twin(task: Task) -> tuple[np.ndarray, np.ndarray]:
    """The homologue's value where that is seen, with the mean squared difference of the seen pairs as variance.

    Elsewhere, and where fewer than three pairs are seen, it is `neighbours`.
    """
    predicted, sd = neighbours(task)
    copied = copied_values(task.thinning, task.graph)
    differences = (task.thinning - copied)[task.seen]
    differences = differences[np.isfinite(differences)]  # each pair twice
    if len(differences) < 2 * _LEAST_PAIRS:
        return predicted, sd
    known = np.isfinite(copied[task.asked])
    spread = np.sqrt((differences**2).mean())
    return np.where(known, copied[task.asked], predicted), np.where(known, spread, sd)


def neighbours(task: Task) -> tuple[np.ndarray, np.ndarray]:
    """The weighted mean of seen neighbours of the same hemisphere, pulled towards the mean of the map.

    With m the mean of all that is seen it predicts m + sum_j W_ij (y_j - m) / (k + sum_j W_ij), the mean itself where
    no neighbour is seen. The pull k is the one that predicts seen regions best when their homologues are hidden with
    them; the mean of these squared errors is the variance, apart for regions with and without a neighbour.
    """
    errors = task.errors(_pulled)
    best = int((errors**2).mean(1).argmin())
    reached = _within_hemisphere(task.graph)[:, task.seen].sum(1) > 0
    known = reached[task.seen]
    alone = np.sqrt((errors[-1] ** 2).mean())  # the last pull leaves the mean alone
    near = np.sqrt((errors[best, known] ** 2).mean()) if known.any() else alone
    return _pulled(task)[best], np.where(reached[task.asked], near, alone)


def _pulled(task: Task) -> np.ndarray:
    """Predictions of the regions asked for under every pull; (pull, asked region)."""
    within = _within_hemisphere(task.graph)
    usual = within.sum(1).mean() or 1.0
    mean = task.thinning[task.seen].mean()
    weights = within[task.asked][:, task.seen]
    total = weights.sum(1)
    share = total / np.maximum(total + usual * _PULLS[:, None], np.finfo(float).tiny)  # of the neighbours; 0 if none
    around = weights @ (task.thinning[task.seen] - mean) / np.where(total > 0, total, 1.0)
    return mean + share * around


def _within_hemisphere(graph: RegionGraph) -> np.ndarray:
    """Weights without those of homologues and, where hemispheres are known, any from one to the other."""
    weights = graph.weights.copy()
    weights[np.arange(graph.n_regions), graph.homologue] = 0.0
    if graph.hemispheres is not None:
        side = np.array(graph.hemispheres)
        weights[(side[:, None] != side) & (side[:, None] != "") & (side != "")] = 0.0
    return weights
