"""Early stopping of the paper's model: which regions are held back, and which state is kept."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from pyro_neurovae.models.observations import Observations

__all__ = ["EarlyStopping", "correlation", "held_back"]

# Fewest regions that a correlation is taken over.
_LEAST = 4

# A correlation is looked at after this many steps.
_EVERY = 10


def held_back(data: Observations, seeds: Sequence[int], share: float) -> Tensor:
    """Choose the regions whose thinning stops the training; (replicate, map, region) bool.

    Whole pairs are drawn at random until they make up the share, and four regions at least: homologues resemble
    each other, so that one would give the other away. Only what a replicate sees is drawn for it.
    """
    chosen = torch.zeros_like(data.seen)
    own = data.pair.cpu().numpy()
    for b, seed in enumerate(seeds):
        seen = data.seen[b].any(0).cpu().numpy()
        generator = np.random.default_rng([seed, *b"validation"])
        pairs = generator.permutation(np.unique(own[seen]))
        held = np.cumsum([(own[seen] == pair).sum() for pair in pairs])
        wanted = max(_LEAST, round(share * seen.sum()))
        drawn = pairs[: np.searchsorted(held, wanted) + 1]
        chosen[b] = torch.as_tensor(np.isin(own, drawn), device=chosen.device)
    return chosen & data.seen


def correlation(first: Tensor, second: Tensor, where: Tensor) -> Tensor:
    """Pearson correlation over the regions in ``where``, averaged over maps, NaN ones left out; (replicate,).

    All are (replicate, map, region).
    """
    count = where.sum(-1, keepdim=True)

    def centred(values: Tensor) -> Tensor:
        return (values - (values * where).sum(-1, keepdim=True) / count) * where

    one, two = centred(first), centred(second)
    product = (one * two).sum(-1) / (one.square().sum(-1) * two.square().sum(-1)).sqrt()
    return product.nanmean(-1)


class EarlyStopping:
    """Keeps every replicate's state of largest score, and stops where none came for some steps.

    A replicate that has stopped stays as it was, however long others go on: a batch gives each fit's own numbers.

    Parameters
    ----------
    score
        Score of the present state; (replicate,). NaN counts as the worst.
    parameters
        All that is trained, the replicate first.
    warm_up
        Steps before the first look.
    patience
        Steps without a larger score after which a replicate stops.

    Attributes
    ----------
    best, best_step
        Largest score and its step, minus infinity and 0 before any; (replicate,).
    """

    def __init__(
        self, score: Callable[[], Tensor], parameters: Iterable[nn.Parameter], *, warm_up: int, patience: int
    ) -> None:
        self.score, self.parameters, self.warm_up, self.patience = score, list(parameters), warm_up, patience
        self.kept = [parameter.detach().clone() for parameter in self.parameters]
        replicates = len(self.kept[0])
        self.best = self.kept[0].new_full((replicates,), -math.inf)
        self.best_step = torch.zeros(replicates, dtype=torch.long, device=self.best.device)
        self.stopped = torch.zeros_like(self.best_step, dtype=torch.bool)

    @torch.no_grad()
    def done(self, step: int) -> bool:
        """Look at the state after a step; whether all have stopped."""
        if step % _EVERY or step < self.warm_up:
            return False
        score = self.score()
        better = (score > self.best) & ~self.stopped
        self.best = torch.where(better, score, self.best)
        self.best_step[better] = step
        for kept, parameter in zip(self.kept, self.parameters, strict=True):
            kept[better] = parameter.detach()[better]
        self.stopped |= step - self.best_step.clamp(min=self.warm_up) >= self.patience
        return bool(self.stopped.all())

    @torch.no_grad()
    def restore(self) -> None:
        """Put the states of largest score back; a replicate without a score keeps its last state."""
        scored = self.best > -math.inf
        for kept, parameter in zip(self.kept, self.parameters, strict=True):
            parameter[scored] = kept[scored]
