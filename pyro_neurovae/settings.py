"""What a fit was asked to do: one frozen record a family, one for training, all of them JSON both ways."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields, replace
from numbers import Integral
from typing import Any, Literal

from .errors import SettingsError

__all__ = [
    "EXPRESSION_HALF",
    "FAMILIES",
    "CrossScaleSettings",
    "ExpressionSettings",
    "FamilySettings",
    "FitSettings",
    "PCPrior",
    "SpatialSettings",
    "TrainingSettings",
    "check_seed",
    "fit_settings",
]


@dataclass(frozen=True)
class PCPrior:
    """Penalised-complexity prior: the probability ``alpha`` that the parameter is beyond ``upper``.

    For a standard deviation it says P(sd > upper) = alpha; for a smoothness (``phi``, ``rho``) it says
    P(smoothness < upper) = alpha, as Riebler et al. (2016) state theirs.
    """

    upper: float
    alpha: float

    def __post_init__(self) -> None:
        if not self.upper > 0 or not 0 < self.alpha < 1:
            raise SettingsError(
                f"prior PCPrior(upper={self.upper}, alpha={self.alpha}) is out of range: "
                "give upper > 0 and 0 < alpha < 1."
            )


@dataclass(frozen=True)
class CrossScaleSettings:
    """Settings of the family ``cross-scale``; scales are in units of each map's standard deviation."""

    n_programs: int = 16
    program_prior: Literal["bym2", "leroux"] = "bym2"
    spatial_prior: Literal["icar", "iid"] = "icar"
    smoothness: PCPrior = PCPrior(0.5, 0.5)
    strength: PCPrior = PCPrior(1.0, 0.05)
    expression_noise: PCPrior = PCPrior(1.0, 0.05)
    transcriptomic_scale: PCPrior = PCPrior(1.0, 0.1)
    spatial_scale: PCPrior = PCPrior(1.0, 0.1)
    unexplained_scale: PCPrior = PCPrior(1.0, 0.1)

    def __post_init__(self) -> None:
        _whole(self, "n_programs")
        _priors(self)
        _require("program_prior", self.program_prior, ("bym2", "leroux"))
        _require("spatial_prior", self.spatial_prior, ("icar", "iid"))


@dataclass(frozen=True)
class ExpressionSettings:
    """Settings of the baseline ``expression`` (Bayesian ridge on every gene)."""

    transcriptomic_scale: PCPrior = PCPrior(1.0, 0.1)
    unexplained_scale: PCPrior = PCPrior(1.0, 0.1)

    def __post_init__(self) -> None:
        _priors(self)


@dataclass(frozen=True)
class SpatialSettings:
    """Settings of the baseline ``spatial`` (a smooth field and nothing else)."""

    spatial_prior: Literal["icar", "iid"] = "icar"
    spatial_scale: PCPrior = PCPrior(1.0, 0.1)
    unexplained_scale: PCPrior = PCPrior(1.0, 0.1)

    def __post_init__(self) -> None:
        _priors(self)
        _require("spatial_prior", self.spatial_prior, ("icar", "iid"))


# What of the cross-scale settings belongs to the half that no thinning map enters.
EXPRESSION_HALF = ("n_programs", "program_prior", "smoothness", "strength", "expression_noise")

FamilySettings = CrossScaleSettings | ExpressionSettings | SpatialSettings
FAMILIES: dict[str, type[FamilySettings]] = {
    "cross-scale": CrossScaleSettings,
    "expression": ExpressionSettings,
    "spatial": SpatialSettings,
}


