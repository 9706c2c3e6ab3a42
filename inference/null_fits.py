"""The same fit of many maps, one expression for all: a few numbers of each."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import cast

import numpy as np
import torch

from pyro_neurovae.models.cross_scale import CrossScale
from pyro_neurovae.models.families import family_of
from pyro_neurovae.models.observations import Observations, units
from pyro_neurovae.models.options import FitSettings
from pyro_neurovae.models.training_settings import TrainingSettings
from pyro_neurovae.studies.study import Study

from .engine import carried_settings, fit_model
from .many_maps import ManyMaps
from .observation import observe, pick_device
from .programs.source import POSTERIOR, ProgramSource
from .programs.trained import TrainedPrograms
from .summaries import gene_weights, variance_shares
from .training import Progress

__all__ = ["fit_maps"]

# Draws of the programs that sets of scales are proposed with.
_PROGRAMS = 256

# Standard deviations to the ends of a 90% interval.
_NINETY = 1.6448536269514722


def fit_maps(
    study: Study,
    settings: FitSettings,
    maps: np.ndarray,
    programs: dict[str, np.ndarray] | None = None,
    *,
    progress: Progress | None = None,
) -> dict[str, np.ndarray]:
    """Fit each set of maps in place of the study's and keep what a test compares.

    Parameters
    ----------
    study, settings
        Expression, standard errors and graph; what to fit and how. Every fit has the settings' seed.
    maps
        Thinning, NaN where missing; (replicate, map, region). A value's standard error is its region's, the map's
        typical one where the region's own is not known.
    programs
        Trained programs (`TrainedPrograms.to_arrays`) that all share; None trains them.

    Returns
    -------
    dict
        ``share``: posterior mean of the transcriptomic variance share (replicate, map); ``correlation`` of the
        posterior mean transcriptomic part with the map (replicate, map); ``weight``: posterior mean weight of each gene
        (replicate, map, gene); ``excludes``: whether its 90% interval excludes zero, bool of the same shape.
    """
    settings, _ = carried_settings(study, settings)
    data = _given(observe(study, replicates=len(maps), device=pick_device(settings.device)), maps)
    lent = None if programs is None else TrainedPrograms.from_arrays(programs, data.thinning.device)
    whole = torch.as_tensor(study.centred_expression()).to(data.thinning)
    slopes = gene_weights(data.identity, whole, data.expressed)  # (region, gene)
    together = family_of(settings.model).linear and not getattr(settings.training, "map_steps", 1)
    fitted = _together if together else _each_by_itself
    share, mean, covariance = fitted(data, settings, lent, progress)
    weight, excludes = mean @ slopes, torch.zeros(*mean.shape[:-1], slopes.shape[1], dtype=torch.bool)
    for r, m in np.ndindex(mean.shape[:2]):
        variance = ((covariance[r, m] @ slopes) * slopes).sum(0)
        excludes[r, m] = weight[r, m].abs() > _NINETY * variance.clamp(min=0).sqrt()
    return {
        "share": share.cpu().numpy(),
        "correlation": _correlation(mean, data).cpu().numpy(),
        "weight": weight.to(torch.float32).cpu().numpy(),
        "excludes": excludes.cpu().numpy(),
    }


def _together(
    data: Observations, settings: FitSettings, programs: TrainedPrograms | None, progress: Progress | None
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Share (replicate, map), and mean and covariance of the transcriptomic part, by sets of scales that maps share."""
    family, seed = family_of(settings.model), (settings.seed,)
    first = family.build(data.select(torch.tensor([0])), settings.family)
    drawn: dict[str, torch.Tensor] = {}
    if first.has_programs:
        training = cast(TrainingSettings, settings.training)
        source = ProgramSource.of(cast(CrossScale, first), programs, seed, training, progress=progress)
        drawn = source.draw(POSTERIOR, settings.draws, most=_PROGRAMS)
    share, mean = torch.empty_like(data.unit), torch.empty_like(data.thinning)
    covariance = mean.new_empty(*mean.shape, mean.shape[-1])
    for m in range(data.maps):
        patterns, which = data.seen[:, m].unique(dim=0, return_inverse=True)
        for number in range(len(patterns)):
            alike = (which == number).nonzero()[:, 0]
            found = ManyMaps.of(family, settings.family, data.map(m).select(alike)).moments(drawn, seed, settings.draws)
            share[alike, m], mean[alike, m], covariance[alike, m] = found.share, found.mean, found.covariance
        if progress is not None:
            progress("maps", m + 1, data.maps, math.nan)
    return share, mean, covariance


def _each_by_itself(
    data: Observations, settings: FitSettings, programs: TrainedPrograms | None, progress: Progress | None
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The same from a fit of each set of maps, all trained as one batch."""
    seeds, family = (settings.seed,) * data.replicates, family_of(settings.model)
    drawn = fit_model(data, settings, seeds, programs=programs, progress=progress).sampler.draw(settings.draws)
    share = variance_shares(drawn, data, family)[..., family.sources.index("transcriptomic")].mean(1)
    part = drawn["transcriptomic"].transpose(1, 2)  # (replicate, map, draw, region)
    away = part - part.mean(2, keepdim=True)
    return share, part.mean(2), away.mT @ away / part.shape[2]


def _given(data: Observations, maps: np.ndarray) -> Observations:
    """Let each replicate see its own maps, and compute anew what is computed from thinning."""
    thinning = torch.as_tensor(np.nan_to_num(maps)).to(data.thinning)
    seen = torch.as_tensor(np.isfinite(maps)).to(data.seen.device)
    unit, level = units(thinning, seen)
    return replace(data, thinning=thinning, seen=seen, unit=unit, level=level)


def _correlation(part: torch.Tensor, data: Observations) -> torch.Tensor:
    """Pearson correlation with the seen thinning, 0 where the part is constant; (replicate, map)."""
    seen = data.seen.to(part.dtype)
    x, y = (
        (values - (values * seen).sum(-1, keepdim=True) / seen.sum(-1, keepdim=True)) * seen
        for values in (part, data.thinning)
    )
    size = (x.square().sum(-1) * y.square().sum(-1)).sqrt()
    return (x * y).sum(-1) / size.clamp(min=torch.finfo(part.dtype).tiny)
