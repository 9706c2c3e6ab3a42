"""One look for every picture: sizes, colours, and figures made without pyplot, so that none is left open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from ..errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

__all__ = [
    "BLUE",
    "GREEN",
    "GREY",
    "INK",
    "ORANGE",
    "SMALL",
    "TEXT",
    "VERMILION",
    "axes_on",
    "figure_of",
    "heading",
    "legend_above",
    "panels_on",
    "tidy",
]

# Points, for a figure printed at its own size.
TEXT, SMALL = 8.0, 7.0

# Okabe & Ito's colours, which colour-blind readers tell apart.
BLUE, VERMILION, GREEN, ORANGE = "#0072B2", "#D55E00", "#009E73", "#E69F00"
INK, GREY = "0.15", "0.55"


def panels_on(figure: Any, width: float, height: float) -> Figure | SubFigure:
    """Return the figure or part of one to draw panels on: the one given, or a new one of a size in inches.

    Raises
    ------
    InputError
        When matplotlib is not installed.
    """
    try:
        from .picture import Picture
    except ImportError as error:
        raise InputError("pictures need matplotlib; install it by: pip install matplotlib") from error
    part: Figure | SubFigure = Picture(figsize=(width, height), layout="constrained") if figure is None else figure
    return part


def axes_on(ax: Any, width: float, height: float) -> Axes:
    """Return the axes to draw on: those given, or those of a new figure of a size in inches."""
    drawn: Axes = panels_on(None, width, height).subplots() if ax is None else ax
    return drawn


def figure_of(artist: Any) -> Figure:
    """Return the whole figure that axes or a part of a figure lie in."""
    while artist.figure is not None and artist.figure is not artist:
        artist = artist.figure
    whole: Figure = artist
    return whole


def tidy(axis: Axes, *, grid: Literal["x", "y", "both"] | None = "x") -> None:
    """Take away what carries nothing: two spines and long ticks; keep a faint grid along one axis or "both"."""
    axis.spines[["top", "right"]].set_visible(False)
    for side in ("left", "bottom"):
        axis.spines[side].set_color("0.4")
        axis.spines[side].set_linewidth(0.6)
    axis.tick_params(labelsize=SMALL, length=2.5, width=0.6, color="0.4", labelcolor=INK)
    axis.set_axisbelow(True)
    for label in (axis.xaxis.label, axis.yaxis.label):
        label.set_fontsize(TEXT)
    if grid is not None:
        axis.grid(axis=grid, color="0.9", linewidth=0.6)


def heading(axis: Axes, text: str, *, above: float = 0.0) -> None:
    """Write a panel's title, at its left, some points above where it would be."""
    axis.set_title(text, loc="left", fontsize=TEXT, fontweight="bold", color=INK, pad=6 + above)


def legend_above(axis: Axes, handles: list[Any], *, columns: int) -> None:
    """List what the marks are between the title and the axes, so that no mark lies under the list."""
    axis.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        ncols=columns,
        frameon=False,
        fontsize=SMALL,
        borderaxespad=0.2,
        borderpad=0.2,
        handletextpad=0.5,
        columnspacing=1.2,
    )
    rows = -(-len(handles) // columns)
    heading(axis, axis.get_title(loc="left"), above=rows * (SMALL + 4))
