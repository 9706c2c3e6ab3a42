"""Sampling errors that go together: from standard errors and a correlation of regions to a covariance."""

from __future__ import annotations

import numpy as np

__all__ = [
    "COMMON_SHARE",
    "covariance_root",
    "exchangeable",
    "mixed_correlation",
    "sampling_covariance",
    "spread_apart",
]

# What of a normative correlation is replaced by an error common to the whole cortex. People of a group differ in more
# than the normative residuals know of (sites, scanners, ages), and that moves the whole cortex together. Of 0, 5 and
# 10% the last gave the truest intervals of effects on people left out, at the same held-out density, though as errors
# alone 0 to 5% fit as well (tests/benchmarks/error_correlation.py); mixed in half, an equal correlation below one made
# fine contrasts far too unsure.
COMMON_SHARE = 0.1

# An eigenvalue so little below zero, over the largest, is rounding.
ROUNDING = 1e-9


def sampling_covariance(se: np.ndarray, spread_share: np.ndarray | float, correlation: np.ndarray) -> np.ndarray:
    r"""Covariance of a map's sampling errors.

    .. math:: V = D C D + \mathrm{diag}(f \, \mathrm{se}^2), \quad D = \mathrm{diag}(\sqrt{1 - f} \, \mathrm{se})

    What the estimate of a standard deviation adds to the error of Cohen's d (d^2 / 2N) stays on the diagonal: it grows
    with the effect, and put through C it would pull every effect towards zero (Peelle's puzzle).

    Parameters
    ----------
    se
        Standard errors (region,), NaN where missing.
    spread_share
        Share f of each squared standard error that comes from estimating the standard deviation; (region,), 0 to 1.
        0 for an effect that is not divided by one.
    correlation
        Correlation C of the errors of means (region, region).

    Returns
    -------
    ndarray
        (region, region), its diagonal se^2 and NaN where either region is missing.
    """
    means = np.sqrt(1 - spread_share) * se
    joint = np.outer(means, means) * correlation
    np.fill_diagonal(joint, se**2)
    return joint


def spread_apart(covariance: np.ndarray, spread: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Take from a covariance of errors what estimating the sd adds to each; both parts, D C D and the spread.

    Where V less all of it is no covariance, errors of another making, no more than V's least eigenvalue is taken.

    Parameters
    ----------
    covariance
        Sampling covariance (region, region).
    spread
        Variance that the estimate of a standard deviation adds to each error; (region,).
    """
    if not spread.any():
        return covariance, spread
    lowest, highest = np.linalg.eigvalsh(covariance - np.diag(spread))[[0, -1]]
    if lowest < -ROUNDING * highest:
        spread = spread.clip(max=max(np.linalg.eigvalsh(covariance)[0], 0.0))
    return covariance - np.diag(spread), spread


def mixed_correlation(correlation: np.ndarray) -> np.ndarray:
    """Correlation (region, region) with a share of it common to the whole cortex; `COMMON_SHARE` says how much."""
    return (1 - COMMON_SHARE) * correlation + COMMON_SHARE


def exchangeable(regions: int, mean: float) -> np.ndarray:
    """Matrix (region, region) with 1 on the diagonal and one correlation everywhere else."""
    return np.full((regions, regions), mean) + (1 - mean) * np.eye(regions)


def covariance_root(covariance: np.ndarray) -> np.ndarray:
    """B with B B' the covariance, which may be singular; ([...,] region, eigenvector)."""
    values, vectors = np.linalg.eigh(covariance)
    root: np.ndarray = vectors * np.sqrt(values.clip(min=0))[..., None, :]
    return root
