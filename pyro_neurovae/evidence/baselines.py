"""Predictors that researchers would otherwise use, on the same folds: ridge and partial least squares."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import SettingsError
from ..studies.study import Study

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["BASELINES", "predict_baseline", "register_baseline"]

_PENALTIES = np.logspace(-3, 3, 25)
_COMPONENTS = 2
_INNER_FOLDS = 5

Baseline = Callable[[np.ndarray, np.ndarray, np.ndarray], tuple[np.ndarray, float]]

BASELINES: dict[str, Baseline] = {}


def register_baseline(name: str, baseline: Baseline) -> None:
    """Let a predictor stand beside the models in `validate` by its name.

    Parameters
    ----------
    name
        What users call it.
    baseline
        Function from normalised expression (region, gene) and thinning (region,) of the regions seen, and expression
        of the regions asked for, to the predictions of these (region,) and the standard deviation of their errors.

    Raises
    ------
    SettingsError
        For a name that is taken.
    """
    if name in BASELINES:
        raise SettingsError(f"a baseline is called {name} already; choose another name.")
    BASELINES[name] = baseline


def predict_baseline(study: Study, name: str, folds: list[np.ndarray]) -> list[dict[str, np.ndarray]]:
    """Predict every region from the folds it is not in, by a method of scikit-learn.

    Expression is normalised as the study says and centred; a region without expression takes its homologue's, or the
    mean where that has none either. The predictive distribution is Gaussian; its variance is the mean squared error
    that the method makes, within the regions it sees, on those it has not learnt from (leave-one-out for ridge,
    five folds for PLS).

    Parameters
    ----------
    study
        Expression and thinning.
    name
        "ridge": the penalty that leave-one-out prefers, of 25 from 10^-3 to 10^3 in units of the kernel X X' / g;
        "pls": partial least squares with two components, the usual choice in imaging transcriptomics.
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
            predicted, error = baseline(genes[seen], study.thinning[m, seen], genes[asked])
            mean[m, asked], sd[m, asked] = predicted, error
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


def _ridge(genes: NDArray[Any], thinning: NDArray[Any], asked: NDArray[Any]) -> tuple[NDArray[Any], float]:
    from sklearn.linear_model import RidgeCV

    fitted = RidgeCV(alphas=_PENALTIES, store_cv_results=True).fit(genes, thinning)
    errors = fitted.cv_results_.reshape(len(thinning), -1).mean(0)
    return fitted.predict(asked), float(np.sqrt(errors.min()))


def _pls(genes: NDArray[Any], thinning: NDArray[Any], asked: NDArray[Any]) -> tuple[NDArray[Any], float]:
    from sklearn.cross_decomposition import PLSRegression
    from sklearn.model_selection import KFold, cross_val_predict

    method = PLSRegression(n_components=_COMPONENTS, scale=False)
    inner = KFold(_INNER_FOLDS, shuffle=True, random_state=0)
    errors = thinning - cross_val_predict(method, genes, thinning, cv=inner).ravel()
    return method.fit(genes, thinning).predict(asked).ravel(), float(np.sqrt((errors**2).mean()))


register_baseline("ridge", _ridge)
register_baseline("pls", _pls)
