"""The graph of the regions, from the sides and from above."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..errors import GraphError, InputError
from ..graphs.region_graph import RegionGraph
from .colours import colour_bar, colour_scale
from .cortex_view import MISSING
from .selection import by_name
from .style import BLUE, INK, SMALL, TEXT, VERMILION, figure_of, panels_on

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..studies.study import Study

__all__ = ["graph"]

_MARGIN = 6.0  # mm around the outermost regions
_HOMOLOGUES = "#CC79A7"  # of Okabe & Ito's colours, like those of style.py


def graph(
    shown: Study | RegionGraph,
    values: pd.Series | Sequence[float] | np.ndarray | None = None,
    *,
    label: str = "value",
    title: str | None = None,
    diverging: bool | None = None,
    limits: tuple[float, float] | None = None,
    figure: Any = None,
) -> Figure:
    """Draw regions and edges: each hemisphere from its outer side, and both from above.

    Parameters
    ----------
    shown
        A study or a graph, of any atlas, with positions.
    values
        Of the regions, to colour them by: a series by name, or an array in the graph's order; NaN is grey. None (the
        default) colours by hemisphere.
    label, title
        Of the colour bar (quantity and unit) and above the picture.
    diverging, limits
        Of the colours; as `surface` takes them.
    figure
        A figure of matplotlib, or a part of one, to draw on; None makes one.

    Returns
    -------
    Figure
        The wider a line, the larger its edge's weight. Edges between homologues are dashed, and seen from above alone.

    Raises
    ------
    GraphError
        When the graph has no positions.
    InputError
        For a series with names that the graph lacks, and when matplotlib is not installed.
    """
    drawn = shown if isinstance(shown, RegionGraph) else shown.graph
    views = _views(drawn)
    part = panels_on(figure, 7.2, 2.7 if values is None else 3.2)
    axes = part.subplots(1, len(views), squeeze=False, width_ratios=[view.width for view in views])[0]
    if values is None:
        scale, colours = None, _by_hemisphere(drawn)
    else:
        placed = _placed(drawn, values)
        scale = colour_scale(placed, label, diverging=diverging, limits=limits)
        colours = np.tile([MISSING, MISSING, MISSING, 1.0], (drawn.n_regions, 1))
        colours[np.isfinite(placed)] = scale.colours(placed[np.isfinite(placed)])
    for axis, view in zip(axes, views, strict=True):
        _draw_view(axis, drawn, view, colours)
    if scale is not None:
        colour_bar(part, list(axes), scale, location="bottom", shrink=0.4, aspect=26, pad=0.03)
    _legend(axes[-1], drawn)
    text = f"{drawn.label}: {drawn.n_regions} regions, {drawn.n_edges} edges" if title is None else title
    part.suptitle(text, fontsize=TEXT + 1, fontweight="bold", color=INK)
    return figure_of(part)


@dataclass(frozen=True)
class _View:
    """One direction to look from.

    Attributes
    ----------
    name
        What to call it.
    page
        Position of every region on the page in mm; (region, 2).
    kept
        Which regions are drawn; (region,) bool.
    """

    name: str
    page: np.ndarray
    kept: np.ndarray

    @property
    def width(self) -> float:
        """Millimetres from left to right, margins included."""
        return float(np.ptp(self.page[self.kept, 0])) + 2 * _MARGIN


def _views(graph: RegionGraph) -> list[_View]:
    """Left from the left, all from above, right from the right; without hemispheres all from the left and above."""
    if graph.centroids is None:
        raise GraphError(f"the graph {graph.label} has no positions to draw it at; give it centroids= in mm.")
    x, y, z = graph.centroids.T
    everywhere = np.ones(len(x), dtype=bool)
    from_left, from_right, above = (np.stack(page, 1) for page in ((-y, z), (y, z), (x, y)))
    sides = np.array(graph.hemispheres or ("",) * len(x))
    if set(sides) != {"L", "R"}:
        return [_View("from the left", from_left, everywhere), _View("from above", above, everywhere)]
    return [
        _View("left hemisphere", from_left, sides == "L"),
        _View("from above, left on the left", above, everywhere),
        _View("right hemisphere", from_right, sides == "R"),
    ]


def _by_hemisphere(graph: RegionGraph) -> np.ndarray:
    from matplotlib.colors import to_rgba

    sides = graph.hemispheres or ("",) * graph.n_regions
    return np.array([to_rgba(VERMILION if side == "R" else BLUE) for side in sides])


def _placed(graph: RegionGraph, values: Any) -> np.ndarray:
    """Values in the graph's order; (region,)."""
    if not isinstance(values, pd.Series):
        array = np.asarray(values, dtype=float)
        if array.shape != (graph.n_regions,):
            raise InputError(f"values have shape {array.shape}; give one for each of the {graph.n_regions} regions.")
        return array
    return by_name(values, graph.names)


def _draw_view(axis: Axes, graph: RegionGraph, view: _View, colours: np.ndarray) -> None:
    """Draw the edges among the regions that a view keeps, and the regions on top."""
    from matplotlib.collections import LineCollection

    x = view.page[view.kept, 0]
    homologues = {tuple(sorted(pair)) for pair in graph.homologues}
    pairs = [pair for pair in zip(*np.nonzero(np.triu(graph.weights)), strict=True) if view.kept[list(pair)].all()]
    most = graph.weights.max() if graph.n_edges else 1.0
    for across in (False, True):
        own = np.array([pair for pair in pairs if (pair in homologues) == across], dtype=int).reshape(-1, 2)
        widths = 0.25 + 0.65 * graph.weights[own[:, 0], own[:, 1]] / most
        style = {"color": _HOMOLOGUES, "linestyles": [(0, (3, 2))]} if across else {"color": "0.62"}
        axis.add_collection(LineCollection(view.page[own], linewidths=widths, **style, zorder=1))
    axis.scatter(x, view.page[view.kept, 1], s=26, color=colours[view.kept], edgecolors=INK, linewidths=0.5, zorder=2)
    y = view.page[:, 1]  # of all regions upwards: hemispheres lie in line
    axis.set(xlim=(x.min() - _MARGIN, x.max() + _MARGIN), ylim=(y.min() - _MARGIN, y.max() + _MARGIN), aspect="equal")
    axis.set_title(view.name, fontsize=SMALL, color="0.35", pad=2)
    axis.set_axis_off()


def _legend(axis: Axes, graph: RegionGraph) -> None:
    """Say which lines are which, where some join homologues."""
    from matplotlib.lines import Line2D

    if not any(graph.weights[one, other] > 0 for one, other in graph.homologues):
        return
    handles = [
        Line2D([], [], color="0.62", linewidth=0.9, label="edge"),
        Line2D([], [], color=_HOMOLOGUES, linewidth=0.9, linestyle=(0, (3, 2)), label="homologue edge"),
    ]
    place: dict[str, Any] = {"loc": "upper right", "bbox_to_anchor": (1.0, 0.0), "borderaxespad": 0.0}
    axis.legend(handles=handles, fontsize=SMALL, frameon=False, handlelength=1.8, **place)
