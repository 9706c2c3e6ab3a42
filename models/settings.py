"""What a fit was asked to do: one frozen record a family, one for training, all of them JSON both ways."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from numbers import Integral, Real
from typing import Any, Literal

from pyro_neurovae.errors import SettingsError

__all__ = [
    "EXPRESSION_HALF",
    "FAMILIES",
    "CrossScaleSettings",
    "AnyTraining",
    "ExactTraining",
    "ExpressionSettings",
    "FamilySettings",
    "FitSettings",
    "METHODS",
    "NutsTraining",
    "PCPrior",
    "PaperSettings",
    "PaperTraining",
    "SpatialSettings",
    "TrainingSettings",
    "check_seed",
    "fit_settings",
    "parse_options",
    "training_of",
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
        if not 0 < self.upper < math.inf or not 0 < self.alpha < 1:
            raise SettingsError(
                f"prior PCPrior(upper={self.upper}, alpha={self.alpha}) is out of range: "
                "give upper > 0 and 0 < alpha < 1."
            )


@dataclass(frozen=True)
class CrossScaleSettings:
    """Settings of the family ``cross-scale``; scales are in units of each map's standard deviation.

    Attributes
    ----------
    n_programs
        Number of programs d.
    program_prior, spatial_prior
        GMRF of the programs and of the spatial part.
    homologue_sharing
        How far thinning sees a program's mean over two homologues in place of each one's own score: from 0, each its
        own, to 1, the mean alone. Expression of the right hemisphere comes from few donors.
    smoothness, strength, expression_noise
        Priors of the programs' smoothness and strengths and of the noise about them.
    transcriptomic_scale, spatial_scale, unexplained_scale
        Priors of each map's scales.
    """

    n_programs: int = 14
    program_prior: Literal["bym2", "leroux"] = "bym2"
    spatial_prior: Literal["icar", "iid"] = "icar"
    homologue_sharing: float = 0.25
    smoothness: PCPrior = PCPrior(0.5, 0.5)
    strength: PCPrior = PCPrior(1.0, 0.05)
    expression_noise: PCPrior = PCPrior(1.0, 0.05)
    transcriptomic_scale: PCPrior = PCPrior(1.0, 0.1)
    spatial_scale: PCPrior = PCPrior(1.0, 0.1)
    unexplained_scale: PCPrior = PCPrior(1.0, 0.1)

    def __post_init__(self) -> None:
        _whole(self, "n_programs")
        _priors(self)
        _number(self, "homologue_sharing", least=0.0)
        if self.homologue_sharing > 1:
            raise SettingsError(f"homologue_sharing is {self.homologue_sharing}; give a number from 0 to 1.")
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


@dataclass(frozen=True)
class PaperSettings:
    """Settings of the family ``paper``, with the values of arXiv:2606.05870 where it gives them.

    Attributes
    ----------
    n_latent
        Dimensions of the latent field z.
    lam
        Weight lambda of the smoothness penalty, at least 0; or a `PCPrior`, P(lambda < upper) = alpha, under which
        it is learned.
    layers, width
        Graph convolutions of the encoder, and hidden units of encoder and decoder.
    unexplained_scale
        Sigma in units of each map's standard deviation; or a `PCPrior`, P(sigma > upper) = alpha, under which it is
        learned (the default). The paper does not say how it weighs its losses, which is to choose sigma: fixed at
        0.2, 4% of the map's variance, the fit comes near to what the paper reports.
    standard_errors
        Add the known standard errors to sigma. The paper does not (False).
    """

    n_latent: int = 64
    lam: float | PCPrior = 0.1
    layers: int = 2
    width: int = 64
    unexplained_scale: float | PCPrior = PCPrior(1.0, 0.1)
    standard_errors: bool = True

    def __post_init__(self) -> None:
        _whole(self, "n_latent", "layers", "width")
        _number_or_prior(self, "lam", least=0.0)
        _number_or_prior(self, "unexplained_scale", above=0.0)
        _flag(self, "standard_errors")


@dataclass(frozen=True)
class StackedSettings:
    """Settings of ``stacked``: families mixed by how well each predicts regions it has not seen.

    Attributes
    ----------
    members
        The families, each with its own default settings.
    folds
        Folds of homologue pairs that the weights are learned from.
    """

    members: tuple[str, ...] = ("cross-scale", "expression", "spatial")
    folds: int = 10

    def __post_init__(self) -> None:
        if isinstance(self.members, str):
            raise SettingsError(f'members is {self.members!r}; give several, as in members=["cross-scale","spatial"].')
        object.__setattr__(self, "members", tuple(self.members))
        for member in self.members:
            _require("member", member, STACKABLE)
        if len(self.members) < 2 or len(set(self.members)) < len(self.members):
            raise SettingsError(f"members is {list(self.members)}; give two or more different ones.")
        _whole(self, "folds")
        if self.folds < 2:
            raise SettingsError(f"folds is {self.folds}; give at least 2.")


STACKABLE = ("cross-scale", "expression", "spatial")

# How a posterior is found: a trained guide, NumPyro's sampler, or a grid over two scales.
METHODS = ("svi", "nuts", "exact")

# What of the cross-scale settings belongs to the half that no thinning map enters.
EXPRESSION_HALF = ("n_programs", "program_prior", "smoothness", "strength", "expression_noise")

FamilySettings = CrossScaleSettings | ExpressionSettings | PaperSettings | SpatialSettings | StackedSettings
FAMILIES: dict[str, type[FamilySettings]] = {
    "cross-scale": CrossScaleSettings,
    "expression": ExpressionSettings,
    "spatial": SpatialSettings,
    "paper": PaperSettings,
    "stacked": StackedSettings,
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
    program_proposals
        Draws of the programs, made from expression alone, for each that is kept by the evidence of the thinning.
    program_sweeps
        Gibbs sweeps that take the guide's draws of the programs to their exact posterior given the expression; 0 keeps
        the draws as the guide has them.
    """

    steps: int = 100
    map_steps: int = 200
    learning_rate: float = 0.03
    map_learning_rate: float = 0.1
    particles: int = 1
    map_particles: int = 8
    proposals: int = 4
    program_proposals: int = 1
    program_sweeps: int = 20

    def __post_init__(self) -> None:
        _whole(self, "steps", "map_steps", "particles", "map_particles", "proposals", "program_proposals")
        _number(self, "program_sweeps", least=0.0)
        if self.program_sweeps != int(self.program_sweeps):
            raise SettingsError(f"program_sweeps is {self.program_sweeps}; give a whole number.")
        _number(self, "learning_rate", above=0.0)
        _number(self, "map_learning_rate", above=0.0)


