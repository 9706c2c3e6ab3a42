"""Can this posterior be trusted? A table of checks, each with its threshold and what to do when it fails."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from ..inferencedata import arviz_statistic
from ..models.families import family_of
from ..models.options import FitSettings
from ..studies.study import Study
from .advice import ADVICE
from .conditional import LeftOut, MapConditional, Residuals, drawn_residuals
from .kernels import measured_kernel
from .posterior import Posterior
from .residuals import Statistic, residual_statistics, two_sided

__all__ = ["COLUMNS", "check_table"]

COLUMNS = (
    "check", "map", "observed", "replicated", "lower90", "upper90", "p", "threshold", "status", "advice"
)  # fmt: skip

# Of the predictive checks, six a map: so rare that a table of many checks seldom fails by chance.
_LEAST_P = 0.005
_LEAST_P_PIT = 0.01
_WIDTH = (0.8, 1.25)
_MOST_UNEXPLAINED = 0.7
_MOST_P_GRAPH, _SHUFFLES, _LEAST_REGIONS = 0.01, 999, 20  # fewer regions can't tell a right graph from a wrong one
_MOST_K, _MOST_RHAT = 0.7, 1.01
_LEAST_ESS = 100  # a chain, 50 each half: 400 for four chains (Vehtari et al. 2021)


def check_table(posterior: Posterior, study: Study, settings: FitSettings) -> pd.DataFrame:
    r"""Check a fit against its own data; one row a check and map, of which a trustworthy fit passes every one.

    Residuals are of two kinds, both standardised. The *left-out* residual of a region is what the other regions and a
    draw of scales and programs do not predict; its replicates are whole maps drawn anew from those. The *drawn*
    residual is the observed value minus the draw of the effect's predictable part, what programs and fields give; its
    replicates are values drawn anew about the same part, regional part and sampling errors, which go together as the
    study says, included (Gelman, Meng & Stern 1996). A drawn field follows its own data, so that a drawn residual hides
    what the field soaked up: it serves ``spread``, and every check of ``paper``, whose left-out residuals have no
    closed form. Residuals that are too large speak for standard errors that are too small, residuals that are too small
    for the reverse, or for errors that go together more than assumed.

    ================ =================================================================================
    moran            Moran's I of the left-out residuals over the graph
    spread           root mean square of the drawn residuals, about 1
    extremes         largest left-out residual in size
    asymmetry        mean left-out residual of left minus right over homologue pairs
    expression_pc1   correlation of the left-out residuals with the first principal component of expression
    expression       their agreement over regions of similar expression, e'Ke / e'e over its mean for white noise
    loo_pit          distance of the left-out regions' probability integral transforms from uniform
    draws            sd of the drawn predictable part in units of its exact conditional sd, 1 where draws are right
    sampling_error   probability that the sd of what is a region's own exceeds the (root mean square) standard error
    importance_k     largest Pareto k, over chains, of the importance ratios of the map's scales
    rhat             largest R-hat of the effects over regions; only with several chains
    ess              smallest (bulk) effective sample size of the effects over regions
    programs_k       largest Pareto k, over chains, of the weights that resample the programs; map is "all"
    graph            Moran's I of expression over the graph, against shuffled labels; map is "all"
    ================ =================================================================================

    A row is left out where it has no meaning: without homologues, edges, standard errors, importance ratios or a
    second chain. Thresholds: p at least 0.005 for the predictive checks, so that a map's six fail by chance in
    2% of fits, and 0.01 for loo_pit; 0.8 to 1.25 for draws; probability 0.7; p at most 0.01 for graph; a k of 0.7 and
    its standard error; R-hat 1.01, or what independent draws exceed once in 200 fits where that is more; 100 effective
    draws a chain.

    Parameters
    ----------
    posterior, study, settings
        Of the fit.

    Returns
    -------
    DataFrame
        ``check``, ``map``; ``observed`` (mean over draws), ``replicated`` with ``lower90`` and ``upper90``, and ``p``,
        two-sided, NaN where there are no replicates; ``threshold`` in words; ``status`` "pass" or "fail"; ``advice``,
        empty when the check passes. A p value near 1 is no fault: checks of fitted data lean that way.

    References
    ----------
    Gelman, Meng, Stern (1996), Statistica Sinica 6; Marshall, Spiegelhalter (2007), Bayesian Analysis 2(2);
    Vehtari, Gelman, Simpson, Carpenter, Buerkner (2021), Bayesian Analysis 16(2).
    """
    rows = [row for number in range(len(study.maps)) for row in _map_rows(posterior, study, settings, number)]
    shapes = posterior.stats("programs_k")
    if shapes is not None:
        rows += _shape_rows("programs_k", "all", shapes, settings.training.program_ratios(settings.draws))
    rows += _graph_rows(study, np.random.default_rng([settings.seed, 1]))
    return pd.DataFrame([row.record() for row in rows], columns=list(COLUMNS))


@dataclass(frozen=True)
class _Row:
    """A row of the table."""

    check: str
    map: str
    observed: float
    passes: bool
    threshold: str
    replicated: np.ndarray | None = None
    p: float = float("nan")

    def record(self) -> dict[str, Any]:
        """Columns of the table."""
        drawn = np.full(1, np.nan) if self.replicated is None else self.replicated
        lower, upper = np.quantile(drawn, [0.05, 0.95])
        numbers = {
            "observed": self.observed,
            "replicated": drawn.mean(),
            "lower90": lower,
            "upper90": upper,
            "p": self.p,
        }
        return {
            "check": self.check,
            "map": self.map,
            **{name: float(value) for name, value in numbers.items()},
            "threshold": self.threshold,
            "status": "pass" if self.passes else "fail",
            "advice": "" if self.passes else ADVICE[self.check],
        }


def _map_rows(posterior: Posterior, study: Study, settings: FitSettings, number: int) -> Iterator[_Row]:
    """Rows of one map, in the table's order."""
    name, seen = study.maps[number], study.thinning_observed[number]
    drawn = drawn_residuals(posterior, study, settings, number)
    rng, left_out = np.random.default_rng([settings.seed, 0, number]), None
    if family_of(settings.model).linear:
        conditionals = MapConditional.blocks(posterior, study, settings, number)
        left_out = LeftOut.of(conditionals, rng, draws=len(drawn.observed))
    residuals = drawn if left_out is None else left_out.residuals
    for check, statistic in residual_statistics(study, seen).items():
        yield _predictive_row(check, name, statistic, drawn if check == "spread" else residuals)
    yield from _pit_rows(posterior, name, number, seen, left_out)
    if left_out is not None:
        width = float(np.sqrt((left_out.standardised**2).mean()))
        yield _Row("draws", name, width, _WIDTH[0] <= width <= _WIDTH[1], f"{_WIDTH[0]} to {_WIDTH[1]}")
    yield from _noise_rows(posterior, study, settings, number)
    yield from _sampler_rows(posterior, settings, name, number)


