"""Joint draws of everything a fit reports, chunk by chunk, from the two trained halves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyro
import torch
from pyro import poutine
from torch import Tensor

from pyro_neurovae.models.cross_scale import tied
from pyro_neurovae.models.observations import Observations
from pyro_neurovae.models.thinning import ThinningFamily

from .elbo import site_densities
from .expression_half import ExpressionHalf, ProgramSource
from .gaussian import draw_linear, leave_one_out, sampling_noise, seen_root
from .noise import NoiseStreams, isolated
from .scale_guide import ScaleGuide, ScaleNoise
from .thinning_half import draw_scales
from .threads import single_threaded

__all__ = [
    "PosteriorSampler",
    "Quantities",
    "Sampler",
    "between",
    "draw_given_scales",
    "draw_prior",
    "linear_noise",
    "tied_roots",
]

Quantities = dict[str, Tensor]

# Numbers of a batch of matrices at a time: few enough to stay near the processor.
_CACHED = 150_000


class Sampler(Protocol):
    """What a trained fit gives, whatever its family."""

    @property
    def data(self) -> Observations:
        """What the fit conditions on."""

    def draw(self, draws: int) -> Quantities:
        """Draw everything that is reported; every tensor is (replicate, draw, ...)."""

    def draw_prior(self, seed: int, draws: int) -> Quantities:
        """Draw the same from the prior of the first replicate."""

    def spread(self, unexplained: Tensor) -> Tensor:
        """Standard deviation of an observed value about the noise-free one; (replicate, draw, map, region)."""

    def kept(self) -> dict[str, np.ndarray]:
        """Arrays to keep with the fit, the replicate first."""

    def notices(self) -> tuple[str, ...]:
        """What the user should know of the posterior, one sentence each."""


@dataclass(frozen=True)
class PosteriorSampler:
    """Draws from a trained fit; every tensor is (replicate, draw, ...).

    Attributes
    ----------
    family
        The family with its data.
    guide
        Trained guide of the maps' scales.
    programs
        Where the programs come from, or None for a family without them.
    seeds
        Seeds of the replicates.
    proposals
        Importance proposals per draw.
    """

    family: ThinningFamily
    guide: ScaleGuide
    programs: ProgramSource | None
    seeds: tuple[int, ...]
    proposals: int

    @property
    def data(self) -> Observations:
        """What the fit conditions on."""
        return self.family.data

    @property
    def half(self) -> ExpressionHalf | None:
        """The expression half of every replicate, where the family has one."""
        return None if self.programs is None else self.programs.half.select(self.programs.index)

    def spread(self, unexplained: Tensor) -> Tensor:
        """Root of sampling and unexplained variance, for sigma (replicate, draw, map)."""
        sampling = self.data.sampling.diagonal(dim1=-2, dim2=-1)
        return (unexplained.square()[..., None] + sampling).sqrt()

    def kept(self) -> dict[str, np.ndarray]:
        """Arrays to keep with the fit, the replicate first: the expression half, where there is one."""
        return {} if self.half is None else self.half.to_arrays()

    def draw_prior(self, seed: int, draws: int) -> Quantities:
        """Draw from the prior of the first replicate; see `draw_prior`."""
        return draw_prior(self.family, seed, draws)

    def notices(self) -> tuple[str, ...]:
        """Nothing to say."""
        return ()

    @torch.no_grad()
    def draw(self, draws: int) -> Quantities:
        """Draw everything: posterior, predictive, densities and importance ratios."""
        data = self.family.data
        with single_threaded(data.regions) as threads:
            programs = self._draw_programs(draws, threads if data.thinning.device.type == "cpu" else 1)
            noise = self._draw_noise(programs, draws)
            size = max(1, _CACHED // (data.replicates * data.maps * data.regions**2))
            pieces = [
                self._draw_thinning(between(programs, start, start + size), noise.between(start, start + size))
                for start in range(0, draws, size)
            ]
        return programs | {name: torch.cat([piece[name] for piece in pieces], 1) for name in pieces[0]}

    def _draw_programs(self, draws: int, workers: int) -> Quantities:
        if self.programs is None:
            return {}
        return self.programs.draw(self.programs.streams("posterior programs"), draws, workers)

    def _draw_noise(self, programs: Quantities, draws: int) -> ThinningNoise:
        """Draw all random numbers of the thinning half, so that they do not hang on how draws are batched."""
        family, data = self.family, self.family.data
        streams = NoiseStreams(self.seeds, "posterior", dtype=data.thinning.dtype, device=data.thinning.device)
        sizes = draws, self.proposals, data.maps, len(family.scale_names)
        return ThinningNoise(
            proposals=ScaleNoise.draw(streams, *sizes, defensive=True),
            pick=streams.uniform(draws, data.maps),
            linear=linear_noise(family, tied_roots(family, between(programs, 0, 1)), streams, draws),
            again=streams.normal(draws, data.maps, data.regions),
        )

    def _draw_thinning(self, programs: Quantities, noise: ThinningNoise) -> Quantities:
        """Draw the thinning half given the programs."""
        family = self.family
        roots = tied_roots(family, programs)
        kernels = {part: root.mT @ root for part, root in roots.items()}
        chosen = draw_scales(family, self.guide, kernels, noise.proposals, noise.pick)
        drawn = draw_given_scales(
            family, chosen.scales, programs, roots, kernels, noise.linear | {"again": noise.again}
        )
        return drawn | {
            "log_weight": chosen.log_weight,
            "log_evidence": chosen.log_evidence,
            "log_p": chosen.log_p,
            "log_q": chosen.log_q,
        }


def draw_given_scales(
    family: ThinningFamily,
    scales: Mapping[str, Tensor],
    programs: Quantities,
    roots: Mapping[str, Tensor],
    kernels: Mapping[str, Tensor],
    noise: Quantities,
) -> Quantities:
    """Draw what was integrated out, and data observed again, given scales and programs.

    ``noise`` is what `linear_noise` gives, and standard normal ``again`` (replicate, draw, map, region).
    """
    root = seen_root(family, scales, kernels)
    linear = draw_linear(family, scales, roots, noise, root)
    drawn = dict(scales) | linear.fields
    if programs:
        drawn["program_weight"] = program_weight(scales, programs["strength"], linear.weights["transcriptomic"])
    return drawn | {
        "intercept": linear.intercept,
        "thinning": linear.thinning,
        "replicated": linear.thinning + sampling_noise(family, scales, noise["again"]),
        "log_likelihood": leave_one_out(family, root),
    }


@dataclass(frozen=True)
class ThinningNoise:
    """Random numbers of the thinning half, each (replicate, draw, ...).

    Attributes
    ----------
    proposals, pick
        What `draw_scales` asks for.
    linear
        What `draw_linear` asks for.
    again
        Standard normal numbers of the data observed again; (replicate, draw, map, region).
    """

    proposals: ScaleNoise
    pick: Tensor
    linear: Quantities
    again: Tensor

    def between(self, start: int, stop: int) -> ThinningNoise:
        """Keep the draws from ``start`` to before ``stop``."""
        each = self.proposals.white.shape[1] // self.pick.shape[1]
        return ThinningNoise(
            self.proposals.between(start * each, stop * each),
            self.pick[:, start:stop],
            between(self.linear, start, stop),
            self.again[:, start:stop],
        )


def between(quantities: Quantities, start: int, stop: int) -> Quantities:
    """Keep the draws from ``start`` to before ``stop``."""
    return {name: values[:, start:stop] for name, values in quantities.items()}


def tied_roots(family: ThinningFamily, programs: Quantities) -> dict[str, Tensor]:
    """Roots of the parts' unit covariances, given draws of the programs where the family has them."""
    return family.roots(tied(programs["program_score"], programs["strength"]) if programs else None)


