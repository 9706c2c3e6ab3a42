"""The same fit of many maps, one expression for all: a few numbers of each."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from pyro_neurovae.models.families import family_of
from pyro_neurovae.models.observations import Observations, units
from pyro_neurovae.models.options import FitSettings
from pyro_neurovae.studies.study import Study

from .engine import carried_settings, fit_model
from .observation import observe, pick_device
from .programs.trained import TrainedPrograms
from .summaries import gene_weights, variance_shares
from .training import Progress

__all__ = ["fit_maps"]

# Maps that are drawn from at a time: few enough for the processor's memory.
_TOGETHER = 25


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
    trained = fit_model(data, settings, (settings.seed,) * len(maps), programs=lent, progress=progress)
    drawn = trained.sampler.draw(settings.draws)
    family = family_of(settings.model)
    share = variance_shares(drawn, data, family)[..., family.sources.index("transcriptomic")].mean(1)
    part = drawn["transcriptomic"].mean(1)  # (replicate, map, region)
    expression = torch.as_tensor(study.centred_expression()).to(part)
    ends = torch.tensor([0.05, 0.95], dtype=torch.float32, device=part.device)
    weight, excludes = [], []
    for first in range(0, len(maps), _TOGETHER):
        some = drawn["transcriptomic"][first : first + _TOGETHER]
        slopes = gene_weights(some, expression, data.expressed).to(torch.float32)
        lower, upper = slopes.quantile(ends, dim=1)
        weight.append(slopes.mean(1))
        excludes.append((lower > 0) | (upper < 0))
    return {
        "share": share.cpu().numpy(),
        "correlation": _correlation(part, data).cpu().numpy(),
        "weight": torch.cat(weight).cpu().numpy(),
        "excludes": torch.cat(excludes).cpu().numpy(),
    }


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
