"""Stochastic variational inference for the linear families: programs first, then each map's own scales."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from pyro_neurovae.models.cross_scale import CrossScale
from pyro_neurovae.models.linear import LinearModel
from pyro_neurovae.models.training_settings import TrainingSettings

from .programs.source import POSTERIOR, ProgramSource
from .programs.trained import TrainedPrograms
from .sampler import PosteriorSampler
from .scales.training import train_scales
from .training import Progress, TrainingRecord

__all__ = ["train_linear"]

# Draws of the programs that the training of the scales cycles through, and most of those that they are taken from.
_TRAINING_DRAWS, _MOST = 64, 4000


def train_linear(
    model: LinearModel,
    training: TrainingSettings,
    seeds: Sequence[int],
    *,
    draws: int,
    programs: TrainedPrograms | None = None,
    progress: Progress | None = None,
) -> tuple[PosteriorSampler, TrainingRecord]:
    """Train the programs' guide on expression, unless trained programs are given, and the scales' guides on the maps.

    See `methods.Method.fit` for the parameters.
    """
    source, drawn = None, {}
    if model.has_programs:
        source = ProgramSource.of(cast(CrossScale, model), programs, seeds, training, progress=progress)
        drawn = source.draw(POSTERIOR, min(draws * training.program_proposals, _MOST), most=_TRAINING_DRAWS)
    guide, record = train_scales(model, model.kernels(drawn), seeds, training, progress=progress)
    return PosteriorSampler(model, guide, source, tuple(seeds), training), record
