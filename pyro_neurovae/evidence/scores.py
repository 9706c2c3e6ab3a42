"""Scores of predictions: each a number, over the regions that have an observed value."""

from __future__ import annotations

import numpy as np

__all__ = ["correlation", "coverage", "r_squared"]


def r_squared(observed: np.ndarray, predicted: np.ndarray) -> float:
    """1 - sum (y - f)^2 / sum (y - mean y)^2: below 0 where the mean of the observed values predicts better."""
    seen = ~np.isnan(observed) & ~np.isnan(predicted)
    y, f = observed[seen], predicted[seen]
    return float(1 - ((y - f) ** 2).sum() / ((y - y.mean()) ** 2).sum())


def correlation(observed: np.ndarray, predicted: np.ndarray) -> float:
    """Pearson correlation; NaN where the prediction is constant."""
    seen = ~np.isnan(observed) & ~np.isnan(predicted)
    y, f = observed[seen] - observed[seen].mean(), predicted[seen] - predicted[seen].mean()
    if np.ptp(observed[seen]) == 0 or np.ptp(predicted[seen]) == 0:
        return float("nan")
    return float((y * f).sum() / np.sqrt((y**2).sum() * (f**2).sum()))


def coverage(observed: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> float:
    """Share of the observed values that the intervals hold."""
    seen = ~np.isnan(observed) & ~np.isnan(lower)
    return float(((lower <= observed) & (observed <= upper))[seen].mean())
