"""One fit from start to end: prepare, train both halves, draw, and name every array."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pyro_neurovae.models.cross_scale import CrossScale
from pyro_neurovae.models.expression import Expression
from pyro_neurovae.models.linear import ThinningFamily
from pyro_neurovae.models.observations import Observations
from pyro_neurovae.models.settings import (
    CrossScaleSettings,
    ExactTraining,
    FitSettings,
    NutsTraining,
    PaperTraining,
    StackedSettings,
    TrainingSettings,
    fit_settings,
)
from pyro_neurovae.models.spatial import Spatial
from pyro_neurovae.studies.study import Study

from .exact import solve_exact
from .groups import Groups, name_groups
from .nuts.sampler import sample_nuts
from .observation import observe, pick_device
from .paper.sampler import train_paper
from .programs.source import ProgramSource
from .programs.trained import ExpressionHalf
from .sampler import PosteriorSampler, Quantities, Sampler
from .scales.training import fit_thinning_half
from .stacking import StackedSampler, inner_folds, stacking_weights
from .threads import single_threaded
from .training import Progress, TrainingRecord

__all__ = [
    "FitResult",
    "TrainedFit",
    "build_family",
    "fitting_programs",
    "held_out_density",
    "restart_seeds",
    "run_fit",
    "train_fit",
]

_FAMILIES: dict[str, type[ThinningFamily]] = {f.name: f for f in (CrossScale, Expression, Spatial)}

# Draws of the programs that the thinning half's training cycles through.
_TRAINING_KERNELS = 64


@dataclass(frozen=True)
class TrainedFit:
    """A trained family with what is needed to draw from it.

    Attributes
    ----------
    sampler
        Draws from the posterior.
    record
        How the training of the maps' part went.
    half
        The expression half of every replicate, where the family has one.
    """

    sampler: Sampler
    record: TrainingRecord
    half: ExpressionHalf | None = None

    @property
    def settled(self) -> Tensor:
        """Whether every ELBO had settled; (replicate,)."""
        return self.record.settled if self.half is None else self.record.settled & self.half.settled


@dataclass(frozen=True)
class FitResult:
    """What a fit hands over: named arrays, notices, and the seconds it took."""

    groups: Groups
    notices: tuple[str, ...]
    elapsed_s: float


def restart_seeds(seed: int, restarts: int) -> tuple[int, ...]:
    """Seeds of the restarts; the first is the fit's own, so one restart is that fit."""
    children = np.random.SeedSequence(seed).generate_state(restarts, np.uint32)
    return (seed, *(int(child) for child in children[1:]))


def build_family(data: Observations, settings: FitSettings) -> ThinningFamily:
    """Build the linear family that the settings name, on the given data."""
    family: Any = _FAMILIES[settings.model]
    return family(data, settings.family)


def train_fit(
    data: Observations,
    settings: FitSettings,
    seeds: Sequence[int],
    *,
    half: ExpressionHalf | None = None,
    progress: Progress | None = None,
) -> TrainedFit:
    """Train B replicates as one batch; ``data`` has B replicates and ``seeds`` has B entries.

    Parameters
    ----------
    half
        A trained expression half to reuse: replicate i takes its replicate i modulo their number, and only
        the maps' own scales are trained.
    """
    with single_threaded(data.regions):
        if isinstance(settings.training, PaperTraining):
            paper: Any = settings.family
            return TrainedFit(*train_paper(data, paper, settings.training, seeds, progress=progress))
        if isinstance(settings.family, StackedSettings):
            return _train_stacked(data, settings.family, settings, tuple(seeds), progress)
        family = build_family(data, settings)
        if isinstance(settings.training, ExactTraining):
            return TrainedFit(*solve_exact(family, settings.training, tuple(seeds)))
        if isinstance(settings.training, NutsTraining):
            return TrainedFit(*sample_nuts(family, settings.training, seed=seeds[0], draws=settings.draws))
        return _train_halves(family, settings.training, seeds, half, progress)


def _train_halves(
    family: ThinningFamily,
    training: TrainingSettings,
    seeds: Sequence[int],
    half: ExpressionHalf | None,
    progress: Progress | None,
) -> TrainedFit:
    source = programs = None
    if isinstance(family, CrossScale):
        if half is None:
            source = ProgramSource.trained(family, seeds, training, progress=progress)
        else:
            source = ProgramSource.kept(family, half, seeds, training)
        programs = source.draw_tied(source.streams("kernels"), _TRAINING_KERNELS)
    guide, record = fit_thinning_half(family, family.kernels(programs), seeds, training, progress=progress)
    sampler = PosteriorSampler(family, guide, source, tuple(seeds), training)
    return TrainedFit(sampler, record, sampler.half)


