"""Regions joined with the nearest, where nothing is known of them but their positions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["nearest_weights"]


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
