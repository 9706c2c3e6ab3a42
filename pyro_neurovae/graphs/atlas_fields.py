"""What the graph of an atlas is made of: its regions, and their adjacency under each kind of weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..atlases.atlas import dk68_edges, dk68_table, parcel_edges, parcel_table
from ..errors import GraphError

__all__ = ["dk68_fields", "parcel_fields"]

Pairs = tuple[tuple[int, int], ...]


def dk68_fields(weights: str, *, homologue_weight: float) -> dict[str, Any]:
    """Fields of a `RegionGraph` of the 68 Desikan-Killiany regions, its label apart.

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
    table = dk68_table()
    half = len(table) // 2  # both hemispheres are listed in one order, left first
    pairs = tuple((i, i + half) for i in range(half))
    return _fields(table, dk68_edges(), pairs, weights, homologue_weight)


def parcel_fields(name: str, weights: str, *, homologue_weight: float) -> dict[str, Any]:
    """Fields of a `RegionGraph` of another parcellation, its label apart.

    Parameters
    ----------
    name
        "schaefer400", "cortex400" and the like; the networks are the lobes of Schaefer's parcels.
    weights, homologue_weight
        As in `dk68_fields`.

    Raises
    ------
    SettingsError
        For a parcellation that is not here.
    GraphError
        For another kind of weights.
    """
    table = parcel_table(name)
    place = {region: number for number, region in enumerate(table["region"])}
    across = table["homologue"].map(place)
    left = np.flatnonzero((table["hemisphere"] == "L") & across.notna())
    pairs = tuple((int(i), int(across[i])) for i in left)
    return _fields(table, parcel_edges(name), pairs, weights, homologue_weight)


def _fields(
    table: pd.DataFrame, edges: pd.DataFrame, pairs: Pairs, weights: str, homologue_weight: float
) -> dict[str, Any]:
    centroids = table[["x", "y", "z"]].to_numpy(dtype=float)
    place = {name: number for number, name in enumerate(table["region"])}
    ends = np.stack([edges[end].map(place).to_numpy() for end in ("first", "second")], 1)
    adjacency = np.zeros((len(table), len(table)))
    adjacency[ends[:, 0], ends[:, 1]] = _edge_weights(weights, edges["boundary_mm"].to_numpy(), centroids[ends])
    for left, right in pairs:
        adjacency[left, right] = homologue_weight
    return {
        "names": tuple(table["region"]),
        "weights": adjacency + adjacency.T,
        "centroids": centroids,
        "sphere": table[["sphere_x", "sphere_y", "sphere_z"]].to_numpy(dtype=float),
        "hemispheres": tuple(table["hemisphere"]),
        "lobes": tuple(table["lobe"]),
        "homologues": pairs,
    }


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