@dataclass(frozen=True)
class TrainingSettings:
    """How the guides are trained: Adam with a cosine schedule, then a fixed number of exact draws.

    Attributes
    ----------
    steps, map_steps
        Optimiser steps of the expression half and of each map's own globals. Training always takes all of
        them (the learning rate falls to zero at the last one, so stopping sooner would stop short); whether
        the ELBO had settled is measured afterwards and recorded.
    learning_rate, map_learning_rate
        Adam's first learning rate for each; both fall to zero along a cosine.
    particles, map_particles
        Monte Carlo draws per step.
    proposals
        Importance proposals per draw for a map's globals.
    """

    steps: int = 100
    map_steps: int = 200
    learning_rate: float = 0.03
    map_learning_rate: float = 0.1
    particles: int = 1
    map_particles: int = 8
    proposals: int = 4

    def __post_init__(self) -> None:
        _whole(self, "steps", "map_steps", "particles", "map_particles", "proposals")
        for name in ("learning_rate", "map_learning_rate"):
            if not getattr(self, name) > 0:
                raise SettingsError(f"{name} is {getattr(self, name)}; give a number above 0.")


@dataclass(frozen=True)
class FitSettings:
    """Everything that decides a fit's numbers, apart from the study: recorded in every result."""

    model: str = "cross-scale"
    seed: int = 0
    draws: int = 1000
    restarts: int = 1
    device: str = "auto"
    family: FamilySettings = field(default_factory=CrossScaleSettings)
    training: TrainingSettings = field(default_factory=TrainingSettings)

    def __post_init__(self) -> None:
        _require("model", self.model, tuple(FAMILIES))
        _whole(self, "draws", "restarts")
        check_seed(self.seed)

    def to_json(self) -> str:
        """Write the settings as one line of JSON; a number of NumPy becomes a plain one."""
        return json.dumps(asdict(self), default=lambda number: number.item())

    @classmethod
    def from_json(cls, text: str) -> FitSettings:
        """Read what `to_json` wrote."""
        record = json.loads(text)
        family = FAMILIES[record["model"]]
        priors: dict[str, Any] = {
            k: PCPrior(**v) if isinstance(v, dict) else v for k, v in record.pop("family").items()
        }
        training = TrainingSettings(**record.pop("training"))
        return cls(**record, family=family(**priors), training=training)


def fit_settings(model: str = "cross-scale", **options: Any) -> FitSettings:
    """Build settings from flat options, each sent to the record that has a field of that name.

    Raises
    ------
    SettingsError
        For an unknown model (the known ones are listed) or an option that the model does not have.
    """
    _require("model", model, tuple(FAMILIES))
    family, training, top = FAMILIES[model](), TrainingSettings(), FitSettings()
    placed: dict[str, dict[str, Any]] = {"family": {}, "training": {}, "top": {}}
    for name, value in options.items():
        home = next((h for h, r in (("top", top), ("family", family), ("training", training)) if _has(r, name)), None)
        if home is None or name in ("model", "family", "training"):
            known = sorted(f.name for r in (family, training) for f in fields(r))
            raise SettingsError(f"model {model} has no setting {name!r}; it has {', '.join(known)}.")
        placed[home][name] = value
    return replace(
        top,
        model=model,
        family=replace(family, **placed["family"]),
        training=replace(training, **placed["training"]),
        **placed["top"],
    )


def check_seed(seed: int) -> None:
    """Raise SettingsError unless ``seed`` is a whole number from 0 to 2^63 - 1."""
    if not isinstance(seed, Integral) or not 0 <= seed < 2**63:
        raise SettingsError(f"seed is {seed!r}; give a whole number from 0 to 2^63 - 1.")


def _has(record: Any, name: str) -> bool:
    return any(f.name == name for f in fields(record))


def _whole(record: Any, *names: str) -> None:
    for name in names:
        value = getattr(record, name)
        if not isinstance(value, Integral) or value < 1:
            raise SettingsError(f"{name} is {value!r}; give a whole number of at least 1.")


def _priors(record: FamilySettings) -> None:
    """Check that what defaults to a PCPrior is one."""
    for entry in fields(record):
        value = getattr(record, entry.name)
        if isinstance(entry.default, PCPrior) and not isinstance(value, PCPrior):
            raise SettingsError(f"{entry.name} is {value!r}; give PCPrior(upper=..., alpha=...).")


def _require(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise SettingsError(f"unknown {name} {value!r}: the known ones are {', '.join(known)}.")
