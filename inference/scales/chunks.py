"""How draws go through the processor: a few at a time, and around the draws of a kernel."""

from __future__ import annotations

import torch
from torch import Tensor

from pyro_neurovae.models.observations import Observations

__all__ = ["draws_together", "window"]

# Numbers of a batch of matrices at a time: few enough to stay near the processor.
_CACHED = 300_000


def draws_together(data: Observations, least: int = 1) -> int:
    """Number of draws whose covariances, one for each replicate and map, are computed at a time.

    However large they are, ``least`` matrices go together.
    """
    matrices = data.replicates * data.maps
    return max(1, least // matrices, _CACHED // (matrices * data.regions**2))


def window(kernel: Tensor, start: int, stop: int) -> Tensor:
    """Draws ``start`` to before ``stop`` of a kernel (replicate, draw or 1, ...), around the end and again."""
    if kernel.shape[1] == 1:
        return kernel
    first, number = start % kernel.shape[1], stop - start
    if first + number <= kernel.shape[1]:
        return kernel[:, first : first + number]
    return kernel[:, torch.arange(start, stop, device=kernel.device) % kernel.shape[1]]
