"""Which regions are held out together: homologue pairs, and spatial blocks of both hemispheres."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Integral

import numpy as np

from ..errors import GraphError, SettingsError, check_seed
from .region_graph import RegionGraph

__all__ = ["SCHEMES", "SINGLE", "make_folds"]

# Schemes that hide a region without its homologue.
SINGLE = ("random", "loo")


def make_folds(graph: RegionGraph, scheme: str = "pairs", *, number: int | None = None, seed: int = 0) -> np.ndarray:
    """Number the fold of each region; (region,) int from 0.

    Homologues resemble each other, and neighbours do: a region whose homologue or neighbour is seen is hardly held out.

    Parameters
    ----------
    graph
        The regions.
    scheme
        "pairs" keeps homologues together and deals the pairs out at random, 10 folds by default; "blocks" keeps
        what lies together, in both hemispheres, 7 folds by default; "random" deals regions out, 10 folds; "loo" leaves
        each region out alone.
    number
        Number of folds; None (the default) for the scheme's own, or as many as there are pairs or regions if fewer.
    seed
        Seed of the dealing and of where the blocks begin.

    Raises
    ------
    SettingsError
        For an unknown scheme, a number of folds out of range, or a seed that is none.
    GraphError
        For blocks on a graph whose regions have no positions.
    """
    if scheme not in SCHEMES:
        raise SettingsError(f"unknown folds {scheme!r}: the known ones are {', '.join(SCHEMES)}.")
    deal, usual = SCHEMES[scheme]
    units = np.arange(graph.n_regions) if scheme in SINGLE else graph.pair
    kinds, unit = np.unique(units, return_inverse=True)
    usual = len(kinds) if scheme == "loo" else usual
    wanted = min(usual, len(kinds)) if number is None else number
    if scheme == "loo" and wanted != len(kinds):
        raise SettingsError(
            f"leaving one region out at a time makes {len(kinds)} folds, not {wanted}; leave out number."
        )
    check_seed(seed)
    if not isinstance(wanted, Integral) or not 2 <= wanted <= len(kinds):
        raise SettingsError(f"{wanted} folds of {len(kinds)} {scheme}: give a number from 2 to {len(kinds)}.")
    return deal(graph, unit, wanted, np.random.default_rng([seed, *b"folds"]))[unit]


def _dealt(graph: RegionGraph, unit: np.ndarray, number: int, rng: np.random.Generator) -> np.ndarray:
    """Deal units out at random, as evenly as goes; (unit,)."""
    del graph
    folds = np.arange(unit.max() + 1) % number
    return rng.permutation(folds)


def _alone(graph: RegionGraph, unit: np.ndarray, number: int, rng: np.random.Generator) -> np.ndarray:
    """Number the units in their order; (unit,)."""
    del graph, number, rng
    return np.arange(unit.max() + 1)


def _blocks(graph: RegionGraph, unit: np.ndarray, number: int, rng: np.random.Generator) -> np.ndarray:
    """Cluster the units' positions, both hemispheres laid over each other, by k-means; (unit,)."""
    from scipy.cluster.vq import kmeans2

    if graph.centroids is None:
        raise GraphError(
            f"the graph {graph.label} has no positions, so there are no spatial blocks; use folds of pairs."
        )
    folded = np.column_stack([np.abs(graph.centroids[:, 0]), graph.centroids[:, 1:]])
    place = np.stack([folded[unit == one].mean(0) for one in range(unit.max() + 1)])
    best, least = np.zeros(len(place), dtype=int), np.inf
    for _ in range(20):  # k-means ends where it began badly: the tightest of twenty is kept
        centres, block = kmeans2(place, number, minit="++", rng=rng)
        spread = ((place - centres[block]) ** 2).sum()
        if len(np.unique(block)) == number and spread < least:
            best, least = block, spread
    return best


# Scheme to how it deals units out, and its usual number of folds (of "loo" there are as many as regions).
SCHEMES: dict[str, tuple[Callable[[RegionGraph, np.ndarray, int, np.random.Generator], np.ndarray], int]] = {
    "pairs": (_dealt, 10),
    "blocks": (_blocks, 7),
    "random": (_dealt, 10),
    "loo": (_alone, 0),
}
