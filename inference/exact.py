"""The exact posterior of a family with two scales: Gaussian given these, and a dense grid over them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from pyro_neurovae.errors import SettingsError
from pyro_neurovae.models.linear import ThinningFamily
from pyro_neurovae.models.marginal import PartlySeenNormal
from pyro_neurovae.models.settings import ExactTraining

from .noise import NoiseStreams
from .sampler import LinearSampler, Quantities, between, draw_given_scales, linear_noise, tied_roots
from .training import TrainingRecord

__all__ = ["ExactSampler", "ScaleGrid", "scale_grid", "solve_exact"]

# The grid's ends in units of the map's standard deviation, even in the logarithm: below, a scale leaves no trace in the
# thinning; above, its prior leaves no mass.
_LEAST, _MOST = 1e-3, 5.0

# Points or draws at a time.
_CHUNK = 200


@dataclass(frozen=True)
class ScaleGrid:
    """Posterior of a map's two scales on a grid.

    Attributes
    ----------
    scales
        Each scale at every point, in map units; name to (replicate, point, map).
    weight
        Posterior probability of each point's cell; (replicate, point, map).
    step
        Width of a cell in the logarithm.
    """

    scales: dict[str, Tensor]
    weight: Tensor
    step: float


@torch.no_grad()
def scale_grid(family: ThinningFamily, points: int) -> ScaleGrid:
    """Evaluate the posterior of both scales, everything else integrated out, on ``points`` x ``points`` cells."""
    first, second = family.scale_names
    data = family.data
    ends = math.log(_LEAST), math.log(_MOST)
    axis = torch.linspace(*ends, points, dtype=data.unit.dtype, device=data.unit.device)
    one, other = (part.reshape(1, -1, 1).exp() for part in torch.meshgrid(axis, axis, indexing="ij"))
    scales = {first: one * data.unit[:, None], second: other * data.unit[:, None]}
    kernels, pieces = family.kernels(), []
    for start in range(0, points**2, _CHUNK):
        now = between(scales, start, start + _CHUNK)
        normal = PartlySeenNormal(family.covariance(now, kernels), data.seen[:, None], validate_args=False)
        prior = sum(family.scale_prior(name).log_prob(value) + value.log() for name, value in now.items())
        pieces.append(normal.log_prob(data.thinning[:, None]) + prior)
    return ScaleGrid(scales, torch.cat(pieces, 1).softmax(1), float(axis[1] - axis[0]))


def solve_exact(
    family: ThinningFamily, training: ExactTraining, seeds: tuple[int, ...]
) -> tuple[ExactSampler, TrainingRecord]:
    """Solve a family without programs.

    Raises
    ------
    SettingsError
        For a family whose posterior has no such form.
    """
    if len(family.scale_names) != 2:
        raise SettingsError(
            f"method exact knows the models expression and spatial, not {family.name}; use svi or nuts."
        )
    nothing = torch.full((family.data.replicates,), torch.nan, dtype=family.data.thinning.dtype)
    sampler = ExactSampler(family, scale_grid(family, training.points), seeds)
    return sampler, TrainingRecord(nothing[:, None], nothing, nothing)


@dataclass(frozen=True)
class ExactSampler(LinearSampler):
    """Independent draws: a cell of the grid, a place in it, and what is Gaussian given the scales.

    Attributes
    ----------
    family, grid
        The family and the posterior of its scales.
    seeds
        Seeds of the replicates.
    """

    family: ThinningFamily
    grid: ScaleGrid
    seeds: tuple[int, ...]

    @torch.no_grad()
    def draw(self, draws: int) -> Quantities:
        """Draw everything that is reported; every tensor is (replicate, draw, ...)."""
        family, data = self.family, self.family.data
        streams = NoiseStreams(self.seeds, "exact", dtype=data.thinning.dtype, device=data.thinning.device)
        below = self.grid.weight.cumsum(1).mT.contiguous()  # (replicate, map, point)
        cell = torch.searchsorted(below, streams.uniform(data.maps, draws)).clamp(max=below.shape[-1] - 1).mT
        scales = {
            name: values.expand_as(self.grid.weight).gather(1, cell)
            * ((streams.uniform(draws, data.maps) - 0.5) * self.grid.step).exp()
            for name, values in self.grid.scales.items()
        }
        roots, kernels = tied_roots(family, {}), family.kernels()
        noise = linear_noise(family, roots, streams, draws) | {"again": streams.normal(draws, data.maps, data.regions)}
        pieces = []
        for start in range(0, draws, _CHUNK):
            now, own = (between(part, start, start + _CHUNK) for part in (scales, noise))
            pieces.append(draw_given_scales(family, now, {}, roots, kernels, own))
        drawn = {name: torch.cat([piece[name] for piece in pieces], 1) for name in pieces[0]}
        return drawn | {"log_p": self.grid.weight.log().gather(1, cell)}
