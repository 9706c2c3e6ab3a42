"""Smooth Gaussian fields on a triangle mesh by sparse algebra, and what their means over parcels leave open."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from ..atlases.vertices import at_vertices, dk68_vertices, surface_mesh
from .mesh import vertex_areas

__all__ = ["Detail", "SurfaceField", "cortical_field", "interpolation", "numbered_anew", "parcel_means"]

# Range, in mm, of the field by which means over parcels are joined into a smooth map. How well a map's own vertices are
# told from its means is flat from 20 to 100.
_JOINING = 40.0
# Ranges that are tried for a map's detail, and the one by whose flow of heat its smoothness is told (a kernel of some
# 5 mm), in mm; draws by which fields are compared, and how near their log range is found.
_RANGES, _SMOOTHED, _TRIED, _PRECISION = (4.0, 60.0), 10.0, 30, 0.02

_COLUMNS = 16  # that are solved for at once


@dataclass(frozen=True, eq=False)
class SurfaceField:
    r"""Matern field of smoothness 1 on a mesh, of variance 1 away from its edge, as a sparse Gaussian Markov field.

    .. math:: (\kappa^2 - \Delta)\, x = \mathcal{W} \sqrt{4 \pi} \kappa, \qquad Q = K M^{-1} K / (4 \pi \kappa^2), \quad
              K = \kappa^2 M + G, \quad \kappa = \sqrt{8} / \rho

    in linear finite elements: M is diagonal, the area of each vertex in mm2, G the cotangent stiffness. The range is a
    distance along the cortex, so that a finer mesh is the same field.

    Attributes
    ----------
    areas
        Diagonal of M; (vertex,).
    stiffness
        G, sparse (vertex, vertex).
    range_mm
        Range rho, the distance at which the correlation is .14.

    References
    ----------
    Lindgren, Rue & Lindstroem (2011), JRSS B 73, 423-498, equations 9 to 11.
    """

    areas: np.ndarray
    stiffness: Any
    range_mm: float

    @classmethod
    def on(cls, coordinates: np.ndarray, faces: np.ndarray, range_mm: float) -> SurfaceField:
        """Field on a mesh of positions (vertex, 3) in mm and triangles (face, 3); lone vertices take the least area."""
        areas = vertex_areas(coordinates, faces)
        return cls(np.where(areas > 0, areas, areas[areas > 0].min()), _stiffness(coordinates, faces), range_mm)

    def with_range(self, range_mm: float) -> SurfaceField:
        """Return the field of another range on the same mesh."""
        return SurfaceField(self.areas, self.stiffness, range_mm)

    @property
    def _size(self) -> float:
        """4 pi kappa^2, which brings the variance to 1."""
        return 4 * math.pi * 8 / self.range_mm**2

    @cached_property
    def _operator(self) -> Any:
        return (sparse.diags_array(8 / self.range_mm**2 * self.areas) + self.stiffness).tocsc()

    @cached_property
    def _factor(self) -> Any:
        """Factors of K, which is symmetric and positive definite: no pivoting is called for."""
        return splu(self._operator, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0, options={"SymmetricMode": True})

    def _solve(self, values: np.ndarray) -> np.ndarray:
        """K^-1 of values (vertex, ...): a few columns at a time stay in the cache, which halves the time of many."""
        if values.ndim == 1:
            one: np.ndarray = self._factor.solve(values)
            return one
        solved = np.empty(values.shape, order="F")
        for start in range(0, values.shape[1], _COLUMNS):
            part = slice(start, start + _COLUMNS)
            solved[:, part] = self._factor.solve(values[:, part])
        return solved

    def covariance_with(self, values: np.ndarray) -> np.ndarray:
        """Covariance of the field with combinations of it, C V of V (vertex, ...)."""
        covariance: np.ndarray = self._size * self._solve(self._over(self._solve(values), 1.0))
        return covariance

    def smooth(self, values: np.ndarray) -> np.ndarray:
        """Values (vertex, ...) once heat has flowed for 1 / kappa^2, which keeps their integral."""
        flowed: np.ndarray = 8 / self.range_mm**2 * self._solve(self._over(values, 1.0))
        return flowed

    def draw(self, white: np.ndarray) -> np.ndarray:
        """Fields (vertex, ...) from standard normal numbers of that shape."""
        drawn: np.ndarray = math.sqrt(self._size) * self._solve(self._over(white, 0.5))
        return drawn

    def _over(self, values: np.ndarray, power: float) -> np.ndarray:
        """Values (vertex, ...) times a power of the areas."""
        scaled: np.ndarray = (values.T * self.areas**power).T
        return scaled


def interpolation(field: SurfaceField, parcel: np.ndarray) -> np.ndarray:
    r"""Weights by which means over parcels give a smooth map with these means: ordinary kriging of the field.

    .. math:: S = C A' (A C A')^{-1} + (1 - C A' (A C A')^{-1} 1) \, \ell'

    with A the means over parcels and l' the weights of the level's estimate, so that A S = I and S 1 = 1.

    Parameters
    ----------
    field
        On the mesh; its range is replaced by the one that means are joined by.
    parcel
        Parcel of each vertex that was measured, 0 to P - 1, negative elsewhere; (vertex,).

    Returns
    -------
    ndarray
        (vertex, parcel).
    """
    means = parcel_means(parcel)
    across = field.with_range(_JOINING).covariance_with(means.T.toarray())
    within = np.linalg.inv(means @ across)
    weights, level = across @ within, within.sum(0) / within.sum()
    smooth: np.ndarray = weights + (1 - weights.sum(1, keepdims=True)) * level
    return smooth


@lru_cache(maxsize=3)
def cortical_field(size: int, range_mm: float = 10.0) -> tuple[SurfaceField, np.ndarray]:
    """Field on the cortex of both hemispheres, and which vertices of the surface it has; bool (vertex,).

    Parameters
    ----------
    size
        Vertices of a hemisphere of fsaverage5 or of a coarser surface within it.
    range_mm
        Of the field.
    """
    cortex = at_vertices(dk68_vertices() >= 0, size)
    (left, first), (right, second) = (surface_mesh(side, size) for side in ("left", "right"))
    number = np.full(len(cortex), -1)
    number[cortex] = np.arange(cortex.sum())
    faces = number[np.concatenate([first, second + size])]
    return SurfaceField.on(np.concatenate([left, right])[cortex], faces[(faces >= 0).all(1)], range_mm), cortex


@dataclass(frozen=True, eq=False)
class Detail:
    r"""What a map has beyond its means over parcels: a field of which these are taken off.

    .. math:: y = S \bar y + f, \quad \bar y = A y, \qquad f \propto (I - S A) x, \quad x \sim N(0, C)

    A f = 0, so that the means and the detail are independent and together all of the map.

    Attributes
    ----------
    field
        x.
    parcel
        Parcel of each vertex that was measured, 0 to P - 1, negative elsewhere; (vertex,).
    joined
        S, what `interpolation` gives; (vertex, parcel).
    """

    field: SurfaceField
    parcel: np.ndarray
    joined: np.ndarray

    @classmethod
    def over(cls, field: SurfaceField, parcel: np.ndarray) -> Detail:
        """Detail over parcels (vertex,), their means joined by `interpolation`."""
        return cls(field, parcel, interpolation(field, parcel))

    def beyond(self, values: np.ndarray) -> np.ndarray:
        """Take the means of values (vertex, ...) off: (I - S A) y."""
        rest: np.ndarray = values - self.joined @ (parcel_means(self.parcel) @ values)
        return rest

    def like(self, rest: np.ndarray, *, seed: int = 0) -> Detail:
        """Detail as smooth as a map's: that keeps as much of its variance once it is smoothed by some millimetres.

        Over the vertices that were measured. What is expected of a field is the mean of a few draws of it, each a map
        of thousands of vertices.

        Parameters
        ----------
        rest
            What the map has beyond its means, anything where it was not measured; (vertex,).
        seed
            Seed of the draws.
        """
        white = np.random.default_rng(seed).standard_normal((len(rest), _TRIED))
        smooth = self.field.with_range(_SMOOTHED).smooth
        wanted = self._kept(rest[:, None], smooth)

        @cache  # of the ends, which are asked for again
        def above(log_range: float) -> float:
            tried = self._of_range(log_range)
            return tried._kept(tried.beyond(tried.field.draw(white)), smooth) - wanted

        from scipy.optimize import brentq  # late: every study imports this module

        low, high = np.log(_RANGES)
        if above(low) >= 0 or above(high) <= 0:  # rougher or smoother than any
            return self._of_range(low if above(low) >= 0 else high)
        return self._of_range(brentq(above, low, high, xtol=_PRECISION))

    def draw(self, white: np.ndarray) -> np.ndarray:
        """Details (vertex, draw) from standard normal numbers of that shape, of mean square 1 where it was measured."""
        drawn = self.beyond(self.field.draw(white))
        size: np.ndarray = drawn / np.sqrt(np.square(drawn[self.parcel >= 0]).mean())
        return size

    def _of_range(self, log_range: float) -> Detail:
        return Detail(self.field.with_range(math.exp(log_range)), self.parcel, self.joined)

    def _kept(self, rest: np.ndarray, smooth: Callable[[np.ndarray], np.ndarray]) -> float:
        """Share of the variance of details (vertex, detail) that is left once they are smoothed."""
        measured = self.parcel >= 0
        inside = np.where(measured[:, None], rest, 0.0)
        return float(np.square(smooth(inside)[measured]).mean() / np.square(inside[measured]).mean())


def numbered_anew(parcel: np.ndarray, measured: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Number the parcels that have a measured vertex from 0; their numbers (vertex,), -1 elsewhere, and which they are.

    Parameters
    ----------
    parcel
        Number of each vertex's parcel, negative where it lies in none; (vertex,) int.
    measured
        Whether a vertex was measured; (vertex,) bool.
    """
    inside, numbers = measured & (parcel >= 0), np.full(len(parcel), -1)
    present, numbers[inside] = np.unique(parcel[inside], return_inverse=True)
    return numbers, present


def parcel_means(parcel: np.ndarray) -> Any:
    """Means over the measured vertices of parcels 0 to P - 1, negative elsewhere; sparse (parcel, vertex)."""
    measured = np.flatnonzero(parcel >= 0)
    of = parcel[measured]
    shape = int(parcel.max()) + 1, len(parcel)
    return sparse.coo_array((1 / np.bincount(of)[of], (of, measured)), shape=shape).tocsr()


def _stiffness(coordinates: np.ndarray, faces: np.ndarray) -> Any:
    """Cotangent stiffness of linear finite elements; sparse (vertex, vertex)."""
    n = len(coordinates)
    total: Any = sparse.csr_array((n, n))
    for a, b, c in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        i, j, k = faces[:, a], faces[:, b], faces[:, c]
        first, second = coordinates[i] - coordinates[k], coordinates[j] - coordinates[k]
        doubled = np.linalg.norm(np.cross(first, second), axis=1)
        half = (first * second).sum(1) / np.maximum(doubled, np.finfo(float).tiny) / 2
        total = total + sparse.coo_array((half, (i, j)), shape=(n, n)).tocsr()
    joined = total + total.T
    return sparse.diags_array(joined.sum(1)) - joined
