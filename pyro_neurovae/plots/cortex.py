"""The fsaverage5 cortex cut into polygons of one region each."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np

from ..atlases.vertices import PARCELLATIONS, parcel_names, vertex_parcels
from ..errors import InputError

__all__ = ["Hemisphere", "Side", "hemisphere", "vertex_regions"]

Side = Literal["left", "right"]

# Part of the way from the pial to the inflated surface: sulci open so far that no region is hidden, gyri still show.
_INFLATION = 0.6
# Averages over neighbouring vertices that round the borders of regions off; fewer leave steps of the mesh.
_ROUNDING = 3


@dataclass(frozen=True)
class Hemisphere:
    """Polygons and borders of one hemisphere; arrays are read-only.

    Attributes
    ----------
    polygons
        Corners in mm; (polygon, 4, 3). A triangle's last two are the same.
    region
        Number of each polygon's region among those of the parcellation, -1 outside the cortex; (polygon,).
    borders
        Ends in mm of the segments between regions; (border, 2, 3).
    polygon_triangle, border_triangle
        Triangle of the mesh in which each lies.
    place
        Position in mm of each vertex of the mesh; (vertex, 3).
    triangles
        Corners of each triangle of the mesh; (triangle, 3).
    facing, normals
        Unit normal of each triangle, flat and averaged over its corners' neighbours; (triangle, 3).
    sulci
        Sulcal depth of each triangle, about -1 (crown of a gyrus) to 1 (fundus).
    """

    polygons: np.ndarray
    region: np.ndarray
    borders: np.ndarray
    polygon_triangle: np.ndarray
    border_triangle: np.ndarray
    place: np.ndarray
    triangles: np.ndarray
    facing: np.ndarray
    normals: np.ndarray
    sulci: np.ndarray

    def __post_init__(self) -> None:
        for array in vars(self).values():
            array.setflags(write=False)


def vertex_regions(side: Side, parcellation: str = "dk68") -> np.ndarray:
    """Number of each fsaverage5 vertex's region among a parcellation's, -1 outside the cortex; (10242,) int."""
    places = vertex_parcels(parcel_names(parcellation))
    assert places is not None  # a name of `PARCELLATIONS`
    left, right = np.split(places, 2)
    return left if side == "left" else right


@lru_cache(maxsize=2 * len(PARCELLATIONS))
def hemisphere(side: Side, parcellation: str = "dk68") -> Hemisphere:
    """Cut one hemisphere along the borders of the regions of one of `PARCELLATIONS`.

    Raises
    ------
    InputError
        When nilearn, which has the surfaces, is not installed.
    """
    place, faces, sulci = _surface(side)
    labels = vertex_regions(side, parcellation)
    own, local = np.unique(labels[labels >= 0], return_inverse=True)
    claimed = np.full(len(labels), len(own))  # the last is what lies outside
    claimed[labels >= 0] = local
    cut = _Cut(place, faces, _rounded(claimed, faces))
    polygons, region, polygon_triangle = cut.polygons()
    borders, border_triangle = cut.borders()
    facing, normals = _normals(place, faces)
    return Hemisphere(
        polygons=polygons,
        region=np.append(own, -1)[region],
        borders=borders,
        polygon_triangle=polygon_triangle,
        border_triangle=border_triangle,
        place=place,
        triangles=faces,
        facing=facing,
        normals=normals,
        sulci=sulci[faces].mean(1),
    )


def _surface(side: Side) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Position (vertex, 3) in mm, faces (face, 3) and sulcal depth (vertex,) of a half-inflated surface."""
    spec = importlib.util.find_spec("nilearn")
    if spec is None or spec.origin is None:
        raise InputError("pictures of the cortex need nilearn; install it by: pip install nilearn")
    import nibabel

    # Read where they lie: importing nilearn.datasets for its paths takes three seconds.
    folder = Path(spec.origin).parent / "datasets" / "data" / "fsaverage5"
    pial, faces = nibabel.load(folder / f"pial_{side}.gii.gz").agg_data()
    inflated, _ = nibabel.load(folder / f"infl_{side}.gii.gz").agg_data()
    sulci = nibabel.load(folder / f"sulc_{side}.gii.gz").agg_data()
    size = np.ptp(pial, axis=0).sum() / np.ptp(inflated, axis=0).sum()
    inflated = pial.mean(0) + size * (inflated - inflated.mean(0))
    return (1 - _INFLATION) * pial + _INFLATION * inflated, faces, sulci