def _predictive_row(check: str, name: str, statistic: Statistic, residuals: Residuals) -> _Row:
    observed, replicated = statistic(residuals.observed), statistic(residuals.replicated)
    p = two_sided(observed, replicated)
    return _Row(check, name, observed.mean(), p >= _LEAST_P, f"p at least {_LEAST_P}", replicated, p)


def _pit_rows(
    posterior: Posterior, name: str, number: int, seen: np.ndarray, left_out: LeftOut | None
) -> Iterator[_Row]:
    """Uniformity of the transforms that the fit keeps, or that are computed from its draws."""
    kept = posterior.stats("loo_pit", number)  # (chain, region)
    if kept is not None:
        values = kept.mean(0)[seen]
    elif left_out is not None:
        values = left_out.transforms()
    else:
        return
    test = stats.kstest(values, "uniform")
    p = float(test.pvalue)
    yield _Row("loo_pit", name, float(test.statistic), p >= _LEAST_P_PIT, f"p at least {_LEAST_P_PIT}", p=p)


# Noise, graph, sampler


def _noise_rows(posterior: Posterior, study: Study, settings: FitSettings, number: int) -> Iterator[_Row]:
    """What is a region's own against standard errors, where both are known apart."""
    seen = study.thinning_observed[number]
    variance = study.standard_error[number, seen] ** 2
    sigma = posterior.draws("unexplained_scale", number)
    if not variance.any() or np.ptp(sigma) == 0 or not settings.family.counts_sampling_error:
        return
    exceeds = float((sigma**2 > variance.mean()).mean())
    passes = exceeds <= _MOST_UNEXPLAINED
    yield _Row("sampling_error", study.maps[number], exceeds, passes, f"probability at most {_MOST_UNEXPLAINED}")


