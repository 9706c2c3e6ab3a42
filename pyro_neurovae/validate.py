"""Held-out truth: every region predicted from the folds it is not in, by any set of models on the same folds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd

from .errors import InputError, SettingsError
from .folds import make_folds
from .scores import correlation, coverage, r_squared
from .settings import FitSettings, check_seed, fit_settings
from .study import Study
from .study_summary import noise_ceiling

__all__ = ["Validation", "validate"]

Progress = Callable[[str, int, int, float], None]
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
    """

    scores: pd.DataFrame
    pointwise: pd.DataFrame

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
    progress: bool | Progress = False,
) -> Validation:
    """Score models on regions they have not seen; every model has the same folds.

    All folds of all repeats of a model train as one batch. Of a held-out value nothing reaches its own prediction.

    Parameters
    ----------
    study
        What to predict; of a study with several maps a fold hides a region in all of them.
    models
        Names of models, or a mapping from a name of your own to settings, for example
        ``{"smooth": {"model": "paper", "lam": 1.0}}``. A setting ``normalise`` replaces the study's.
    folds
        "pairs" (the default), "blocks" or "random" as `make_folds` deals them; or one array (region,) of fold numbers
        for each repeat.
    repeats
        Ways of folding, each with a seed of its own.
    seed
        Seed of the fits and of the first way of folding.
    draws
        Posterior draws of every fit.
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
    settings = {name: _settings(given, seed=seed, draws=draws, device=device) for name, given in named.items()}
    from .inference.held_out import predict_held_out  # late: torch and Pyro take two seconds to import
    from .progress import training_progress

    scores, pointwise = [], []
    for name, given in named.items():
        normalise: Any = given.get("normalise", study.normalise)
        shown = replace(study, normalise=normalise)
        with training_progress(progress) as report:
            found = predict_held_out(shown, settings[name], ways, progress=report)
        for repeat, (way, one) in enumerate(zip(ways, found, strict=True)):
            table = _pointwise(study, way, one)
            pointwise.append(table.assign(model=name, repeat=repeat))
            scores.append(_scores(study, table).assign(model=name, folds=label, repeat=repeat))
    return Validation(
        pd.concat(scores, ignore_index=True)[list(_SCORE_COLUMNS)],
        pd.concat(pointwise, ignore_index=True)[list(_POINT_COLUMNS)],
    )


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
        for number in np.unique(way):
            seen = study.thinning_observed[:, way != number].sum(1)
            if seen.min() < _LEAST_SEEN:
                short = study.maps[int(seen.argmin())]
                raise InputError(
                    f"fold {number} of {label} leaves {seen.min()} regions of map {short} to learn from; use other "
                    "folds or a map with more regions."
                )
    return ways, label


def _settings(given: Mapping[str, Any], **common: Any) -> FitSettings:
    options = {name: value for name, value in given.items() if name != "normalise"}
    settings = fit_settings(**(common | options))
    if settings.method != "svi":
        raise SettingsError("folds are trained by svi, all as one batch; leave out method.")
    return settings


def _pointwise(study: Study, way: np.ndarray, found: Any) -> pd.DataFrame:
    """Rows of the observed regions of every map."""
    maps = []
    for m, name in enumerate(study.maps):
        columns = {column: getattr(found, column)[m] for column in _POINT_COLUMNS[6:]}
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
