"""How far donors agree on a gene: the correlation of their regional patterns, and the noise of their mean."""

from __future__ import annotations

from itertools import combinations
from typing import Literal

import numpy as np

from ..errors import InputError, SettingsError

__all__ = ["MIN_SHARED", "donor_mean", "mean_correlation", "present_regions", "relative_noise"]

# A correlation over fewer regions is +1 or -1 whatever the expression.
MIN_SHARED = 3


def present_regions(values: np.ndarray) -> np.ndarray:
    """Whether a donor has a region, of values (donor, region, gene); bool (donor, region)."""
    return ~np.isnan(values).all(axis=2)


def donor_mean(values: np.ndarray) -> np.ndarray:
    """Mean (region, gene) over the donors that have a region, NaN where none has."""
    count = present_regions(values).sum(axis=0)
    mean = np.nansum(values, axis=0) / np.maximum(count, 1)[:, None]
    mean[count == 0] = np.nan
    return mean


def mean_correlation(values: np.ndarray, method: Literal["spearman", "pearson"] = "spearman") -> np.ndarray:
    """Mean over pairs of donors of the correlation across the regions that both have.

    Parameters
    ----------
    values
        Expression (donor, region, gene), whole rows NaN where a donor lacks a region.
    method
        "spearman" (tied values get their mean rank) or "pearson".

    Returns
    -------
    numpy.ndarray
        (gene,), in [-1, 1]; a pair where the gene is constant for one donor is left out of its mean, and a gene that
        is constant in every pair is NaN.

    Raises
    ------
    SettingsError
        For another method.
    InputError
        When no two donors share `MIN_SHARED` regions.
    """
    if method not in ("spearman", "pearson"):
        raise SettingsError(f"method is {method!r}; choose 'spearman' or 'pearson'.")
    total, count = np.zeros(values.shape[2]), np.zeros(values.shape[2])
    for shared, pairs in _pairs_by_regions(present_regions(values)).items():
        regions = np.frombuffer(shared, dtype=bool)
        donors = {donor for pair in pairs for donor in pair}
        scores = {donor: _unit_scores(values[donor, regions], method) for donor in donors}
        for first, second in pairs:
            correlation = (scores[first] * scores[second]).sum(axis=0)
            defined = ~np.isnan(correlation)
            total[defined] += correlation[defined]
            count += defined
    return np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)


def relative_noise(values: np.ndarray) -> np.ndarray:
    """Standard deviation of the noise of a gene's regional means over the standard deviation of those means.

    With z_dr the expression of donor d in region r after the donor's gene has mean 0 and variance 1 over the
    regions the donor has, n_r the number of donors of region r out of D in all, and z_r their mean::

        within^2 = sum_r sum_d (z_dr - z_r)^2 / (sum_r (n_r - 1) - (D - 1))      between donors, within a region
        noise    = sqrt(within^2 * mean_r(1 / n_r)) / sd_r(z_r)                  sample sd over the measured regions

    D - 1 is what the donors' own means take away. Where every donor has every region, 1 - noise^2 is Cronbach's
    alpha of the standardised donors; where they have not, that each is standardised over other regions is part of
    their disagreement, as it is of the mean of tables that were normalised donor by donor.

    Parameters
    ----------
    values
        Expression (donor, region, gene), whole rows NaN where a donor lacks a region.

    Returns
    -------
    numpy.ndarray
        (gene,), not negative; NaN for a gene that is constant for a donor.

    Raises
    ------
    InputError
        When donors share too few regions to disagree.
    """
    present = present_regions(values)
    measured = present.any(axis=0)
    count = present.sum(axis=0)[measured]
    freedom = (count - 1).sum() - (len(values) - 1)
    if freedom < 1:
        raise InputError(
            f"the {len(values)} donor(s) share too few regions to tell how far they differ; "
            "give the tables of two donors or more that have regions in common."
        )
    standard = np.full_like(values, np.nan)
    for donor, regions in enumerate(present):
        standard[donor, regions] = _unit_scores(values[donor, regions]) * np.sqrt(max(regions.sum() - 1, 1))
    constant = (np.isnan(standard).sum(axis=(0, 1)) > np.count_nonzero(~present)).nonzero()[0]
    mean = np.nansum(standard[:, measured], axis=0) / count[:, None]  # (region, gene)
    within = np.nansum((standard[:, measured] - mean) ** 2, axis=(0, 1)) / freedom
    with np.errstate(divide="ignore", invalid="ignore"):  # donors whose patterns cancel leave no mean to compare with
        noise = np.sqrt(within * (1 / count).mean()) / mean.std(axis=0, ddof=1)
    noise[constant] = np.nan
    return noise


def _pairs_by_regions(present: np.ndarray) -> dict[bytes, list[tuple[int, int]]]:
    """Gather pairs of donors by the regions they share, so that a donor is ranked once for each such set."""
    gathered: dict[bytes, list[tuple[int, int]]] = {}
    for first, second in combinations(range(len(present)), 2):
        shared = present[first] & present[second]
        if shared.sum() >= MIN_SHARED:
            gathered.setdefault(shared.tobytes(), []).append((first, second))
    if not gathered:
        raise InputError(
            f"no two of the {len(present)} donor(s) share {MIN_SHARED} regions, so their agreement is unknown; "
            "give the tables of two donors or more."
        )
    return gathered


def _unit_scores(values: np.ndarray, method: str = "pearson") -> np.ndarray:
    """Values or their ranks (region, gene), each gene with mean 0 and norm 1; NaN for a constant gene."""
    centred = _ranks(values) if method == "spearman" else values
    size = np.abs(centred).max(axis=0)
    centred = centred - centred.mean(axis=0)
    norm = np.sqrt(np.einsum("rg,rg->g", centred, centred))
    norm[norm <= 1e-12 * size] = np.nan
    return centred / norm


def _ranks(values: np.ndarray) -> np.ndarray:
    """Ranks (region, gene) from 1, ties at their mean; three times as fast as `rankdata` where ties are rare."""
    from scipy.stats import rankdata  # late: SciPy takes its time to import

    ordered = np.sort(values, axis=0)
    ranks = np.argsort(np.argsort(values, axis=0), axis=0) + 1.0
    tied = (ordered[1:] == ordered[:-1]).any(axis=0)
    ranks[:, tied] = rankdata(values[:, tied], axis=0)
    return ranks