def _rounded(labels: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """How much each label claims each vertex, from the labels around it; (vertex, label)."""
    from scipy import sparse

    n = len(labels)
    ends = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    joined = sparse.coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(n, n)).tocsr()
    joined = joined.maximum(joined.T) + sparse.eye_array(n, format="csr")
    claims = np.zeros((n, labels.max() + 1))
    claims[np.arange(n), labels] = 1
    for _ in range(_ROUNDING):
        claims = (joined @ claims) / joined.sum(1)[:, None]
    return claims


def _normals(place: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Unit normal of each triangle, and the mean of its corners' normals; (triangle, 3) both."""
    corner = place[faces]
    flat = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    around = np.zeros_like(place)
    for column in faces.T:
        np.add.at(around, column, flat)
    smooth = _unit(around)[faces].mean(1)
    return _unit(flat), _unit(smooth)


def _unit(vectors: np.ndarray) -> np.ndarray:
    unit: np.ndarray = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


@dataclass(frozen=True)
class _Cut:
    """Marching triangles: every triangle is cut where the claims of two regions are equal."""

    place: np.ndarray
    faces: np.ndarray
    claims: np.ndarray

    def polygons(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Corners (polygon, 4, 3), region and triangle of each polygon."""
        at, corner = self._regions(), self.place[self.faces]
        whole = np.flatnonzero((at == at[:, :1]).all(1))
        parts = [(corner[whole][:, [0, 1, 2, 2]], at[whole, 0], whole)]
        for a, b, c in _TURNS:
            two = self._odd_one(a)
            first, second = self._crossing(two, a, b), self._crossing(two, a, c)
            parts.append((np.stack([corner[two, a], first, second, second], 1), at[two, a], two))
            parts.append((np.stack([first, corner[two, b], corner[two, c], second], 1), at[two, b], two))
            three = self._all_differ()
            ends = self._crossing(three, a, b), self._centre(three), self._crossing(three, c, a)
            parts.append((np.stack([corner[three, a], *ends], 1), at[three, a], three))
        return tuple(np.concatenate(each) for each in zip(*parts, strict=True))  # type: ignore[return-value]

    def borders(self) -> tuple[np.ndarray, np.ndarray]:
        """Ends (border, 2, 3) and triangle of each segment between two regions."""
        parts = []
        for a, b, c in _TURNS:
            two, three = self._odd_one(a), self._all_differ()
            parts.append((np.stack([self._crossing(two, a, b), self._crossing(two, a, c)], 1), two))
            parts.append((np.stack([self._crossing(three, a, b), self._centre(three)], 1), three))
        return tuple(np.concatenate(each) for each in zip(*parts, strict=True))  # type: ignore[return-value]

    def _regions(self) -> np.ndarray:
        """Region of each triangle's corners; (triangle, 3)."""
        regions: np.ndarray = self.claims.argmax(1)[self.faces]
        return regions

    def _odd_one(self, a: int) -> np.ndarray:
        """Triangles of which corner a lies in another region than the two others."""
        at, b, c = self._regions(), (a + 1) % 3, (a + 2) % 3
        return np.flatnonzero((at[:, b] == at[:, c]) & (at[:, a] != at[:, b]))

    def _all_differ(self) -> np.ndarray:
        at = self._regions()
        return np.flatnonzero((at[:, 0] != at[:, 1]) & (at[:, 1] != at[:, 2]) & (at[:, 2] != at[:, 0]))

    def _crossing(self, triangles: np.ndarray, a: int, b: int) -> np.ndarray:
        """Where on the edge from corner a to b both their regions claim as much; (triangle, 3)."""
        one, other = self.faces[triangles, a], self.faces[triangles, b]
        best = self.claims.argmax(1)
        lead = self.claims[one, best[one]] - self.claims[one, best[other]]
        behind = self.claims[other, best[other]] - self.claims[other, best[one]]
        way = (lead / (lead + behind))[:, None]
        crossing: np.ndarray = (1 - way) * self.place[one] + way * self.place[other]
        return crossing

    def _centre(self, triangles: np.ndarray) -> np.ndarray:
        centre: np.ndarray = np.mean([self._crossing(triangles, a, b) for a, b, _ in _TURNS], axis=0)
        return centre


_TURNS = ((0, 1, 2), (1, 2, 0), (2, 0, 1))
