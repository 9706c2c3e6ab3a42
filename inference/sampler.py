"""Joint draws of everything a fit reports, chunk by chunk, from trained programs and scales."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, cast

import numpy as np
import pyro
import torch
from pyro import poutine
from torch import Tensor

from pyro_neurovae.models.cross_scale import CrossScale
from pyro_neurovae.models.linear import LinearModel
from pyro_neurovae.models.observations import Observations
from pyro_neurovae.models.training_settings import TrainingSettings

from .gaussian import LinearDraws, draw_linear, leave_one_out, predict_unseen, seen_root
from .noise import NoiseStreams, isolated
from .programs.resampling import resample
from .programs.source import POSTERIOR, ProgramSource
from .programs.trained import TrainedPrograms
from .scales.chunks import draws_together
from .scales.guide import ScaleGuide, ScaleNoise
from .scales.training import draw_scales
from .switches import single_threaded

__all__ = [
    "LinearSampler",
    "PosteriorSampler",
    "Quantities",
    "Sampler",
    "between",
    "draw_given_scales",
    "draw_prior",
    "linear_noise",
]

Quantities = dict[str, Tensor]


class Sampler(Protocol):
    """What a fitted model gives, whatever its family and method."""

    @property
    def data(self) -> Observations:
        """What the fit conditions on."""

    @property
    def trained(self) -> TrainedPrograms | None:
        """Trained programs of every replicate, where there are any."""

    def draw(self, draws: int) -> Quantities:
        """Draw everything that is reported; every tensor is (replicate, draw, ...)."""

    def draw_prior(self, seed: int, draws: int) -> Quantities:
        """Draw the same from the prior of the first replicate."""

    def log_prior(self, drawn: Mapping[str, Tensor]) -> Quantities:
        """Log prior density of every hyperparameter drawn, shaped as it is."""

    def predictive(self, drawn: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of each value observed anew, given a draw; (replicate, draw, map, region)."""

    def kept(self) -> dict[str, np.ndarray]:
        """Arrays to keep with the fit, the replicate first."""

    def notices(self) -> tuple[str, ...]:
        """What the user should know of the posterior, one sentence each."""


