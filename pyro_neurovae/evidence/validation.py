"""Held-out truth: every region predicted from the folds it is not in, by any set of models on the same folds."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from ..cards import Shown
from ..errors import SettingsError, warn
from ..graphs.folds import SINGLE
from ..inference.methods import method_of, methods_that
from ..models.options import FitSettings, fit_settings
from ..posterior.fits import check_device
from ..studies.requests import check_rows
from ..studies.study import Study
from .baselines import BASELINES, predict_baseline
from .result import Result
from .runs import Arrays, Job, Progress, run_jobs
from .score_tables import PREDICTED, WITHOUT_GENES, difference_table, pointwise_table, score_table, weight_table
from .ways import HOMOLOGUE_SEEN, make_ways, shows_homologues

__all__ = ["Validation", "predict_ways", "validate"]

Models = Sequence[str] | Mapping[str, Mapping[str, Any]]

_DEFAULT = "cross-scale"
_MODELS = (_DEFAULT, "expression", "spatial")


@dataclass(frozen=True, repr=False)
class Validation(Result):
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
        predicted well by the other usually is too. A difference within two standard errors is no difference. Where the
        model ``structural`` is scored, ``beyond_structural`` and ``beyond_structural_se`` are the same against it: what
        a model says beyond what needs no gene.
    weights
        One row a map and model: the ``weight`` that the model gets when all are stacked (Yao et al. 2018). It says what
        each adds to the others; `fit` of the model "stacked" learns weights like these and mixes the fits.
    notices
        What to know before trusting the scores: whether the homologues of hidden regions were seen.
    """

    scores: pd.DataFrame
    pointwise: pd.DataFrame
    differences: pd.DataFrame
    weights: pd.DataFrame
    notices: tuple[str, ...] = ()

    files: ClassVar[Mapping[str, str]] = {
        name: f"{name}.csv" for name in ("scores", "pointwise", "differences", "weights")
    }

    @classmethod
    def from_contents(cls, contents: Mapping[str, Any]) -> Self:
        """Rebuild from the tables, which tell by the name of the folds whether homologues were seen."""
        single = set(contents["scores"]["folds"]) & set(SINGLE)
        return cls(**contents, notices=(HOMOLOGUE_SEEN,) if single else ())

    def remarks(self) -> tuple[str, ...]:
        """The notices."""
        return self.notices

    def summary(self) -> pd.DataFrame:
        """Average the scores over repeats, a row a model and map."""
        return self.scores.drop(columns="repeat").groupby(["map", "model", "folds"], sort=False).mean().reset_index()

    def conclusion(self, name: str | None = None) -> str:
        """Say which models predict a map, the first if none is named, as well as the best, by two standard errors."""
        name = self.scores["map"].iloc[0] if name is None else name
        scores = self.summary().merge(self.differences, on=["map", "model"])
        rows = scores[scores["map"] == name]
        best = str(rows["best"].iloc[0])
        near = rows.loc[(rows["model"] != best) & (rows["elpd_difference"] > -2 * rows["se"]), "model"].tolist()
        told = f"by less than two standard errors ahead of {', '.join(near)}" if near else "two standard errors ahead"
        if len(rows) == 1:
            told = "the only model"
        predicts = bool((rows.loc[rows["model"] == best, "r2"] > 0).all())
        worth = "" if predicts else " It predicts no better than the mean of the map."
        return f"{best} predicts best ({told}).{worth}{_expression_adds(rows)}"

    def shown(self) -> Iterator[Shown | str]:
        """Each map's scores, a row a model, and what may be concluded."""
        scores = self.summary().merge(self.differences, on=["map", "model"]).merge(self.weights, on=["map", "model"])
        for name in dict.fromkeys(scores["map"]):
            rows = scores[scores["map"] == name].sort_values("elpd", ascending=False)
            ceiling = rows["noise_ceiling"].iloc[0]
            known = "unknown noise ceiling" if pd.isna(ceiling) else f"noise ceiling of R2 {ceiling:.2f}"
            lost = [
                "" if row["model"] == row["best"] else f"{-row['elpd_difference']:.3f} ± {row['se']:.3f}"
                for row in rows.to_dict("records")
            ]
            title = f"{name}, held out by {rows['folds'].iloc[0]}; {known}"
            yield Shown.of(title, rows.assign(lost=lost), _SHOWN)
            yield self.conclusion(name)


def _expression_adds(rows: pd.DataFrame) -> str:
    """Say, after a space, what the default model adds to the one without genes; nothing where one is missing."""
    own = rows[rows["model"] == _DEFAULT]
    if own.empty or f"beyond_{WITHOUT_GENES}" not in rows:
        return ""
    gained, error = (float(own[f"beyond_{WITHOUT_GENES}{end}"].iloc[0]) for end in ("", "_se"))
    sure = "more than" if gained > 2 * error else "a loss of more than" if gained < -2 * error else "within"
    return (
        f" Expression adds {gained:+.3f} ± {error:.3f} to the log density a region ({_DEFAULT} less {WITHOUT_GENES}, "
        f"which needs no gene): {sure} two standard errors."
    )


