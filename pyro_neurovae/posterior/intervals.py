"""Draws in short: moments and equal-tailed credible intervals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import SettingsError

__all__ = ["asked_columns", "highest_density", "interval", "normal_columns", "summary_columns"]

# The 95th centile of a standard normal: ends of the 90% interval of what is known as a mean and sd.
_NORMAL95 = 1.6448536269514722


def interval(draws: np.ndarray, probability: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of the equal-tailed credible interval over the first dimension."""
    tail = (1 - probability) / 2
    lower, upper = np.quantile(draws, [tail, 1 - tail], axis=0)
    return lower, upper


def highest_density(draws: np.ndarray, probability: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of the shortest interval that holds a share of the draws, over the first dimension."""
    ordered = np.sort(draws, axis=0)
    within = min(int(np.floor(probability * len(ordered))), len(ordered) - 1)
    widths = ordered[within:] - ordered[: len(ordered) - within]
    start = widths.argmin(0)[None]
    lower, upper = (np.take_along_axis(ordered, start + more, 0)[0] for more in (0, within))
    return lower, upper


def asked_columns(draws: np.ndarray, prob: float | None, *, hdi: bool = False) -> dict[str, np.ndarray]:
    """Ends of an interval that is asked for beside the usual ones: lower89 and upper89, of a shortest hdi_lower89.

    Parameters
    ----------
    draws
        (draw, ...).
    prob
        Probability of the interval; None (the default) for no further one, and for 0.9 of the shortest.
    hdi
        Whether the shortest interval is meant (highest density), not the equal-tailed one.

    Raises
    ------
    SettingsError
        For a probability that is not between 0 and 1.
    """
    if prob is None and not hdi:
        return {}
    share = 0.9 if prob is None else prob
    if not 0 < share < 1:
        raise SettingsError(f"prob is {prob!r}; give a probability between 0 and 1, such as 0.89.")
    ends = highest_density(draws, share) if hdi else interval(draws, share)
    names = (f"{'hdi_' if hdi else ''}{side}{100 * share:g}" for side in ("lower", "upper"))
    return dict(zip(names, ends, strict=True))


def summary_columns(draws: np.ndarray, percents: Sequence[int] = (90,)) -> dict[str, np.ndarray]:
    """Mean, sd and the ends lowerXX and upperXX of each interval, over the first dimension of draws (draw, ...)."""
    tails = [(1 - percent / 100) / 2 for percent in percents]
    ends = np.quantile(draws, [end for tail in tails for end in (tail, 1 - tail)], axis=0)  # all of one partition
    names = [f"{side}{percent}" for percent in percents for side in ("lower", "upper")]
    return {"mean": draws.mean(0), "sd": draws.std(0)} | dict(zip(names, ends, strict=True))


def normal_columns(mean: np.ndarray, sd: np.ndarray) -> dict[str, np.ndarray]:
    """Columns of what is known as a mean and an sd: with the 90% interval of the normal distribution of both."""
    return {"mean": mean, "sd": sd, "lower90": mean - _NORMAL95 * sd, "upper90": mean + _NORMAL95 * sd}
