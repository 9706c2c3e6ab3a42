"""What the Desikan-Killiany graph is made of: its regions, and their adjacency under each kind of weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..atlases.atlas import dk68_edges, dk68_table
from ..errors import GraphError

__all__ = ["dk68_adjacency", "dk68_regions"]


def dk68_regions() -> dict[str, Any]:
    """Return what `RegionGraph` holds of the regions: names, positions, hemispheres, lobes and homologues."""
    table = dk68_table()
    return {
        "names": tuple(table["region"]),
        "centroids": table[["x", "y", "z"]].to_numpy(dtype=float),
        "sphere": table[["sphere_x", "sphere_y", "sphere_z"]].to_numpy(dtype=float),
        "hemispheres": tuple(table["hemisphere"]),
        "lobes": tuple(table["lobe"]),
        "homologues": _homologues(len(table)),
    }


def dk68_adjacency(weights: str, *, homologue_weight: float) -> np.ndarray:
    """Weights between the 68 regions; (region, region).

    Parameters
    ----------
    weights
        "binary", "boundary" or "distance", as in `RegionGraph.dk68`.
    homologue_weight
        Weight of an edge between homologues, 0 for none.

    Raises
    ------
    GraphError
        For another kind of weights.
    """
    table, edges = dk68_table(), dk68_edges()
    index = {name: i for i, name in enumerate(table["region"])}
    ends = np.array([[index[a], index[b]] for a, b in zip(edges["first"], edges["second"], strict=True)])
    centroids = table[["x", "y", "z"]].to_numpy(dtype=float)
    adjacency = np.zeros((len(table), len(table)))
    adjacency[ends[:, 0], ends[:, 1]] = _edge_weights(weights, edges["boundary_mm"].to_numpy(), centroids[ends])
    for left, right in _homologues(len(table)):
        adjacency[left, right] = homologue_weight
    return adjacency + adjacency.T


def _homologues(n: int) -> tuple[tuple[int, int], ...]:
    """Index pairs (left, right); the table lists both hemispheres in one order, left first."""
    return tuple((i, i + n // 2) for i in range(n // 2))


def _edge_weights(kind: str, boundary: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Weights (edge,) from boundary lengths (edge,) and the positions of both ends (edge, 2, 3)."""
    distance = np.linalg.norm(ends[:, 0] - ends[:, 1], axis=1)
    near = np.exp(-distance / distance.mean())
    kinds = {
        "binary": np.ones(len(boundary)),
        "boundary": boundary / boundary.mean(),
        "distance": near / near.mean(),
    }
    if kind not in kinds:
        raise GraphError(f"unknown weights {kind!r}: the known ones are {', '.join(kinds)}.")
    return kinds[kind]