# Draws of each member that a held-out density is averaged over, for its weight alone.
_WEIGHING_DRAWS = 400


def _train_stacked(
    data: Observations,
    stack: StackedSettings,
    settings: FitSettings,
    seeds: tuple[int, ...],
    progress: Progress | None,
) -> TrainedFit:
    """Train every member on all that is seen and on all but each fold of it; what is hidden weighs it."""
    hidden = inner_folds(data, seeds, stack.folds)  # (fold x replicate, map, region)
    count = len(hidden) // data.replicates
    within = data.select(torch.arange(data.replicates, device=hidden.device).repeat(count)).hide(hidden)
    members, records, densities = {}, [], []
    for name in stack.members:
        own = replace(settings, model=name, family=fit_settings(name).family, draws=_WEIGHING_DRAWS)
        own = _carried(own, int(data.expressed.sum()), data.genes)[0]
        trained = train_fit(data, own, seeds, progress=progress)
        folds = train_fit(within, own, seeds * count, half=trained.half, progress=progress)
        density = held_out_density(
            folds.sampler, folds.sampler.draw(_WEIGHING_DRAWS), data.thinning.repeat(count, 1, 1)
        )
        densities.append(torch.where(hidden, density, 0.0).unflatten(0, (count, -1)).sum(0))
        members[name] = trained.sampler
        records.append(trained.record)
    weight = stacking_weights(torch.stack(densities, 2), data.seen)  # (replicate, map, member)
    elbo, drift, drift_se = (
        torch.stack([getattr(one, part) for one in records]) for part in ("elbo", "drift", "drift_se")
    )
    worst = drift.argmax(0, keepdim=True)
    record = TrainingRecord(elbo.mean(0), drift.gather(0, worst)[0], drift_se.gather(0, worst)[0])
    return TrainedFit(StackedSampler(data, members, weight, seeds), record)


def held_out_density(sampler: Sampler, drawn: Quantities, observed: Tensor) -> Tensor:
    """Log predictive density of each value, averaged over draws; (replicate, map, region).

    ``observed`` (replicate, map, region) are all values, hidden ones too.
    """
    density = torch.distributions.Normal(drawn["thinning"], sampler.spread(drawn["unexplained_scale"]))
    return density.log_prob(observed[:, None]).logsumexp(1) - math.log(drawn["thinning"].shape[1])


def run_fit(
    study: Study,
    settings: FitSettings,
    *,
    programs: ExpressionHalf | None = None,
    progress: Progress | None = None,
) -> FitResult:
    """Fit one study: every restart a chain.

    Parameters
    ----------
    study, settings
        What to fit and how.
    programs
        A trained expression half of a study with the same expression, to reuse.
    progress
        Called after every training step.
    """
    started = time.perf_counter()
    settings, notices = fitting_programs(study, settings)
    seeds = restart_seeds(settings.seed, settings.restarts)
    data = observe(study, replicates=settings.restarts, device=pick_device(settings.device))
    trained = train_fit(data, settings, seeds, half=programs, progress=progress)
    drawn = trained.sampler.draw(settings.draws)
    with single_threaded(study.n_regions):
        groups = name_groups(study, trained.sampler, trained.record, drawn, seed=settings.seed)
    notices += trained.sampler.notices()
    if not bool(trained.settled.all()):
        more = {name: 2 * getattr(settings.training, name, 0) for name in ("steps", "map_steps")}
        advice = ", ".join(f"{name}={value}" for name, value in more.items() if value)
        notices += (f"the ELBO was still rising when training ended: results may improve with more steps ({advice}).",)
    return FitResult(groups, notices, time.perf_counter() - started)


def fitting_programs(study: Study, settings: FitSettings) -> tuple[FitSettings, tuple[str, ...]]:
    """Ask for no more programs than a third of the measured regions, or than genes, can carry."""
    return _carried(settings, int(study.expression_observed.sum()), len(study.genes))


def _carried(settings: FitSettings, measured: int, genes: int) -> tuple[FitSettings, tuple[str, ...]]:
    family = settings.family
    if not isinstance(family, CrossScaleSettings):
        return settings, ()
    most = max(1, min(measured // 3, genes))
    if family.n_programs <= most:
        return settings, ()
    limit = f"a third of the {measured} regions with expression" if most < genes else "the number of genes"
    notice = f"n_programs lowered from {family.n_programs} to {most}, {limit}: more could not be told from noise."
    return replace(settings, family=replace(family, n_programs=most)), (notice,)
