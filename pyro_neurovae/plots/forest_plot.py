"""Posterior intervals of every region beside what was observed."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from ..errors import SettingsError
from ..posterior.intervals import interval
from .selection import check_choice, effect, pick_map
from .style import BLUE, GREY, INK, SMALL, VERMILION, axes_on, figure_of, heading, legend_above, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..posterior.fits import Fit

__all__ = ["forest"]

# Hemisphere to name, marker and colour.
_SIDES = {"L": ("left", "o", BLUE), "R": ("right", "s", VERMILION), "": ("region", "o", BLUE)}
_ROW = 0.145  # inches
_APART = 0.24  # rows between the posterior and the observed value
_ORDERS = ("mean", "observed", "width", "lobe", "atlas")
_QUANTITIES = {"effect": "effect", "predictable": "predictable part"}


def forest(
    fit: Fit,
    *,
    map: str | None = None,
    order: Literal["mean", "observed", "width", "lobe", "atlas"] = "mean",
    quantity: Literal["effect", "predictable"] = "effect",
    intervals: Sequence[float] = (0.5, 0.9),
    top: int | None = None,
    regions: Sequence[str] | None = None,
    unit: str | None = None,
    ax: Any = None,
) -> Figure:
    """Draw the posterior of every region's effect, or of its predictable part, a row a region.

    Parameters
    ----------
    fit
        Any fit.
    map
        The map; None (the default) is the first.
    order
        From the top: "mean" (the default), the most negative posterior mean first; "observed"; "width", the least
        certain first; "lobe", by lobe and mean; "atlas", as the study has them.
    quantity
        "effect" (the default), what is a region's own included; or "predictable", what programs and fields give of it.
    intervals
        Probabilities of the equal-tailed credible intervals, the wider ones drawn thinner.
    top
        How many regions are drawn, those of the largest posterior mean in size; None (the default) for all.
    regions
        Names of the regions that are drawn; None (the default) for all.
    unit
        Of the map, such as "Cohen's d" or "mm"; None (the default) where it is not known.
    ax
        Axes to draw on; None makes a figure.

    Returns
    -------
    Figure
        The grey cross below a region's interval is its observed value with the interval that its standard error gives,
        of the same probability as the widest one of the effect. An
        interval is of the effect, without sampling error: it may well leave the cross out where the standard error is
        large, and that of the predictable part also where a region has much of its own.

    Raises
    ------
    SettingsError
        For an unknown map, order, quantity or region, no region, and a probability that is not between 0 and 1.
    InputError
        When matplotlib is not installed.
    """
    chosen = pick_map(fit.study.maps, map)
    check_choice("order", order, _ORDERS)
    check_choice("quantity", quantity, list(_QUANTITIES))
    if not intervals or not all(0 < each < 1 for each in intervals):
        raise SettingsError(
            f"intervals are {tuple(intervals)}; give probabilities between 0 and 1, such as (0.5, 0.9)."
        )
    table = fit.regions()
    own = table[table["map"] == chosen]
    if quantity == "predictable":
        own = own.assign(**{end: own[f"predictable_{end}"] for end in ("mean", "lower90", "upper90")})
    rows = _kept(_sorted(own, order), top, regions)
    axis = axes_on(ax, 4.6, 1.1 + _ROW * len(rows))
    heading(axis, f"{chosen}\n{_QUANTITIES[quantity]} (posterior mean), {_percents(intervals)} intervals")
    tidy(axis, grid="x")
    _draw_bands(axis, len(rows))
    posterior = fit.posterior
    drawn = posterior.draws("thinning", chosen) if quantity == "effect" else posterior.predictable(chosen)
    draws = drawn[:, rows["place"]]
    sides = [side for side in _SIDES if (rows["hemisphere"] == side).any()]
    for side in sides:
        _draw_side(axis, rows, draws, side, intervals)
    _draw_observed(axis, rows, max(intervals))
    if order == "lobe":
        _draw_lobes(axis, list(rows["lobe"]))
    axis.axvline(0, color=INK, linewidth=0.7, zorder=1)
    axis.set_yticks(np.arange(len(rows)), list(rows["region"]), fontsize=SMALL - 1)
    axis.set_ylim(len(rows) - 0.4, -0.6)
    axis.set_xlabel(effect(fit.study, unit))
    legend_above(axis, _legend(sides, errors=max(intervals) if rows["se"].notna().any() else 0.0), columns=3)
    return figure_of(axis)


def _sorted(table: pd.DataFrame, order: str) -> pd.DataFrame:
    """Rows from the top down, with the place of each in the study."""
    rows = table.assign(place=np.arange(len(table)), width=table["lower90"] - table["upper90"])
    keys = {"atlas": ["place"], "lobe": ["lobe", "mean"]}.get(order, [order])
    return rows.sort_values(keys, kind="stable").reset_index(drop=True)


def _kept(rows: pd.DataFrame, top: int | None, regions: Sequence[str] | None) -> pd.DataFrame:
    """Rows of the regions named, and of these the ``top`` of largest mean."""
    if regions is not None:
        unknown = [name for name in regions if name not in set(rows["region"])]
        if unknown or not len(regions):
            raise SettingsError(
                f"regions: there is no {unknown[0]!r} in the fit." if unknown else "no region is named."
            )
        rows = rows[rows["region"].isin(list(regions))]
    if top is not None:
        if top < 1:
            raise SettingsError(f"top is {top!r}; give a whole number of regions of at least 1.")
        rows = rows[rows["mean"].abs().rank(ascending=False, method="first") <= top]
    return rows.reset_index(drop=True)


def _draw_bands(axis: Axes, number: int) -> None:
    """Shade every other row, to lead the eye from the name to the mark."""
    for row in range(1, number, 2):
        axis.axhspan(row - 0.5, row + 0.5, color="0.965", linewidth=0, zorder=0)


def _draw_side(axis: Axes, rows: pd.DataFrame, draws: np.ndarray, side: str, intervals: Sequence[float]) -> None:
    """Draw intervals and posterior means of one hemisphere's regions."""
    name, marker, colour = _SIDES[side]
    own = np.flatnonzero(rows["hemisphere"] == side)
    for probability, width in zip(sorted(intervals, reverse=True), _widths(len(intervals)), strict=True):
        lower, upper = interval(draws[:, own], probability)
        axis.hlines(own - _APART / 2, lower, upper, color=colour, linewidth=width, label=f"{name} {probability:.0%}")
    style: dict[str, Any] = {
        "s": 11,
        "marker": marker,
        "color": colour,
        "edgecolors": "white",
        "linewidths": 0.4,
        "zorder": 3,
    }
    axis.scatter(rows["mean"].to_numpy()[own], own - _APART / 2, label=name, **style)


