"""The exact posterior of a model with two or three scales: Gaussian given these, and a dense grid over them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pyro_neurovae.errors import SettingsError
from pyro_neurovae.models.linear import LinearModel
from pyro_neurovae.models.training_settings import ExactTraining

from .noise import NoiseStreams
from .programs.trained import TrainedPrograms
from .sampler import LinearSampler, Quantities, between, draw_given_scales, linear_noise
from .training import Progress

__all__ = ["ExactSampler", "ScaleGrid", "scale_grid", "solve_exact"]

# The grid's ends in units of the map's standard deviation, even in the logarithm: below, a scale leaves no trace in the
# thinning; above, its prior leaves no mass.
_LEAST, _MOST = 1e-3, 5.0

# A grid in more dimensions is coarse before it is affordable.
_MOST_SCALES = 3

# Points or draws at a time.
_CHUNK = 200


@dataclass(frozen=True)
class ScaleGrid:
    """Posterior of a map's scales on a grid.

    Attributes
    ----------
    scales
        Each scale at every point, in map units; name to (replicate, point, map).
    weight
        Posterior probability of each point's cell; (replicate, point, map).
    step
        Width of a cell in the logarithm, the same for every scale.
    """

    scales: dict[str, Tensor]
    weight: Tensor
    step: float


@torch.no_grad()
def scale_grid(model: LinearModel, points: int) -> ScaleGrid:
    """Evaluate the posterior of the scales, everything else integrated out, on about ``points`` squared cells."""
    data, names = model.data, model.scale_names
    each = round(points ** (2 / len(names)))
    ends = math.log(_LEAST), math.log(_MOST)
    axis = torch.linspace(*ends, each, dtype=data.unit.dtype, device=data.unit.device)
    grid = (part.reshape(1, -1, 1).exp() for part in torch.meshgrid(*(axis,) * len(names), indexing="ij"))
    scales = {name: part * data.unit[:, None] for name, part in zip(names, grid, strict=True)}
    kernels, pieces = model.kernels({}), []
    for start in range(0, each ** len(names), _CHUNK):
        now = between(scales, start, start + _CHUNK)
        pieces.append(model.log_density(now, kernels) + sum(value.log() for value in now.values()))
    return ScaleGrid(scales, torch.cat(pieces, 1).softmax(1), float(axis[1] - axis[0]))


def solve_exact(
    model: LinearModel,
    training: ExactTraining,
    seeds: Sequence[int],
    *,
    draws: int,
    programs: TrainedPrograms | None = None,
    progress: Progress | None = None,
) -> tuple[ExactSampler, None]:
    """Solve a model without programs whose maps have two or three scales; nothing is trained.

    See `methods.Method.fit` for the parameters.

    Raises
    ------
    SettingsError
        For a model whose maps have more scales.
    """
    del draws, programs, progress
    if model.has_programs or not 1 < len(model.scale_names) <= _MOST_SCALES:
        raise SettingsError(
            f"method exact solves models whose maps have two or three scales, and this one has "
            f"{len(model.scale_names)}; use svi or nuts."
        )
    return ExactSampler(model, scale_grid(model, training.points), tuple(seeds)), None


@dataclass(frozen=True)
class ExactSampler(LinearSampler):
    """Independent draws: a cell of the grid, a place in it, and what is Gaussian given the scales.

    Attributes
    ----------
    model, grid
        The model and the posterior of its scales.
    seeds
        Seeds of the replicates.
    """

    model: LinearModel
    grid: ScaleGrid
    seeds: tuple[int, ...]

    @torch.no_grad()
    def draw(self, draws: int) -> Quantities:
        """Draw everything that is reported; every tensor is (replicate, draw, ...)."""
        model, data = self.model, self.model.data
        streams = NoiseStreams(self.seeds, "exact", dtype=data.thinning.dtype, device=data.thinning.device)
        below = self.grid.weight.cumsum(1).mT.contiguous()  # (replicate, map, point)
        cell = torch.searchsorted(below, streams.uniform(data.maps, draws)).clamp(max=below.shape[-1] - 1).mT
        scales = {
            name: values.expand_as(self.grid.weight).gather(1, cell)
            * ((streams.uniform(draws, data.maps) - 0.5) * self.grid.step).exp()
            for name, values in self.grid.scales.items()
        }
        noise = linear_noise(model, model.roots({}), streams, draws) | {
            "again": streams.normal(draws, data.maps, data.regions)
        }
        pieces = []
        for start in range(0, draws, _CHUNK):
            now, own = (between(part, start, start + _CHUNK) for part in (scales, noise))
            pieces.append(draw_given_scales(model, now, {}, own))
        drawn = {name: torch.cat([piece[name] for piece in pieces], 1) for name in pieces[0]}
        return drawn | {"log_p": self.grid.weight.log().gather(1, cell)}
