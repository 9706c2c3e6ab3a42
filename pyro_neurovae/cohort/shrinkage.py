"""A sampling covariance that can be inverted even where subjects are few: correlations shrunk towards none."""

from __future__ import annotations

import numpy as np

__all__ = ["shrunk_covariance"]

_FLOOR = 1e-6


def shrunk_covariance(covariance: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, float]:
    """Shrink a covariance's correlations towards zero by Ledoit & Wolf's share; the variances stay as they are.

    Parameters
    ----------
    covariance
        (region, region).
    rows
        What the correlations rest on, subjects' residuals or influences (row, region): they decide the share, which
        is near 0 for many subjects and grows as regions outnumber them.

    Returns
    -------
    covariance, share
        Positive definite, and the share of every correlation that was taken off, from 0 to 1.

    References
    ----------
    Ledoit & Wolf (2004), Journal of Multivariate Analysis 88, 365-411.
    """
    from sklearn.covariance import ledoit_wolf_shrinkage

    spread = np.sqrt((rows**2).mean(0))
    share = float(ledoit_wolf_shrinkage(rows / np.where(spread > 0, spread, 1.0), assume_centered=True))
    sd = np.sqrt(np.diag(covariance))
    correlation = (1 - share) * covariance / np.outer(sd, sd)
    np.fill_diagonal(correlation, 1.0)
    values, vectors = np.linalg.eigh(correlation)
    if values[0] < _FLOOR:  # correlations of pairs with different subjects missing need not fit together
        correlation = (vectors * np.maximum(values, _FLOOR)) @ vectors.T
        unit = np.sqrt(np.diag(correlation))
        correlation /= np.outer(unit, unit)
    shrunk = correlation * np.outer(sd, sd)
    return (shrunk + shrunk.T) / 2, share
