"""The posterior of the programs, which no thinning map enters: trained once, kept, and drawn from for every map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor

from pyro_neurovae.models.cross_scale import CrossScale
from pyro_neurovae.models.training_settings import TrainingSettings

from ..noise import NoiseStreams
from ..training import Progress, TrainingRecord, train
from .guide import ProgramGuide, ProgramNoise, ProgramSites
from .matching import match

__all__ = ["TrainedPrograms", "align", "train_programs"]


@dataclass(frozen=True)
class TrainedPrograms:
    """Trained posterior of the programs given the expression.

    Attributes
    ----------
    sites
        What the guide knows, a few thousand numbers a replicate.
    elbo
        ELBO at every step; (replicate, step).
    settled
        Whether the ELBO had settled, or sweeps that follow make it no matter; (replicate,).
    """

    sites: ProgramSites
    elbo: Tensor
    settled: Tensor

    def select(self, replicates: Tensor) -> TrainedPrograms:
        """Keep the replicates with the given numbers."""
        return TrainedPrograms(self.sites.select(replicates), self.elbo[replicates], self.settled[replicates])

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Arrays to keep in a file, each with the replicate first."""
        arrays = {f.name: getattr(self.sites, f.name) for f in fields(ProgramSites)}
        return {k: v.cpu().numpy() for k, v in (arrays | {"elbo": self.elbo, "settled": self.settled}).items()}

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray], device: torch.device | str = "cpu") -> TrainedPrograms:
        """Rebuild from what `to_arrays` gave."""
        tensors = {k: torch.as_tensor(np.array(v)).to(device) for k, v in arrays.items()}
        elbo, settled = tensors.pop("elbo"), tensors.pop("settled")
        return cls(ProgramSites(**tensors), elbo, settled.bool())


def train_programs(
    model: CrossScale, seeds: Sequence[int], training: TrainingSettings, *, progress: Progress | None = None
) -> TrainedPrograms:
    """Train the programs' guide on the expression, one replicate a seed, all as one batch.

    Without steps it is left where it starts, at the principal components.
    """
    device, dtype = model.data.thinning.device, model.places.scatter.dtype
    guide = ProgramGuide(model, NoiseStreams(seeds, "encoder", dtype=dtype, device=device))
    streams = NoiseStreams(seeds, "expression training", dtype=dtype, device=device)

    def inputs(_: int) -> tuple[ProgramNoise]:
        return (ProgramNoise.draw(streams, training.particles, model.settings.n_programs, model.places.count),)

    elbo = torch.empty(len(seeds), 0, dtype=dtype, device=device)
    settled = torch.full((len(seeds),), bool(training.program_sweeps), device=device)
    if training.steps:
        record: TrainingRecord = train(
            lambda noise: model.expression_part(noise.globals.shape[1]),
            guide,
            inputs,
            steps=training.steps,
            learning_rate=training.learning_rate,
            label="programs",
            progress=progress,
        )
        elbo, settled = record.elbo, settled | record.settled
    with torch.no_grad():
        return TrainedPrograms(align(guide.sites()), elbo, settled)


def align(sites: ProgramSites) -> ProgramSites:
    """Order the programs by strength in the first replicate, and match order and sign of the others to it."""
    d = sites.mean.shape[1]
    index, sign = match(sites.mean, sites.mean[0][sites.loc[0, :d].argsort(descending=True)])
    globals_index = torch.cat([index, index + d, torch.full_like(index[:, :1], 2 * d)], 1)
    return ProgramSites(
        loc=sites.loc.gather(1, globals_index),
        scale=sites.scale.gather(1, globals_index),
        mean=sites.mean.gather(1, index[..., None].expand_as(sites.mean)) * sign[..., None],
        log_precision=sites.log_precision.gather(1, index[..., None].expand_as(sites.mean)),
    )
