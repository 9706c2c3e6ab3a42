"""How draws go through the processor: a few at a time, and around the draws of a kernel."""

from __future__ import annotations

import torch
from torch import Tensor

from pyro_neurovae.models.observations import Observations

__all__ = ["draws_together", "window"]

# Numbers of a batch of matrices at a time: few enough to stay near the processor.
_CACHED = 300_000


def draws_together(data: Observations) -> int:
    """Number of draws whose covariances, one for each replicate and map, are computed at a time."""
    return max(1, _CACHED // (data.replicates * data.maps * data.regions**2))


def window(kernel: Tensor, start: int, stop: int) -> Tensor:
    """Draws ``start`` to before ``stop`` of a kernel (replicate, draw or 1, ...), around the end and again."""
    if kernel.shape[1] == 1:
        return kernel
    return kernel[:, torch.arange(start, stop, device=kernel.device) % kernel.shape[1]]
