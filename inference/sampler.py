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

from pyro_neurovae.models.cross_scale import CrossScale
from pyro_neurovae.models.linear import ThinningFamily
from pyro_neurovae.models.observations import Observations
from pyro_neurovae.models.settings import TrainingSettings

from .elbo import site_densities
from .gaussian import draw_linear, leave_one_out, sampling_noise, seen_root
from .noise import NoiseStreams, isolated
from .programs.resampling import resample
from .programs.source import ProgramSource
from .programs.trained import ExpressionHalf
from .scales.guide import ScaleGuide, ScaleNoise
from .scales.training import draw_scales
from .threads import single_threaded

__all__ = [
    "LinearSampler",
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

    def log_prior(self, drawn: Mapping[str, Tensor]) -> Quantities:
        """Log prior density of every hyperparameter drawn, shaped as it is."""

    def spread(self, unexplained: Tensor) -> Tensor:
        """Standard deviation of an observed value about the noise-free one; (replicate, draw, map, region)."""

    def kept(self) -> dict[str, np.ndarray]:
        """Arrays to keep with the fit, the replicate first."""

    def notices(self) -> tuple[str, ...]:
        """What the user should know of the posterior, one sentence each."""


class LinearSampler:
    """What the samplers of the linear families share."""

    family: ThinningFamily

    @property
    def data(self) -> Observations:
        """What the fit conditions on."""
        return self.family.data

    def log_prior(self, drawn: Mapping[str, Tensor]) -> Quantities:
        """Log prior density of every hyperparameter drawn, shaped as it is."""
        return self.family.log_prior(drawn)

    def spread(self, unexplained: Tensor) -> Tensor:
        """Root of sampling and unexplained variance, for sigma (replicate, draw, map)."""
        sampling = self.data.sampling.diagonal(dim1=-2, dim2=-1)
        return (unexplained.square()[..., None] + sampling).sqrt()

    def kept(self) -> dict[str, np.ndarray]:
        """Nothing to keep."""
        return {}

    def draw_prior(self, seed: int, draws: int) -> Quantities:
        """Draw from the prior of the first replicate; see `draw_prior`."""
        return draw_prior(self.family, seed, draws)

    def notices(self) -> tuple[str, ...]:
        """Nothing to say."""
        return ()


@dataclass(frozen=True)
class PosteriorSampler(LinearSampler):
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
    training
        Numbers of proposals.
    """

    family: ThinningFamily
    guide: ScaleGuide
    programs: ProgramSource | None
    seeds: tuple[int, ...]
    training: TrainingSettings

    @property
    def half(self) -> ExpressionHalf | None:
        """The expression half of every replicate, where the family has one."""
        return None if self.programs is None else self.programs.half.select(self.programs.index)

    def kept(self) -> dict[str, np.ndarray]:
        """Arrays to keep with the fit, the replicate first: the expression half, where there is one."""
        return {} if self.half is None else self.half.to_arrays()

    @torch.no_grad()
    def draw(self, draws: int) -> Quantities:
        """Draw everything: posterior, predictive, densities and importance ratios.

        Programs are drawn from expression alone, a few for each draw asked for, with the maps' scales; of these some
        are kept by the evidence of the thinning; what was integrated out is drawn last.
        """
        data, most = self.family.data, draws * self.program_proposals
        with single_threaded(data.regions) as threads:
            programs = self._draw_programs(most, threads if data.thinning.device.type == "cpu" else 1)
            noise = self._draw_noise(programs, most, draws)
            size = max(1, _CACHED // (data.replicates * data.maps * data.regions**2))
            scales, ratios = self._draw_scales(programs, noise, size)
            kept = resample(ratios["log_evidence"].sum(-1), draws, noise.keep) if programs else None
            if kept is not None:
                programs, scales = (_pick(part, kept.index) for part in (programs, scales))
                ratios |= _pick({name: ratios[name] for name in ("log_evidence", "log_p", "log_q")}, kept.index)
                ratios |= {"programs_k": kept.k, "programs_ess": kept.ess}
            pieces = []
            for start in range(0, draws, size):
                own = (between(part, start, start + size) for part in (scales, programs, noise.linear))
                pieces.append(self._draw_rest(*own))
        return programs | ratios | {name: torch.cat([piece[name] for piece in pieces], 1) for name in pieces[0]}

    @property
    def program_proposals(self) -> int:
        """Draws of the programs for each draw that is kept; one for a family without programs."""
        return 1 if self.programs is None else self.training.program_proposals

    def _draw_programs(self, draws: int, workers: int) -> Quantities:
        if self.programs is None:
            return {}
        return self.programs.draw(self.programs.streams("posterior programs"), draws, workers)

    def _draw_noise(self, programs: Quantities, most: int, draws: int) -> ThinningNoise:
        """Draw all random numbers of the thinning half, so that they do not hang on how draws are batched."""
        family, data = self.family, self.family.data
        streams = NoiseStreams(self.seeds, "posterior", dtype=data.thinning.dtype, device=data.thinning.device)
        sizes = most, self.training.proposals, data.maps, len(family.scale_names)
        proposals, pick = ScaleNoise.draw(streams, *sizes, defensive=True), streams.uniform(most, data.maps)
        linear = linear_noise(family, tied_roots(family, between(programs, 0, 1)), streams, draws)
        linear["again"] = streams.normal(draws, data.maps, data.regions)
        return ThinningNoise(proposals, pick, streams.uniform(1)[:, 0], linear)

    def _draw_scales(self, programs: Quantities, noise: ThinningNoise, size: int) -> tuple[Quantities, Quantities]:
        """Draw a map's scales for every draw of the programs; the scales, and densities and importance ratios."""
        each, pieces = self.training.proposals, []
        for start in range(0, noise.pick.shape[1], size):
            stop = start + size
            kernels = {
                part: root.mT @ root for part, root in tied_roots(self.family, between(programs, start, stop)).items()
            }
            proposals = noise.proposals.between(start * each, stop * each)
            pieces.append(draw_scales(self.family, self.guide, kernels, proposals, noise.pick[:, start:stop]))
        names = ("log_weight", "log_evidence", "log_p", "log_q")
        scales = {name: torch.cat([piece.scales[name] for piece in pieces], 1) for name in self.family.scale_names}
        return scales, {name: torch.cat([getattr(piece, name) for piece in pieces], 1) for name in names}

    def _draw_rest(self, scales: Quantities, programs: Quantities, noise: Quantities) -> Quantities:
        """Draw what is linear and Gaussian given scales and programs."""
        roots = tied_roots(self.family, programs)
        kernels = {part: root.mT @ root for part, root in roots.items()}
        return draw_given_scales(self.family, scales, programs, roots, kernels, noise)


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
    density, below = leave_one_out(family, root)
    return drawn | {
        "intercept": linear.intercept,
        "thinning": linear.thinning,
        "replicated": linear.thinning + sampling_noise(family, scales, noise["again"]),
        "log_likelihood": density,
        "loo_pit": below,
    }


@dataclass(frozen=True)
class ThinningNoise:
    """Random numbers of the thinning half.

    Attributes
    ----------
    proposals, pick
        What `draw_scales` asks for, for every draw of the programs.
    keep
        What `resample` asks for; (replicate,).
    linear
        What `draw_given_scales` asks for, for every draw that is kept.
    """

    proposals: ScaleNoise
    pick: Tensor
    keep: Tensor
    linear: Quantities


def _pick(quantities: Quantities, index: Tensor) -> Quantities:
    """Keep each replicate's draws with the given numbers (replicate, draw)."""
    rows = torch.arange(len(index), device=index.device)[:, None]
    return {name: values[rows, index] for name, values in quantities.items()}


def between(quantities: Quantities, start: int, stop: int) -> Quantities:
    """Keep the draws from ``start`` to before ``stop``."""
    return {name: values[:, start:stop] for name, values in quantities.items()}


def tied_roots(family: ThinningFamily, programs: Quantities) -> dict[str, Tensor]:
    """Roots of the parts' unit covariances, given draws of the programs where the family has them."""
    if not isinstance(family, CrossScale):
        return family.roots()
    return family.roots(family.tied(programs["program_score"], programs["strength"]))


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
