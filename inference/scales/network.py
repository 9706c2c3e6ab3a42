"""Amortised start of the scales' guide: a network that has seen many maps reads a new one and gives its mixture.

What it reads are the exact log density of the map, and its slope, at a few settings of the scales that are the same for
every map. The graph, the programs, the standard errors, the regions that are seen and the priors all act through these,
so that one network serves any graph, any expression and any prior.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..switches import quick
from .chunks import draws_together
from .guide import COMPONENTS, FURTHEST, ScaleGuide

__all__ = ["MapReading", "ScaleNetwork", "read_maps", "reading_points"]

# Settings of the scales at which a map is read, and how far out they lie, in standard deviations of the prior.
_POINTS, _OUT = 32, 1.2

# Log densities count in tens of nats, down to three tens below the largest; slopes in threes, and large ones by logs.
_TENS, _LOWEST, _SLOPE = 10.0, -3.0, 3.0

# Width that a component has before training, as in `ScaleGuide`.
_LOG_WIDTH = -0.7

# How wide a component may be, in standard deviations of the prior; it may lie no further out than `FURTHEST`. Told of a
# map unlike all that it was trained on, a network may say anything.
_WIDEST = 3.0


@dataclass(frozen=True)
class MapReading:
    """What the network is told of maps.

    Attributes
    ----------
    context
        Share of each setting in their summed densities, its log density less the largest, and its slopes; (replicate,
        map, feature).
    start
        Mean of the settings, by their densities; (replicate, map, scale).
    """

    context: Tensor
    start: Tensor


class ScaleNetwork(nn.Module):
    """Perceptron from a map's reading to the mixture of its `ScaleGuide`.

    Its last component is the prior itself, so that a mode which the network overlooks is proposed too, and found by the
    rounds that follow.

    Parameters
    ----------
    scales
        Number of a map's globals.
    width
        Hidden units of each of the two layers.
    """

    points: Tensor
    shift: Tensor
    spread: Tensor

    def __init__(self, scales: int, width: int = 128) -> None:
        super().__init__()
        features = _POINTS * (2 + scales)
        self.register_buffer("points", reading_points(scales))
        self.register_buffer("shift", torch.zeros(features, dtype=torch.float64))
        self.register_buffer("spread", torch.ones(features, dtype=torch.float64))
        outputs = (COMPONENTS - 1) * (scales + scales * (scales + 1) // 2)
        self.layers = nn.Sequential(
            nn.Linear(features + scales, width),
            nn.SiLU(),
            nn.Linear(width, width),
            nn.SiLU(),
            nn.Linear(width, outputs),
        ).double()

    def forward(self, reading: MapReading) -> tuple[Tensor, Tensor]:
        """Means (replicate, map, component, scale) and triangular roots of the mixture's components."""
        scales = reading.start.shape[-1]
        told = torch.cat([(reading.context - self.shift) / self.spread, reading.start], -1)
        out = self.layers(told).unflatten(-1, (COMPONENTS - 1, -1))
        loc, log_width, below = out.split([scales, scales, out.shape[-1] - 2 * scales], -1)
        root = torch.diag_embed((log_width + _LOG_WIDTH).clamp(max=math.log(_WIDEST)).exp())
        row, column = torch.tril_indices(scales, scales, -1, device=out.device)
        root[..., row, column] = below.clamp(-_WIDEST, _WIDEST)
        loc = (reading.start[..., None, :] + loc).clamp(-FURTHEST, FURTHEST)
        prior = torch.eye(scales, dtype=loc.dtype, device=loc.device)
        loc = torch.cat([loc, torch.zeros_like(loc[..., :1, :])], -2)
        return loc, torch.cat([root, prior.expand_as(root[..., :1, :, :])], -3)


def reading_points(scales: int) -> Tensor:
    """Settings at which maps are read, spread evenly as the prior has them; normal scores (point, scale)."""
    grid = torch.quasirandom.SobolEngine(scales).draw(_POINTS + 1, dtype=torch.float64)[1:]  # without the corner 0
    return _OUT * torch.special.ndtri(grid).clamp(-3, 3)


def read_maps(guide: ScaleGuide, kernels: Mapping[str, Tensor], points: Tensor) -> MapReading:
    """Read every replicate and map of the guide's model at the given settings, (point, scale) normal scores.

    ``kernels`` are the parts' unit covariances (replicate or 1, draw or 1, region, region), of which the means over
    draws are taken.
    """
    model, data = guide.model, guide.model.data
    mean = {part: kernel.mean(1, keepdim=True) for part, kernel in kernels.items()}
    densities, slopes = [], []
    for some in points.split(draws_together(data)):
        x = some[None, :, None].repeat(data.replicates, 1, data.maps, 1).requires_grad_()
        with quick():
            values, log_slope = guide.values(x)
            density = model.log_density(dict(zip(model.globals, values.unbind(-1), strict=True)), mean)
            density = density + log_slope.sum(-1)
            slopes += torch.autograd.grad(density.sum(), x)
        densities.append(density.detach())
    density, slope = torch.cat(densities, 1).mT, torch.cat(slopes, 1).transpose(1, 2)  # (replicate, map, point, ...)
    share, below = density.softmax(-1), density - density.amax(-1, keepdim=True)
    told = [share, (below / _TENS).clamp(min=_LOWEST), torch.asinh(slope.flatten(-2) / _SLOPE)]
    return MapReading(torch.cat(told, -1), share @ points)
