"""The half of the posterior that no thinning map enters: trained once, kept, and drawn from for every map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from pyro_neurovae.models.cross_scale import CrossScale, tied
from pyro_neurovae.settings import TrainingSettings

from .noise import NoiseStreams
from .program_guide import ProgramGuide, ProgramNoise, ProgramSites, draw_programs, program_field
from .threads import in_threads
from .train import Progress, TrainingRecord, train

__all__ = ["ExpressionHalf", "ProgramSource", "align", "fit_expression_half"]


# Numbers of a batch of matrices that fit a processor's cache.
_CACHED = 500_000


@dataclass(frozen=True)
class ExpressionHalf:
    """Trained posterior of the programs given the expression.

    Attributes
    ----------
    sites
        What the guide knows, a few thousand numbers a replicate.
    elbo
        ELBO at every step; (replicate, step).
    settled
        Whether the ELBO had settled; (replicate,).
    """

    sites: ProgramSites
    elbo: Tensor
    settled: Tensor

    def select(self, replicates: Tensor) -> ExpressionHalf:
        """Keep the replicates with the given numbers."""
        return ExpressionHalf(self.sites.select(replicates), self.elbo[replicates], self.settled[replicates])

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Arrays to keep in a file, each with the replicate first."""
        arrays = {f.name: getattr(self.sites, f.name) for f in fields(ProgramSites)}
        return {k: v.cpu().numpy() for k, v in (arrays | {"elbo": self.elbo, "settled": self.settled}).items()}

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray], device: torch.device | str = "cpu") -> ExpressionHalf:
        """Rebuild from what `to_arrays` gave."""
        tensors = {k: torch.as_tensor(np.array(v)).to(device) for k, v in arrays.items()}
        elbo, settled = tensors.pop("elbo"), tensors.pop("settled")
        return cls(ProgramSites(**tensors), elbo, settled.bool())


@dataclass(frozen=True)
class ProgramSource:
    """Draws of the programs for a batch of fits, made once for all fits that share half and seed.

    Attributes
    ----------
    model
        The family with one replicate for each distinct pair.
    half
        Its trained halves.
    seeds
        Its seeds.
    index
        The pair that each fit uses; (replicate,) long.
    """

    model: CrossScale
    half: ExpressionHalf
    seeds: tuple[int, ...]
    index: Tensor

    @classmethod
    def trained(
        cls, model: CrossScale, seeds: Sequence[int], training: TrainingSettings, *, progress: Progress | None = None
    ) -> ProgramSource:
        """Train one half for every distinct seed."""
        distinct = list(dict.fromkeys(seeds))
        half = fit_expression_half(_first(model, len(distinct)), distinct, training, progress=progress)
        return cls._of(model, half, [(distinct.index(seed), seed) for seed in seeds])

    @classmethod
    def kept(cls, model: CrossScale, half: ExpressionHalf, seeds: Sequence[int]) -> ProgramSource:
        """Let fit i of the model use half i modulo their number."""
        return cls._of(model, half, [(i % len(half.elbo), seed) for i, seed in enumerate(seeds)])

    @classmethod
    def _of(cls, model: CrossScale, half: ExpressionHalf, pairs: Sequence[tuple[int, int]]) -> ProgramSource:
        distinct, device = list(dict.fromkeys(pairs)), half.elbo.device
        own = half.select(torch.tensor([number for number, _ in distinct], device=device))
        index = torch.tensor([distinct.index(pair) for pair in pairs], device=device)
        return cls(_first(model, len(distinct)), own, tuple(seed for _, seed in distinct), index)

    def streams(self, use: str) -> NoiseStreams:
        """Streams of random numbers for one use."""
        return NoiseStreams(self.seeds, use, dtype=self.half.elbo.dtype, device=self.half.elbo.device)

    def draw(self, streams: NoiseStreams, draws: int, workers: int = 1) -> dict[str, Tensor]:
        """Draw z (replicate, draw, program, region), s, phi (replicate, draw, program) and tau (replicate, draw).

        Named as in the posterior. Few draws at a time stay in the processor's cache, and each batch of them can
        have a thread of its own.
        """
        model, field, sites = self.model, program_field(self.model), self.half.sites
        noise = ProgramNoise.draw(streams, draws, model.settings.n_programs, model.data.regions)
        size = max(1, _CACHED // (model.settings.n_programs * model.data.regions**2))
        pieces = [(sites.select([r]), piece) for r in range(len(self.seeds)) for piece in noise.select([r]).split(size)]
        drawn = in_threads(lambda piece: draw_programs(model, field, *piece), pieces, workers)

        def whole(name: str) -> Tensor:
            flat = torch.cat([getattr(piece, name)[0] for piece in drawn])  # (replicate x draw, ...)
            return flat.unflatten(0, (len(self.seeds), draws))[self.index]

        return {
            "program_score": whole("score"),
            "strength": whole("strength"),
            "smoothness": whole("smoothness"),
            "expression_noise": whole("noise")[..., 0],
        }

    def draw_tied(self, streams: NoiseStreams, draws: int) -> Tensor:
        """Draw the programs as thinning sees them; (replicate, draw, program, region)."""
        drawn = self.draw(streams, draws)
        return tied(drawn["program_score"], drawn["strength"])


def _first(model: CrossScale, count: int) -> CrossScale:
    """Keep the family's first replicates."""
    return type(model)(model.data.select(torch.arange(count, device=model.data.thinning.device)), model.settings)


def fit_expression_half(
    model: CrossScale, seeds: Sequence[int], training: TrainingSettings, *, progress: Progress | None = None
) -> ExpressionHalf:
    """Train the programs' guide on the expression, one replicate a seed, all as one batch."""
    data = model.data
    device, dtype = data.thinning.device, data.scatter.dtype
    guide = ProgramGuide(model, NoiseStreams(seeds, "encoder", dtype=dtype, device=device))
    streams = NoiseStreams(seeds, "expression training", dtype=dtype, device=device)

    def inputs(_: int) -> tuple[ProgramNoise]:
        return (ProgramNoise.draw(streams, training.particles, model.settings.n_programs, data.regions),)

    record: TrainingRecord = train(
        lambda noise: model.expression_half(noise.globals.shape[1]),
        guide,
        inputs,
        steps=training.steps,
        learning_rate=training.learning_rate,
        label="programs",
        progress=progress,
    )
    with torch.no_grad():
        sites = align(guide.sites())
    return ExpressionHalf(sites, record.elbo, record.settled)


def align(sites: ProgramSites) -> ProgramSites:
    """Order the programs by strength in the first replicate, and match order and sign of the others to it."""
    d = sites.mean.shape[1]
    reference = sites.mean[0][sites.loc[0, :d].argsort(descending=True)]
    order, signs = [], []
    for mean in sites.mean:
        similarity = torch.nn.functional.cosine_similarity(reference[:, None], mean[None], dim=-1)
        _, columns = linear_sum_assignment(-similarity.abs().cpu().numpy())
        index = torch.as_tensor(columns, device=mean.device)
        order.append(index)
        signs.append(similarity.gather(1, index[:, None])[:, 0].sign())
    index, sign = torch.stack(order), torch.stack(signs)
    globals_index = torch.cat([index, index + d, torch.full_like(index[:, :1], 2 * d)], 1)
    return ProgramSites(
        loc=sites.loc.gather(1, globals_index),
        scale=sites.scale.gather(1, globals_index),
        mean=sites.mean.gather(1, index[..., None].expand_as(sites.mean)) * sign[..., None],
        log_precision=sites.log_precision.gather(1, index[..., None].expand_as(sites.mean)),
    )
