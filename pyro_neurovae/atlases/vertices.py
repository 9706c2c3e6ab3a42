"""The parcel of each vertex of fsaverage5, and the mesh of that surface and of the coarser ones within it."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

import numpy as np

from ..errors import InputError, warn
from .atlas import CORTEX, PARCELS, dk68_names, parcel_table

__all__ = [
    "HEMISPHERE",
    "PARCELLATIONS",
    "SURFACES",
    "at_vertices",
    "dk68_vertices",
    "finer",
    "parcel_names",
    "parcellation_of",
    "patch_regions",
    "register_parcels",
    "surface_files",
    "surface_mesh",
    "vertex_parcels",
]

# Vertices of a hemisphere of fsaverage5, and of the surfaces whose vertices are its first ones.
HEMISPHERE = 10_242
SURFACES: Mapping[str, int] = MappingProxyType({"fsaverage3": 642, "fsaverage4": 2_562, "fsaverage5": HEMISPHERE})

# Those whose vertices are here; of several with the same names the one with the fewest parcels stands first.
PARCELLATIONS = ("dk68", *PARCELS)

# Parcellations that were registered: names of the regions to each vertex's label.
_REGISTERED: dict[tuple[str, ...], np.ndarray] = {}

_TABLES = Path(__file__).parent / "tables"
_SIDES = ("left", "right")


def dk68_vertices() -> np.ndarray:
    """Place among `dk68_names` of each vertex's region, left vertices first, -1 outside the cortex; (vertex,) int."""
    return _labels("dk68")


def at_vertices(values: np.ndarray, size: int) -> np.ndarray:
    """Values (..., vertex) at the first vertices of each hemisphere, so many: those of a coarser surface."""
    left, right = np.split(values, 2, axis=-1)
    return np.concatenate([left[..., :size], right[..., :size]], axis=-1)


def parcellation_of(names: Sequence[str], label: str = "") -> str | None:
    """Name of the parcellation that has all of the names; None where there is none.

    The coarser Schaefer parcels have names that finer ones have too, and so have patches of the cortex: of a graph's
    regions it is the one that the graph's label names, else the one with the fewest parcels.
    """
    wanted = set(names)
    tried = sorted(PARCELLATIONS, key=lambda one: one != label)
    return next((one for one in tried if wanted <= set(parcel_names(one))), None)


@lru_cache(maxsize=len(PARCELLATIONS))
def parcel_names(parcellation: str) -> tuple[str, ...]:
    """Names of the parcels of one of `PARCELLATIONS`, left first."""
    return dk68_names() if parcellation == "dk68" else tuple(parcel_table(parcellation)["region"])


def vertex_parcels(names: Sequence[str], label: str = "") -> np.ndarray | None:
    """Place among the names of each fsaverage5 vertex's parcel, -1 where it is in none of them; (vertex,) int.

    None for names of a parcellation whose vertices are not known; names are those of one that was registered, all of
    them, or of `parcellation_of`, or some of one that was registered.
    """
    parcellation, wanted = parcellation_of(names, label), set(names)
    own = {places: labels for places, labels in _REGISTERED.items() if wanted <= set(places)}
    whole = [places for places in own if wanted == set(places)]
    if parcellation is not None and not (whole and label != parcellation):
        every, labels = parcel_names(parcellation), _labels(parcellation)
    elif own:
        every = (whole or list(own))[-1]
        labels = own[every]
    else:
        return None
    place = {name: number for number, name in enumerate(names)}
    return np.array([*(place.get(name, -1) for name in every), -1])[labels]


def register_parcels(names: Sequence[str], labels: np.ndarray) -> None:
    """Let maps of vertices be read onto the regions of another parcellation of fsaverage5.

    `RegionGraph.from_surface` does it for label files on fsaverage5, fsaverage6 and fsaverage.

    Parameters
    ----------
    names
        Names of the regions.
    labels
        Place among the names of each vertex's region, left hemisphere first, negative outside; (20484,) int.

    Raises
    ------
    InputError
        For another number of labels, and for a label without a name.
    """
    labels = np.asarray(labels)
    if labels.shape != (2 * HEMISPHERE,) or labels.dtype.kind not in "iu":
        raise InputError(f"labels of shape {labels.shape}: give a whole number for each of {2 * HEMISPHERE} vertices.")
    if labels.max() >= len(names):
        raise InputError(f"label {labels.max()} has no name; name all {labels.max() + 1} regions.")
    own = np.maximum(labels, -1)
    own.setflags(write=False)
    before = _REGISTERED.pop(tuple(names), own)
    _REGISTERED[tuple(names)] = own
    if not np.array_equal(before, own):
        warn(
            f"another graph has these regions ({names[0]}, ...) on other vertices; maps of vertices are read by the "
            "labels given last: read those of the first graph before, or rename its regions."
        )


