"""The strongest programs: where they are expressed, and the genes that load on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from ..atlases.vertices import parcel_names
from ..errors import SettingsError
from ..posterior.tables import largest_first
from ..wording import minus
from .colours import ColourScale, colour_bar, colour_scale
from .cortex_view import VIEWS, draw_hemisphere
from .cortical_values import drawn_parcellation
from .selection import by_name, check_choice, pick_map, unit_of
from .style import INK, SMALL, TEXT, figure_of, panels_on, tidy

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..posterior.fits import Fit

__all__ = ["program_maps"]

# Not the colours of thinning: a program's sign is arbitrary.
_CMAP = "PuOr_r"


def program_maps(
    fit: Fit,
    programs: int = 4,
    *,
    genes: int = 8,
    map: str | None = None,
    order: Literal["strength", "weight"] = "strength",
    unit: str | None = None,
    figure: Any = None,
) -> Figure:
    """Draw the strongest programs, a row a program: regional scores on the cortex and the leading genes' loadings.

    Parameters
    ----------
    fit
        A fit of ``cross-scale`` whose expression was measured in a parcellation that `surface` draws.
    programs, genes
        How many programs, and genes of each by the size of their loading.
    map
        The map whose weights are given; None (the default) is the first.
    order
        "strength" (the default), how much of expression a program moves; or "weight", how much of the map.
    unit
        Of the map, such as "Cohen's d" or "mm"; None (the default) where it is not known.
    figure
        A figure of matplotlib, or a part of one, to draw on; None makes one.

    Returns
    -------
    Figure
        Scores are posterior means, loadings have their 90% intervals; the weight is the effect on the map of one
        standard deviation of the program. Programs are aligned over draws and chains (`aligned_programs`). A program's
        sign is arbitrary: turn scores, loadings and weight together.

    Raises
    ------
    NeurovaeError
        For a family without programs.
    InputError
        When expression's parcels are of no parcellation that `surface` draws, or the extra ``plots`` is not installed.
    SettingsError
        For an unknown map or order, or a number below 1.
    """
    if programs < 1 or genes < 1:
        raise SettingsError(f"programs is {programs} and genes {genes}; give at least 1 of each.")
    check_choice("order", order, ("strength", "weight"))
    chosen = pick_map(fit.study.maps, map)
    parcellation = drawn_parcellation(fit.study.measured_in)
    table = fit.aligned.table
    shown = _ranked(table, chosen, order)[:programs]
    part = panels_on(figure, 7.2, 0.85 + 1.2 * len(shown))
    axes = part.subplots(len(shown), 5, squeeze=False, width_ratios=(1, 1, 1, 1, 1.3))
    scale = _draw_scores(axes[:, :4], _of(table, "score"), shown, parcellation)
    _draw_loadings(axes[:, 4], _of(table, "loading"), shown, genes, scale)
    colour_bar(part, list(axes[:, :4].ravel()), scale, location="bottom", shrink=0.4, aspect=26, pad=0.03)
    for axis, text in zip(axes[:, 4], _account(table, shown, chosen), strict=True):
        axis.set_title(text, loc="right", fontsize=SMALL, color=INK, pad=3)
    title = f"{chosen}: programs by {order}; weights in {unit_of(fit.study, unit)} per standard deviation"
    part.suptitle(title, fontsize=TEXT + 1, fontweight="bold", color=INK)
    return figure_of(part)


def _of(table: pd.DataFrame, quantity: str) -> pd.DataFrame:
    """Rows of one quantity by program."""
    return table[table["quantity"] == quantity].set_index("program")


def _ranked(table: pd.DataFrame, name: str, order: str) -> list[str]:
    """Programs from the strongest, or from the one with most effect on the map."""
    rows = _of(table, order)
    rows = rows[rows["name"] == (name if order == "weight" else "")]
    return list(rows["mean"].abs().sort_values(ascending=False, kind="stable").index)


def _draw_scores(axes: np.ndarray, scores: pd.DataFrame, shown: list[str], parcellation: str) -> ColourScale:
    """Draw the regional scores, four views a program, on one scale."""
    label = "posterior mean score (standard deviations of the program)"
    scale = colour_scale(scores.loc[shown, "mean"].to_numpy(), label, diverging=True, cmap=_CMAP)
    for row, program in zip(axes, shown, strict=True):
        values = by_name(scores.loc[program].set_index("name")["mean"], parcel_names(parcellation))
        for axis, (side, view) in zip(row, VIEWS, strict=True):
            draw_hemisphere(axis, side, view, values, scale, parcellation=parcellation)
        row[0].text(
            -0.04, 0.5, program, transform=row[0].transAxes, ha="right", va="center", fontsize=TEXT, weight="bold"
        )
    for axis, (side, view) in zip(axes[0], VIEWS, strict=True):
        axis.set_title(f"{side}, {view}", fontsize=SMALL, color="0.35", pad=2)
    return scale


def _draw_loadings(axes: np.ndarray, loadings: pd.DataFrame, shown: list[str], genes: int, scale: ColourScale) -> None:
    """Draw the largest loadings of each program as bars with their 90% intervals, the largest on top."""
    negative, positive = scale.cmap(0.12), scale.cmap(0.88)
    leading = [_leading(loadings, program, genes) for program in shown]
    reach = 1.05 * max(top[["lower90", "upper90"]].abs().to_numpy().max() for top in leading)
    for axis, top in zip(axes, leading, strict=True):
        place = np.arange(len(top))
        colours = [positive if mean > 0 else negative for mean in top["mean"]]
        axis.barh(place, top["mean"], height=0.7, color=colours)
        axis.hlines(place, top["lower90"], top["upper90"], color=INK, linewidth=0.7)
        axis.axvline(0, color=INK, linewidth=0.6)
        axis.set(xlim=(-reach, reach), ylim=(len(top) - 0.4, -0.6))
        tidy(axis)
        axis.set_yticks(place, list(top["name"]), fontsize=SMALL - 1, fontstyle="italic")
        axis.tick_params(axis="x", labelbottom=axis is axes[-1])
    axes[-1].set_xlabel("loading (per sd of the program), 90% interval", fontsize=TEXT, loc="right")


def _leading(loadings: pd.DataFrame, program: str, genes: int) -> pd.DataFrame:
    """Rows of the genes with a program's largest loadings in size, the largest first."""
    own = loadings[loadings.index == program]
    return largest_first(own).head(genes)


def _account(table: pd.DataFrame, shown: list[str], name: str) -> list[str]:
    """Strength and weight of each program in words."""
    strength, weight = _of(table, "strength")["mean"], _of(table, "weight")
    weight = weight[weight["name"] == name]
    texts = [
        "strength {:.2f}\nweight {:.3f} [{:.3f}, {:.3f}]".format(
            strength[program], *weight.loc[program, ["mean", "lower90", "upper90"]]
        )
        for program in shown
    ]
    return [minus(text) for text in texts]
