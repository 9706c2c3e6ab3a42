"""Held-out truth: every region predicted from the folds it is not in, by any set of models on the same folds."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd

from ..errors import InputError, SettingsError
from ..graphs.folds import make_folds
from ..models.settings import FitSettings, check_seed, fit_settings
from ..studies.study import Study
from ..studies.summary import noise_ceiling
from .baselines import BASELINES, predict_baseline
from .runs import Job, fingerprint, run_jobs
from .scores import correlation, coverage, r_squared

__all__ = ["Validation", "predict_ways", "validate"]

Progress = Callable[[str, int, int, float], None]
Arrays = dict[str, np.ndarray]
Models = Sequence[str] | Mapping[str, Mapping[str, Any]]

_MODELS = ("cross-scale", "expression", "spatial")


@dataclass(frozen=True)
class Validation:
    """Scores of models on regions that they had not seen.

    Attributes
    ----------
    scores
        One row a model, map and repeat: ``model``, ``map``, ``folds``, ``repeat``, ``elpd`` (mean over regions of the
        log predictive density of the observed value, in map units) and its standard error ``elpd_se`` over regions,
        ``r2``, ``r``, ``coverage90``, ``crps`` (mean continuous ranked probability score, map units, smaller is
        better) and the map's ``noise_ceiling``.
    pointwise
        One row a model, map, repeat and observed region: ``fold``, ``observed``, predictive ``mean``, ``sd``,
        ``lower90``, ``upper90`` (all noise included), ``log_density`` and ``crps``.
    differences
        One row a map and model: ``elpd_difference`` from the map's best model (``best``), mean over regions and
        repeats, and its standard error ``se`` with homologue pairs as the units, since what one hemisphere is
        predicted well by the other usually is too. A difference within two standard errors is no difference.
    weights
        One row a map and model: the ``weight`` that the model gets when all are stacked (Yao et al. 2018). It says what
        each adds to the others; `fit` of the model "stacked" learns weights like these and mixes the fits.
    """

    scores: pd.DataFrame
    pointwise: pd.DataFrame
    differences: pd.DataFrame
    weights: pd.DataFrame

    def summary(self) -> pd.DataFrame:
        """Average the scores over repeats, a row a model and map."""
        return self.scores.drop(columns="repeat").groupby(["map", "model", "folds"], sort=False).mean().reset_index()


def validate(
    study: Study,
    models: Models = _MODELS,
    *,
    folds: str | Sequence[np.ndarray] = "pairs",
    repeats: int = 1,
    seed: int = 0,
    draws: int = 1000,
    device: str = "auto",
    workers: int = 1,
    resume: str | os.PathLike[str] | None = None,
    progress: bool | Progress = False,
) -> Validation:
    """Score models on regions they have not seen; every model has the same folds.

    All folds of all repeats of a model train as one batch, or, on several workers or where a run can be resumed, those
    of a repeat. Of a held-out value nothing reaches its own prediction.

    Parameters
    ----------
    study
        What to predict; of a study with several maps a fold hides a region in all of them.
    models
        Names of models ("cross-scale", "expression", "spatial", "stacked", "paper") and of baselines ("ridge", "pls";
        see `baselines.predict_baseline`), or a mapping from a name of your own to settings, for example
        ``{"smooth": {"model": "paper", "lam": 1.0}}``. A setting ``normalise`` replaces the study's.
    folds
        "pairs" (the default), "blocks", "random" or "loo" as `make_folds` deals them; or one array (region,) of fold
        numbers for each repeat.
    repeats
        Ways of folding, each with a seed of its own.
    seed
        Seed of the fits and of the first way of folding.
    draws
        Posterior draws of every fit.
    workers, resume
        Processes that models and repeats are spread over, and a folder that keeps what is finished; see `run_jobs`.
    device, progress
        As `fit` takes them.

    Raises
    ------
    SettingsError
        For an unknown model, setting or scheme of folds, or a number out of range.
    InputError
        When folds of the user's do not number every region, or a fold leaves too little to learn from.
    """
    ways, label = _ways(study, folds, repeats, seed)
    named = {name: {"model": name} for name in models} if not isinstance(models, Mapping) else models
    if not named:
        raise SettingsError("no model to validate; name at least one.")
    chosen = {name: _settings(given, seed=seed, draws=draws, device=device) for name, given in named.items()}
    together = len(ways) if workers == 1 and resume is None else 1  # repeats of a model that make one batch
    parts = [(name, ways[start : start + together]) for name in named for start in range(0, len(ways), together)]
    jobs = [_job(study, named[name], chosen[name], own) for name, own in parts]
    from ..inference.progress import training_progress

    with training_progress(progress) as report:
        done = run_jobs(predict_ways, jobs, workers=workers, resume=resume, label="validating", progress=report)
    scores, pointwise = [], []
    predicted: dict[str, list[Arrays]] = {name: [] for name in named}
    for (name, own), arrays in zip(parts, done, strict=True):
        predicted[name] += [{key: arrays[f"{key}.{way}"] for key in _POINT_COLUMNS[6:]} for way in range(len(own))]
    for name, found in predicted.items():
        for repeat, (way, one) in enumerate(zip(ways, found, strict=True)):
            table = _pointwise(study, way, one)
            pointwise.append(table.assign(model=name, repeat=repeat))
            scores.append(_scores(study, table).assign(model=name, folds=label, repeat=repeat))
    rows = pd.concat(pointwise, ignore_index=True)[list(_POINT_COLUMNS)]
    return Validation(
        scores=pd.concat(scores, ignore_index=True)[list(_SCORE_COLUMNS)],
        pointwise=rows,
        differences=_differences(study, rows),
        weights=_weights(rows),
    )


def predict_ways(
    study: Study, settings: FitSettings | str, ways: Sequence[np.ndarray], *, progress: Progress | None = None
) -> Arrays:
    """Predict every region by a model, or by the baseline of the given name; arrays "mean.0" and so on, way by way."""
    found: list[dict[str, np.ndarray]]
    if isinstance(settings, str):
        found = predict_baseline(study, settings, list(ways))
    else:
        from ..inference.held_out import predict_held_out  # late: torch and Pyro take two seconds to import

        found = [vars(one) for one in predict_held_out(study, settings, ways, progress=progress)]
    return {f"{name}.{way}": values for way, one in enumerate(found) for name, values in one.items()}


_SCORE_COLUMNS = (
    "model", "map", "folds", "repeat", "elpd", "elpd_se", "r2", "r", "coverage90", "crps", "noise_ceiling"
)  # fmt: skip
_POINT_COLUMNS = (
    "model", "map", "repeat", "region", "fold", "observed", "mean", "sd", "lower90", "upper90", "log_density", "crps"
)  # fmt: skip

# Regions that every fold must leave to learn from.
_LEAST_SEEN = 5


def _ways(study: Study, folds: str | Sequence[np.ndarray], repeats: int, seed: int) -> tuple[list[np.ndarray], str]:
    """Ways of folding, and what to call them."""
    label = folds if isinstance(folds, str) else "table"
    if isinstance(folds, str):
        check_seed(seed)
        if not isinstance(repeats, Integral) or repeats < 1:
            raise SettingsError(f"repeats is {repeats!r}; give a whole number of at least 1.")
        ways = [make_folds(study.graph, folds, seed=seed + repeat) for repeat in range(repeats)]
    else:
        ways = [np.asarray(way) for way in folds]
    for way in ways:
        if way.shape != (study.n_regions,):
            raise InputError(
                f"a way of folding has shape {way.shape}; give a fold number for each of the {study.n_regions} regions."
            )
        unnumbered = np.flatnonzero(study.thinning_observed.any(0) & (way < 0))
        if len(unnumbered):
            raise InputError(
                f"{label} gives no fold to {study.regions[unnumbered[0]]}, which has a value in a map; number it."
            )
        for number in np.unique(way[way >= 0]):
            seen = study.thinning_observed[:, way != number].sum(1)
            if seen.min() < _LEAST_SEEN:
                short = study.maps[int(seen.argmin())]
                raise InputError(
                    f"fold {number} of {label} leaves {seen.min()} regions of map {short} to learn from; use other "
                    "folds or a map with more regions."
                )
    return ways, label


def _job(study: Study, given: Mapping[str, Any], settings: FitSettings | str, ways: Sequence[np.ndarray]) -> Job:
    normalise: Any = given.get("normalise", study.normalise)
    shown = replace(study, normalise=normalise)
    text = settings if isinstance(settings, str) else settings.to_json()
    return Job(fingerprint("validate", shown, text, *ways), (shown, settings, list(ways)))


def _settings(given: Mapping[str, Any], **common: Any) -> FitSettings | str:
    """Settings of a model, or the name of a baseline."""
    if given.get("model") in BASELINES:
        more = sorted(set(given) - {"model", "normalise"})
        if more:
            raise SettingsError(f"the baseline {given['model']} has no setting {more[0]!r}; it has normalise.")
        return str(given["model"])
    options = {name: value for name, value in given.items() if name != "normalise"}
    settings = fit_settings(**(common | options))
    if settings.method != "svi":
        raise SettingsError("folds are trained by svi, all as one batch; leave out method.")
    return settings


def _pointwise(study: Study, way: np.ndarray, found: Arrays) -> pd.DataFrame:
    """Rows of the observed regions of every map."""
    maps = []
    for m, name in enumerate(study.maps):
        columns = {column: found[column][m] for column in _POINT_COLUMNS[6:]}
        table = pd.DataFrame(
            {"map": name, "region": study.regions, "fold": way, "observed": study.thinning[m]} | columns
        )
        maps.append(table[study.thinning_observed[m]])
    return pd.concat(maps, ignore_index=True)


def _scores(study: Study, table: pd.DataFrame) -> pd.DataFrame:
    """One row a map."""
    rows = []
    for m, name in enumerate(study.maps):
        own = table[table["map"] == name]
        observed, density = own["observed"].to_numpy(), own["log_density"].to_numpy()
        rows.append(
            {
                "map": name,
                "elpd": density.mean(),
                "elpd_se": density.std(ddof=1) / np.sqrt(len(density)),
                "r2": r_squared(observed, own["mean"].to_numpy()),
                "r": correlation(observed, own["mean"].to_numpy()),
                "coverage90": coverage(observed, own["lower90"].to_numpy(), own["upper90"].to_numpy()),
                "crps": own["crps"].mean(),
                "noise_ceiling": noise_ceiling(study.thinning[m], study.standard_error[m]),
            }
        )
    return pd.DataFrame(rows)


def _by_region(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    """Log density of a map's regions averaged over repeats, a column a model."""
    own = rows[rows["map"] == name]
    models = list(dict.fromkeys(own["model"]))
    return own.pivot_table("log_density", "region", "model", sort=False)[models]


