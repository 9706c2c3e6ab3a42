"""What a map taught about its scales: their posterior over their prior."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .selection import pick_map, unit_of
from .style import BLUE, GREEN, INK, ORANGE, SMALL, figure_of, heading, panels_on, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..posterior.fits import Fit

__all__ = ["prior_posterior"]

_SCALES = {
    "transcriptomic_scale": BLUE,
    "spatial_scale": ORANGE,
    "structural_scale": GREEN,
    "unexplained_scale": "0.35",
}
_NAMES = {"unexplained_scale": "regional_scale"}
_PRIOR: dict[str, Any] = {"color": INK, "linestyle": (0, (3, 2))}
_POINTS = 256
# Scales from which on they are drawn in two rows.
_MOST_BESIDE = 4
# Of the usual width: draws that importance resampling repeats look like bumps otherwise.
_SMOOTHER = 1.25


def prior_posterior(fit: Fit, *, map: str | None = None, unit: str | None = None, figure: Any = None) -> Figure:
    """Draw prior and posterior densities of a map's scales: transcriptomic, spatial, structural, regional.

    Parameters
    ----------
    fit
        Any fit; scales that its family does not have are left out.
    map
        The map; None (the default) is the first.
    unit
        Of the map, such as "Cohen's d" or "mm"; None (the default) where it is not known.
    figure
        A figure of matplotlib, or a part of one, to draw on; None makes one.

    Returns
    -------
    Figure
        The prior is dashed and the posterior filled, both of smoothed draws; the line below is the posterior's 90%
        interval with its median. Where the two look alike the map says nothing of that scale. A scale that is fixed is
        a line.

    Raises
    ------
    SettingsError
        For an unknown map.
    InputError
        When matplotlib is not installed.
    """
    chosen = pick_map(fit.study.maps, map)
    scales = [name for name in _SCALES if fit.posterior.has(name)]
    columns = len(scales) if len(scales) < _MOST_BESIDE else -(-len(scales) // 2)
    rows = -(-len(scales) // columns)
    part = panels_on(figure, 0.3 + max(2.3 * columns, 3.5), 0.2 + 2.1 * rows)
    axes = part.subplots(rows, columns, squeeze=False).ravel()
    for axis in axes[len(scales) :]:
        axis.remove()
    axes = axes[: len(scales)]
    for axis, name in zip(axes, scales, strict=True):
        prior, posterior = (fit.posterior.draws(name, chosen, group=group) for group in ("prior", "posterior"))
        _draw(axis, prior, posterior, _SCALES[name])
        axis.set_xlabel(f"{_NAMES.get(name, name).replace('_', ' ')} ({unit_of(fit.study, unit)})")
    for axis in axes[::columns]:
        axis.set_ylabel("density")
    heading(axes[0], f"{chosen}: prior and posterior")
    place: dict[str, Any] = {"loc": "lower right", "bbox_to_anchor": (1.0, 1.0), "borderaxespad": 0.2}
    axes[columns - 1].legend(fontsize=SMALL, frameon=False, handlelength=1.8, ncols=2, **place)
    return figure_of(part)


def _draw(axis: Axes, prior: np.ndarray, posterior: np.ndarray, colour: str) -> None:
    """Draw one scale's densities up to where the prior's draws are few and the posterior's at an end."""
    end = float(max(np.quantile(prior, 0.95), np.quantile(posterior, 0.999) * 1.05)) or 1.0
    grid = np.linspace(0, end, _POINTS)
    for draws, name, style in ((prior, "prior", _PRIOR), (posterior, "posterior", {"color": colour})):
        if np.ptp(draws) <= 1e-9 * abs(draws[0]):  # a fixed scale
            axis.axvline(draws[0], linewidth=1.2, label=f"{name}, fixed", **style)
            continue
        density = _density(draws, grid)
        axis.plot(grid, density, linewidth=1.2, label=name, **style)
        if name == "posterior":
            axis.fill_between(grid, density, color=colour, alpha=0.25, linewidth=0)
    axis.set_xlim(0, end)
    _draw_interval(axis, posterior)
    axis.set_yticks([])
    tidy(axis, grid=None)
    axis.spines["left"].set_visible(False)


def _draw_interval(axis: Axes, draws: np.ndarray) -> None:
    """Draw the 90% interval and median just above the axis."""
    top = axis.get_ylim()[1]
    axis.set_ylim(-0.09 * top, top * 1.04)
    lower, middle, upper = np.quantile(draws, [0.05, 0.5, 0.95])
    axis.hlines(-0.045 * top, lower, upper, color=INK, linewidth=1.2)
    axis.scatter([middle], [-0.045 * top], s=12, color=INK, zorder=3)


def _density(draws: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """Kernel density of positive draws, mirrored at zero so that none of it is lost below."""
    from scipy.stats import gaussian_kde

    kernel = gaussian_kde(draws, lambda found: _SMOOTHER * found.scotts_factor())
    density: np.ndarray = kernel(grid) + kernel(-grid)
    return density
