"""A picture of a sensitivity analysis: how far every region moves under every variant, and which verdicts flip."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import NeurovaeError, SettingsError
from ..evidence.sensitivities import Sensitivity

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["plot_sensitivity"]

# Okabe & Ito's colours, which colour-blind readers tell apart.
_COLOURS = {"power": "#0072B2", "choice": "#D55E00"}
_LABELS = {"power": "prior or likelihood to a power", "choice": "another choice, refitted"}


def plot_sensitivity(found: Sensitivity, name: str | None = None, *, axes: Sequence[Any] | None = None) -> Figure:
    """Draw each region's shift under each variant, and beside it how many regions change a verdict.

    Parameters
    ----------
    found
        What `sensitivity` gave.
    name
        The map; None (the default) for the first.
    axes
        Two matplotlib axes, for shifts and for flips; None makes a figure.

    Returns
    -------
    Figure
        Left a dot is a region's shift of the mean in the fit's posterior standard deviations, and the grey band what
        another seed alone does; right a bar is the number of regions that change a verdict. Needs no display.

    Raises
    ------
    NeurovaeError
        When matplotlib is not installed.
    SettingsError
        For a map that was not analysed.
    """
    try:
        from .picture import Picture as New
    except ImportError as error:
        raise NeurovaeError("pictures need matplotlib; install it by: pip install matplotlib") from error
    maps = list(dict.fromkeys(found.variants["map"]))
    name = maps[0] if name is None else name
    if name not in maps:
        raise SettingsError(f"no map {name} was analysed; the maps are {', '.join(maps)}.")
    rows = found.variants[found.variants["map"] == name].reset_index(drop=True)
    shifts = found.regions[found.regions["map"] == name]
    if axes is None:
        figure = New(figsize=(9, 1.6 + 0.27 * len(rows)), layout="constrained")
        axes = figure.subplots(1, 2, sharey=True, width_ratios=(3, 1))
    left, right = axes
    _draw_shifts(left, rows, shifts)
    right.barh(rows.index, rows["flips"], color=[_COLOURS[kind] for kind in rows["kind"]], height=0.6)
    right.set_xlabel("regions of which\na verdict changes")
    right.set_xlim(0, max(1, rows["flips"].max()) * 1.15)
    right.xaxis.get_major_locator().set_params(integer=True)
    left.set_title(f"{name}: how far results move", loc="left")
    for axis in (left, right):
        axis.grid(axis="x", color="0.9")
        axis.set_axisbelow(True)
        axis.spines[["top", "right"]].set_visible(False)
    drawn: Figure = left.figure
    return drawn


def _draw_shifts(axis: Any, rows: Any, shifts: Any) -> None:
    chance = rows.loc[rows["variant"] == "another seed", "largest_shift"]
    if len(chance):
        axis.axvspan(-chance.iloc[0], chance.iloc[0], color="0.88", zorder=0, label="another seed alone")
    jitter = np.random.default_rng(0)
    said: set[str] = set()
    for place, row in rows.iterrows():
        own = shifts.loc[shifts["variant"] == row["variant"], "shift"].to_numpy()
        label = None if row["kind"] in said else _LABELS[row["kind"]]
        said.add(row["kind"])
        # The same order of heights in every row; regions on top of each other would hide how many there are.
        heights = place + jitter.uniform(-0.22, 0.22, len(own))
        axis.scatter(own, heights, s=7, alpha=0.6, linewidths=0, color=_COLOURS[row["kind"]], label=label)
    axis.axvline(0, color="0.3", linewidth=0.8)
    axis.set_yticks(rows.index, rows["variant"] + np.where(rows["how"] == "unreliable", " (unreliable)", ""))
    axis.set_ylim(len(rows) - 0.4, -0.6)
    axis.set_xlabel("shift of a region's effect (posterior mean, in posterior standard deviations)")
    axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=3, frameon=False, fontsize="small")
