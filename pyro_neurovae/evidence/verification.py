"""The checklist of arXiv:2606.05870: what its headline figures are on a study, and what may be concluded from them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from ..cards import Shown
from ..errors import GraphError, InputError, SettingsError
from ..models.options import fit_settings
from ..posterior.fits import fit
from ..studies.study import Study
from ..studies.summary import noise_ceilings
from .checklist import PAPER_FIGURES, SCHEMES, conclude, conclude_copied, paper_checks
from .result import Result
from .runs import Progress
from .scores import correlation, r_squared
from .surroundings import copied_values
from .validation import validate

__all__ = ["PAPER_OPTIONS", "Verification", "verify"]

# The paper's loss holds no standard errors, and its reported residual is near 4% of the map's variance after what
# the held-back regions miss.
PAPER_OPTIONS: dict[str, Any] = {"unexplained_scale": 0.2, "standard_errors": False}

# Draws of each held-out prediction: their means are what R2 and r need.
_DRAWS = 400

_SCORES = {"r2": "R2", "r": "correlation", "elpd": "log density a region", "coverage90": "90% coverage"}


@dataclass(frozen=True, repr=False)
class Verification(Result):
    """The paper's checklist on one study.

    Attributes
    ----------
    checks
        One row a check: ``check``, ``found``, ``expected``, ``status`` ("pass", "fail", or "note" for what is
        reported and not judged).
    in_sample, all_regions
        ``r2`` and ``r`` of the fit's predictable part over the regions that trained it, and over all, those that
        stopped it included.
    held_out
        Scores of each scheme of folds on what a fit has not seen: also ``elpd`` (mean log predictive density a
        region) and ``coverage90``.
    twin
        ``r2`` and ``r`` of copying each region's value from its homologue, with no gene; NaN where no two homologues
        have values.
    neighbours, structural
        Scores of the baseline `neighbours` and of the family ``structural``, which need no gene either, on the folds of
        ``held_out``. (The baseline `twin` is the same as `neighbours` there, since these folds hide homologues
        together.)
    noise_ceiling
        Share of the map's variance that is not sampling error; None where standard errors are unknown.
    conclusion
        What may be concluded, in words.
    notices
        What the study and the fit have to say.
    settings
        All that decided the numbers, the seed among them.
    """

    checks: pd.DataFrame
    in_sample: dict[str, float]
    all_regions: dict[str, float]
    held_out: dict[str, dict[str, float]]
    twin: dict[str, float]
    neighbours: dict[str, dict[str, float]]
    structural: dict[str, dict[str, float]]
    noise_ceiling: float | None
    conclusion: str
    notices: tuple[str, ...]
    settings: dict[str, Any]

    files: ClassVar[Mapping[str, str]] = {"record": "verify.json"}

    @property
    def passed(self) -> bool:
        """Whether no check failed."""
        return not bool((self.checks["status"] == "fail").any())

    def record(self) -> dict[str, Any]:
        """Arrange everything as what JSON can hold."""
        return {
            "passed": self.passed,
            "checks": self.checks.to_dict("records"),
            "in_sample": _finite(self.in_sample),
            "all_regions": _finite(self.all_regions),
            "held_out": {scheme: _finite(scores) for scheme, scores in self.held_out.items()},
            "twin": _finite(self.twin),
            "neighbours": {scheme: _finite(scores) for scheme, scores in self.neighbours.items()},
            "structural": {scheme: _finite(scores) for scheme, scores in self.structural.items()},
            "noise_ceiling": self.noise_ceiling,
            "conclusion": self.conclusion,
            "notices": list(self.notices),
            "settings": self.settings,
        }

    def contents(self) -> dict[str, Any]:
        """The record, which holds everything."""
        return {"record": self.record()}

    @classmethod
    def from_contents(cls, contents: Mapping[str, Any]) -> Self:
        """Rebuild from the record; a score of no number is NaN again."""
        record = {name: value for name, value in contents["record"].items() if name != "passed"}
        held_out = {
            name: {scheme: _numbers(scores) for scheme, scores in record[name].items()}
            for name in ("held_out", "neighbours", "structural")
        }
        sample = {name: _numbers(record[name]) for name in ("in_sample", "all_regions", "twin")}
        lists = {"checks": pd.DataFrame(record["checks"]), "notices": tuple(record["notices"])}
        return cls(**record | sample | lists | held_out)

    def remarks(self) -> tuple[str, ...]:
        """The notices."""
        return self.notices

    def shown(self) -> Iterator[Shown | str]:
        """The checklist, each in-sample figure beside those held out, those without genes, and what to conclude."""
        columns = {name: f"{{{name}}}" for name in ("check", "found", "expected", "status")}
        yield Shown.of("The paper's checklist", self.checks, columns, names=len(columns))
        held_out = {f"held out, {scheme}": scores for scheme, scores in self.held_out.items()}
        ceiling = "unknown" if self.noise_ceiling is None else f"{self.noise_ceiling:.3f}"
        figures = {"in-sample": self.in_sample, "all regions": self.all_regions} | held_out
        yield _figures("What the figures are worth", figures, {"ceiling": {"r2": ceiling}})
        others = {"neighbours": self.neighbours, "structural": self.structural}
        around = {f"{name}, {scheme}": scores for name, own in others.items() for scheme, scores in own.items()}
        rows = {"homologue copied": self.twin} | around | {"the paper's fit": PAPER_FIGURES}
        cells = (
            (name, *(f"{one[score]:.3f}" if score in one else "" for score in _SCORES)) for name, one in rows.items()
        )
        yield Shown("What needs no gene", ("predictor", *_SCORES.values()), tuple(cells))
        yield self.conclusion


def verify(study: Study, *, seed: int = 0, progress: bool | Progress | None = None, **options: Any) -> Verification:
    """Run the paper's checklist, and put beside each in-sample figure what it is worth.

    Fits the family ``paper`` with the paper's settings (`PAPER_OPTIONS`; expression normalised per region), once on
    all regions and once for every fold of homologue pairs and of spatial blocks. Beside it stands what needs no gene:
    the values of the other hemisphere copied, and on the same folds the baseline `neighbours` and the family
    ``structural``, the axes along which healthy people differ.

    Parameters
    ----------
    study
        A study with one map.
    seed
        Seed of fits and folds.
    progress
        As `fit` takes it.
    **options
        Any setting of the family or its training, in place of the paper's.

    Raises
    ------
    InputError
        When the study has several maps.
    SettingsError
        For an unknown option or one out of range.

    Notes
    -----
    "Explained variance" is 1 - sum (y - f)^2 / sum (y - mean y)^2 and "spatial correlation" Pearson's r, both of the
    posterior mean f of the predictable part over the regions that trained the fit. An effect has a part of the region's
    own, which follows the region's own observation: in-sample figures of the whole effect say nothing.
    An R2 above the noise ceiling can only be had by following sampling error.
    """
    if len(study.maps) != 1:
        raise InputError(
            f"verify takes a study with one map, and this one has {len(study.maps)}; use study.select(maps=...)."
        )
    if "model" in options:
        raise SettingsError("verify is of the model paper; leave out model.")
    study, options = replace(study, normalise="region"), PAPER_OPTIONS | options
    settings = fit_settings("paper", seed=seed, **options)
    fitted = fit(study, "paper", seed=seed, progress=progress, **options)
    predicted = fitted.regions()["predictable_mean"].to_numpy()
    stopped = fitted.posterior.guide["held_back"][0, 0]
    in_sample = _scores(np.where(stopped, np.nan, study.thinning[0]), predicted)
    scores, missing = _held_out(study, options, seed, progress)
    twin = _copied(study)
    ceiling = noise_ceilings(study)[study.maps[0]]
    known = ceiling if np.isfinite(ceiling) else None
    return Verification(
        checks=paper_checks(study, in_sample, twin),
        in_sample=in_sample,
        all_regions=_scores(study.thinning[0], predicted),
        held_out=scores["paper"],
        twin=twin,
        neighbours=scores["neighbours"],
        structural=scores["structural"],
        noise_ceiling=known,
        conclusion=conclude(in_sample["r2"], scores["paper"], known) + conclude_copied(twin),
        notices=(*fitted.notices, *missing),
        settings=json.loads(settings.to_json()),
    )


def _copied(study: Study) -> dict[str, float]:
    """Scores of copying each region's value from its homologue, NaN where no two have values."""
    values = copied_values(study.thinning[0], study.graph)
    if not np.isfinite(values + study.thinning[0]).any():
        return {"r2": float("nan"), "r": float("nan")}
    return _scores(study.thinning[0], values)


