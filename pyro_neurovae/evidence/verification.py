"""The checklist of arXiv:2606.05870: what its headline figures are on a study, and what may be concluded from them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from .. import inferencedata
from ..atlases.atlas import dk68_names
from ..errors import GraphError, InputError, SettingsError
from ..models.settings import fit_settings
from ..posterior.fits import fit
from ..studies.study import Study
from ..studies.summary import noise_ceiling
from .scores import correlation, r_squared
from .validation import validate

__all__ = ["PAPER_OPTIONS", "Verification", "verify"]

# The paper's loss holds no standard errors, and its reported residual is near 4% of the map's variance after what
# the held-back regions miss.
PAPER_OPTIONS: dict[str, Any] = {"unexplained_scale": 0.2, "standard_errors": False}

_REGIONS, _GENES = 68, 910
_LEAST_R2, _LEAST_R = 0.85, 0.90
_SCHEMES = {"pairs": "homologue pairs", "blocks": "spatial blocks"}

Progress = Callable[[str, int, int, float], None]


@dataclass(frozen=True)
class Verification:
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
    stopped = inferencedata.group(fitted.idata, "guide")["held_back"].values[0, 0]
    in_sample = _scores(np.where(stopped, np.nan, study.thinning[0]), predicted)
    held_out, missing = _held_out(study, options, seed, progress)
    ceiling = noise_ceiling(study.thinning[0], study.standard_error[0])
    known = ceiling if np.isfinite(ceiling) else None
    return Verification(
        checks=pd.DataFrame(_data_checks(study) + _fit_checks(in_sample)),
        in_sample=in_sample,
        all_regions=_scores(study.thinning[0], predicted),
        held_out=held_out,
        noise_ceiling=known,
        conclusion=_conclude(in_sample["r2"], held_out, known),
        notices=(*fitted.notices, *missing),
        settings=json.loads(settings.to_json()),
    )


def _data_checks(study: Study) -> list[dict[str, str]]:
    regions, genes = study.expression.shape
    panel = "pass" if genes == _GENES else "note"
    weights, names = study.graph.weights, study.graph.names
    binary = bool(np.isin(weights, (0.0, 1.0)).all())
    symmetric = bool(np.array_equal(weights, weights.T))
    ours = sum(name in dk68_names() for name in names)
    observed = int(study.thinning_observed.sum())
    return [
        _row("expression", f"{regions} x {genes}", f"{_REGIONS} x {_GENES}", panel if regions == _REGIONS else "fail"),
        _row("thinning", f"{observed} x 1", f"{_REGIONS} x 1", _status(observed == _REGIONS)),
        _row("adjacency binary", _yes(binary), "yes", _status(binary)),
        _row("adjacency symmetric", _yes(symmetric), "yes", _status(symmetric)),
        _row(
            "Desikan-Killiany labels", f"{ours} of {len(names)}", f"{_REGIONS}", _status(ours == len(names) == _REGIONS)
        ),
    ]


def _fit_checks(in_sample: dict[str, float]) -> list[dict[str, str]]:
    return [
        _row(
            "explained variance, in-sample",
            f"{in_sample['r2']:.3f}",
            f"> {_LEAST_R2}",
            _status(in_sample["r2"] > _LEAST_R2),
        ),
        _row(
            "spatial correlation, in-sample",
            f"{in_sample['r']:.3f}",
            f"> {_LEAST_R}",
            _status(in_sample["r"] > _LEAST_R),
        ),
    ]


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
            scores[scheme] = {name: float(row[name]) for name in ("r2", "r", "elpd", "coverage90")}
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


def _row(check: str, found: str, expected: str, status: str) -> dict[str, str]:
    return {"check": check, "found": found, "expected": expected, "status": status}


def _status(passed: bool) -> str:
    return "pass" if passed else "fail"


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _finite(scores: dict[str, float]) -> dict[str, float | None]:
    return {name: value if np.isfinite(value) else None for name, value in scores.items()}
