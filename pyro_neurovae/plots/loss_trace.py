"""How the training went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InputError
from ..models.families import family_of
from .style import BLUE, GREEN, ORANGE, SMALL, VERMILION, figure_of, heading, panels_on, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..posterior.fits import Fit

__all__ = ["training"]

_COLOURS = (BLUE, VERMILION, GREEN, ORANGE)
_WINDOW = 0.05  # of the steps, over which the line is averaged
_SHOWN = 0.1  # of the steps, whose fall from the start is left out of the limits


def training(fit: Fit, *, figure: Any = None) -> Figure:
    """Draw the loss (negative evidence lower bound, nats) over the steps of training, a line a chain.

    Parameters
    ----------
    fit
        A fit by svi.
    figure
        A figure of matplotlib, or a part of one, to draw on; None makes one.

    Returns
    -------
    Figure
        A fit with programs trains these on expression and then each map's scales: a panel each. Faint is
        the loss of every step, which is noisy; the line is its running mean. A line that still falls at its end wants
        more ``steps``; chains that end apart found different optima.

    Raises
    ------
    InputError
        For a fit that nothing was trained for (methods exact and nuts), and when matplotlib is not installed.
    """
    panels = _losses(fit)
    part = panels_on(figure, 3.6 * len(panels), 2.6)
    axes = part.subplots(1, len(panels), squeeze=False)[0]
    for axis, (name, loss) in zip(axes, panels.items(), strict=True):
        _draw(axis, loss)
        heading(axis, f"{', '.join(fit.study.maps) if len(fit.study.maps) < 4 else 'all maps'}: {name}")
        axis.set_xlabel("step")
    axes[0].set_ylabel("loss, −ELBO (nats)")
    return figure_of(part)


def _losses(fit: Fit) -> dict[str, np.ndarray]:
    """What each panel shows: its name and loss (chain, step)."""
    trace, programs = fit.posterior.training, fit.posterior.trained_programs
    if trace is None or trace.loss.shape[1] < 2:  # one step makes no line
        raise InputError(f"a fit by {fit.settings.method} has no training to show; fit with method svi.")
    if programs is not None:
        trained = {"programs": -programs["elbo"]} if programs["elbo"].shape[1] > 1 else {}
        return trained | {"scales of the maps": trace.loss}
    return {family_of(fit.settings.model).loss: trace.loss}


def _draw(axis: Axes, loss: np.ndarray) -> None:
    """Draw the losses (chain, step) of one panel."""
    from matplotlib.ticker import MaxNLocator

    steps = loss.shape[1]
    window = max(1, round(_WINDOW * steps))
    for chain, values in enumerate(loss):
        colour = _COLOURS[chain % len(_COLOURS)]
        axis.plot(np.arange(1, steps + 1), values, color=colour, linewidth=0.5, alpha=0.35)
        middle = np.arange(1, steps - window + 2) + (window - 1) / 2
        axis.plot(middle, _running_mean(values, window), color=colour, linewidth=1.2, label=f"chain {chain + 1}")
    settled = loss[:, int(_SHOWN * steps) :]
    margin = 0.08 * np.ptp(settled) or 1.0
    axis.set(xlim=(0, steps), ylim=(settled.min() - margin, settled.max() + margin))
    axis.xaxis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10]))
    if len(loss) > 1:
        axis.legend(fontsize=SMALL, frameon=False, loc="upper right", handlelength=1.4)
    tidy(axis, grid="y")


def _running_mean(values: np.ndarray, window: int) -> np.ndarray:
    return np.convolve(values, np.full(window, 1 / window), mode="valid")
