"""What the maps say of the programs: draws made from expression alone, resampled by the evidence of the thinning."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pyro_neurovae.inferencedata import pareto_smooth

__all__ = ["Resampled", "resample", "systematic"]

# Shape of the weights' tail above which they mislead (Vehtari et al. 2024).
_LARGEST_K = 0.7


@dataclass(frozen=True)
class Resampled:
    """Which draws are kept.

    Attributes
    ----------
    index
        Number of each kept draw; (replicate, draw) long, in rising order.
    k, ess
        Pareto k of the weights and effective number of draws before resampling; (replicate,).
    """

    index: Tensor
    k: Tensor
    ess: Tensor


def resample(log_weight: Tensor, draws: int, uniform: Tensor) -> Resampled:
    """Resample draws in proportion to their Pareto-smoothed importance weights.

    Systematic resampling (Carpenter, Clifford & Fearnhead 1999): no draw is kept more than one time more or less than
    its share. Where the tail's shape k is above 0.7 the weights are not to be trusted, and all draws count alike.

    Parameters
    ----------
    log_weight
        (replicate, draw).
    draws
        Number to keep.
    uniform
        One number between 0 and 1 a replicate; (replicate,).
    """
    smoothed, shape = zip(*(pareto_smooth(row) for row in log_weight.cpu().numpy()), strict=True)
    k = torch.as_tensor(np.array(shape)).to(log_weight)
    weight = torch.as_tensor(np.stack(smoothed)).to(log_weight).softmax(-1)
    weight = torch.where(k[:, None] > _LARGEST_K, torch.full_like(weight, 1 / weight.shape[-1]), weight)
    return Resampled(systematic(weight, draws, uniform[:, None]), k, 1 / weight.square().sum(-1))


def systematic(weight: Tensor, draws: int, uniform: Tensor | float) -> Tensor:
    """Numbers of ``draws`` that lie evenly in weights which sum to one, each as often as it weighs; (..., draw) long.

    ``weight`` is (..., draw), ``uniform`` between 0 and 1, broadcast with it: where the first lies in its place.
    """
    place = (torch.arange(draws, dtype=weight.dtype, device=weight.device) + uniform) / draws
    index = torch.searchsorted(weight.cumsum(-1), place.expand(*weight.shape[:-1], -1).contiguous())
    return index.clamp(max=weight.shape[-1] - 1)
