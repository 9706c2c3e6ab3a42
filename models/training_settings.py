"""Settings of the methods by which a posterior is found: one frozen record each, checked where it is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pyro_neurovae.errors import SettingsError

from .setting_checks import check_most, check_number, check_whole

__all__ = [
    "NO_NETWORK",
    "SHIPPED_NETWORK",
    "ExactTraining",
    "NutsTraining",
    "PaperTraining",
    "StackedTraining",
    "Training",
    "TrainingSettings",
]

# Values of ``map_network`` that are no file.
NO_NETWORK, SHIPPED_NETWORK = "none", "shipped"

# More than these take weeks.
_STEPS, _PARTICLES = 10_000_000, 10_000


@dataclass(frozen=True)
class Training:
    """What the settings of every method can be asked."""

    # Settings that trained programs depend on; a method that trains none has none.
    of_programs: ClassVar[tuple[str, ...]] = ()

    def ratios(self, draws: int) -> int:
        """Importance ratios that a map's Pareto k is estimated from."""
        return draws

    def program_ratios(self, draws: int) -> int:
        """Importance ratios that the Pareto k of the programs is estimated from."""
        return draws

    def longer(self) -> dict[str, int]:
        """Settings of a longer training, to advise where one ended too soon; empty where nothing is trained."""
        return {}


@dataclass(frozen=True)
class TrainingSettings(Training):
    """How the guides are fitted: Adam with a cosine schedule, rounds of proposals, then a fixed number of exact draws.

    Attributes
    ----------
    steps, map_steps
        Optimiser steps of the expression half and of each map's own globals; none of these last by default, since
        rounds of proposals are as good and ten times as fast. Thirty steps bring the programs' guide from principal
        components to where Gibbs sweeps need only few. Training always takes all of them (the learning rate falls to
        zero at the last one, so stopping sooner would stop short); whether the ELBO had settled is measured afterwards,
        and matters where no sweeps follow.
    learning_rate, map_learning_rate
        Adam's first learning rate for each; both fall to zero along a cosine.
    particles, map_particles
        Monte Carlo draws per step.
    map_network
        Network that begins the guide of each map's own globals: "shipped", "none" (the guide begins as wide as the
        prior), or a file that `amortise` wrote. The shipped ones are for ``cross-scale`` and ``structural`` with their
        default globals, whatever the graph and the priors.
    map_rounds
        Most rounds of adaptive importance sampling that fit the guide from there, before its optimiser steps; a map
        whose proposals count for enough is done sooner.
    proposals
        Importance proposals per draw for a map's globals.
    program_proposals
        Draws of the programs, made from expression alone, for each that is kept by the evidence of the thinning.
    program_sweeps
        Gibbs sweeps that take the guide's draws of the programs to their exact posterior given the expression; 0 keeps
        the draws as the guide has them.
    """

    steps: int = 30
    map_steps: int = 0
    learning_rate: float = 0.03
    map_learning_rate: float = 0.1
    particles: int = 1
    map_particles: int = 8
    map_network: str = SHIPPED_NETWORK
    map_rounds: int = 5
    proposals: int = 4
    program_proposals: int = 1
    program_sweeps: int = 10

    def __post_init__(self) -> None:
        check_whole(self, "particles", "map_particles", "proposals", "program_proposals")
        check_whole(self, "steps", "map_steps", "map_rounds", "program_sweeps", least=0)
        if not self.steps + self.program_sweeps:
            raise SettingsError("steps and program_sweeps are both 0; give one of them, program_sweeps=10 for example.")
        if not self.map_steps + self.map_rounds:
            raise SettingsError("map_steps and map_rounds are both 0; give one of them, map_rounds=5 for example.")
        check_most(self, steps=_STEPS, map_steps=_STEPS, particles=_PARTICLES, map_particles=_PARTICLES)
        check_most(self, proposals=_PARTICLES, program_proposals=_PARTICLES)
        check_most(self, program_sweeps=_STEPS, map_rounds=_STEPS)
        check_number(self, "learning_rate", above=0.0)
        check_number(self, "map_learning_rate", above=0.0)
        if not isinstance(self.map_network, str):
            raise SettingsError(
                f'map_network is {self.map_network!r}; give "{SHIPPED_NETWORK}", "{NO_NETWORK}" or the name of a file.'
            )

    # What the training of the programs depends on: the rest is the maps' own.
    of_programs: ClassVar[tuple[str, ...]] = ("steps", "learning_rate", "particles")

    def ratios(self, draws: int) -> int:
        """Importance ratios of a map's scales."""
        return draws * self.proposals

    def program_ratios(self, draws: int) -> int:
        """Importance ratios of the programs."""
        return draws * self.program_proposals

    def longer(self) -> dict[str, int]:
        """Twice the steps."""
        return {name: 2 * steps for name in ("steps", "map_steps") if (steps := getattr(self, name))}


@dataclass(frozen=True)
class StackedTraining(TrainingSettings):
    """How the members of a stack are trained: as each by itself."""


@dataclass(frozen=True)
class PaperTraining(Training):
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
        check_whole(self, "steps", "particles", "warm_up", "patience")
        check_most(self, steps=_STEPS, particles=_PARTICLES)
        check_number(self, "learning_rate", above=0.0)
        check_number(self, "validation", least=0.0)
        if self.validation > 0.5:
            raise SettingsError(f"validation is {self.validation}; give a share of the pairs from 0 to 0.5.")
        if self.validation and self.warm_up >= self.steps:
            raise SettingsError(
                f"warm_up is {self.warm_up} and steps {self.steps}: no state would be looked at; lower warm_up, or set "
                "validation to 0."
            )

    def longer(self) -> dict[str, int]:
        """Twice the steps."""
        return {"steps": 2 * self.steps}


@dataclass(frozen=True)
class NutsTraining(Training):
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
        check_whole(self, "warm_up", "max_tree_depth")
        check_most(self, warm_up=_STEPS, max_tree_depth=20)
        check_number(self, "target_accept", above=0.0)
        if self.target_accept >= 1:
            raise SettingsError(f"target_accept is {self.target_accept}; give a probability below 1.")


_LEAST_POINTS = 10


@dataclass(frozen=True)
class ExactTraining(Training):
    """How the exact posterior of ``expression`` and ``spatial`` is found.

    Attributes
    ----------
    points
        Points of the grid along each of the two scales, even in the logarithm.
    """

    points: int = 80

    def __post_init__(self) -> None:
        check_whole(self, "points")
        check_most(self, points=1_000)
        if self.points < _LEAST_POINTS:
            raise SettingsError(f"points is {self.points}; give at least {_LEAST_POINTS} for each scale.")
