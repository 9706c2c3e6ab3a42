"""What may be said of each region's effect: beyond a threshold, among the most affected, all regions at once."""

from __future__ import annotations

from numbers import Integral

import numpy as np
import pandas as pd

from ..errors import SettingsError
from ..posterior.fits import Fit

__all__ = ["REGION_REPORT_COLUMNS", "region_report", "simultaneous_band"]

REGION_REPORT_COLUMNS = (
    "map", "region", "observed", "se", "mean", "sd", "lower50", "upper50", "lower90", "upper90", "lower95", "upper95",
    "simultaneous_lower90", "simultaneous_upper90", "p_negative", "p_beyond", "p_top", "shrinkage", "move",
    "predictable_mean", "predictable_lower90", "predictable_upper90",
    "transcriptomic_share", "spatial_share", "structural_share",
)  # fmt: skip


def region_report(fit: Fit, *, threshold: float | None = None, top: int = 10, map: str | None = None) -> pd.DataFrame:
    r"""Report each region's effect with what needs joint draws: ranks, and bands over all regions.

    An effect is all that is real in a region, its own part too, without sampling error.

    Parameters
    ----------
    fit
        Any fit.
    threshold
        A thinning that matters, in the map's units, such as -0.2: beyond it is below it, or above it where it is
        positive. None (the default) leaves ``p_beyond`` empty.
    top
        How many regions are the most affected: those of the most negative effect.
    map
        The map; None (the default) for each.

    Returns
    -------
    DataFrame
        One row a map and region, in the study's order. As in `tables.region_table`: ``observed``, ``se``, ``mean``,
        ``sd``, ``lower50`` to ``upper95``, ``p_negative``, ``predictable_mean`` with its 90% interval,
        ``transcriptomic_share``, ``spatial_share``, ``structural_share`` (not in files of version 0.1). Beside them

        - ``simultaneous_lower90``, ``simultaneous_upper90``: a band that holds all regions of the map at once with
          probability 0.9 (`simultaneous_band`), for statements on more than one region;
        - ``p_beyond``: probability of an effect beyond the threshold;
        - ``p_top``: probability of being among the ``top`` most affected regions, counted in joint draws; over the
          regions of a map it sums to ``top``;
        - ``shrinkage``: 1 - sd / se, the share of the standard error that the model took away, NaN where there is no
          standard error;
        - ``move``: posterior mean minus observed value.

    Raises
    ------
    SettingsError
        For an unknown map, a threshold that is no number, or a ``top`` that is no count of regions.
    """
    study = fit.study
    if map is not None and map not in study.maps:
        raise SettingsError(f"the fit has no map {map!r}: it has {', '.join(study.maps)}.")
    if threshold is not None and not np.isfinite(threshold):
        raise SettingsError(f"threshold is {threshold}; give a finite number in the map's units, or None.")
    if not isinstance(top, Integral) or not 1 <= top <= study.n_regions:
        raise SettingsError(f"top is {top!r}; give a whole number from 1 to the number of regions, {study.n_regions}.")
    draws = fit.posterior.draws("thinning")  # (draw, map, region)
    lower, upper = simultaneous_band(draws, 0.9)
    table = fit.regions().assign(
        simultaneous_lower90=lower.ravel(),
        simultaneous_upper90=upper.ravel(),
        p_beyond=_beyond(draws, threshold).ravel(),
        p_top=_among_first(draws, int(top)).ravel(),
    )
    table["shrinkage"] = 1 - table["sd"] / table["se"]
    table["move"] = table["mean"] - table["observed"]
    kept = table if map is None else table[table["map"] == map]
    return kept[[name for name in REGION_REPORT_COLUMNS if name in kept]].reset_index(drop=True)


def simultaneous_band(draws: np.ndarray, probability: float) -> tuple[np.ndarray, np.ndarray]:
    r"""Ends of a band that holds all entries of the last dimension at once, of draws (draw, ..., entry).

    .. math:: \bar\theta_i \pm q \, \mathrm{sd}_i, \qquad
              q = \mathrm{quantile}_{\mathrm{probability}} \max_i |\theta_i - \bar\theta_i| / \mathrm{sd}_i

    over joint draws (the sup-t band): as wide as it has to be for the dependence of the entries, and no wider. An entry
    that does not vary has no width and does not count.

    References
    ----------
    Montiel Olea & Plagborg-Møller (2019), Journal of Applied Econometrics 34.
    """
    mean, sd = draws.mean(0), draws.std(0)
    deviation = np.divide(np.abs(draws - mean), sd, out=np.zeros_like(draws), where=sd > 0)
    width = np.quantile(deviation.max(-1), probability, axis=0, method="higher")
    reach = np.asarray(width)[..., None] * sd
    return mean - reach, mean + reach


def _beyond(draws: np.ndarray, threshold: float | None) -> np.ndarray:
    """Share of the draws below a threshold, above a positive one; (map, region)."""
    if threshold is None:
        return np.full(draws.shape[1:], np.nan)
    beyond: np.ndarray = (draws > threshold if threshold > 0 else draws < threshold).mean(0)
    return beyond


def _among_first(draws: np.ndarray, top: int) -> np.ndarray:
    """Share of the draws in which a region is among the ``top`` most negative of its map; (map, region)."""
    first = np.argpartition(draws, top - 1, axis=-1)[..., :top]
    among = np.zeros(draws.shape, dtype=bool)
    np.put_along_axis(among, first, True, -1)
    share: np.ndarray = among.mean(0)
    return share