def patch_regions(names: Sequence[str], label: str = "") -> tuple[str, ...] | None:
    """Desikan-Killiany region in which most of each patch's vertices lie; None for names that are not of patches."""
    parcel, parcellation = vertex_parcels(names, label), parcellation_of(names, label)
    if parcel is None or parcellation not in [f"cortex{patches}" for patches in CORTEX]:
        return None
    shared = np.zeros((len(names), len(dk68_names())))
    both = (parcel >= 0) & (dk68_vertices() >= 0)
    np.add.at(shared, (parcel[both], dk68_vertices()[both]), 1)
    return tuple(dk68_names()[region] for region in shared.argmax(1))


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

    outer, inner = surface_files(side)
    pial, faces = nibabel.load(outer).agg_data()
    white, _ = nibabel.load(inner).agg_data()
    place, faces = (pial.astype(float) + white) / 2, faces.astype(int)
    for coarser in sorted({size for size in SURFACES.values() if vertices <= size < HEMISPHERE}, reverse=True):
        faces = _coarser(faces, coarser)
    return place[:vertices], faces


def surface_files(side: str) -> tuple[Path, Path]:
    """GIFTI files of the pial and the white surface of fsaverage5, which nilearn has.

    Raises
    ------
    InputError
        When it is not installed.
    """
    # Read where they lie: importing nilearn.datasets for its paths takes three seconds.
    spec = importlib.util.find_spec("nilearn")
    if spec is None or spec.origin is None:
        raise InputError("the surface of the cortex needs nilearn; install it by: pip install nilearn")
    folder = Path(spec.origin).parent / "datasets" / "data" / "fsaverage5"
    return folder / f"pial_{side}.gii.gz", folder / f"white_{side}.gii.gz"


def finer(values: np.ndarray, side: str) -> np.ndarray:
    """Values (vertex,) of a hemisphere of one of `SURFACES` at fsaverage5's: amid an edge they are its ends' mean."""
    for size in sorted(size for size in SURFACES.values() if size > len(values)):
        parents = _parents(surface_mesh(side, size)[1], len(values))
        values = np.concatenate([values, values[parents].mean(1)])
    return values


def _coarser(faces: np.ndarray, vertices: int) -> np.ndarray:
    """Triangles between the first vertices, of which the others are the middles of edges; (face, 3)."""
    parents = _parents(faces, vertices)
    within = faces[(faces >= vertices).all(1)]  # of each coarse triangle the one between the middles of its edges
    corners = np.sort(parents[within - vertices].reshape(len(within), 6), axis=1)
    return corners[:, ::2]


def _parents(faces: np.ndarray, vertices: int) -> np.ndarray:
    """Ends among the first vertices of the edge of which each of the others is the middle; (middle, 2)."""
    ends = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    ends = np.unique(np.concatenate([ends, ends[:, ::-1]]), axis=0)
    parent = ends[(ends[:, 0] >= vertices) & (ends[:, 1] < vertices)]  # two rows a middle, in its order
    return parent[:, 1].reshape(-1, 2)


@lru_cache(maxsize=len(PARCELLATIONS))
def _labels(parcellation: str) -> np.ndarray:
    """Number of each vertex's parcel, left vertices first, -1 outside the cortex; (vertex,) int."""
    with np.load(_TABLES / f"{parcellation}_fsaverage5.npz", allow_pickle=False) as sides:
        left, right = (sides[side].astype(int) for side in _SIDES)
    places = np.concatenate([left, np.where(right < 0, -1, right + left.max() + 1)])
    places.setflags(write=False)
    return places
