"""Draws in short: moments and equal-tailed credible intervals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["interval", "normal_columns", "summary_columns"]

# The 95th centile of a standard normal: ends of the 90% interval of what is known as a mean and sd.
_NORMAL95 = 1.6448536269514722


def interval(draws: np.ndarray, probability: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of the equal-tailed credible interval over the first dimension."""
    tail = (1 - probability) / 2
    lower, upper = np.quantile(draws, [tail, 1 - tail], axis=0)
    return lower, upper


def summary_columns(draws: np.ndarray, percents: Sequence[int] = (90,)) -> dict[str, np.ndarray]:
    """Mean, sd and the ends lowerXX and upperXX of each interval, over the first dimension of draws (draw, ...)."""
    columns = {"mean": draws.mean(0), "sd": draws.std(0)}
    for percent in percents:
        columns[f"lower{percent}"], columns[f"upper{percent}"] = interval(draws, percent / 100)
    return columns


def normal_columns(mean: np.ndarray, sd: np.ndarray) -> dict[str, np.ndarray]:
    """Columns of what is known as a mean and an sd: with the 90% interval of the normal distribution of both."""
    return {"mean": mean, "sd": sd, "lower90": mean - _NORMAL95 * sd, "upper90": mean + _NORMAL95 * sd}