def _graph_rows(study: Study, rng: np.random.Generator) -> Iterator[_Row]:
    """Whether expression is smoother along the graph than along the graph with its labels shuffled.

    Where it was measured: what regions see of other parcels is smooth whatever was measured there.
    """
    measured = study.measured
    kernel = measured_kernel(study)[np.ix_(measured, measured)]
    weights = study.measured_in.weights[np.ix_(measured, measured)]
    if not weights.any() or len(weights) < _LEAST_REGIONS:
        return
    scale = len(kernel) / (weights.sum() * np.trace(kernel))
    orders = (rng.permutation(len(kernel)) for _ in range(_SHUFFLES))
    shuffled = scale * np.array([(weights * kernel[np.ix_(order, order)]).sum() for order in orders])
    observed = float(scale * (weights * kernel).sum())
    p = float((1 + (shuffled >= observed).sum()) / (1 + _SHUFFLES))
    yield _Row("graph", "all", observed, p <= _MOST_P_GRAPH, f"p at most {_MOST_P_GRAPH}", shuffled, p)


def _sampler_rows(posterior: Posterior, settings: FitSettings, name: str, number: int) -> Iterator[_Row]:
    """Pareto k, R-hat and effective sample size of one map."""
    shapes = posterior.stats("importance_k", number)  # (chain,)
    if shapes is not None:
        yield from _shape_rows("importance_k", name, shapes, settings.training.ratios(settings.draws))
    draws = posterior.chains("thinning", number)
    chains, count, regions = draws.shape
    if count < 4:  # fewer than ArviZ splits
        return
    if chains > 1:
        worst, most = arviz_statistic("rhat", draws).max(), _most_rhat(chains, count, regions)
        yield _Row("rhat", name, worst, worst <= most, f"at most {most:.3f}")
    least = arviz_statistic("ess", draws).min()
    yield _Row("ess", name, least, least >= _LEAST_ESS * chains, f"at least {_LEAST_ESS * chains}")


def _shape_rows(check: str, name: str, shapes: np.ndarray, ratios: int) -> Iterator[_Row]:
    """Pareto k of each chain's importance ratios; NaN stands for too few ratios.

    k is estimated from the m largest ratios with a standard error of (1 + k) / m^(1/2): 0.7 is exceeded where it is
    by more than that.
    """
    known = shapes[~np.isnan(shapes)]
    if not known.size:
        return
    k = float(known.max())
    tail = np.ceil(min(0.2 * ratios, 3 * np.sqrt(ratios)))
    most = _MOST_K + (1 + _MOST_K) / np.sqrt(tail)
    yield _Row(check, name, k, k <= most, f"at most {most:.2f} ({_MOST_K} and its standard error)")


def _most_rhat(chains: int, draws: int, regions: int) -> float:
    """1.01, or where draws are few what the largest R-hat of independent draws exceeds once in 200 fits."""
    half, parts = draws // 2, 2 * chains
    ratio = stats.f.isf(_LEAST_P / (2 * regions), parts - 1, parts * (half - 1))  # of bulk and folded draws
    return max(_MOST_RHAT, float(np.sqrt((half - 1 + ratio) / half)))
