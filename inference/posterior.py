"""Joint draws of everything a fit reports, chunk by chunk, from the two trained halves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyro
import torch
from pyro import poutine
from torch import Tensor

from pyro_neurovae.models.cross_scale import tied
from pyro_neurovae.models.thinning import ThinningFamily

from .elbo import site_densities
from .expression_half import ExpressionHalf, ProgramSource
from .gaussian import draw_linear, leave_one_out, sampling_noise, seen_root
from .noise import NoiseStreams, isolated
from .scale_guide import ScaleGuide
from .thinning_half import draw_scales
from .threads import single_threaded

__all__ = ["PosteriorSampler", "Quantities", "draw_prior"]

Quantities = dict[str, Tensor]


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
    def half(self) -> ExpressionHalf | None:
        """The expression half of every replicate, where the family has one."""
        return None if self.programs is None else self.programs.half.select(self.programs.index)

    @property
    def chunk(self) -> int:
        """Draws at a time: few enough for memory, and the same however many replicates there are."""
        return max(1, 150_000 // self.family.data.regions**2)

    @torch.no_grad()
    def draw(self, draws: int) -> Quantities:
        """Draw everything: posterior, predictive, densities and importance ratios."""
        data = self.family.data
        streams = NoiseStreams(self.seeds, "posterior", dtype=data.thinning.dtype, device=data.thinning.device)
        with single_threaded(data.regions) as threads:
            programs = self._draw_programs(draws, threads if data.thinning.device.type == "cpu" else 1)
            pieces: list[Quantities] = []
            for start in range(0, draws, self.chunk):
                part = {name: values[:, start : start + self.chunk] for name, values in programs.items()}
                pieces.append(self._draw_thinning(part, streams, min(self.chunk, draws - start)))
        return programs | {name: torch.cat([piece[name] for piece in pieces], 1) for name in pieces[0]}

    def _draw_programs(self, draws: int, workers: int) -> Quantities:
        if self.programs is None:
            return {}
        return self.programs.draw(self.programs.streams("posterior programs"), draws, workers)

    def _draw_thinning(self, programs: Quantities, streams: NoiseStreams, draws: int) -> Quantities:
        """Draw the thinning half given the programs."""
        family = self.family
        roots = family.roots(tied(programs["program_score"], programs["strength"]) if programs else None)
        kernels = {part: root.mT @ root for part, root in roots.items()}
        chosen = draw_scales(family, self.guide, kernels, streams, draws=draws, proposals=self.proposals)
        root = seen_root(family, chosen.scales, kernels)
        linear = draw_linear(family, chosen.scales, roots, linear_noise(family, roots, streams, draws), root)
        again = sampling_noise(family, chosen.scales, streams.normal(draws, family.data.maps, family.data.regions))
        drawn = chosen.scales | linear.fields
        if programs:
            weights = linear.weights["transcriptomic"]
            drawn["program_weight"] = program_weight(chosen.scales, programs["strength"], weights)
        return drawn | {
            "intercept": linear.intercept,
            "thinning": linear.thinning,
            "replicated": linear.thinning + again,
            "log_likelihood": leave_one_out(family, root),
            "log_weight": chosen.log_weight,
            "log_evidence": chosen.log_evidence,
            "log_p": chosen.log_p,
            "log_q": chosen.log_q,
        }


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
    programs = tied(sites["program_score"], sites["strength"]) if "program_score" in sites else None
    roots = family.roots(programs)
    streams = NoiseStreams([seed], "prior", dtype=data.thinning.dtype, device=data.thinning.device)
    linear = draw_linear(family, sites, roots, linear_noise(family, roots, streams, draws), None)
    drawn = {name: sites[name] for name in family.scale_names} | linear.fields
    if programs is not None:
        drawn |= {"strength": sites["strength"], "smoothness": sites["smoothness"]}
    drawn |= {"intercept": linear.intercept, "thinning": linear.thinning}
    again = sampling_noise(family, sites, streams.normal(draws, data.maps, data.regions))
    return drawn | {"replicated": linear.thinning + again}