def _differences(study: Study, rows: pd.DataFrame) -> pd.DataFrame:
    """One row a map and model."""
    pair = pd.Series(study.graph.pairs, index=study.regions)
    found = []
    for name in study.maps:
        density = _by_region(rows, name)
        best = str(density.mean().idxmax())
        lost = density.sub(density[best], axis=0)
        sums = lost.sub(lost.mean()).groupby(pair.loc[lost.index].to_numpy()).sum()
        error = np.sqrt((sums**2).sum() * len(sums) / max(len(sums) - 1, 1)) / len(lost)
        found.append(
            pd.DataFrame(
                {"map": name, "model": lost.columns, "best": best, "elpd_difference": lost.mean().to_numpy()}
            ).assign(se=error.to_numpy())
        )
    return pd.concat(found, ignore_index=True)


def _weights(rows: pd.DataFrame) -> pd.DataFrame:
    """One row a map and model."""
    import torch

    from ..inference.stacking import stacking_weights

    found = []
    for name in dict.fromkeys(rows["map"]):
        density = torch.as_tensor(_by_region(rows, name).to_numpy().T.copy())
        weight = stacking_weights(density, torch.ones(density.shape[1], dtype=torch.bool))
        found.append(
            pd.DataFrame({"map": name, "model": list(_by_region(rows, name).columns), "weight": weight.numpy()})
        )
    return pd.concat(found, ignore_index=True)