def _draw_observed(axis: Axes, rows: pd.DataFrame, probability: float) -> None:
    """Draw observed values and, where it is known, the interval that their sampling error gives."""
    place = np.arange(len(rows)) + _APART
    error = NormalDist().inv_cdf((1 + probability) / 2) * rows["se"].to_numpy()
    seen, known = rows["observed"].notna().to_numpy(), np.isfinite(error)
    value = rows["observed"].to_numpy()
    axis.hlines(place[known], (value - error)[known], (value + error)[known], color="0.78", linewidth=0.7, zorder=1.5)
    axis.scatter(value[seen], place[seen], s=9, marker="x", color=GREY, linewidths=0.8, zorder=2, label="observed")


def _draw_lobes(axis: Axes, lobes: list[str]) -> None:
    """Part the lobes by lines, and name each at the right."""
    for lobe in dict.fromkeys(lobes):
        first, number = lobes.index(lobe), lobes.count(lobe)
        if first:
            axis.axhline(first - 0.5, color="0.6", linewidth=0.6)
        at = (1.02, first + (number - 1) / 2)
        style: dict[str, Any] = {"rotation": -90, "ha": "left", "va": "center", "fontsize": SMALL, "color": INK}
        axis.text(*at, lobe, transform=axis.get_yaxis_transform(), **style)


def _widths(number: int) -> np.ndarray:
    """Line widths in points from the widest interval to the narrowest."""
    return np.linspace(0.9, 2.4, number) if number > 1 else np.array([1.4])


def _percents(intervals: Sequence[float]) -> str:
    return " and ".join(f"{each:.0%}" for each in sorted(intervals))


def _legend(sides: Sequence[str], *, errors: float) -> list[Any]:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=colour, marker=marker, markersize=3.4, linewidth=1.2, label=name)
        for name, marker, colour in (_SIDES[side] for side in sides)
    ]
    seen = Line2D([], [], color="0.78", marker="x", markersize=3.4, linewidth=0.7 * bool(errors), markeredgecolor=GREY)
    seen.set_label(f"observed, {errors:.0%} interval" if errors else "observed")
    return [*handles, seen]
