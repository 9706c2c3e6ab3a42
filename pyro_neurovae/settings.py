"""What a fit was asked to do: one frozen record a family, one for training, all of them JSON both ways."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields, replace
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
        if self.n_programs < 1:
            raise SettingsError(f"n_programs is {self.n_programs}; give at least 1.")
        _require("program_prior", self.program_prior, ("bym2", "leroux"))
        _require("spatial_prior", self.spatial_prior, ("icar", "iid"))


@dataclass(frozen=True)
class ExpressionSettings:
    """Settings of the baseline ``expression`` (Bayesian ridge on every gene)."""

    transcriptomic_scale: PCPrior = PCPrior(1.0, 0.1)
    unexplained_scale: PCPrior = PCPrior(1.0, 0.1)


@dataclass(frozen=True)
class SpatialSettings:
    """Settings of the baseline ``spatial`` (a smooth field and nothing else)."""

    spatial_prior: Literal["icar", "iid"] = "icar"
    spatial_scale: PCPrior = PCPrior(1.0, 0.1)
    unexplained_scale: PCPrior = PCPrior(1.0, 0.1)

    def __post_init__(self) -> None:
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
    learning_rate
        Adam's first learning rate.
    particles, map_particles
        Monte Carlo draws per step.
    proposals
        Importance proposals per draw for a map's globals.
    """

    steps: int = 150
    map_steps: int = 200
    learning_rate: float = 0.02
    particles: int = 1
    map_particles: int = 8
    proposals: int = 6

    def __post_init__(self) -> None:
        for name in ("steps", "map_steps", "particles", "map_particles", "proposals"):
            if getattr(self, name) < 1:
                raise SettingsError(f"{name} is {getattr(self, name)}; give at least 1.")
        if not self.learning_rate > 0:
            raise SettingsError(f"learning_rate is {self.learning_rate}; give a number above 0.")


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
        for name in ("draws", "restarts"):
            if getattr(self, name) < 1:
                raise SettingsError(f"{name} is {getattr(self, name)}; give at least 1.")

    def to_json(self) -> str:
        """Write the settings as one line of JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> FitSettings:
        """Read what `to_json` wrote."""
        record = json.loads(text)
        family = FAMILIES[record["model"]]
        priors = {k: PCPrior(**v) if isinstance(v, dict) else v for k, v in record.pop("family").items()}
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
        home = next(
            (h for h, r in (("top", top), ("family", family), ("training", training)) if _has(r, name)), None
        )
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


def _has(record: Any, name: str) -> bool:
    return any(f.name == name for f in fields(record))


def _require(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise SettingsError(f"unknown {name} {value!r}: the known ones are {', '.join(known)}.")
