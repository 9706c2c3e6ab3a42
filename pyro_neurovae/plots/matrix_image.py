"""A matrix of regions by regions with their names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..errors import InputError
from .colours import colour_bar, colour_scale
from .style import INK, axes_on, figure_of, heading

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["matrix"]

# Names of more can't be read on a page, and take seconds to write.
_MOST_NAMES = 120


def matrix(
    frame: pd.DataFrame,
    clusters: pd.Series | None = None,
    *,
    label: str = "value",
    title: str = "",
    diverging: bool | None = None,
    limits: tuple[float, float] | None = None,
    cmap: str | None = None,
    ax: Any = None,
) -> Figure:
    """Draw a labelled square matrix: probabilities of lying in one cluster, correlations, a graph's weights.

    Parameters
    ----------
    frame
        Rows and columns under the same names, which are written up to 120 of them.
    clusters
        Cluster of each name; rows and columns are put in its order and clusters set apart by lines. None (the default)
        leaves the order as it is.
    label, title
        Of the colour bar (the quantity and its unit) and above the picture.
    diverging, limits, cmap
        Of the colours; as `surface` takes them. NaN is grey.
    ax
        Axes to draw on; None makes a figure.

    Raises
    ------
    InputError
        When rows and columns differ, a name has no cluster, there is no value, or matplotlib is not installed.
    """
    _check(frame, clusters)
    order, cuts = _ordered(frame, clusters)
    shown = frame.loc[order, order]
    size = 1.9 + 0.088 * min(len(shown), _MOST_NAMES)
    axis = axes_on(ax, size + 0.7, size)
    scale = colour_scale(shown.to_numpy(), label, diverging=diverging, limits=limits, cmap=cmap)
    axis.set_facecolor("0.8")
    axis.imshow(shown.to_numpy(dtype=float), cmap=scale.cmap, norm=scale.norm, interpolation="none")
    for cut in cuts:
        axis.axhline(cut, color="white", linewidth=1.2)
        axis.axvline(cut, color="white", linewidth=1.2)
    _name(axis, list(shown.index) if len(shown) <= _MOST_NAMES else [])
    colour_bar(axis.figure, axis, scale, shrink=0.5, aspect=24, pad=0.02)
    if title:
        heading(axis, title)
    return figure_of(axis)


def _check(frame: pd.DataFrame, clusters: pd.Series | None) -> None:
    if list(frame.index) != list(frame.columns):
        raise InputError("the rows and columns of a matrix have different names; give both the same, in one order.")
    if not frame.index.is_unique:
        raise InputError(
            f"a matrix has two rows {frame.index[frame.index.duplicated()][0]}; give each a name of its own."
        )
    missing = [] if clusters is None else [name for name in frame.index if name not in clusters.index]
    if missing:
        raise InputError(f"clusters has none for {missing[0]}; give one for each row of the matrix.")


def _ordered(frame: pd.DataFrame, clusters: pd.Series | None) -> tuple[list[Any], np.ndarray]:
    """Names in the order of their clusters, and the places between clusters."""
    if clusters is None:
        return list(frame.index), np.empty(0)
    own = clusters.loc[frame.index].sort_values(kind="stable")
    changes = np.flatnonzero(own.to_numpy()[1:] != own.to_numpy()[:-1])
    return list(own.index), changes + 0.5


def _name(axis: Axes, names: list[str]) -> None:
    """Write the name of every row and column, small enough for 68."""
    size = 7.0 if len(names) <= 30 else 5.0
    axis.set_xticks(np.arange(len(names)), names, rotation=90, fontsize=size)
    axis.set_yticks(np.arange(len(names)), names, fontsize=size)
    axis.tick_params(length=0, pad=1.5, labelcolor=INK)
    axis.spines[:].set_visible(False)
