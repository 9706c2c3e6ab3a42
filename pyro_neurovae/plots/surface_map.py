"""Values of regions on the cortical surface."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from ..atlases.atlas import dk68_names
from ..errors import InputError, SettingsError
from .colours import colour_bar, colour_scale
from .cortex_view import MISSING, VIEWS, draw_hemisphere
from .selection import by_name, check_choice, effect, pick_map, unit_of
from .style import INK, SMALL, TEXT, figure_of, panels_on

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..graphs.region_graph import RegionGraph
    from ..posterior.fits import Fit

__all__ = ["check_atlas", "on_cortex", "surface"]

Quantity = Literal["mean", "interval_width", "p_negative", "predictable", "difference", "observed"]

_TITLES = {
    "mean": "effect (posterior mean)",
    "interval_width": "uncertainty of the effect",
    "p_negative": "probability of thinning",
    "predictable": "predictable part (posterior mean)",
    "difference": "effect (posterior mean) minus observed",
    "observed": "observed",
}
_SIGNED = ("mean", "predictable", "difference", "observed")


def surface(
    shown: Fit | pd.Series,
    quantity: Quantity = "mean",
    *,
    map: str | None = None,
    label: str | None = None,
    title: str | None = None,
    unit: str | None = None,
    diverging: bool | None = None,
    limits: tuple[float, float] | None = None,
    threshold: float | None = None,
    sure: float | None = None,
    cmap: str | None = None,
    layout: Literal["grid", "row"] = "grid",
    figure: Any = None,
) -> Figure:
    """Colour the regions of the cortex, both hemispheres from the side and from the middle.

    Parameters
    ----------
    shown
        A fit; or a series of any values, its index the names of Desikan-Killiany regions in any spelling that
        `resolve` knows.
    quantity
        Of a fit: "mean" (posterior mean of the effect, the default), "interval_width" (of its 90% interval),
        "p_negative" (posterior probability of being below zero), "predictable" (posterior mean of what programs and
        fields give of it), "difference" (posterior mean minus observed value) or "observed". A series is its own.
    map
        The map; None (the default) is the first.
    label, title
        Of the colour bar and above the picture; None (the default) names quantity, unit and map.
    unit
        Of the map, such as "Cohen's d" or "mm"; None (the default) where it is not known.
    diverging, limits, cmap
        Of the colours; None (the default): red below zero and blue above it with zero in the middle for what has a
        sign; "viridis" from the least to the largest value otherwise, from 0 to 1 for a probability.
    threshold
        Size that a value needs to be coloured; regions below it are grey. None (the default) colours all.
    sure
        Posterior probability, of a fit, that a region's effect has the sign of its mean, which it needs to be coloured;
        None (the default) colours all.
    layout
        "grid" (the default), lateral above medial views; or "row", all four beside one another.
    figure
        A figure of matplotlib, or a part of one, to draw on; None makes one.

    Returns
    -------
    Figure
        Regions without a value are grey. The surface is fsaverage5's, half inflated, and the borders are the atlas's,
        rounded off by a millimetre or two: a picture, not a measurement. Needs no display.

    Raises
    ------
    InputError
        When the regions are not Desikan-Killiany ones, no region has a value, or the extra ``plots`` is not installed.
    SettingsError
        For an unknown quantity or map, and a probability out of range.
    """
    part = panels_on(figure, *((5.6, 4.9) if layout == "grid" else (7.2, 2.1)))
    if isinstance(shown, pd.Series):
        values, name = on_cortex(shown), str(shown.name or "value")
        heading = title
    else:
        check_choice("quantity", quantity, list(_TITLES))
        chosen = pick_map(shown.study.maps, map)
        values, name = _of_fit(shown, chosen, quantity, unit)
        heading = f"{chosen}: {_TITLES[quantity]}" if title is None else title
        diverging = quantity in _SIGNED if diverging is None else diverging
        limits = (0.0, 1.0) if quantity == "p_negative" and limits is None else limits
    scale = colour_scale(values, label or name, diverging=diverging, limits=limits, cmap=cmap)
    hidden = _hidden(shown, values, map, threshold, sure)
    _draw_views(part, np.where(hidden, np.nan, values), scale, layout, grey=_grey(np.isnan(values), hidden))
    if heading:
        part.suptitle(heading, fontsize=TEXT + 1, fontweight="bold", color=INK)
    return figure_of(part)


def on_cortex(values: pd.Series) -> np.ndarray:
    """Place values on the 68 Desikan-Killiany regions by name, NaN where there is none; (68,), left first."""
    return by_name(values, dk68_names())


def check_atlas(graph: RegionGraph) -> None:
    """Make sure that the regions of a study's graph lie on the surface that is drawn.

    Raises
    ------
    InputError
        When a region is no Desikan-Killiany one.
    """
    strange = [region for region in graph.names if region not in dk68_names()]
    if strange:
        raise InputError(
            f"the study's regions are not Desikan-Killiany ({strange[0]} is none), and the surface shows those only; "
            "draw the study with plots.graph."
        )


def _hidden(
    shown: Fit | pd.Series, values: np.ndarray, map: str | None, threshold: float | None, sure: float | None
) -> np.ndarray:
    """Whether a region has a value that is too small, or not sure enough, to be coloured; bool (68,)."""
    hidden = np.zeros(len(values), dtype=bool) if threshold is None else np.abs(values) < threshold
    if sure is None:
        return hidden
    if isinstance(shown, pd.Series):
        raise SettingsError("sure= is of a fit's posterior; leave it out for a series of values.")
    if not 0.5 <= sure <= 1:
        raise SettingsError(f"sure is {sure!r}; give a probability from 0.5 to 1.")
    table = shown.regions()
    negative = on_cortex(table[table["map"] == pick_map(shown.study.maps, map)].set_index("region")["p_negative"])
    return hidden | (np.maximum(negative, 1 - negative) < sure)


def _grey(missing: np.ndarray, hidden: np.ndarray) -> str:
    """What grey stands for, in words."""
    words = ("no value", bool(missing.any())), ("below the threshold", bool(hidden.any()))
    return " or ".join(word for word, there in words if there)


def _of_fit(fit: Fit, name: str, quantity: str, unit: str | None) -> tuple[np.ndarray, str]:
    """Values (68,) of a quantity, and its label."""
    check_atlas(fit.study.graph)
    table = fit.regions()
    own = table[table["map"] == name].set_index("region")
    values = {
        "mean": own["mean"],
        "interval_width": own["upper90"] - own["lower90"],
        "p_negative": own["p_negative"],
        "predictable": own["predictable_mean"],
        "difference": own["mean"] - own["observed"],
        "observed": own["observed"],
    }[quantity]
    label = {
        "interval_width": f"width of the 90% interval ({unit_of(fit.study, unit)})",
        "p_negative": "posterior probability of a negative effect (thinner)",
        "predictable": f"predictable part of the {effect(fit.study, unit)}",
        "difference": f"effect (posterior mean) minus observed ({unit_of(fit.study, unit)})",
    }.get(quantity, effect(fit.study, unit))
    return on_cortex(values), label


def _draw_views(part: Any, values: np.ndarray, scale: Any, layout: str, *, grey: str) -> None:
    """Draw the four views, the bar below them, and what grey means where a region has no value."""
    axes = part.subplots(1, 4) if layout == "row" else part.subplots(2, 2)[[0, 1, 1, 0], [0, 0, 1, 1]]
    for axis, (side, view) in zip(axes, VIEWS, strict=True):
        draw_hemisphere(axis, side, view, values[:34] if side == "left" else values[34:], scale)
        axis.set_title(f"{side}, {view}", fontsize=SMALL, color="0.35", pad=2)
    placing = {"shrink": 0.5, "aspect": 28, "pad": 0.03} if layout == "grid" else {"shrink": 0.3, "aspect": 24}
    bar = colour_bar(part, list(axes), scale, location="bottom", **placing)
    if np.isnan(values).any():
        from matplotlib.patches import Patch

        patch = Patch(facecolor=str(MISSING), edgecolor="none", label=grey)
        place: dict[str, Any] = {"loc": "center left", "bbox_to_anchor": (1.04, 0.5), "frameon": False}
        bar.ax.legend(handles=[patch], fontsize=SMALL, handlelength=1.0, handleheight=1.0, borderpad=0, **place)
