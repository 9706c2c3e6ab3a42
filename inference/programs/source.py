"""Draws of the programs, for every fit that shares trained programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from pyro_neurovae.models.cross_scale import CrossScale
from pyro_neurovae.models.training_settings import TrainingSettings

from ..noise import NoiseStreams
from ..switches import in_threads
from ..training import Progress
from .gibbs import ProgramGibbs, ProgramState
from .guide import ProgramNoise, draw_programs, program_field
from .matching import match
from .recall import DrawMemory, digest
from .trained import TrainedPrograms, train_programs

__all__ = ["POSTERIOR", "ProgramSource", "forget"]

# Use of the draws that a fit reports.
POSTERIOR = "posterior programs"

# Numbers of a batch of matrices that fit a processor's cache.
_CACHED = 500_000

# Draws that fits share: of 1000 draws of 14 programs over 68 regions they are 8 MB.
_MEMORY = DrawMemory(200_000_000)

# Chains of Gibbs sweeps of one replicate, and how many chains are moved at a time.
_CHAINS, _TOGETHER = 100, 100


def forget() -> None:
    """Draw programs anew the next time, whatever was drawn before."""
    _MEMORY.clear()


@dataclass(frozen=True)
class ProgramSource:
    """Draws of the programs for a batch of fits, made once for all fits that share trained programs and seed.

    Attributes
    ----------
    model
        The family with one replicate for each distinct pair.
    trained
        Its trained programs.
    seeds
        Its seeds.
    index
        The pair that each fit uses; (replicate,) long.
    sweeps
        Gibbs sweeps from each draw of the guide to the first that is kept.
    """

    model: CrossScale
    trained: TrainedPrograms
    seeds: tuple[int, ...]
    index: Tensor
    sweeps: int

    @classmethod
    def of(
        cls,
        model: CrossScale,
        programs: TrainedPrograms | None,
        seeds: Sequence[int],
        training: TrainingSettings,
        *,
        progress: Progress | None = None,
    ) -> ProgramSource:
        """Train programs for every distinct seed, or let fit i use number i, modulo their number, of those given."""
        if programs is None:
            distinct = list(dict.fromkeys(seeds))
            programs = train_programs(_first(model, len(distinct)), distinct, training, progress=progress)
            pairs = [(distinct.index(seed), seed) for seed in seeds]
        else:
            pairs = [(i % len(programs.elbo), seed) for i, seed in enumerate(seeds)]
        different, device = list(dict.fromkeys(pairs)), programs.elbo.device
        own = programs.select(torch.tensor([number for number, _ in different], device=device))
        index = torch.tensor([different.index(pair) for pair in pairs], device=device)
        seeds = tuple(seed for _, seed in different)
        return cls(_first(model, len(different)), own, seeds, index, training.program_sweeps)

    def streams(self, use: str) -> NoiseStreams:
        """Streams of random numbers for one use."""
        return NoiseStreams(self.seeds, use, dtype=self.trained.elbo.dtype, device=self.trained.elbo.device)

    def draw(self, use: str, draws: int, workers: int = 1, *, most: int | None = None) -> dict[str, Tensor]:
        """Draw z (replicate, draw, program, place), s, phi (replicate, draw, program) and tau (replicate, draw).

        Named as in the posterior. Up to 100 draws of the guide each begin a chain of Gibbs sweeps, of which every sweep
        after the first few is kept: draws are in the chains' order, programs in the guide's order, with its signs.
        Random numbers are the seeds' own for the ``use``; what was drawn before is given again, of more than ``most``
        every so many-th.
        """
        drawn = _MEMORY.get(self._key(use, draws), lambda: self._swept(use, draws, workers))
        every = 1 if most is None else max(1, draws // most)
        return {name: values[:, ::every][:, :most][self.index] for name, values in drawn.items()}

    def _swept(self, use: str, draws: int, workers: int) -> dict[str, Tensor]:
        """Draws of every pair."""
        streams = self.streams(use)
        if self.sweeps == 0:
            return self._guided(streams, draws, workers)
        gibbs, chains = ProgramGibbs(self.model), min(_CHAINS, draws)
        kept = -(-draws // chains)
        begun = self._guided(streams, chains, workers)
        noise = gibbs.draw_noise(streams, chains, self.sweeps + kept)
        begun, noise = ({k: v.flatten(0, 1) for k, v in part.items()} for part in (begun, noise))
        reference = self.trained.sites.mean.repeat_interleave(chains, 0)
        pieces = []
        size = max(1, min(_TOGETHER, _CACHED // gibbs.unseen.numel()))
        for some in (slice(first, first + size) for first in range(0, len(reference), size)):
            start = gibbs.start(**{name: values[some] for name, values in begun.items()})
            states = list(gibbs.run(start, **{name: values[some] for name, values in noise.items()}))
            pieces.append(_labelled(gibbs, states[self.sweeps :], reference[some]))
        whole = {name: torch.cat([piece[name] for piece in pieces]) for name in begun}  # (replicate x chain, kept, ...)
        return {k: v.unflatten(0, (-1, chains)).flatten(1, 2)[:, :draws] for k, v in whole.items()}

    def _key(self, use: str, draws: int) -> bytes:
        """Fingerprint of all that draws of the programs hang on."""
        places, sites = self.model.places, self.trained.sites
        expression = (places.scatter, self.model.data.genes, places.expressed, *places.spectrum.numbers())
        settings = self.model.settings  # those of thinning change nothing here
        own = [(name, getattr(settings, name)) for name in settings.of_programs]
        asked = (use, draws, self.sweeps, self.seeds, own)
        return digest(*asked, *expression, *(getattr(sites, one.name) for one in fields(sites)))

    def _guided(self, streams: NoiseStreams, draws: int, workers: int = 1) -> dict[str, Tensor]:
        """Draw from the guide; few draws at a time stay in the processor's cache, each batch on a thread of its own."""
        model, field, sites = self.model, program_field(self.model), self.trained.sites
        noise = ProgramNoise.draw(streams, draws, model.settings.n_programs, model.places.count)
        size = max(1, _CACHED // (model.settings.n_programs * model.places.count**2))
        pieces = [(sites.select([r]), piece) for r in range(len(self.seeds)) for piece in noise.select([r]).split(size)]
        drawn = in_threads(lambda piece: draw_programs(model, field, *piece), pieces, workers)

        def whole(name: str) -> Tensor:
            flat = torch.cat([getattr(piece, name)[0] for piece in drawn])  # (replicate x draw, ...)
            return flat.unflatten(0, (len(self.seeds), draws))

        return {
            "program_score": whole("score"),
            "strength": whole("strength"),
            "smoothness": whole("smoothness"),
            "expression_noise": whole("noise")[..., 0],
        }


def _labelled(gibbs: ProgramGibbs, states: Sequence[ProgramState], reference: Tensor) -> dict[str, Tensor]:
    """Quantities of chains, (chain, state, ...), with programs as in each one's reference (chain, program, place)."""
    score = torch.stack([gibbs.score(state) for state in states], 1)
    index, sign = match(score.flatten(0, 1), reference.repeat_interleave(len(states), 0))
    index, sign = (part.unflatten(0, score.shape[:2]) for part in (index, sign))

    def ordered(name: str) -> Tensor:
        return torch.stack([getattr(state, name) for state in states], 1).gather(2, index)

    return {
        "program_score": score.gather(2, index[..., None].expand_as(score)) * sign[..., None],
        "strength": ordered("strength"),
        "smoothness": ordered("smoothness"),
        "expression_noise": torch.stack([state.noise for state in states], 1),
    }


def _first(model: CrossScale, count: int) -> CrossScale:
    """Keep the family's first replicates."""
    return type(model)(model.data.select(torch.arange(count, device=model.data.thinning.device)), model.settings)