class LinearSampler:
    """What the samplers of the linear families share."""

    model: LinearModel

    @property
    def data(self) -> Observations:
        """What the fit conditions on."""
        return self.model.data

    @property
    def trained(self) -> TrainedPrograms | None:
        """None: no programs were trained."""
        return None

    def log_prior(self, drawn: Mapping[str, Tensor]) -> Quantities:
        """Log prior density of every hyperparameter drawn, shaped as it is."""
        return self.model.log_prior(drawn)

    def predictive(self, drawn: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of each value observed anew, given a draw; see `draw_given_scales`."""
        return drawn["predicted_mean"], drawn["predicted_sd"]

    def kept(self) -> dict[str, np.ndarray]:
        """Nothing to keep."""
        return {}

    def draw_prior(self, seed: int, draws: int) -> Quantities:
        """Draw from the prior of the first replicate; see `draw_prior`."""
        return draw_prior(self.model, seed, draws)

    def notices(self) -> tuple[str, ...]:
        """Nothing to say."""
        return ()


@dataclass(frozen=True)
class PosteriorSampler(LinearSampler):
    """Draws from a trained fit; every tensor is (replicate, draw, ...).

    Attributes
    ----------
    model
        The model with its data.
    guide
        Trained guide of the maps' scales.
    programs
        Where the programs come from, or None for a family without them.
    seeds
        Seeds of the replicates.
    training
        Numbers of proposals.
    """

    model: LinearModel
    guide: ScaleGuide
    programs: ProgramSource | None
    seeds: tuple[int, ...]
    training: TrainingSettings

    @property
    def trained(self) -> TrainedPrograms | None:
        """Trained programs of every replicate, where the family has them."""
        return None if self.programs is None else self.programs.trained.select(self.programs.index)

    def kept(self) -> dict[str, np.ndarray]:
        """Arrays to keep with the fit, the replicate first: the trained programs, where there are any."""
        trained = self.trained
        return {} if trained is None else trained.to_arrays()

    @torch.no_grad()
    def draw(self, draws: int) -> Quantities:
        """Draw everything: posterior, predictive, densities and importance ratios.

        Programs are drawn from expression alone, a few for each draw asked for, with the maps' scales; of these some
        are kept by the evidence of the thinning; what was integrated out is drawn last. Without programs each map keeps
        its scales by its own evidence.
        """
        data, most = self.model.data, draws * self.program_proposals
        with single_threaded(data.regions) as threads:
            programs = self._draw_programs(most, threads if data.thinning.device.type == "cpu" else 1)
            noise = self._draw_noise(programs, most, draws)
            size = draws_together(data)
            scales, ratios = self._draw_scales(programs, noise, size)
            chosen = {name: ratios[name] for name in ("log_evidence", "log_p", "log_q")}
            if programs:
                kept = resample(ratios["log_evidence"].sum(-1), draws, noise.keep[:, 0])
                programs, scales, chosen = (_pick(part, kept.index) for part in (programs, scales, chosen))
                ratios |= {"programs_k": kept.k, "programs_ess": kept.ess}
            else:
                index = _by_map(ratios["log_evidence"], noise.keep)
                scales, chosen = ({k: v.gather(1, index) for k, v in part.items()} for part in (scales, chosen))
            ratios |= chosen
            pieces = []
            for start in range(0, draws, size):
                own = (between(part, start, start + size) for part in (scales, programs, noise.linear))
                pieces.append(draw_given_scales(self.model, *own))
        return programs | ratios | {name: torch.cat([piece[name] for piece in pieces], 1) for name in pieces[0]}

    @property
    def program_proposals(self) -> int:
        """Draws of the programs for each draw that is kept; one for a family without programs."""
        return 1 if self.programs is None else self.training.program_proposals

    def _draw_programs(self, draws: int, workers: int) -> Quantities:
        if self.programs is None:
            return {}
        return self.programs.draw(POSTERIOR, draws, workers)

    def _draw_noise(self, programs: Quantities, most: int, draws: int) -> ThinningNoise:
        """Draw all random numbers of the thinning, so that they do not hang on how draws are batched."""
        model, data = self.model, self.model.data
        streams = NoiseStreams(self.seeds, "posterior", dtype=data.thinning.dtype, device=data.thinning.device)
        sizes = most, self.training.proposals, data.maps, len(model.globals)
        proposals, pick = ScaleNoise.draw(streams, *sizes, defensive=True), streams.uniform(most, data.maps)
        linear = linear_noise(model, model.roots(between(programs, 0, 1)), streams, draws)
        linear["again"] = streams.normal(draws, data.maps, data.regions)
        return ThinningNoise(proposals, pick, streams.uniform(1 if programs else data.maps), linear)

    def _draw_scales(self, programs: Quantities, noise: ThinningNoise, size: int) -> tuple[Quantities, Quantities]:
        """Draw a map's scales for every draw of the programs; the scales, and densities and importance ratios."""
        each, pieces = self.training.proposals, []
        for start in range(0, noise.pick.shape[1], size):
            stop = start + size
            kernels = self.model.kernels(between(programs, start, stop))
            proposals = noise.proposals.between(start * each, stop * each)
            pieces.append(draw_scales(self.model, self.guide, kernels, proposals, noise.pick[:, start:stop]))
        names = ("log_weight", "log_evidence", "log_p", "log_q")
        scales = {name: torch.cat([piece.scales[name] for piece in pieces], 1) for name in self.model.globals}
        return scales, {name: torch.cat([getattr(piece, name) for piece in pieces], 1) for name in names}


def draw_given_scales(model: LinearModel, scales: Quantities, programs: Quantities, noise: Quantities) -> Quantities:
    """Draw what was integrated out, and data observed again, given scales and programs.

    ``noise`` is what `linear_noise` gives, and standard normal ``again`` (replicate, draw, map, region).
    """
    data, roots = model.data, model.roots(programs)
    whole = model.covariance(scales, model.kernels(programs))
    root = seen_root(model, whole)
    linear = draw_linear(model, scales, roots, noise, root)
    drawn = dict(scales) | effects(model, linear) | replicate(model, scales, linear, noise["again"])
    if programs:
        drawn["program_weight"] = cast(CrossScale, model).program_weight(
            scales["transcriptomic_scale"], programs["strength"], linear.weights["transcriptomic"]
        )
    density, below = leave_one_out(model, root)
    if not bool(data.seen.all()):
        mean, sd = predict_unseen(model, whole, root)
        drawn["predicted_mean"] = torch.where(data.seen[:, None], drawn["predicted_mean"], mean)
        drawn["predicted_sd"] = torch.where(data.seen[:, None], drawn["predicted_sd"], sd)
    return drawn | {"log_likelihood": density, "loo_pit": below}


def effects(model: LinearModel, linear: LinearDraws) -> Quantities:
    """What is reported of an effect: theta, its predictable and its regional part, and every field.

    Where a map's sampling error is not known, what is a region's own can't be told from it, and theta is its
    predictable part.
    """
    known = model.data.error_known[:, None]
    predictable = linear.predictable
    drawn = linear.fields | {"intercept": linear.intercept, "predictable": predictable, "regional": linear.regional}
    if linear.wide.shape[-1] > 1:
        drawn["structural_axis"] = linear.wide[..., 1]
    return drawn | {"thinning": torch.where(known, predictable + linear.regional, predictable)}


def replicate(model: LinearModel, scales: Quantities, linear: LinearDraws, white: Tensor) -> Quantities:
    """Values observed anew in the same people, and their mean and standard deviation given a draw.

    A seen value's error is drawn afresh; that of a value which was not seen is the one that goes with the errors of
    those that were. ``white`` are standard normal numbers (replicate, draw, map, region).
    """
    data = model.data
    own, known = model.noise.unexplained(scales).sqrt(), data.error_known[:, None]
    mean = torch.where(known, linear.predictable + linear.regional, linear.predictable)
    sd = torch.where(known, data.sampling[:, None].diagonal(dim1=-2, dim2=-1).sqrt(), own)
    error = torch.where(known, (data.sampling_root[:, None] @ white[..., None])[..., 0], own * white)
    unseen = linear.predictable + linear.regional + linear.error
    replicated = torch.where(data.seen[:, None], mean + error, unseen)
    return {"replicated": replicated, "predicted_mean": mean, "predicted_sd": sd}


@dataclass(frozen=True)
class ThinningNoise:
    """Random numbers of the thinning.

    Attributes
    ----------
    proposals, pick
        What `draw_scales` asks for, for every draw of the programs.
    keep
        What `resample` asks for; (replicate, 1), or for each map where there are no programs: (replicate, map).
    linear
        What `draw_given_scales` asks for, for every draw that is kept.
    """

    proposals: ScaleNoise
    pick: Tensor
    keep: Tensor
    linear: Quantities


def _by_map(log_evidence: Tensor, uniform: Tensor) -> Tensor:
    """Numbers of the draws that each map keeps by its own evidence; (replicate, draw, map)."""
    replicates, draws, maps = log_evidence.shape
    kept = resample(log_evidence.mT.reshape(-1, draws), draws, uniform.flatten())
    return kept.index.unflatten(0, (replicates, maps)).mT


def _pick(quantities: Quantities, index: Tensor) -> Quantities:
    """Keep each replicate's draws with the given numbers (replicate, draw)."""
    rows = torch.arange(len(index), device=index.device)[:, None]
    return {name: values[rows, index] for name, values in quantities.items()}


def between(quantities: Quantities, start: int, stop: int) -> Quantities:
    """Keep the draws from ``start`` to before ``stop``."""
    return {name: values[:, start:stop] for name, values in quantities.items()}


def linear_noise(model: LinearModel, roots: Mapping[str, Tensor], streams: NoiseStreams, draws: int) -> Quantities:
    """Standard normal numbers that `draw_linear` asks for."""
    maps, regions = model.data.maps, model.data.regions
    noise = {part: streams.normal(draws, maps, root.shape[-2]) for part, root in roots.items()}
    noise["wide"] = streams.normal(draws, maps, len(model.wide))
    return noise | {name: streams.normal(draws, maps, regions) for name in ("regional", "error")}


@torch.no_grad()
def draw_prior(model: LinearModel, seed: int, draws: int) -> Quantities:
    """Draw parameters, effects and data from the prior of the first replicate."""
    data = model.data
    with isolated(seed), pyro.validation_enabled(False):
        trace = poutine.trace(model.prior).get_trace(draws)
    sites = {name: node["value"] for name, node in trace.nodes.items() if node["type"] == "sample"}
    programs: Quantities = {name: sites[name] for name in ("program_score", "strength", "smoothness") if name in sites}
    scales = {name: sites[name] for name in model.globals}
    streams = NoiseStreams([seed], "prior", dtype=data.thinning.dtype, device=data.thinning.device)
    noise, size = linear_noise(model, model.roots(between(programs, 0, 1)), streams, draws), draws_together(data)
    pieces = []
    for start in range(0, draws, size):  # a draw takes a matrix for each map
        own, scored, white = (between(part, start, start + size) for part in (scales, programs, noise))
        linear = draw_linear(model, own, model.roots(scored), white, None)
        replicated = linear.predictable + linear.regional + linear.error
        pieces.append(effects(model, linear) | {"replicated": replicated})
    drawn = {name: torch.cat([piece[name] for piece in pieces], 1) for name in pieces[0]}
    return scales | {name: values for name, values in programs.items() if name != "program_score"} | drawn
