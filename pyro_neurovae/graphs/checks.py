"""Checks of an adjacency table, each naming the regions at fault."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from ..errors import GraphError
from .eigenbasis import connected_components
from .parts import Part, misfit

__all__ = ["check_adjacency", "check_homologues", "check_joined", "check_nearness", "check_shapes", "square_from_frame"]

# Rank correlation of weights with distances above which they are distances: connectivity has -0.2 to -0.8.
_GROWING = 0.5
# Fewer pairs, and smaller complete parts of a graph, can't tell.
_FEWEST_PAIRS, _FEWEST_REGIONS = 30, 8
# Share of the largest weight below which one can't be told from 0 in the spectrum of a graph.
_NOUGHT = 1e-9
# By how much distances, as they are rounded, may miss the triangle inequality.
_ROUNDING = 1e-3


def square_from_frame(
    adjacency: np.ndarray | pd.DataFrame, names: Sequence[str] | None
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Weights (region, region) as float64 and their labels; a frame in the order of the names or its rows.

    Raises
    ------
    GraphError
        When labels are missing, repeat, or differ between rows, columns and the names given.
    """
    if isinstance(adjacency, pd.DataFrame):
        rows, columns = [str(r) for r in adjacency.index], [str(c) for c in adjacency.columns]
        if len(set(rows)) < len(rows) or sorted(rows) != sorted(columns):
            odd = sorted(set(rows) ^ set(columns)) or [name for name in rows if rows.count(name) > 1]
            raise GraphError(f"the adjacency table's rows and columns don't agree on {odd[0]}: label both alike.")
        order = rows if names is None else [str(name) for name in names]
        if sorted(order) != sorted(rows):
            odd = sorted(set(rows) ^ set(order)) or [name for name in order if order.count(name) > 1]
            raise GraphError(
                f"the adjacency table's labels and the names given don't agree on {odd[0]}: "
                "give the same regions in both."
            )
        table = adjacency.set_axis(rows, axis=0).set_axis(columns, axis=1).loc[order, order]
        return _numbers(table.to_numpy()), tuple(order)
    if names is None:
        raise GraphError("an adjacency array has no labels: pass names, one a row.")
    return _numbers(np.asarray(adjacency)), tuple(str(name) for name in names)


def check_adjacency(weights: np.ndarray, names: Sequence[str]) -> None:
    """Check that the weights are square, finite, symmetric, non-negative and without self-loops.

    Raises
    ------
    GraphError
        Naming the first pair of regions at fault.
    """
    n = len(names)
    if weights.shape != (n, n) or n == 0:
        raise GraphError(f"the adjacency has shape {weights.shape} for {n} names: give one row and column for each.")
    repeated = next((name for name in names if list(names).count(name) > 1), None) if len(set(names)) < n else None
    if repeated is not None:
        raise GraphError(f"region {repeated} appears twice in the graph: give each region one name.")
    _complain(~np.isfinite(weights), weights, names, "is not a finite number: write 0 where there is no edge")
    tolerance = 1e-9 * max(float(np.abs(weights).max()), 1.0)
    asymmetric = np.abs(weights - weights.T) > tolerance
    if asymmetric.any():
        i, j = (int(k) for k in np.argwhere(asymmetric)[0])
        raise GraphError(
            f"the adjacency is not symmetric: {names[i]} to {names[j]} is {weights[i, j]:g} and back "
            f"{weights[j, i]:g}; use (W + W') / 2 if both are meant."
        )
    _complain(weights < 0, weights, names, "is negative: set negative weights to 0 or take their size")
    _complain(np.diag(np.diag(weights) != 0), weights, names, "is a self-loop: set the diagonal to 0")


