"""Joint draws of everything a fit reports, chunk by chunk, from the two trained halves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyro
import torch
from pyro import poutine
from torch import Tensor

from pyro_neurovae.models.cross_scale import CrossScale, tied
from pyro_neurovae.models.thinning import ThinningFamily

from .elbo import site_densities
from .expression_half import ExpressionHalf
from .gaussian import draw_linear, leave_one_out, noise_root
from .noise import NoiseStreams, isolated
from .scale_guide import ScaleGuide
from .thinning_half import draw_scales

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
    half
        Trained expression half, or None for a family without programs.
    proposals
        Importance proposals per draw.
    """

    family: ThinningFamily
    guide: ScaleGuide
    half: ExpressionHalf | None
    proposals: int

    @property
    def chunk(self) -> int:
        """Draws at a time: few enough for memory, and the same however many replicates there are."""
        return max(1, 150_000 // self.family.data.regions**2)

    @torch.no_grad()
    def draw(self, seeds: Sequence[int], draws: int) -> Quantities:
        """Draw everything: posterior, predictive, densities and importance ratios."""
        data = self.family.data
        streams = NoiseStreams(seeds, "posterior", dtype=data.thinning.dtype, device=data.thinning.device)
        pieces: list[Quantities] = []
        for start in range(0, draws, self.chunk):
            pieces.append(self._draw_chunk(streams, min(self.chunk, draws - start)))
        return {name: torch.cat([piece[name] for piece in pieces], 1) for name in pieces[0]}

    def _draw_chunk(self, streams: NoiseStreams, draws: int) -> Quantities:
        programs, drawn = self._programs(streams, draws)
        roots = self.family.roots(programs)
        kernels = {part: root.mT @ root for part, root in roots.items()}
        chosen = draw_scales(self.family, self.guide, kernels, streams, draws=draws, proposals=self.proposals)
        noise = linear_noise(self.family, roots, streams, draws)
        linear = draw_linear(self.family, chosen.scales, roots, noise)
        drawn |= chosen.scales | linear.fields
        if "strength" in drawn:
            weights = linear.weights["transcriptomic"]
            drawn["program_weight"] = program_weight(chosen.scales, drawn["strength"], weights)
        drawn["intercept"], drawn["thinning"] = linear.intercept, linear.thinning
        drawn["replicated"] = replicate_data(self.family, chosen.scales, linear.thinning, streams)
        drawn["log_likelihood"] = leave_one_out(self.family, chosen.scales, kernels)
        drawn["log_weight"], drawn["log_evidence"] = chosen.log_weight, chosen.log_evidence
        drawn["log_p"], drawn["log_q"] = chosen.log_p, chosen.log_q
        return drawn

    def _programs(self, streams: NoiseStreams, draws: int) -> tuple[Tensor | None, Quantities]:
        if self.half is None or not isinstance(self.family, CrossScale):
            return None, {}
        score, strength, smoothness, noise = self.half.draw(self.family, streams, draws)
        drawn = {"strength": strength, "smoothness": smoothness, "expression_noise": noise[..., 0]}
        return tied(score, strength), drawn | {"program_score": score}


def linear_noise(family: ThinningFamily, roots: Mapping[str, Tensor], streams: NoiseStreams, draws: int) -> Quantities:
    """Standard normal numbers that `draw_linear` asks for."""
    maps, regions = family.data.maps, family.data.regions
    noise = {part: streams.normal(draws, maps, root.shape[-2]) for part, root in roots.items()}
    return noise | {"intercept": streams.normal(draws, maps), "data": streams.normal(draws, maps, regions)}


def replicate_data(
    family: ThinningFamily, scales: Mapping[str, Tensor], thinning: Tensor, streams: NoiseStreams
) -> Tensor:
    """Observe noise-free thinning (replicate, draw, map, region) again, with unexplained and sampling noise."""
    root = noise_root(family, scales)
    return thinning + (root @ streams.normal(*thinning.shape[1:])[..., None])[..., 0]


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
    linear = draw_linear(family, sites, roots, linear_noise(family, roots, streams, draws), condition=False)
    drawn = {name: sites[name] for name in family.scale_names} | linear.fields
    if programs is not None:
        drawn |= {"strength": sites["strength"], "smoothness": sites["smoothness"]}
    drawn |= {"intercept": linear.intercept, "thinning": linear.thinning}
    return drawn | {"replicated": replicate_data(family, sites, linear.thinning, streams)}