_SHOWN = {
    "model": "{model}",
    "log density": "{elpd:.3f}",
    "less than best": "{lost}",
    "R2": "{r2:.3f}",
    "r": "{r:.3f}",
    "90% coverage": "{coverage90:.3f}",
    "CRPS": "{crps:.3f}",
    "stacking": "{weight:.2f}",
}


def validate(
    study: Study,
    models: Models = _MODELS,
    *,
    folds: str | Path | Sequence[np.ndarray] = "pairs",
    repeats: int = 1,
    seed: int = 0,
    draws: int = 1000,
    device: str = "auto",
    workers: int = 1,
    resume: str | os.PathLike[str] | None = None,
    progress: bool | Progress | None = None,
) -> Validation:
    """Score models on regions they have not seen; every model has the same folds.

    All folds of all repeats of a model train as one batch, or, on several workers or where a run can be resumed, those
    of a repeat. Of a held-out value nothing reaches its own prediction.

    Parameters
    ----------
    study
        What to predict; of a study with several maps a fold hides a region in all of them.
    models
        Names of models ("cross-scale", "expression", "structural", "spatial", "stacked", "paper") and of baselines
        ("ridge", "pls", and without genes "twin" and "neighbours"; see `baselines.predict_baseline`), or a mapping from
        a name of your own to settings, for example ``{"smooth": {"model": "paper", "lam": 1.0}}``. A setting
        ``normalise`` replaces the study's.
    folds
        "pairs" (the default), "blocks", "random" or "loo" as `make_folds` deals them; one array (region,) of fold
        numbers for each repeat; or the `Path` of a table region, fold. A warning says when a region is hidden while its
        homologue is seen.
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
    check_device(device)
    check_rows(
        float(repeats) * len(models) * len(study.maps) * study.n_regions if isinstance(repeats, int) else 0,
        f"{repeats} repeats of {len(models)} models",
    )
    ways, label = make_ways(study, folds, repeats, seed)
    named = {name: {"model": name} for name in models} if not isinstance(models, Mapping) else models
    if not named:
        raise SettingsError("no model to validate; name at least one.")
    notices = (HOMOLOGUE_SEEN,) if shows_homologues(study, ways) else ()
    for notice in notices:
        warn(notice)
    chosen = {name: _settings(given, seed=seed, draws=draws, device=device) for name, given in named.items()}
    together = len(ways) if workers == 1 and resume is None else 1  # repeats of a model that make one batch
    parts = [(name, ways[start : start + together]) for name in named for start in range(0, len(ways), together)]
    jobs = [Job((_as_seen(study, named[name]), chosen[name], own)) for name, own in parts]
    done = run_jobs(predict_ways, jobs, workers=workers, resume=resume, label="validating", progress=progress)
    predicted: dict[str, list[Arrays]] = {name: [] for name in named}
    for (name, own), arrays in zip(parts, done, strict=True):
        predicted[name] += [{key: arrays[f"{key}.{way}"] for key in PREDICTED} for way in range(len(own))]
    return replace(_tabulate(study, ways, predicted, label), notices=notices)


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


def _as_seen(study: Study, given: Mapping[str, Any]) -> Study:
    """Study as a model sees it: a setting ``normalise`` replaces the study's."""
    normalise: Any = given.get("normalise", study.normalise)
    return replace(study, normalise=normalise)


def _settings(given: Mapping[str, Any], **common: Any) -> FitSettings | str:
    """Settings of a model, or the name of a baseline."""
    if given.get("model") in BASELINES:
        more = sorted(set(given) - {"model", "normalise"})
        if more:
            raise SettingsError(f"the baseline {given['model']} has no setting {more[0]!r}; it has normalise.")
        return str(given["model"])
    options = {name: value for name, value in given.items() if name != "normalise"}
    settings = fit_settings(**(common | options))
    if not method_of(settings.training).batches:
        raise SettingsError(f"folds are trained by {methods_that(batches=True)}, all as one batch; leave out method.")
    return settings


def _tabulate(study: Study, ways: list[np.ndarray], predicted: Mapping[str, list[Arrays]], label: str) -> Validation:
    """Tables of what every model predicts under every way of folding."""
    tables = [
        pointwise_table(study, way, one, model=name, repeat=repeat)
        for name, found in predicted.items()
        for repeat, (way, one) in enumerate(zip(ways, found, strict=True))
    ]
    rows = pd.concat(tables, ignore_index=True)
    return Validation(
        scores=score_table(study, rows, folds=label),
        pointwise=rows,
        differences=difference_table(study, rows),
        weights=weight_table(rows),
    )
