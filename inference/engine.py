"""One fit from start to end: observe, build, fit by a method, draw."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from pyro_neurovae.models.families import family_of
from pyro_neurovae.models.observations import Observations
from pyro_neurovae.models.options import FitSettings
from pyro_neurovae.studies.study import Study

from .gaussian import log_mean
from .methods import method_of
from .observation import observe, pick_device
from .programs.trained import TrainedPrograms
from .sampler import Quantities, Sampler
from .switches import single_threaded
from .training import Progress, TrainingRecord

__all__ = [
    "FittedModel",
    "carried_settings",
    "draw_fit",
    "fit_model",
    "held_out_density",
    "restart_seeds",
]


@dataclass(frozen=True)
class FittedModel:
    """What a method gave for a model.

    Attributes
    ----------
    sampler
        Draws from the posterior.
    record
        How the training of the maps' part went; None where nothing was trained.
    """

    sampler: Sampler
    record: TrainingRecord | None

    @property
    def settled(self) -> bool:
        """Whether every ELBO had settled, as it has where there is none."""
        parts = (self.record, self.sampler.trained)
        return all(bool(part.settled.all()) for part in parts if part is not None)


def restart_seeds(seed: int, restarts: int) -> tuple[int, ...]:
    """Seeds of the restarts; the first is the fit's own, so one restart is that fit."""
    children = np.random.SeedSequence(seed).generate_state(restarts, np.uint32)
    return (seed, *(int(child) for child in children[1:]))


def fit_model(
    data: Observations,
    settings: FitSettings,
    seeds: Sequence[int],
    *,
    programs: TrainedPrograms | None = None,
    progress: Progress | None = None,
) -> FittedModel:
    """Fit B replicates as one batch; ``data`` has B replicates and ``seeds`` has B entries.

    Parameters
    ----------
    programs
        Trained programs to use again: replicate i takes number i modulo theirs, and only the maps' own scales are
        trained.
    """
    with single_threaded(data.regions):
        model = family_of(settings.model).build(data, settings.family)
        found = method_of(settings.training).fit(
            model, settings.training, seeds, draws=settings.draws, programs=programs, progress=progress
        )
    return FittedModel(*found)


def held_out_density(mean: Tensor, sd: Tensor, observed: Tensor) -> Tensor:
    """Log predictive density of each value, averaged over draws; (replicate, map, region).

    ``mean`` and ``sd`` (replicate, draw, map, region) are what `Sampler.predictive` gives; ``observed`` (replicate,
    map, region) are all values, hidden ones too.
    """
    density = torch.distributions.Normal(mean, sd).log_prob(observed[:, None])
    return log_mean(density, 1)


@dataclass(frozen=True)
class DrawnFit:
    """A fitted study.

    Attributes
    ----------
    fitted
        What the method gave.
    drawn
        Draws of everything that is reported; (replicate, draw, ...).
    notices
        What the user should know, one sentence each.
    elapsed_s
        Seconds it took.
    """

    fitted: FittedModel
    drawn: Quantities
    notices: tuple[str, ...]
    elapsed_s: float


def draw_fit(
    study: Study,
    settings: FitSettings,
    *,
    programs: TrainedPrograms | None = None,
    progress: Progress | None = None,
) -> DrawnFit:
    """Fit one study, every restart a replicate, and draw.

    Parameters
    ----------
    study, settings
        What to fit and how.
    programs
        Trained programs of a study with the same expression, to use again.
    progress
        Called after every training step.
    """
    started = time.perf_counter()
    settings, notices = carried_settings(study, settings)
    seeds = restart_seeds(settings.seed, settings.restarts)
    data = observe(study, replicates=settings.restarts, device=pick_device(settings.device))
    fitted = fit_model(data, settings, seeds, programs=programs, progress=progress)
    drawn = fitted.sampler.draw(settings.draws)
    notices += fitted.sampler.notices()
    if not fitted.settled:
        advice = ", ".join(f"{name}={value}" for name, value in settings.training.longer().items())
        notices += (f"the ELBO was still rising when training ended: results may improve with more steps ({advice}).",)
    return DrawnFit(fitted, drawn, notices, time.perf_counter() - started)


def carried_settings(study: Study, settings: FitSettings) -> tuple[FitSettings, tuple[str, ...]]:
    """Settings that the study's measured regions and genes can carry, and notices of what was lowered."""
    family, notices = settings.family.carried(int(study.measured.sum()), len(study.genes))
    return replace(settings, family=family), notices
