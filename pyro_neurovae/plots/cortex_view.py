"""A hemisphere seen from the side: parallel projection, hidden polygons left out, shaded as if lit from above."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from .cortex import Hemisphere, Side, hemisphere

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


def project(points: np.ndarray, side: Side, view: View) -> tuple[np.ndarray, np.ndarray]:
    """Position on the page (..., 2) and nearness to the reader (...), both in mm, of points (..., 3)."""
    towards = _towards(side, view)
    return np.stack([towards * points[..., 1], points[..., 2]], -1), towards * points[..., 0]


def draw_hemisphere(axis: Axes, side: Side, view: View, values: np.ndarray, scale: ColourScale) -> None:
    """Draw one view of one hemisphere.

    Parameters
    ----------
    axis
        Where to draw; its frame is taken away.
    values
        Of the hemisphere's 34 regions, NaN where there is none (grey); (region,).
    scale
        Colours of the values.
    """
    from matplotlib.collections import TriMesh
    from matplotlib.tri import Triangulation

    cortex = hemisphere(side)
    parts = _seen_polygons(cortex, side, view, values, scale), _seen_borders(cortex, side, view, scale)
    shapes, nearness, colours = (np.concatenate(both) for both in zip(*parts, strict=True))
    order = np.argsort(nearness, kind="stable")  # the nearest last, over what it hides
    # One mesh of triangles that share no corner is drawn ten times as fast as as many polygons.
    corners = shapes[order][:, [0, 1, 2, 0, 2, 3]].reshape(-1, 2)
    triangles = np.arange(len(corners)).reshape(-1, 3)
    across, upwards = corners.T
    mesh = TriMesh(Triangulation(across, upwards, triangles), facecolors=np.repeat(colours[order], 6, axis=0))
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


def _seen_polygons(
    cortex: Hemisphere, side: Side, view: View, values: np.ndarray, scale: ColourScale
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Shapes on the page, nearness and colours of the polygons that face the reader."""
    seen = np.flatnonzero(cortex.facing[cortex.polygon_triangle, 0] * _towards(side, view) > 0)
    shapes, near = project(cortex.polygons[seen], side, view)
    colours = _region_colours(values, scale)[cortex.region[seen]]
    colours[:, :3] *= _shade(cortex, side, view)[cortex.polygon_triangle[seen], None]
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
    return shapes, near.mean(1) + 1.0, np.tile([ink, ink, ink, 1.0], (len(seen), 1))


def _region_colours(values: np.ndarray, scale: ColourScale) -> np.ndarray:
    """Colour of each of the 34 regions and, last, of what lies outside; (35, 4)."""
    known = np.isfinite(values)
    colours = np.tile([MISSING, MISSING, MISSING, 1.0], (len(values) + 1, 1))
    colours[:-1][known] = scale.colours(np.asarray(values)[known])
    colours[-1, :3] = _OUTSIDE
    return colours


def _shade(cortex: Hemisphere, side: Side, view: View) -> np.ndarray:
    """Factor by which each triangle's colour is darkened; (triangle,)."""
    light = np.array([_towards(side, view), _LIGHT_FORWARD, _LIGHT_UP])
    lit = np.clip(cortex.normals @ (light / np.linalg.norm(light)), 0, 1)
    depth = np.clip((cortex.sulci + 1) / 2, 0, 1)
    factor: np.ndarray = (_AMBIENT + (1 - _AMBIENT) * lit) * (1 - _SULCI * depth)
    return factor