def check_nearness(weights: np.ndarray, *, centroids: np.ndarray | None, hemispheres: Sequence[str] | None) -> None:
    """Check that weights (region, region) tell how near regions are, and not how far.

    They tell how far where they grow with the distance of the regions' positions within a hemisphere, as far as
    these are known, and also where they obey the triangle inequality throughout: no region is further from another
    than the way by any third. Weights of which the largest is at most twice the least obey it anyway, and say nothing.

    Raises
    ------
    GraphError
        With the remedy.
    """
    growth = None if centroids is None else _growth(weights, centroids, hemispheres)
    if growth is not None and growth > _GROWING:
        what = f"the weights grow with the distance of the regions (rank correlation {growth:.2f})"
    elif growth is None and _is_metric(weights):
        what = "no two regions have a weight of 0 and no weight is above the sum of two others by way of a third region"
    else:
        return
    raise GraphError(
        f"{what}, as distances do, where a graph has large weights between regions that are near; say that they "
        'are distances (--graph-kind distance, graph_kind="distance", RegionGraph.from_distances), or give weights '
        "that fall."
    )


def check_joined(weights: np.ndarray, names: Sequence[str]) -> None:
    """Check that no regions are joined by weights alone that are nought beside the rest up to rounding.

    Raises
    ------
    GraphError
        Naming two regions that are.
    """
    most = weights.max(initial=0.0)
    whole, strong = connected_components(weights), connected_components(weights * (weights > _NOUGHT * most))
    if whole.max() == strong.max():
        return
    apart = (weights > 0) & (strong[:, None] != strong)
    first, second = np.argwhere(apart & (weights == weights[apart].max()))[0]
    raise GraphError(
        f"{names[first]} and {names[second]} are joined by the weight {weights[first, second]:.3g} alone, with all "
        f"that lies behind them, and the largest weight is {most:.3g}: write 0 where there is no connection, or "
        "correct it."
    )


def _growth(weights: np.ndarray, centroids: np.ndarray, hemispheres: Sequence[str] | None) -> float | None:
    """Rank correlation of the weights of edges with the distances of their ends; None where too few can tell."""
    joined = np.triu(weights > 0)
    if hemispheres is not None:
        side = np.array(hemispheres)
        joined &= side[:, None] == side[None]
    first, second = np.nonzero(joined)
    edges = weights[first, second]
    if len(edges) < _FEWEST_PAIRS or np.ptp(edges) <= _ROUNDING * edges.max():
        return None
    distance = np.linalg.norm(centroids[first] - centroids[second], axis=1)
    return float(pd.Series(edges).corr(pd.Series(distance), method="spearman"))


def _is_metric(weights: np.ndarray) -> bool:
    """Whether every connected part is complete and obeys the triangle inequality, and one is large enough to tell."""
    component = connected_components(weights)
    telling = False
    for part in range(component.max() + 1):
        inside = weights[np.ix_(component == part, component == part)]
        others = inside[~np.eye(len(inside), dtype=bool)]
        if not (others > 0).all():
            return False
        if len(inside) < _FEWEST_REGIONS or others.max() <= 2 * others.min():
            continue
        if any((inside > (row[:, None] + row) * (1 + _ROUNDING)).any() for row in inside):
            return False
        telling = True
    return telling


def check_homologues(homologues: Sequence[tuple[int, ...]], n_regions: int) -> None:
    """Check that each pair of homologues is two of the regions; GraphError for one that is not."""
    for pair in homologues:
        if len(pair) != 2 or len(set(pair)) != 2 or not all(0 <= i < n_regions for i in pair):
            raise GraphError(f"the homologues {tuple(pair)} are not two of the graph's {n_regions} regions.")


def check_shapes(parts: Mapping[str, Part], n_regions: int) -> None:
    """Check that what is known of the regions has one entry for each.

    Raises
    ------
    GraphError
        Naming the part at fault.
    """
    fault = misfit(parts, {"region": n_regions, "axis": 3})
    if fault is None:
        return
    name, shape, expected = fault
    if len(shape) == len(expected) == 1:
        raise GraphError(f"the graph has {shape[0]} {name} for {n_regions} regions: give one each.")
    raise GraphError(f"the graph's {name} have shape {shape}: give {expected}.")


def _numbers(values: np.ndarray) -> np.ndarray:
    try:
        return np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise GraphError(f"the adjacency holds something that is no number ({error}).") from error


def _complain(fault: np.ndarray, weights: np.ndarray, names: Sequence[str], what: str) -> None:
    if fault.any():
        i, j = (int(k) for k in np.argwhere(fault)[0])
        raise GraphError(f"the adjacency's weight {weights[i, j]:g} of {names[i]} to {names[j]} {what}.")
