"""The checklist of arXiv:2606.05870: what its headline figures are on a study, and what may be concluded from them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from ..errors import GraphError, InputError, SettingsError
from ..models.options import fit_settings
from ..posterior.fits import fit
from ..studies.study import Study
from ..studies.summary import noise_ceiling
from .checklist import paper_checks
from .result import Result, Shown
from .runs import Progress
from .scores import correlation, r_squared
from .validation import validate

__all__ = ["PAPER_OPTIONS", "Verification", "verify"]

# The paper's loss holds no standard errors, and its reported residual is near 4% of the map's variance after what
# the held-back regions miss.
PAPER_OPTIONS: dict[str, Any] = {"unexplained_scale": 0.2, "standard_errors": False}

_SCHEMES = {"pairs": "homologue pairs", "blocks": "spatial blocks"}
_SCORES = {"r2": "R2", "r": "correlation", "elpd": "log density a region", "coverage90": "90% coverage"}


@dataclass(frozen=True)
class Verification(Result):
    """The paper's checklist on one study.

    Attributes
    ----------
    checks
        One row a check: ``check``, ``found``, ``expected``, ``status`` ("pass", "fail", or "note" for what is
        reported and not judged).
    in_sample, all_regions
        ``r2`` and ``r`` of the fit over the regions that trained it, and over all, those that stopped it included.
    held_out
        Scores of each scheme of folds on what a fit has not seen: also ``elpd`` (mean log predictive density a
        region) and ``coverage90``.
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
        held_out = {scheme: _numbers(scores) for scheme, scores in record["held_out"].items()}
        sample = {name: _numbers(record[name]) for name in ("in_sample", "all_regions")}
        lists = {"checks": pd.DataFrame(record["checks"]), "notices": tuple(record["notices"])}
        return cls(**record | sample | lists | {"held_out": held_out})

    def remarks(self) -> tuple[str, ...]:
        """The notices."""
        return self.notices

    def shown(self) -> Iterator[Shown | str]:
        """The checklist, each in-sample figure beside those held out, and what may be concluded."""
        columns = {name: f"{{{name}}}" for name in ("check", "found", "expected", "status")}
        yield Shown.of("The paper's checklist", self.checks, columns, names=len(columns))
        held_out = {f"held out, {scheme}": scores for scheme, scores in self.held_out.items()}
        figures = {"in-sample": self.in_sample, "all regions": self.all_regions} | held_out
        ceiling = "unknown" if self.noise_ceiling is None else f"{self.noise_ceiling:.3f}"
        rows = []
        for score, label in _SCORES.items():
            cells = (f"{one[score]:.3f}" if score in one else "" for one in figures.values())
            rows.append((label, *cells, ceiling if score == "r2" else ""))
        yield Shown("What the figures are worth", ("score", *figures, "ceiling"), tuple(rows))
        yield self.conclusion


def verify(study: Study, *, seed: int = 0, progress: bool | Progress = False, **options: Any) -> Verification:
    """Run the paper's checklist, and put beside each in-sample figure what it is worth.

    Fits the family ``paper`` with the paper's settings (`PAPER_OPTIONS`; expression normalised per region), once on
    all regions and once for every fold of homologue pairs and of spatial blocks.

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
    posterior mean f of the noise-free thinning over the regions that trained the fit.
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
    predicted = fitted.regions()["mean"].to_numpy()
    stopped = fitted.posterior.guide["held_back"][0, 0]
    in_sample = _scores(np.where(stopped, np.nan, study.thinning[0]), predicted)
    held_out, missing = _held_out(study, options, seed, progress)
    ceiling = noise_ceiling(study.thinning[0], study.standard_error[0])
    known = ceiling if np.isfinite(ceiling) else None
    return Verification(
        checks=paper_checks(study, in_sample),
        in_sample=in_sample,
        all_regions=_scores(study.thinning[0], predicted),
        held_out=held_out,
        noise_ceiling=known,
        conclusion=_conclude(in_sample["r2"], held_out, known),
        notices=(*fitted.notices, *missing),
        settings=json.loads(settings.to_json()),
    )


def _held_out(
    study: Study, options: dict[str, Any], seed: int, progress: bool | Progress
) -> tuple[dict[str, dict[str, float]], tuple[str, ...]]:
    """Scores of every scheme that the graph allows, and why one is missing."""
    scores: dict[str, dict[str, float]] = {}
    missing = []
    for scheme in _SCHEMES:
        try:
            found = validate(study, {"paper": {"model": "paper"} | options}, folds=scheme, seed=seed, progress=progress)
        except GraphError as error:
            missing.append(str(error))
        else:
            row = found.scores.iloc[0]
            scores[scheme] = {name: float(row[name]) for name in _SCORES}
    return scores, tuple(missing)


def _conclude(in_sample: float, held_out: dict[str, dict[str, float]], ceiling: float | None) -> str:
    """Say what the figures allow to conclude."""
    parts = " and ".join(f"{scores['r2']:.2f} on {_SCHEMES[scheme]}" for scheme, scores in held_out.items())
    if ceiling is None:
        first = f"Without standard errors no ceiling is known for the in-sample R2 of {in_sample:.2f}."
    elif in_sample > ceiling:
        first = (
            f"The in-sample R2 of {in_sample:.2f} is above the noise ceiling of {ceiling:.2f}: no true pattern can "
            "explain so much, so the fit has followed sampling error, and the figure says nothing of how expression "
            "goes with thinning."
        )
    else:
        first = (
            f"The in-sample R2 of {in_sample:.2f} is below the noise ceiling of {ceiling:.2f}, which proves nothing."
        )
    if not any(scores["r2"] > 0 for scores in held_out.values()):
        second = f"Held out, R2 is {parts}: the model predicts unseen regions no better than the map's mean."
    else:
        second = f"Held out, R2 is {parts}: that is what the model can be said to predict."
    return f"{first} {second}"


def _scores(observed: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    return {"r2": r_squared(observed, predicted), "r": correlation(observed, predicted)}


def _finite(scores: dict[str, float]) -> dict[str, float | None]:
    return {name: value if np.isfinite(value) else None for name, value in scores.items()}


def _numbers(scores: Mapping[str, float | None]) -> dict[str, float]:
    return {name: float("nan") if value is None else value for name, value in scores.items()}
