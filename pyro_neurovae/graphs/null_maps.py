"""Surrogate maps: as smooth over the cortex as a map, as symmetric, and unrelated to any other."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np

from ..errors import GraphError, InputError, NeurovaeError, SettingsError, check_seed
from .region_graph import RegionGraph

__all__ = ["METHODS", "make_null_maps", "moran_randomised"]

# What tells these random numbers from others of the same seed.
_STREAM = b"nulls"


def make_null_maps(
    values: np.ndarray, graph: RegionGraph, *, method: str = "laplacian", number: int = 1000, seed: int = 0
) -> np.ndarray:
    """Make surrogates of a map that keep how it varies over the cortex and nothing else of it.

    None of them has the correlation of errors that comes of measuring all regions in the same people: `nulls` draws
    maps that have it.

    Parameters
    ----------
    values
        The map, NaN where it has no value; (region,).
    graph
        The regions.
    method
        "laplacian" (the default)
            Random signs of the map's coefficients on the eigenvectors of the graph's Laplacian, so that mean, variance
            and the sum of squared differences along edges are exactly the map's. Homologues count as neighbours. Works
            on every graph; missing regions stay where they are. On plain smooth maps unrelated to expression a
            test at .05 rejects in 13 to 18%.
        "moran"
            Moran spectral randomisation, "singleton": the same on the eigenvectors of the doubly centred edge weights,
            so that Moran's I is exactly the map's. No nearer than "laplacian" to holding a test's rate.
        "spin"
            Regions are rotated on the sphere, the right hemisphere as the mirror image of the left, and each value
            goes to one region (`neuromaps`, assignment of least total distance), so that the values are the map's,
            homologues stay together and missing values move along. Needs positions on the sphere. On smooth maps a
            test at .05 rejects in 7 to 8%.
        "variogram"
            Permuted and smoothed until the variogram is the map's (`brainsmash`), the mean over homologues and their
            difference each by themselves. Needs positions; missing regions stay where they are. On smooth maps a test
            at .05 rejects in 1%.
        "shuffle"
            Values permuted, which keeps no smoothness: the naive null, for comparison only.
    number
        How many.
    seed
        Seed of all of them.

    Returns
    -------
    ndarray
        (null, region).

    Raises
    ------
    SettingsError
        For an unknown method or a number below 1.
    GraphError
        When the method needs positions that the graph does not have.
    InputError
        When the map has fewer than four values.

    References
    ----------
    Wagner & Dray (2015), Methods in Ecology and Evolution 6; Pirondini, Vybornova, Coscia & Van De Ville (2016), IEEE
    Signal Processing Letters 23 (signs of the Laplacian's coefficients); Alexander-Bloch et al. (2018), NeuroImage
    178; Markello & Misic (2021), NeuroImage 236; Burt et al. (2020), NeuroImage 220.
    """
    if method not in METHODS:
        raise SettingsError(f"unknown null maps {method!r}: the known ones are {', '.join(METHODS)}.")
    if number < 1:
        raise SettingsError(f"{number} null maps; give at least 1.")
    check_seed(seed)
    if np.isfinite(values).sum() < 4:
        raise InputError("a map of fewer than four values has no null maps; give one with more regions.")
    rng = np.random.default_rng([seed, *_STREAM])
    return METHODS[method](np.asarray(values, dtype=float), graph, number, rng)


def moran_randomised(maps: np.ndarray, graph: RegionGraph, *, seed: int = 0) -> np.ndarray:
    """Randomise the maps of many draws as `make_null_maps` does by "moran", with one pattern of signs for each draw.

    Parameters
    ----------
    maps
        Maps of each draw, whose covariance within a draw stays; (draw, region, map).
    graph
        The regions.
    seed
        Seed of all of them: draw number d of maps that are the same in every draw is their surrogate number d.

    Returns
    -------
    ndarray
        (draw, region, map).
    """
    vectors = np.linalg.eigh(_centred_weights(graph, np.arange(maps.shape[1])))[1]
    signs = np.random.default_rng([seed, *_STREAM]).choice([-1.0, 1.0], maps.shape[:2])
    mean = maps.mean(1, keepdims=True)
    randomised: np.ndarray = mean + vectors @ (signs[..., None] * (vectors.T @ (maps - mean)))
    return randomised


def _moran(values: np.ndarray, graph: RegionGraph, number: int, rng: np.random.Generator) -> np.ndarray:
    seen = np.flatnonzero(np.isfinite(values))
    return _signed(values, seen, _centred_weights(graph, seen), number, rng)


def _centred_weights(graph: RegionGraph, seen: np.ndarray) -> np.ndarray:
    """Doubly centred edge weights of the seen regions, whose eigenvectors are Moran's; (seen region, seen region)."""
    centre = np.eye(len(seen)) - 1 / len(seen)
    weights: np.ndarray = centre @ _joined(graph)[np.ix_(seen, seen)] @ centre
    return weights


def _laplacian(values: np.ndarray, graph: RegionGraph, number: int, rng: np.random.Generator) -> np.ndarray:
    seen = np.flatnonzero(np.isfinite(values))
    weights = _joined(graph)[np.ix_(seen, seen)]
    return _signed(values, seen, np.diag(weights.sum(1)) - weights, number, rng)


def _joined(graph: RegionGraph) -> np.ndarray:
    """Edge weights with homologues joined at least as much as is typical; (region, region)."""
    weights = graph.weights.copy()
    typical = weights[weights > 0].mean() if (weights > 0).any() else 1.0
    for left, right in graph.homologues:
        weights[left, right] = weights[right, left] = max(weights[left, right], typical)
    return weights


def _signed(
    values: np.ndarray, seen: np.ndarray, matrix: np.ndarray, number: int, rng: np.random.Generator
) -> np.ndarray:
    """Give the map's coefficient on each eigenvector of a matrix of the seen regions a random sign."""
    _, vectors = np.linalg.eigh(matrix)
    mean = values[seen].mean()
    coefficients = vectors.T @ (values[seen] - mean)
    signs = rng.choice([-1.0, 1.0], (number, len(seen)))
    nulls = np.full((number, len(values)), np.nan)
    nulls[:, seen] = mean + (signs * coefficients) @ vectors.T
    return nulls


def _spin(values: np.ndarray, graph: RegionGraph, number: int, rng: np.random.Generator) -> np.ndarray:
    if graph.sphere is None or graph.hemispheres is None:
        raise GraphError(
            f"the graph {graph.label} has no positions on the sphere, so that maps can't be spun; use the method moran."
        )
    try:
        from neuromaps.nulls.spins import gen_spinsamples
    except ImportError as error:
        raise NeurovaeError("spinning maps needs neuromaps; install it by: pip install neuromaps") from error
    right = np.array([side == "R" for side in graph.hemispheres])
    sides = gen_spinsamples(
        _mirrored(graph), right.astype(int), n_rotate=number, method="hungarian", seed=int(rng.integers(2**31))
    )
    nulls: np.ndarray = values[sides.T]
    return nulls


def _mirrored(graph: RegionGraph) -> np.ndarray:
    """Positions on the sphere with homologues at exactly mirrored places; (region, 3)."""
    sphere = np.array(graph.sphere)
    mirror = np.array([-1.0, 1.0, 1.0])
    for one, other in graph.homologues:
        mean = sphere[one] + mirror * sphere[other]
        sphere[one] = mean / np.linalg.norm(mean)
        sphere[other] = mirror * sphere[one]
    return sphere


def _variogram(values: np.ndarray, graph: RegionGraph, number: int, rng: np.random.Generator) -> np.ndarray:
    if graph.centroids is None:
        raise GraphError(
            f"the graph {graph.label} has no positions, so that there is no variogram; use the method moran."
        )
    homologue, seen = graph.homologue, np.isfinite(values)
    filled = np.where(seen, values, values[homologue])
    kept = np.isfinite(filled)
    firsts = np.flatnonzero(kept & (np.arange(len(values)) <= homologue))  # one region of each pair
    others = homologue[firsts]
    folded = np.column_stack([np.abs(graph.centroids[:, 0]), graph.centroids[:, 1:]])
    place = (folded[firsts] + folded[others]) / 2
    distance = np.linalg.norm(place[:, None] - place, axis=-1)
    halves = [
        _matched(part, distance, number, rng)
        for part in ((filled[firsts] + filled[others]) / 2, (filled[firsts] - filled[others]) / 2)
    ]
    nulls = np.full((number, len(values)), np.nan)
    nulls[:, others] = halves[0] - halves[1]
    nulls[:, firsts] = halves[0] + halves[1] * (firsts != others)
    nulls[:, ~seen] = np.nan
    return nulls


def _matched(part: np.ndarray, distance: np.ndarray, number: int, rng: np.random.Generator) -> np.ndarray:
    """Surrogates of a part with its variogram, mean and variance; a constant part stays; (null, place)."""
    if np.ptp(part) <= 1e-12 * max(1.0, np.abs(part).max()):
        return np.repeat(part[None], number, 0)
    try:
        from brainsmash.mapgen.base import Base
    except ImportError as error:
        raise NeurovaeError("variogram-matched maps need brainsmash; install it by: pip install brainsmash") from error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of NumPy, about names that brainsmash still uses
        made = np.atleast_2d(Base(part, distance, seed=int(rng.integers(2**31)))(n=number))
    centred = made - made.mean(1, keepdims=True)
    scaled: np.ndarray = part.mean() + centred * part.std() / centred.std(1, keepdims=True)
    return scaled


def _shuffle(values: np.ndarray, graph: RegionGraph, number: int, rng: np.random.Generator) -> np.ndarray:
    del graph
    seen = np.flatnonzero(np.isfinite(values))
    nulls = np.full((number, len(values)), np.nan)
    nulls[:, seen] = rng.permuted(np.repeat(values[None, seen], number, 0), axis=1)
    return nulls


METHODS: dict[str, Callable[[np.ndarray, RegionGraph, int, np.random.Generator], np.ndarray]] = {
    "moran": _moran,
    "laplacian": _laplacian,
    "spin": _spin,
    "variogram": _variogram,
    "shuffle": _shuffle,
}
