"""Regions joined with the nearest, where nothing is known of them but their positions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["NEIGHBOURS", "nearest_weights", "weights_from_distances"]

# Regions that each is joined with: near to the mean degree of a parcellated cortex.
NEIGHBOURS = 6


def nearest_weights(
    centroids: np.ndarray,
    *,
    neighbours: int,
    hemispheres: Sequence[str] | None = None,
    homologues: Sequence[tuple[int, int]] = (),
) -> np.ndarray:
    """Weights 1 between each region and the nearest of its hemisphere, and between homologues; (region, region).

    Parameters
    ----------
    centroids
        Positions (region, 3) in mm.
    neighbours
        Regions that each is joined with; two are joined if either is among the other's.
    hemispheres
        Hemisphere of each region; None takes all for one.
    homologues
        Positions (left, right) of homologues.
    """
    distance = np.linalg.norm(centroids[:, None] - centroids[None], axis=-1)
    return weights_from_distances(distance, neighbours=neighbours, hemispheres=hemispheres, homologues=homologues)


def weights_from_distances(
    distance: np.ndarray,
    *,
    neighbours: int = NEIGHBOURS,
    hemispheres: Sequence[str] | None = None,
    homologues: Sequence[tuple[int, int]] = (),
) -> np.ndarray:
    """Weights 1 between each region and the nearest by a table of distances (region, region); see `nearest_weights`.

    A distance of 0 between two regions, which no two have, and one of infinity stand for one that is not known.
    """
    distance = np.where(distance == 0, np.inf, distance)
    if hemispheres is not None:
        side = np.array(hemispheres)
        distance[side[:, None] != side[None]] = np.inf
    np.fill_diagonal(distance, np.inf)
    order = np.argsort(distance, axis=1)[:, :neighbours]
    near = np.zeros_like(distance)
    np.put_along_axis(near, order, 1.0, axis=1)
    near[np.isinf(distance)] = 0.0
    weights: np.ndarray = np.maximum(near, near.T)
    for left, right in homologues:
        weights[left, right] = weights[right, left] = 1.0
    return weights
