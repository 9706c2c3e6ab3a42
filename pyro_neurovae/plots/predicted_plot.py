"""Observed against predicted values, of regions that the fit saw and of regions that it did not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..errors import InputError
from ..evidence.scores import coverage, r_squared
from ..posterior.conditional import values_anew
from ..posterior.intervals import summary_columns
from ..wording import minus
from .selection import pick_map, unit_of
from .style import BLUE, INK, VERMILION, figure_of, heading, panels_on, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..evidence.validation import Validation
    from ..posterior.fits import Fit

__all__ = ["observed_predicted"]

_COLUMNS = ["observed", "mean", "lower90", "upper90"]


def observed_predicted(
    fit: Fit,
    validation: Validation | None = None,
    *,
    map: str | None = None,
    model: str | None = None,
    unit: str | None = None,
    figure: Any = None,
) -> Figure:
    """Set observed values against predictions, in-sample and, where a validation is given, held out.

    Parameters
    ----------
    fit
        Any fit.
    validation
        What `validate` gave for the same study; None (the default) leaves its panel out.
    map
        The map; None (the default) is the first.
    model
        Row of the validation; None (the default) is the fit's model.
    unit
        Of the map, such as "Cohen's d" or "mm"; None (the default) where it is not known.
    figure
        A figure of matplotlib, or a part of one, to draw on; None makes one.

    Returns
    -------
    Figure
        A dot is a region with the 90% interval of its value observed anew, all noise included; nine of ten intervals
        should cross the diagonal. In-sample it is predicted by programs and fields (the predictable part), with what is
        a region's own as noise: the whole effect follows its own observation. R2 and the share of intervals that hold
        their value are in the titles; those held out are means over the ways of folding, and so are the dots. In-sample
        R2 says nothing about prediction.

    Raises
    ------
    SettingsError
        For an unknown map.
    InputError
        When the validation does not have the map or model, or matplotlib is not installed.
    """
    chosen = pick_map(fit.study.maps, map)
    panels = [("in-sample", *_in_sample(fit, chosen), BLUE)]
    if validation is not None:
        panels.append(("held out", *_held_out(validation, chosen, model or fit.settings.model), VERMILION))
    part = panels_on(figure, 0.5 + 3.1 * len(panels), 3.5)
    axes = part.subplots(1, len(panels), squeeze=False)[0]
    limits = _limits([table for _, table, _, _ in panels])
    for axis, (name, table, score, colour) in zip(axes, panels, strict=True):
        _draw(axis, table, limits, colour)
        heading(axis, f"{chosen}, {name}\n{score}")
        axis.set_xlabel(f"observed ({unit_of(fit.study, unit)}, negative = thinner)")
    axes[0].set_ylabel(f"predicted ({unit_of(fit.study, unit)}), 90% interval")
    return figure_of(part)


def _in_sample(fit: Fit, name: str) -> tuple[pd.DataFrame, str]:
    """Predictions of the regions seen, and their score in words."""
    number = fit.study.maps.index(name)
    columns = summary_columns(values_anew(fit.posterior, fit.study, fit.settings, number))
    columns["mean"] = fit.posterior.predictable(number).mean(0)
    table = pd.DataFrame(columns).assign(observed=fit.study.thinning[number]).dropna(subset="observed")
    observed, mean, lower, upper = table[_COLUMNS].to_numpy().T
    return table[_COLUMNS], _score(r_squared(observed, mean), coverage(observed, lower, upper))


def _held_out(validation: Validation, name: str, model: str) -> tuple[pd.DataFrame, str]:
    """Predictions averaged over the ways of folding, and the mean of their scores in words."""
    scores = _rows(validation.summary(), name, model)
    if scores.empty:
        known = sorted({f"{one} of {which}" for one, which in validation.scores[["model", "map"]].to_numpy()})
        raise InputError(
            f"the validation has no {model} of {name}: it has {', '.join(known)}; name another model or map."
        )
    table = _rows(validation.pointwise, name, model).groupby("region", sort=False)[_COLUMNS].mean()
    row = scores.iloc[0]
    return table, f"{_score(row['r2'], row['coverage90'])} ({row['folds']})"


def _rows(table: pd.DataFrame, name: str, model: str) -> pd.DataFrame:
    return table[(table["map"] == name) & (table["model"] == model)]


def _score(r2: float, covered: float) -> str:
    return minus(f"R² = {r2:.2f}, 90% intervals cover {covered:.0%}")


def _limits(tables: list[pd.DataFrame]) -> tuple[float, float]:
    """Common limits of both axes of every panel."""
    every = np.concatenate([table.to_numpy().ravel() for table in tables])
    margin = 0.04 * np.ptp(every)
    return float(every.min() - margin), float(every.max() + margin)


def _draw(axis: Axes, table: pd.DataFrame, limits: tuple[float, float], colour: str) -> None:
    """Draw one panel; an interval that misses its value stands out."""
    observed, mean, lower, upper = table[_COLUMNS].to_numpy().T
    axis.axline((0, 0), slope=1, color=INK, linewidth=0.7, linestyle=(0, (4, 3)), zorder=1)
    held = (lower <= observed) & (observed <= upper)
    for which, alpha in ((held, 0.35), (~held, 0.9)):
        axis.vlines(observed[which], lower[which], upper[which], color=colour, linewidth=0.8, alpha=alpha, zorder=2)
    axis.scatter(observed, mean, s=14, color=colour, edgecolors="white", linewidths=0.5, zorder=3)
    axis.set(xlim=limits, ylim=limits, aspect="equal")
    tidy(axis, grid="both")