@dataclass(frozen=True)
class PaperTraining:
    """How ``paper`` is trained: full-batch Adam, stopped by held-back regions.

    Attributes
    ----------
    steps
        Most optimiser steps.
    learning_rate
        Adam's, the same at every step.
    particles
        Monte Carlo draws per step.
    validation
        Share of the homologue pairs (regions, where the graph has none) that are kept from the gradient; the
        state with the largest correlation over them is the one that is kept. 0 trains on all regions and keeps
        the last state.
    warm_up
        Steps before the correlation is first looked at: over a few pairs it can be large by luck while the decoder
        has learnt nothing.
    patience
        Steps without a larger correlation after which training stops.
    """

    steps: int = 2000
    learning_rate: float = 1e-3
    particles: int = 1
    validation: float = 0.1
    warm_up: int = 500
    patience: int = 500

    def __post_init__(self) -> None:
        _whole(self, "steps", "particles", "warm_up", "patience")
        _number(self, "learning_rate", above=0.0)
        _number(self, "validation", least=0.0)
        if self.validation > 0.5:
            raise SettingsError(f"validation is {self.validation}; give a share of the pairs from 0 to 0.5.")
        if self.validation and self.warm_up >= self.steps:
            raise SettingsError(
                f"warm_up is {self.warm_up} and steps {self.steps}: no state would be looked at; lower warm_up, or set "
                "validation to 0."
            )


@dataclass(frozen=True)
class NutsTraining:
    """How NUTS samples.

    Attributes
    ----------
    warm_up
        Draws of each chain that tune the sampler and are thrown away.
    target_accept
        Mean acceptance probability that the step size is tuned to.
    max_tree_depth
        Largest depth of a trajectory, which then has 2^depth steps.
    """

    warm_up: int = 500
    target_accept: float = 0.8
    max_tree_depth: int = 5

    def __post_init__(self) -> None:
        _whole(self, "warm_up", "max_tree_depth")
        _number(self, "target_accept", above=0.0)
        if self.target_accept >= 1:
            raise SettingsError(f"target_accept is {self.target_accept}; give a probability below 1.")


@dataclass(frozen=True)
class ExactTraining:
    """How the exact posterior of ``expression`` and ``spatial`` is found.

    Attributes
    ----------
    points
        Points of the grid along each of the two scales, even in the logarithm.
    """

    points: int = 80

    def __post_init__(self) -> None:
        _whole(self, "points")
        if self.points < _LEAST_POINTS:
            raise SettingsError(f"points is {self.points}; give at least {_LEAST_POINTS} for each scale.")


_LEAST_POINTS = 10

AnyTraining = TrainingSettings | PaperTraining | NutsTraining | ExactTraining


def training_of(model: str, method: str = "svi") -> type[AnyTraining]:
    """Class of a model's training settings.

    Raises
    ------
    SettingsError
        For an unknown method, or one that the model does not have.
    """
    _require("method", method, METHODS)
    if method != "svi":
        if model in ("paper", "stacked"):
            raise SettingsError(f"the model {model} is fitted by svi only; leave out method.")
        return NutsTraining if method == "nuts" else ExactTraining
    return PaperTraining if model == "paper" else TrainingSettings


