"""Values to colours: diverging about zero where values have a sign, else even steps of lightness."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InputError
from .style import INK, SMALL, TEXT

if TYPE_CHECKING:
    from matplotlib.colorbar import Colorbar
    from matplotlib.colors import Colormap, Normalize

__all__ = ["DIVERGING", "SEQUENTIAL", "ColourScale", "colour_bar", "colour_scale"]

# Both are told apart by colour-blind readers. Red is the negative end, which is thinner.
DIVERGING, SEQUENTIAL = "RdBu", "viridis"


@dataclass(frozen=True)
class ColourScale:
    """How values become colours.

    Attributes
    ----------
    cmap, norm
        Of matplotlib.
    label
        The quantity with its unit.
    diverging
        Whether zero is the (pale) middle.
    """

    cmap: Colormap
    norm: Normalize
    label: str
    diverging: bool

    def colours(self, values: np.ndarray) -> np.ndarray:
        """Colours RGBA of values; (value, 4)."""
        rgba: np.ndarray = np.asarray(self.cmap(self.norm(np.asarray(values, dtype=float))))
        return rgba


def colour_scale(
    values: np.ndarray,
    label: str,
    *,
    diverging: bool | None = None,
    limits: tuple[float, float] | None = None,
    cmap: str | None = None,
) -> ColourScale:
    """Choose the scale of some values.

    Parameters
    ----------
    values
        What is to be shown; NaN counts for nothing.
    label
        The quantity with its unit.
    diverging
        Whether zero is the middle, with limits as far below as above it; None (the default) for values of both signs.
    limits
        Ends of the scale; None (the default) for those of the values, symmetric where the scale is diverging.
    cmap
        Name of a colour map of matplotlib; None (the default) is "RdBu" or "viridis".

    Raises
    ------
    InputError
        When there is no value.
    """
    from matplotlib import colormaps
    from matplotlib.colors import Normalize

    known = np.asarray(values, dtype=float)
    known = known[np.isfinite(known)]
    if not known.size:
        raise InputError(f"there is no value of {label} to show; give at least one.")
    signed = bool(known.min() < 0 < known.max()) if diverging is None else diverging
    low, high = (float(known.min()), float(known.max())) if limits is None else limits
    if signed and limits is None:
        high = max(abs(low), abs(high))
        low = -high
    if low == high:  # one value only: give it the middle
        low, high = low - (abs(low) or 1.0), high + (abs(high) or 1.0)
    name = cmap or (DIVERGING if signed else SEQUENTIAL)
    return ColourScale(colormaps[name], Normalize(low, high), label, signed)


def colour_bar(part: Any, axes: Any, scale: ColourScale, **placing: Any) -> Colorbar:
    """Draw the bar of a scale beside axes of a figure, labelled with the quantity and its unit."""
    from matplotlib.cm import ScalarMappable

    bar: Colorbar = part.colorbar(ScalarMappable(scale.norm, scale.cmap), ax=axes, **placing)
    bar.set_label(scale.label, fontsize=TEXT, color=INK)
    bar.ax.tick_params(labelsize=SMALL, length=2.5, width=0.6, color="0.4", labelcolor=INK)
    bar.outline.set_visible(False)
    return bar