def linear_noise(family: ThinningFamily, roots: Mapping[str, Tensor], streams: NoiseStreams, draws: int) -> Quantities:
    """Standard normal numbers that `draw_linear` asks for."""
    maps, regions = family.data.maps, family.data.regions
    noise = {part: streams.normal(draws, maps, root.shape[-2]) for part, root in roots.items()}
    return noise | {"intercept": streams.normal(draws, maps), "data": streams.normal(draws, maps, regions)}


def program_weight(scales: Mapping[str, Tensor], strength: Tensor, weights: Tensor) -> Tensor:
    """Effect of one standard deviation of a program on thinning, c b_k s_k / |s|; (replicate, draw, map, program)."""
    share = strength / strength.norm(dim=-1, keepdim=True)
    return scales["transcriptomic_scale"][..., None] * weights * share[:, :, None]


@torch.no_grad()
def draw_prior(family: ThinningFamily, seed: int, draws: int) -> Quantities:
    """Draw parameters, noise-free thinning and data from the prior of the first replicate."""
    data = family.data
    with isolated(seed), pyro.validation_enabled(False):
        trace = poutine.trace(family.model).get_trace(draws)
    sites = {name: trace.nodes[name]["value"] for name in site_densities(trace)}
    programs: Quantities = {name: sites[name] for name in ("program_score", "strength", "smoothness") if name in sites}
    roots = tied_roots(family, programs)
    streams = NoiseStreams([seed], "prior", dtype=data.thinning.dtype, device=data.thinning.device)
    linear = draw_linear(family, sites, roots, linear_noise(family, roots, streams, draws), None)
    drawn = {name: sites[name] for name in family.scale_names} | linear.fields
    drawn |= {name: values for name, values in programs.items() if name != "program_score"}
    drawn |= {"intercept": linear.intercept, "thinning": linear.thinning}
    again = sampling_noise(family, sites, streams.normal(draws, data.maps, data.regions))
    return drawn | {"replicated": linear.thinning + again}