@dataclass(frozen=True)
class FitSettings:
    """Everything that decides a fit's numbers, apart from the study: recorded in every result."""

    model: str = "cross-scale"
    method: str = "svi"
    seed: int = 0
    draws: int = 1000
    restarts: int = 1
    device: str = "auto"
    family: FamilySettings = field(default_factory=CrossScaleSettings)
    training: AnyTraining = field(default_factory=TrainingSettings)

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
        training = training_of(record["model"], record.get("method", "svi"))(**record.pop("training"))
        return cls(**record, family=family(**priors), training=training)


def fit_settings(model: str = "cross-scale", *, method: str = "svi", **options: Any) -> FitSettings:
    """Build settings from flat options, each sent to the record that has a field of that name.

    Raises
    ------
    SettingsError
        For an unknown model (the known ones are listed) or an option that the model does not have.
    """
    _require("model", model, tuple(FAMILIES))
    family, training, top = FAMILIES[model](), training_of(model, method)(), FitSettings()
    placed: dict[str, dict[str, Any]] = {"family": {}, "training": {}, "top": {}}
    for name, value in options.items():
        home = next((h for h, r in (("top", top), ("family", family), ("training", training)) if _has(r, name)), None)
        if home is None or name in ("family", "training"):
            known = sorted(f.name for r in (family, training) for f in fields(r))
            raise SettingsError(f"model {model} has no setting {name!r}; it has {', '.join(known)}.")
        placed[home][name] = value
    return replace(
        top,
        model=model,
        method=method,
        family=replace(family, **placed["family"]),
        training=replace(training, **placed["training"]),
        **placed["top"],
    )


def parse_options(texts: Sequence[str] | None, *, taken: Sequence[str] = ()) -> dict[str, Any]:
    """Read settings written as NAME=VALUE: numbers, true or false, words, and pc(upper, alpha) for a `PCPrior`.

    Names ``taken`` have an option of their own.

    Raises
    ------
    SettingsError
        For a text of another form, or a name that is taken.
    """
    options: dict[str, Any] = {}
    for text in texts or ():
        name, equals, value = (part.strip() for part in text.partition("="))
        if not (name and equals and value):
            raise SettingsError(f"the setting {text!r} has no value; write NAME=VALUE, for example lam=0.1.")
        if name in taken:
            raise SettingsError(f"{name} can't be set so; use the command's own option for it, where it has one.")
        prior = re.fullmatch(r"pc\(([^,()]+),([^,()]+)\)", value, re.IGNORECASE)
        try:
            options[name] = PCPrior(*map(float, prior.groups())) if prior else json.loads(_WORDS.get(value, value))
        except json.JSONDecodeError:
            options[name] = value
        except ValueError as error:
            if isinstance(error, SettingsError):
                raise
            raise SettingsError(f"the prior {value!r} holds no two numbers; write pc(upper, alpha).") from error
    return options


# How Python writes what JSON writes in small letters.
_WORDS = {"True": "true", "False": "false"}


def check_seed(seed: int) -> None:
    """Raise SettingsError unless ``seed`` is a whole number from 0 to 2^63 - 1."""
    if not isinstance(seed, Integral) or not 0 <= seed < 2**63:
        raise SettingsError(f"seed is {seed!r}; give a whole number from 0 to 2^63 - 1.")


def _has(record: Any, name: str) -> bool:
    return any(f.name == name for f in fields(record))


def _whole(record: Any, *names: str) -> None:
    for name in names:
        value = getattr(record, name)
        if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
            raise SettingsError(f"{name} is {value!r}; give a whole number of at least 1.")


def _priors(record: FamilySettings) -> None:
    """Check that what defaults to a PCPrior is one."""
    for entry in fields(record):
        value = getattr(record, entry.name)
        if isinstance(entry.default, PCPrior) and not isinstance(value, PCPrior):
            raise SettingsError(f"{entry.name} is {value!r}; give PCPrior(upper=..., alpha=...).")


def _number(record: Any, name: str, *, least: float = -math.inf, above: float = -math.inf) -> None:
    value = getattr(record, name)
    fits = isinstance(value, Real) and not isinstance(value, bool)
    if not fits or not (value >= least and value > above and math.isfinite(value)):
        limit = f"of at least {least:g}" if least > -math.inf else f"above {above:g}"
        prior = ", or PCPrior(upper=..., alpha=...)" if name in ("lam", "unexplained_scale") else ""
        raise SettingsError(f"{name} is {value!r}; give a number {limit}{prior}.")


def _number_or_prior(record: Any, name: str, *, least: float = -math.inf, above: float = -math.inf) -> None:
    if not isinstance(getattr(record, name), PCPrior):
        _number(record, name, least=least, above=above)


def _flag(record: Any, name: str) -> None:
    if not isinstance(getattr(record, name), bool):
        raise SettingsError(f"{name} is {getattr(record, name)!r}; give True or False.")


def _require(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise SettingsError(f"unknown {name} {value!r}: the known ones are {', '.join(known)}.")
