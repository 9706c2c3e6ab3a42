"""A hemisphere seen from the side: parallel projection, hidden polygons left out, shaded as if lit from above."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from .cortex import Hemisphere, Side, hemisphere, vertex_regions

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .colours import ColourScale

__all__ = ["MISSING", "VIEWS", "View", "draw_hemisphere", "project"]

View = Literal["lateral", "medial"]
VIEWS: tuple[tuple[Side, View], ...] = (
    ("left", "lateral"),
    ("left", "medial"),
    ("right", "medial"),
    ("right", "lateral"),
)

# Grey of regions without a value, and the lighter one of what is no cortex.
MISSING, _OUTSIDE = 0.66, 0.86
# Grey of the borders: dark between colours about a pale middle, else pale.
_DARK, _PALE = 0.2, 1.0

# Width of a border in mm.
_BORDER = 0.5

# Half the width and height of a view in mm.
_HALF_FRAME = (91.0, 64.0)

# Darkest a surface that faces away from the light gets, and how much darker the fundus of a sulcus is than a crown.
# Both are small: a reader compares colours with the bar.
_AMBIENT, _SULCI = 0.80, 0.10
_LIGHT_UP, _LIGHT_FORWARD = 0.8, 0.1  # of 1 towards the reader

# Corners of the two triangles of a polygon.
_HALVES = (0, 1, 2, 0, 2, 3)


def project(points: np.ndarray, side: Side, view: View) -> tuple[np.ndarray, np.ndarray]:
    """Position on the page (..., 2) and nearness to the reader (...), both in mm, of points (..., 3)."""
    towards = _towards(side, view)
    return np.stack([towards * points[..., 1], points[..., 2]], -1), towards * points[..., 0]


def draw_hemisphere(
    axis: Axes, side: Side, view: View, values: np.ndarray, scale: ColourScale, *, parcellation: str | None = "dk68"
) -> None:
    """Draw one view of one hemisphere.

    Parameters
    ----------
    axis
        Where to draw; its frame is taken away.
    values
        Of the regions of the parcellation, both hemispheres', or of the vertices of fsaverage5, NaN where there is none
        (grey); (region,) or (vertex,).
    scale
        Colours of the values.
    parcellation
        That of the regions, of `atlases.vertices.PARCELLATIONS`; None for vertices, between which colours change
        evenly.
    """
    from matplotlib.collections import TriMesh
    from matplotlib.tri import Triangulation

    if parcellation is None:
        painted = _painted_vertices(hemisphere(side), np.split(values, 2)[side == "right"], side, scale)
    else:
        painted = _painted_regions(hemisphere(side, parcellation), values, scale)
    bordered = hemisphere(side, parcellation if parcellation and not parcellation.startswith("cortex") else "dk68")
    parts = _seen(painted, hemisphere(side), side, view), _seen_borders(bordered, side, view, scale)
    shapes, nearness, colours = (np.concatenate(both) for both in zip(*parts, strict=True))
    order = np.argsort(nearness, kind="stable")  # the nearest last, over what it hides
    # One mesh of triangles that share no corner is drawn ten times as fast as as many polygons.
    corners = shapes[order][:, _HALVES].reshape(-1, 2)
    triangles = np.arange(len(corners)).reshape(-1, 3)
    across, upwards = corners.T
    mesh = TriMesh(Triangulation(across, upwards, triangles), facecolors=colours[order][:, _HALVES].reshape(-1, 4))
    mesh.set_rasterized(True)
    mesh.set_in_layout(False)
    axis.add_collection(mesh, autolim=False)
    _frame(axis, shapes)


def _frame(axis: Axes, shapes: np.ndarray) -> None:
    """Give every view the same size in mm, so that hemispheres are drawn to one scale and lie in line."""
    middle = (shapes.min((0, 1)) + shapes.max((0, 1))) / 2
    axis.set_xlim(middle[0] - _HALF_FRAME[0], middle[0] + _HALF_FRAME[0])
    axis.set_ylim(middle[1] - _HALF_FRAME[1], middle[1] + _HALF_FRAME[1])
    axis.set_aspect("equal")
    axis.set_axis_off()


def _towards(side: Side, view: View) -> int:
    """1 where the reader looks from the right of the head, -1 from its left."""
    return 1 if (side == "right") == (view == "lateral") else -1


@dataclass(frozen=True, eq=False)
class _Painted:
    """Polygons (polygon, 4, 3), the triangle of each, and the colours of their corners (polygon, 4, 4)."""

    polygons: np.ndarray
    triangle: np.ndarray
    colours: np.ndarray


def _painted_regions(cortex: Hemisphere, values: np.ndarray, scale: ColourScale) -> _Painted:
    """Polygons of regions, each of one colour."""
    colours = _colours(np.append(values, np.nan), scale)
    colours[-1, :3] = _OUTSIDE
    return _Painted(cortex.polygons, cortex.polygon_triangle, np.repeat(colours[cortex.region][:, None], 4, axis=1))


def _painted_vertices(cortex: Hemisphere, values: np.ndarray, side: Side, scale: ColourScale) -> _Painted:
    """Triangles of the mesh with the colours of their corners."""
    colours, corners = _colours(values, scale), cortex.triangles[:, [0, 1, 2, 2]]
    colours[vertex_regions(side) < 0, :3] = _OUTSIDE
    return _Painted(cortex.place[corners], np.arange(len(corners)), colours[corners])


def _seen(painted: _Painted, cortex: Hemisphere, side: Side, view: View) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Shapes on the page, nearness and colours of the polygons that face the reader."""
    triangle = painted.triangle
    seen = np.flatnonzero(cortex.facing[triangle, 0] * _towards(side, view) > 0)
    shapes, near = project(painted.polygons[seen], side, view)
    colours = painted.colours[seen]
    colours[..., :3] *= _shade(cortex, side, view)[triangle[seen], None, None]
    return shapes, near.mean(1), colours


def _seen_borders(
    cortex: Hemisphere, side: Side, view: View, scale: ColourScale
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same of the borders of regions, as thin strips a millimetre before the surface."""
    seen = np.flatnonzero(cortex.facing[cortex.border_triangle, 0] * _towards(side, view) > 0)
    shapes, near = project(cortex.borders[seen][:, [0, 1, 1, 0]], side, view)
    along = shapes[:, 1] - shapes[:, 0]
    across = along[:, ::-1] * [-1, 1] / np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    shapes = shapes + _BORDER / 2 * np.stack([across, across, -across, -across], 1)
    ink = _DARK if scale.diverging else _PALE
    return shapes, near.mean(1) + 1.0, np.tile([ink, ink, ink, 1.0], (len(seen), 4, 1))


def _colours(values: np.ndarray, scale: ColourScale) -> np.ndarray:
    """Colour of each value, grey for NaN; (value, 4)."""
    known = np.isfinite(values)
    colours = np.tile([MISSING, MISSING, MISSING, 1.0], (len(values), 1))
    colours[known] = scale.colours(np.asarray(values)[known])
    return colours


def _shade(cortex: Hemisphere, side: Side, view: View) -> np.ndarray:
    """Factor by which each triangle's colour is darkened; (triangle,)."""
    light = np.array([_towards(side, view), _LIGHT_FORWARD, _LIGHT_UP])
    lit = np.clip(cortex.normals @ (light / np.linalg.norm(light)), 0, 1)
    depth = np.clip((cortex.sulci + 1) / 2, 0, 1)
    factor: np.ndarray = (_AMBIENT + (1 - _AMBIENT) * lit) * (1 - _SULCI * depth)
    return factor
