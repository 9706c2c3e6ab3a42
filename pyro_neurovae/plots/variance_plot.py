"""Where the variance of each map comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..posterior.sources import SHORT_SOURCES
from .style import BLUE, GREEN, INK, ORANGE, SMALL, VERMILION, axes_on, figure_of, heading, legend_above, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..posterior.fits import Fit

__all__ = ["variance"]

# What the model predicts has a colour; what is a region's own and noise are grey. Version 0.1 had "unexplained".
_SOURCES = {"transcriptomic": BLUE, "spatial": ORANGE, "structural": GREEN}
_SOURCES |= {"regional": "0.45", "unexplained": "0.45", "sampling": "0.74"}
_OTHER = VERMILION  # a part of a family of the user's own
_LEAST_LABEL = 0.06  # share of the bar that has room for its number


def variance(fit: Fit, *, ax: Any = None) -> Figure:
    """Draw the shares of each map's variance: the bar of posterior means, and every share's interval below it.

    Parameters
    ----------
    fit
        Any fit.
    ax
        Axes to draw on; None makes a figure.

    Returns
    -------
    Figure
        Below each map's bar a dot is the posterior mean of a share, the thick line its 50% and the thin one its 90%
        interval. Shares sum to one in every draw, so that their intervals go up and down together. All but sampling
        error is of the effect, and all but what is regional of its predictable part (`posterior.sources` has the
        words).

    Raises
    ------
    InputError
        When matplotlib is not installed.
    """
    table = fit.variance()
    maps = list(dict.fromkeys(table["map"]))
    named = [*_SOURCES, *(source for source in table["source"].unique() if source not in _SOURCES)]
    sources = [source for source in named if (table.loc[table["source"] == source, "upper95"] > 0).any()]
    axis = axes_on(ax, 5.6, 0.95 + 0.82 * len(maps))
    heading(axis, "Shares of variance, posterior mean with 50% and 90% intervals")
    tidy(axis)
    for place, name in enumerate(maps):
        own = table[table["map"] == name].set_index("source").loc[sources]
        _draw_bar(axis, own, place)
        _draw_intervals(axis, own, place)
    axis.set_yticks(np.arange(len(maps)) - 0.22, maps)
    axis.set(xlim=(0, 1), ylim=(len(maps) - 0.45, -0.55), xlabel="share of the map's variance (%)")
    axis.set_xticks(np.linspace(0, 1, 6), [f"{each:.0f}" for each in np.linspace(0, 100, 6)])
    axis.tick_params(axis="y", length=0)
    legend_above(axis, _legend(sources), columns=3)
    return figure_of(axis)


def _draw_bar(axis: Axes, own: pd.DataFrame, place: int) -> None:
    """Draw posterior means end to end, each with its number where there is room."""
    start = 0.0
    for source, share in own["mean"].items():
        colour = _SOURCES.get(str(source), _OTHER)
        axis.barh(place - 0.22, share, left=start, height=0.34, color=colour, edgecolor="white", linewidth=0.6)
        if share >= _LEAST_LABEL:
            ink = INK if source in ("sampling", "spatial") else "white"
            text: dict[str, Any] = {"fontsize": SMALL, "color": ink, "ha": "center", "va": "center_baseline"}
            axis.text(start + share / 2, place - 0.22, f"{share:.0%}", **text)
        start += share


def _draw_intervals(axis: Axes, own: pd.DataFrame, place: int) -> None:
    """Draw the interval of each share, one below the other."""
    heights = place + 0.06 + 0.11 * np.arange(len(own))
    colours = [_SOURCES.get(str(source), _OTHER) for source in own.index]
    for percent, width in ((90, 1.0), (50, 2.6)):
        axis.hlines(heights, own[f"lower{percent}"], own[f"upper{percent}"], color=colours, linewidth=width)
    axis.scatter(own["mean"], heights, s=13, color=colours, edgecolors="white", linewidths=0.5, zorder=3)


def _legend(sources: list[str]) -> list[Any]:
    from matplotlib.patches import Patch

    return [Patch(color=_SOURCES.get(source, _OTHER), label=SHORT_SOURCES.get(source, source)) for source in sources]