def _held_out(
    study: Study, options: dict[str, Any], seed: int, progress: bool | Progress | None
) -> tuple[dict[str, dict[str, dict[str, float]]], tuple[str, ...]]:
    """Scores of the model and of what needs no gene by scheme that the graph allows, and why one is missing."""
    others = {name: {"model": name} for name in ("neighbours", "structural")}
    models = {"paper": {"model": "paper"} | options} | others
    scores: dict[str, dict[str, dict[str, float]]] = {name: {} for name in models}
    missing = []
    for scheme in SCHEMES:
        try:
            found = validate(study, models, folds=scheme, seed=seed, draws=_DRAWS, progress=progress)
        except GraphError as error:
            missing.append(str(error))
        else:
            for name, row in zip(models, found.scores.to_dict("records"), strict=True):
                scores[name][scheme] = {score: float(row[score]) for score in _SCORES}
    return scores, tuple(missing)


def _figures(title: str, found: Mapping[str, Mapping[str, float]], known: Mapping[str, Mapping[str, str]]) -> Shown:
    """Scores in rows, a column of figures each found, and one each known in words."""
    rows = []
    for score, label in _SCORES.items():
        cells = (f"{one[score]:.3f}" if score in one else "" for one in found.values())
        rows.append((label, *cells, *(one.get(score, "") for one in known.values())))
    return Shown(title, ("score", *found, *known), tuple(rows))


def _scores(observed: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    return {"r2": r_squared(observed, predicted), "r": correlation(observed, predicted)}


def _finite(scores: dict[str, float]) -> dict[str, float | None]:
    return {name: value if np.isfinite(value) else None for name, value in scores.items()}


def _numbers(scores: Mapping[str, float | None]) -> dict[str, float]:
    return {name: float("nan") if value is None else value for name, value in scores.items()}
