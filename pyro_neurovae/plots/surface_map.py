"""Values of regions, or of vertices, on the cortical surface."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from ..atlases.vertices import dk68_vertices
from ..errors import SettingsError
from .colours import colour_bar, colour_scale
from .cortex_view import MISSING, VIEWS, draw_hemisphere
from .cortical_values import Place, Values, of_fit, of_series
from .selection import check_choice, pick_map
from .style import INK, SMALL, TEXT, figure_of, panels_on

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..posterior.fits import Fit

__all__ = ["Quantity", "surface"]

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
    at: Place = "regions",
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
    """Colour the regions or vertices of the cortex, both hemispheres from the side and from the middle.

    Parameters
    ----------
    shown
        A fit on the graph dk68, schaefer100, schaefer400, cortex200 or cortex400; or a series of any values, its index
        the names of Desikan-Killiany regions in any spelling that `resolve` knows, or of another graph's regions.
    quantity
        Of a fit: "mean" (posterior mean of the effect, the default), "interval_width" (of its 90% interval),
        "p_negative" (posterior probability of being below zero), "predictable" (posterior mean of what programs and
        fields give of it), "difference" (posterior mean minus observed value) or "observed". A series is its own.
    map
        The map; None (the default) is the first.
    at
        "regions" (the default), or "vertices" for what `Fit.vertices` has of a map that was given by them: every
        quantity but "predictable".
    label, title
        Of the colour bar and above the picture; None (the default) names quantity, unit and map.
    unit
        Of the map, such as "Cohen's d" or "mm"; None (the default) where it is not known.
    diverging, limits, cmap
        Of the colours; None (the default): red below zero and blue above it with zero in the middle for what has a
        sign; "viridis" from the least to the largest value otherwise, from 0 to 1 for a probability.
    threshold
        Size that a value needs to be coloured; what is below it is grey. None (the default) colours all.
    sure
        Posterior probability, of a fit, that the effect there has the sign of its mean, which it needs to be coloured;
        None (the default) colours all.
    layout
        "grid" (the default), lateral above medial views; or "row", all four beside one another.
    figure
        A figure of matplotlib, or a part of one, to draw on; None makes one.

    Returns
    -------
    Figure
        What has no value is grey. The surface is fsaverage5's, half inflated, and the borders are the atlas's, rounded
        off by a millimetre or two: a picture, not a measurement. Patches (cortex200, cortex400) and vertices are drawn
        with the borders of the Desikan-Killiany regions. Needs no display.

    Raises
    ------
    InputError
        When the regions are of no such graph, none has a value, or the extra ``plots`` is not installed.
    NeurovaeError
        For vertices of a map that was given by regions.
    SettingsError
        For an unknown quantity or map, a series at vertices, and a probability out of range.
    """
    part = panels_on(figure, *((5.6, 4.9) if layout == "grid" else (7.2, 2.1)))
    check_choice("at", at, ("regions", "vertices"))
    if isinstance(shown, pd.Series):
        if at == "vertices":
            raise SettingsError("at='vertices' is of a fit; a series has values of regions.")
        found, heading = of_series(shown), title
    else:
        check_choice("quantity", quantity, list(_TITLES))
        chosen = pick_map(shown.study.maps, map)
        found = of_fit(shown, chosen, quantity, at=at, unit=unit)
        heading = f"{chosen}: {_TITLES[quantity]}" if title is None else title
        diverging = quantity in _SIGNED if diverging is None else diverging
        limits = (0.0, 1.0) if quantity == "p_negative" and limits is None else limits
    scale = colour_scale(found.shown, label or found.label, diverging=diverging, limits=limits, cmap=cmap)
    hidden = found.hidden(threshold, sure)
    coloured = replace(found, shown=np.where(hidden, np.nan, found.shown))
    _draw_views(part, coloured, scale, layout, grey=_grey(found, hidden))
    if heading:
        part.suptitle(heading, fontsize=TEXT + 1, fontweight="bold", color=INK)
    return figure_of(part)


def _grey(found: Values, hidden: np.ndarray) -> str:
    """What grey stands for, in words; empty where nothing is."""
    missing = np.isnan(found.shown)
    if found.parcellation is None:
        missing &= dk68_vertices() >= 0  # elsewhere there is no cortex
    words = ("no value", bool(missing.any())), ("below the threshold", bool(hidden.any()))
    return " or\n".join(word for word, there in words if there)


def _draw_views(part: Any, found: Values, scale: Any, layout: str, *, grey: str) -> None:
    """Draw the four views, the bar below them, and what grey means where a region has no value."""
    axes = part.subplots(1, 4) if layout == "row" else part.subplots(2, 2)[[0, 1, 1, 0], [0, 0, 1, 1]]
    for axis, (side, view) in zip(axes, VIEWS, strict=True):
        draw_hemisphere(axis, side, view, found.shown, scale, parcellation=found.parcellation)
        axis.set_title(f"{side}, {view}", fontsize=SMALL, color="0.35", pad=2)
    placing = {"shrink": 0.5, "aspect": 28, "pad": 0.03} if layout == "grid" else {"shrink": 0.3, "aspect": 24}
    bar = colour_bar(part, list(axes), scale, location="bottom", **placing)
    if grey:
        from matplotlib.patches import Patch

        patch = Patch(facecolor=str(MISSING), edgecolor="none", label=grey)
        place: dict[str, Any] = {"loc": "center left", "bbox_to_anchor": (1.04, 0.5), "frameon": False}
        bar.ax.legend(handles=[patch], fontsize=SMALL, handlelength=1.0, handleheight=1.0, borderpad=0, **place)
