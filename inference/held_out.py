"""Predictions of regions whose thinning the fit has not seen: every fold a replicate of one batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pyro_neurovae.models.options import FitSettings
from pyro_neurovae.studies.study import Study

from .engine import carried_settings, fit_model, held_out_density
from .observation import observe, pick_device
from .sampler import Quantities, Sampler
from .switches import single_threaded
from .training import Progress

__all__ = ["HeldOut", "predict_held_out"]


@dataclass(frozen=True)
class HeldOut:
    """Posterior predictive of every observed value, given the other folds; all (map, region), NaN where unobserved.

    Attributes
    ----------
    mean, sd, lower90, upper90
        Of the value observed anew, all noise included.
    log_density
        Log predictive density of the observed value, in map units: its sum or mean over regions is the ELPD.
    crps
        Continuous ranked probability score of the predictive draws, in map units (Gneiting & Raftery 2007, eq. 21).
    """

    mean: np.ndarray
    sd: np.ndarray
    lower90: np.ndarray
    upper90: np.ndarray
    log_density: np.ndarray
    crps: np.ndarray


def predict_held_out(
    study: Study,
    settings: FitSettings,
    folds: Sequence[np.ndarray],
    *,
    progress: Progress | None = None,
) -> list[HeldOut]:
    """Predict every region from the folds it is not in.

    All folds of all ways of folding train as one batch. Of a held-out value nothing reaches its own prediction: the
    units of the priors, early stopping and training are computed from what a fold sees.

    Parameters
    ----------
    study, settings
        What to fit and how; ``restarts`` is not used.
    folds
        Ways of folding, each the fold of every region (region,).
    """
    settings, _ = carried_settings(study, settings)
    numbers = [np.unique(fold) for fold in folds]
    hidden = np.concatenate([fold == number[:, None] for fold, number in zip(folds, numbers, strict=True)])
    hidden = np.repeat(hidden[:, None], len(study.maps), axis=1)  # (replicate, map, region)
    data = observe(study, hidden=hidden, device=pick_device(settings.device))
    sampler = fit_model(data, settings, (settings.seed,) * len(hidden), progress=progress).sampler
    with single_threaded(study.n_regions):
        summary = _summarise(sampler, sampler.draw(settings.draws), study)
    splits = np.cumsum([len(number) for number in numbers])[:-1]
    out = np.where(study.thinning_observed & hidden, 1.0, np.nan)
    each = {name: np.split(values * out, splits) for name, values in summary.items()}
    return [HeldOut(**{name: _own(values[way]) for name, values in each.items()}) for way in range(len(folds))]


def _summarise(sampler: Sampler, drawn: Quantities, study: Study) -> dict[str, np.ndarray]:
    """Predictive moments, interval and density; each (replicate, map, region)."""
    mean, spread = sampler.predictive(drawn)  # (replicate, draw, map, region)
    observed = torch.as_tensor(np.nan_to_num(study.thinning)).to(mean)
    ends = torch.tensor([0.05, 0.95], dtype=mean.dtype, device=mean.device)
    lower, upper = torch.quantile(drawn["replicated"], ends, dim=1)
    summary: dict[str, Tensor] = {
        "mean": mean.mean(1),
        "sd": (mean.var(1) + spread.square().mean(1)).sqrt(),
        "lower90": lower,
        "upper90": upper,
        "log_density": held_out_density(mean, spread, observed.expand(len(mean), -1, -1)),
        "crps": _crps(drawn["replicated"], observed),
    }
    return {name: values.cpu().numpy() for name, values in summary.items()}


def _crps(draws: Tensor, observed: Tensor) -> Tensor:
    """E|x - y| - E|x - x'| / 2 over draws (replicate, draw, map, region); (replicate, map, region)."""
    count = draws.shape[1]
    rank = 2 * torch.arange(1, count + 1, dtype=draws.dtype, device=draws.device) - count - 1
    spread = (rank[:, None, None] * draws.sort(1).values).sum(1) / (count * (count - 1))
    return (draws - observed).abs().mean(1) - spread


def _own(values: np.ndarray) -> np.ndarray:
    """Of (fold, map, region), each region's number from the fold that hides it, the others being NaN."""
    kept = np.nansum(values, axis=0)
    return np.where(np.isnan(values).all(0), np.nan, kept)
