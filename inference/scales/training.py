"""What each map adds to the posterior: its own few scales, trained given draws of the programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pyro_neurovae.models.linear import LinearModel
from pyro_neurovae.models.training_settings import TrainingSettings

from ..gaussian import log_mean
from ..noise import NoiseStreams
from ..training import Progress, TrainingRecord, train, untrained
from .adaptation import adapt_guide, set_mixture
from .chunks import window
from .guide import ScaleGuide, ScaleNoise
from .network import read_maps
from .network_file import network_for

__all__ = ["ScaleDraws", "draw_scales", "train_scales"]


@dataclass(frozen=True)
class ScaleDraws:
    """One set of scales for every draw of the programs.

    Attributes
    ----------
    scales
        Site name to draws in map units; each (replicate, draw, map).
    log_weight
        Log importance ratios of all proposals; (replicate, draw, proposal, map).
    log_evidence
        Log of the mean ratio of a draw's proposals, an estimate of log p(y_m | programs); (replicate, draw, map).
    log_p, log_q
        Log joint density of seen thinning and scales, and log density of the guide, at the chosen proposal;
        (replicate, draw, map).
    """

    scales: dict[str, Tensor]
    log_weight: Tensor
    log_evidence: Tensor
    log_p: Tensor
    log_q: Tensor


def train_scales(
    model: LinearModel,
    kernels: Mapping[str, Tensor],
    seeds: Sequence[int],
    training: TrainingSettings,
    *,
    progress: Progress | None = None,
) -> tuple[ScaleGuide, TrainingRecord]:
    """Fit the scales' guide of every replicate and map as one batch: a network, rounds of proposals, steps of SVI.

    ``kernels`` are the parts' unit covariances (replicate or 1, draw or 1, region, region); proposals go through their
    draws, and step t uses the next ``map_particles`` of them, so that the guide averages over what is unsure about the
    programs. See `adaptation.adapt_guide` for the rounds.
    """
    data, size = model.data, training.map_particles
    streams = NoiseStreams(seeds, "thinning training", dtype=data.thinning.dtype, device=data.thinning.device)
    guide = ScaleGuide(model, streams)
    network = network_for(model, training.map_network)
    if network is not None:
        mixture = network(read_maps(guide, kernels, network.points))
        set_mixture(guide, mixture, torch.ones_like(data.unit, dtype=torch.bool))
    if training.map_rounds:
        # Numbers of their own: how many rounds there are must not move the steps of a replicate beside it.
        rounds = NoiseStreams(seeds, "thinning rounds", dtype=data.thinning.dtype, device=data.thinning.device)
        evidence = adapt_guide(model, guide, kernels, rounds, training.map_rounds, progress=progress)
        if not training.map_steps:
            return guide, untrained(evidence)

    def inputs(step: int) -> tuple[dict[str, Tensor], ScaleNoise]:
        now = {part: window(kernel, step * size, (step + 1) * size) for part, kernel in kernels.items()}
        return now, ScaleNoise.draw(streams, 1, size, data.maps, len(model.globals))

    record = train(
        lambda now, _: model.thinning_part(now, size),
        guide,
        inputs,
        steps=training.map_steps,
        learning_rate=training.map_learning_rate,
        label="thinning",
        progress=progress,
    )
    return guide, record


@torch.no_grad()
def draw_scales(
    model: LinearModel,
    guide: ScaleGuide,
    kernels: Mapping[str, Tensor],
    noise: ScaleNoise,
    pick: Tensor,
) -> ScaleDraws:
    """Draw scales by importance resampling: of each draw's proposals one is kept, by its exact density.

    What the guide misses of the scales' posterior is corrected here, as far as its proposals reach;
    `pareto_k` of ``log_weight`` says how far.

    Parameters
    ----------
    model, guide, kernels
        The model, its trained guide and the parts' unit covariances (replicate or 1, draw or 1, region, region).
    noise
        Numbers of all proposals, those of a draw after one another.
    pick
        Uniform numbers between 0 and 1 that choose; (replicate, draw, map).
    """
    draws = pick.shape[1]
    proposals = noise.white.shape[1] // draws
    shape = (draws, proposals)
    values, log_q = guide.transform(noise)
    proposed = dict(zip(model.globals, values.unbind(-1), strict=True))
    log_p, log_q = (one.unflatten(1, shape) for one in (model.log_density(proposed, kernels), log_q.sum(-1)))
    ratio = log_p - log_q  # (replicate, draw, proposal, map)
    chosen = (ratio.softmax(2).cumsum(2) < pick[:, :, None]).sum(2, keepdim=True).clamp(max=proposals - 1)

    def keep(values: Tensor) -> Tensor:
        return values.gather(2, chosen)[:, :, 0]

    scales = {name: keep(one.unflatten(1, shape)) for name, one in proposed.items()}
    return ScaleDraws(scales, ratio, log_mean(ratio, 2), keep(log_p), keep(log_q))
