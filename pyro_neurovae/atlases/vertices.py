"""The parcel of each vertex of fsaverage5, and the mesh of that surface and of the coarser ones within it."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

import numpy as np

from ..errors import InputError
from .atlas import CORTEX, SCHAEFER, dk68_names, parcel_table

__all__ = ["HEMISPHERE", "SURFACES", "dk68_vertices", "surface_mesh", "vertex_parcels"]

# Vertices of a hemisphere of fsaverage5, and of the surfaces whose vertices are its first ones.
HEMISPHERE = 10_242
SURFACES: Mapping[str, int] = MappingProxyType({"fsaverage3": 642, "fsaverage4": 2_562, "fsaverage5": HEMISPHERE})

_TABLES = Path(__file__).parent / "tables"
_SIDES = ("left", "right")


def dk68_vertices() -> np.ndarray:
    """Place among `dk68_names` of each vertex's region, left vertices first, -1 outside the cortex; (vertex,) int."""
    return _labels("dk68")


def vertex_parcels(names: Sequence[str]) -> np.ndarray | None:
    """Place among the names of each fsaverage5 vertex's parcel, -1 where it is in none of them; (vertex,) int.

    None for names of a parcellation whose labels are not here. The coarser Schaefer parcels have names that finer ones
    have too: names are those of the parcellation with the fewest parcels that has all of them.
    """
    wanted = set(names)
    for parcellation in ("dk68", *(f"schaefer{n}" for n in SCHAEFER), *(f"cortex{n}" for n in CORTEX)):
        own = dk68_names() if parcellation == "dk68" else tuple(parcel_table(parcellation)["region"])
        if wanted <= set(own):
            place = {name: number for number, name in enumerate(names)}
            renumbered = np.array([*(place.get(name, -1) for name in own), -1])
            return renumbered[_labels(parcellation)]
    return None


@lru_cache(maxsize=2)
def surface_mesh(side: str, vertices: int = HEMISPHERE) -> tuple[np.ndarray, np.ndarray]:
    """Positions (vertex, 3) in mm, half way between white and pial surface, and triangles (face, 3).

    Parameters
    ----------
    side
        "left" or "right".
    vertices
        Those of a hemisphere of one of `SURFACES`.

    Raises
    ------
    InputError
        When nilearn, which has the surfaces, is not installed.
    """
    import nibabel

    # Read where they lie: importing nilearn.datasets for its paths takes three seconds.
    spec = importlib.util.find_spec("nilearn")
    if spec is None or spec.origin is None:
        raise InputError("the surface of the cortex needs nilearn; install it by: pip install nilearn")
    folder = Path(spec.origin).parent / "datasets" / "data" / "fsaverage5"
    pial, faces = nibabel.load(folder / f"pial_{side}.gii.gz").agg_data()
    white, _ = nibabel.load(folder / f"white_{side}.gii.gz").agg_data()
    place, faces = (pial.astype(float) + white) / 2, faces.astype(int)
    for coarser in sorted({size for size in SURFACES.values() if vertices <= size < HEMISPHERE}, reverse=True):
        faces = _coarser(faces, coarser)
    return place[:vertices], faces


def _coarser(faces: np.ndarray, vertices: int) -> np.ndarray:
    """Triangles between the first vertices, of which the others are the middles of edges; (face, 3)."""
    ends = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    ends = np.unique(np.concatenate([ends, ends[:, ::-1]]), axis=0)
    parent = ends[(ends[:, 0] >= vertices) & (ends[:, 1] < vertices)]  # two rows a middle, in its order
    parents = parent[:, 1].reshape(-1, 2)
    within = faces[(faces >= vertices).all(1)]  # of each coarse triangle the one between the middles of its edges
    corners = np.sort(parents[within - vertices].reshape(len(within), 6), axis=1)
    return corners[:, ::2]


@lru_cache(maxsize=5)
def _labels(parcellation: str) -> np.ndarray:
    """Number of each vertex's parcel, left vertices first, -1 outside the cortex; (vertex,) int."""
    with np.load(_TABLES / f"{parcellation}_fsaverage5.npz", allow_pickle=False) as sides:
        left, right = (sides[side].astype(int) for side in _SIDES)
    places = np.concatenate([left, np.where(right < 0, -1, right + left.max() + 1)])
    places.setflags(write=False)
    return places
