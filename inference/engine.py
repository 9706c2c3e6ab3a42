"""One fit from start to end: prepare, train both halves, draw, and name every array."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from torch import Tensor

from pyro_neurovae.models.cross_scale import CrossScale
from pyro_neurovae.models.expression import Expression
from pyro_neurovae.models.observations import Observations
from pyro_neurovae.models.spatial import Spatial
from pyro_neurovae.models.thinning import ThinningFamily
from pyro_neurovae.settings import (
    CrossScaleSettings,
    ExactTraining,
    FitSettings,
    NutsTraining,
    PaperTraining,
    TrainingSettings,
)
from pyro_neurovae.study import Study

from .exact import solve_exact
from .expression_half import ExpressionHalf
from .groups import Groups, name_groups
from .nuts import sample_nuts
from .paper_fit import train_paper
from .posterior import PosteriorSampler, Sampler
from .prepare import observe, pick_device
from .program_source import ProgramSource
from .thinning_half import fit_thinning_half
from .threads import single_threaded
from .train import Progress, TrainingRecord

__all__ = ["FitResult", "TrainedFit", "build_family", "fitting_programs", "restart_seeds", "run_fit", "train_fit"]

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
    family = settings.family
    if not isinstance(family, CrossScaleSettings):
        return settings, ()
    measured = int(study.expression_observed.sum())
    most = max(1, min(measured // 3, len(study.genes)))
    if family.n_programs <= most:
        return settings, ()
    limit = f"a third of the {measured} regions with expression" if most < len(study.genes) else "the number of genes"
    notice = f"n_programs lowered from {family.n_programs} to {most}, {limit}: more could not be told from noise."
    return replace(settings, family=replace(family, n_programs=most)), (notice,)
