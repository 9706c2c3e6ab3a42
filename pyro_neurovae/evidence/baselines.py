"""Predictors that researchers would otherwise use, or that need no gene, on the same folds as the models."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import SettingsError
from ..studies.study import Study
from .regressions import pls, ridge
from .surroundings import neighbours, twin
from .task import Task

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["BASELINES", "predict_baseline", "register_baseline"]

Baseline = Callable[[Task], tuple[np.ndarray, np.ndarray]]

BASELINES: dict[str, Baseline] = {"ridge": ridge, "pls": pls, "twin": twin, "neighbours": neighbours}

# Least standard deviation of an error, in that of the map: a map that mirrors itself is copied without error.
_LEAST_ERROR = 1e-3


def register_baseline(name: str, baseline: Baseline) -> None:
    """Let a predictor stand beside the models in `validate` by its name.

    Parameters
    ----------
    name
        What users call it.
    baseline
        Function from a `Task` (expression, thinning where it is seen, the regions asked for, the graph) to the
        predictions of the regions asked for (asked region,) and the standard deviation of their errors, one for all or
        one each. `Task.errors` gives the errors of a predictor on inner folds that hide homologues together, which is
        what such a standard deviation should come from.

    Raises
    ------
    SettingsError
        For a name that is taken.
    """
    if name in BASELINES:
        raise SettingsError(f"a baseline is called {name} already; choose another name.")
    BASELINES[name] = baseline


def predict_baseline(study: Study, name: str, folds: list[np.ndarray]) -> list[dict[str, np.ndarray]]:
    """Predict every region from the folds it is not in.

    Expression is normalised as the study says and centred; a region without expression takes its homologue's, or the
    mean where that has none either. The predictive distribution is Gaussian; its variance is the mean squared error
    that the method makes, within the regions it sees, on those it has not learnt from and whose homologues it has not
    learnt from either. Whatever a method has to choose is chosen by the same errors.

    Parameters
    ----------
    study
        Expression and thinning.
    name
        "ridge": the best of 25 penalties from 10^-3 to 10^3 in units of the kernel X X' / g; "pls": partial least
        squares with two components, the usual choice in imaging transcriptomics; "twin": the homologue's value, or
        where that is hidden the neighbours'; "neighbours": the weighted mean of the neighbours of the same hemisphere,
        pulled towards the map's mean. The last two need no gene.
    folds
        Ways of folding, each (region,).

    Returns
    -------
    list of dict
        For each way ``mean``, ``sd``, ``lower90``, ``upper90``, ``log_density`` and ``crps``; each (map, region), NaN
        where nothing is observed.
    """
    genes = _complete_expression(study)
    return [_predict_way(study, genes, fold, BASELINES[name]) for fold in folds]


def _complete_expression(study: Study) -> NDArray[Any]:
    """Normalised expression without gaps, over the root of the number of genes; (region, gene)."""
    centred, measured = study.centred_expression(), study.expression_observed
    filled = np.where(measured[:, None], centred, centred[study.graph.homologue])
    return filled / np.sqrt(filled.shape[1])


def _predict_way(study: Study, genes: NDArray[Any], fold: np.ndarray, baseline: Baseline) -> dict[str, np.ndarray]:
    from scipy.stats import norm

    mean, sd = np.full(study.thinning.shape, np.nan), np.full(study.thinning.shape, np.nan)
    for m, observed in enumerate(study.thinning_observed):
        for number in np.unique(fold[observed]):
            seen, asked = observed & (fold != number), observed & (fold == number)
            known = np.where(seen, study.thinning[m], np.nan)
            predicted, error = baseline(Task(genes, known, asked, study.graph))
            mean[m, asked] = predicted
            sd[m, asked] = np.maximum(error, _LEAST_ERROR * study.thinning[m, seen].std())
    z = (study.thinning - mean) / sd
    return {
        "mean": mean,
        "sd": sd,
        "lower90": mean + norm.ppf(0.05) * sd,
        "upper90": mean + norm.ppf(0.95) * sd,
        "log_density": norm.logpdf(z) - np.log(sd),
        # Gneiting & Raftery (2007), equation 21 for a Gaussian.
        "crps": sd * (z * (2 * norm.cdf(z) - 1) + 2 * norm.pdf(z) - 1 / np.sqrt(np.pi)),
    }
