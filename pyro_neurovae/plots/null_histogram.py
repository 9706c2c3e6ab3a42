"""A map's statistic among those of its null maps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ..wording import least_p, minus, told_p
from .selection import check_choice, pick_map
from .style import INK, SMALL, VERMILION, axes_on, figure_of, heading, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..evidence.null_tests import Nulls

__all__ = ["nulls"]

Statistic = Literal["transcriptomic_share", "correlation", "genes_excluding_zero"]

_LABELS = {
    "transcriptomic_share": "transcriptomic share of variance (posterior mean)",
    "correlation": "correlation of the transcriptomic part with the map",
    "genes_excluding_zero": "share of genes whose 90% interval excludes zero",
}


def nulls(
    found: Nulls, *, map: str | None = None, statistic: Statistic = "transcriptomic_share", ax: Any = None
) -> Figure:
    """Draw the distribution of a statistic over null maps, and where the map itself lies.

    Parameters
    ----------
    found
        What `pyro_neurovae.nulls` gave.
    map
        The map; None (the default) is the first.
    statistic
        "transcriptomic_share" (the default), "correlation" or "genes_excluding_zero"; see `Nulls`.
    ax
        Axes to draw on; None makes a figure.

    Returns
    -------
    Figure
        Bars count null maps, those at or beyond the observed value in colour: their share is p, one-sided.

    Raises
    ------
    SettingsError
        For an unknown map or statistic.
    InputError
        When matplotlib is not installed.
    """
    chosen = pick_map(list(found.summary["map"]), map)
    check_choice("statistic", statistic, list(_LABELS))
    row: Any = found.summary.set_index(["map", "statistic"]).loc[(chosen, statistic)]
    values = found.distribution.loc[found.distribution["map"] == chosen, statistic].to_numpy()
    axis = axes_on(ax, 3.8, 2.7)
    edges: Any = _edges(values, float(row["observed"]))
    for beyond, colour in ((False, "0.72"), (True, VERMILION)):
        axis.hist(
            values[(values >= row["observed"]) == beyond], bins=edges, color=colour, edgecolor="white", linewidth=0.4
        )
    axis.axvline(row["observed"], color=INK, linewidth=1.2)
    _say(axis, float(row["observed"]), told_p(float(row["p"]), least_p(row["n"])))
    axis.set_ylim(0, 1.12 * axis.get_ylim()[1])
    heading(axis, f"{chosen}: {row['n']} null maps ({row['method']})")
    axis.set(xlabel=_LABELS[statistic], ylabel="null maps")
    tidy(axis, grid="y")
    return figure_of(axis)


def _say(axis: Axes, observed: float, p: str) -> None:
    """Write the observed value and p at the top of its line, on the side with more room."""
    right = observed < np.mean(axis.get_xlim())
    axis.annotate(
        minus(f"observed {observed:.2f}\n{p}"),
        (observed, 0.98),
        xytext=(4 if right else -4, 0),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        ha="left" if right else "right",
        va="top",
        fontsize=SMALL,
        color=INK,
    )


def _edges(values: np.ndarray, observed: float) -> np.ndarray:
    """Edges of the bars, one of which is the observed value, so that no bar has two colours."""
    low, high = min(values.min(), observed), max(values.max(), observed)
    spread = high - low or 1.0
    width = spread / int(np.clip(np.sqrt(len(values)), 8, 40))
    below, above = (np.floor(distance / width) + 1 for distance in (observed - low, high - observed))
    return observed + width * np.arange(-below, above + 1)
