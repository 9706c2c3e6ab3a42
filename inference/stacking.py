"""Stacking: several families fitted side by side, and mixed by how well each predicts regions it has not seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import cast

import numpy as np
import torch
from torch import Tensor

from pyro_neurovae.models.families import family_of
from pyro_neurovae.models.observations import Observations
from pyro_neurovae.models.options import FitSettings
from pyro_neurovae.models.stacked import Stack
from pyro_neurovae.models.training_settings import StackedTraining, TrainingSettings

from .engine import fit_model, held_out_density
from .noise import NoiseStreams
from .programs.trained import TrainedPrograms
from .sampler import Quantities, Sampler
from .training import Progress, TrainingRecord

__all__ = ["StackedSampler", "inner_folds", "joined_records", "mix_members", "stacking_weights", "train_stack"]

# What every member can be said to have; a part that a member lacks is nought.
_SHARED = (
    *("intercept", "thinning", "predictable", "transcriptomic", "spatial", "structural", "regional"),
    *("transcriptomic_scale", "spatial_scale", "structural_scale", "unexplained_scale", "structural_axis"),
    *("replicated", "predicted_mean", "predicted_sd", "log_likelihood", "loo_pit", "log_p"),
)
_STEPS = 2000


def stacking_weights(log_density: Tensor, seen: Tensor) -> Tensor:
    r"""Weights of members that maximise the mean log density of the mixture over the seen regions.

    .. math:: \max_w \sum_i \log \sum_k w_k p_k(y_i \mid y_{-i}), \qquad w_k \ge 0, \quad \sum_k w_k = 1

    by expectation and maximisation, which the concave problem lets begin anywhere.

    Parameters
    ----------
    log_density
        Log predictive density of each region when it is held out; (..., member, region).
    seen
        Regions that count; (..., region) bool.

    Returns
    -------
    Tensor
        (..., member), at least 0, summing to 1.

    References
    ----------
    Yao, Vehtari, Simpson, Gelman (2018), Bayesian Analysis 13(3), equation 4.
    """
    kept = seen[..., None, :].to(log_density.dtype)
    log_density = torch.where(seen[..., None, :], log_density, torch.zeros_like(log_density))
    density = (log_density - log_density.amax(-2, keepdim=True)).exp() * kept
    weights = torch.full_like(density[..., 0], 1 / density.shape[-2])
    for _ in range(_STEPS):
        mixed = (weights[..., None] * density).sum(-2, keepdim=True).clamp(min=torch.finfo(density.dtype).tiny)
        weights = weights * (density / mixed).sum(-1) / kept.sum(-1)
    return weights / weights.sum(-1, keepdim=True)


def inner_folds(data: Observations, seeds: Sequence[int], folds: int) -> Tensor:
    """Regions to hide in each fold, homologues together, dealt at random by each replicate's seed.

    (fold x replicate, map, region) bool, the fold first; the number of folds is at most that of the pairs.
    """
    kinds, unit = np.unique(data.pair.cpu().numpy(), return_inverse=True)
    folds = min(folds, len(kinds))
    dealt = [
        np.random.default_rng([seed, *b"stacking"]).permutation(np.arange(len(kinds)) % folds)[unit] for seed in seeds
    ]
    hidden = np.arange(folds)[:, None, None] == np.stack(dealt)  # (fold, replicate, region)
    return torch.as_tensor(hidden).flatten(0, 1)[:, None].expand(-1, data.maps, -1).to(data.seen.device)


# Draws of each member that a held-out density is averaged over, for its weight alone.
_WEIGHING_DRAWS = 400


def train_stack(
    model: Stack,
    training: StackedTraining,
    seeds: Sequence[int],
    *,
    draws: int,
    programs: TrainedPrograms | None = None,
    progress: Progress | None = None,
) -> tuple[StackedSampler, TrainingRecord]:
    """Train every member on all that is seen and on all but each fold of it; what is hidden weighs it.

    See `methods.Method.fit` for the parameters; ``draws`` and ``programs`` are not used.
    """
    del draws, programs
    data = model.data
    hidden = inner_folds(data, seeds, model.settings.folds)  # (fold x replicate, map, region)
    count = len(hidden) // data.replicates
    within = data.select(torch.arange(data.replicates, device=hidden.device).repeat(count)).hide(hidden)
    members, records, densities = {}, [], []
    for name in model.settings.members:
        own = _member_settings(name, training, data)
        fitted = fit_model(data, own, seeds, progress=progress)
        folds = fit_model(within, own, (*seeds,) * count, programs=fitted.sampler.trained, progress=progress)
        moments = folds.sampler.predictive(folds.sampler.draw(_WEIGHING_DRAWS))
        density = held_out_density(*moments, data.thinning.repeat(count, 1, 1))
        densities.append(torch.where(hidden, density, 0.0).unflatten(0, (count, -1)).sum(0))
        members[name] = fitted.sampler
        records.append(cast(TrainingRecord, fitted.record))
    weight = stacking_weights(torch.stack(densities, 2), data.seen)  # (replicate, map, member)
    return StackedSampler(data, members, weight, tuple(seeds)), joined_records(records)


def _member_settings(name: str, training: StackedTraining, data: Observations) -> FitSettings:
    """Default settings of a family, trained as the stack is."""
    family, _ = family_of(name).settings().carried(int(data.expression.expressed.sum()), data.genes)
    own = {entry.name: getattr(training, entry.name) for entry in fields(training)}
    return FitSettings(name, draws=_WEIGHING_DRAWS, family=family, training=TrainingSettings(**own))


def joined_records(records: Sequence[TrainingRecord]) -> TrainingRecord:
    """Mean loss of the members, and the drift of the one that was furthest from settled.

    A member that was done in fewer rounds than another keeps its last loss.
    """
    most = max(one.elbo.shape[-1] for one in records)
    elbo = torch.stack([one.elbo[:, torch.arange(most).clamp(max=one.elbo.shape[-1] - 1)] for one in records])
    drift, drift_se = (torch.stack([getattr(one, part) for one in records]) for part in ("drift", "drift_se"))
    worst = drift.argmax(0, keepdim=True)
    return TrainingRecord(elbo.mean(0), drift.gather(0, worst)[0], drift_se.gather(0, worst)[0])


@dataclass(frozen=True)
class StackedSampler:
    """Draws from a mixture of trained families.

    Attributes
    ----------
    data
        What every member conditions on.
    members
        Each member's name and its draws.
    weight
        (replicate, map, member).
    seeds
        Seeds of the replicates.
    """

    data: Observations
    members: Mapping[str, Sampler]
    weight: Tensor
    seeds: tuple[int, ...]

    def draw(self, draws: int) -> Quantities:
        """Draw from every member and keep of each as many draws as its weight says; (replicate, draw, ...)."""
        return mix_members([member.draw(draws) for member in self.members.values()], self._choose(draws))

    def draw_prior(self, seed: int, draws: int) -> Quantities:
        """Mix the members' priors as the first replicate mixes the members."""
        return mix_members([member.draw_prior(seed, draws) for member in self.members.values()], self._choose(draws))

    def log_prior(self, drawn: Mapping[str, Tensor]) -> Quantities:
        """Nothing: the members' hyperparameters are not the same ones."""
        del drawn
        return {}

    @property
    def trained(self) -> TrainedPrograms | None:
        """None: the programs belong to members."""
        return None

    def predictive(self, drawn: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of each value observed anew, given a draw and so its member."""
        return next(iter(self.members.values())).predictive(drawn)

    def kept(self) -> dict[str, np.ndarray]:
        """The weights; (replicate, map, member)."""
        return {"stacking_weight": self.weight.cpu().numpy()}

    def notices(self) -> tuple[str, ...]:
        """The weights in words."""
        mean = self.weight.mean((0, 1)).tolist()
        parts = (f"{name} {weight:.2f}" for name, weight in zip(self.members, mean, strict=True))
        return (f"stacking weights: {', '.join(parts)}.",)

    def _choose(self, draws: int) -> Tensor:
        """Member of every draw, in proportion to the weights and in random order; (replicate, draw, map) long."""
        streams = NoiseStreams(self.seeds, "stacking", dtype=self.weight.dtype, device=self.weight.device)
        rank = streams.uniform(draws, self.data.maps).argsort(1).argsort(1)
        place = (rank.to(self.weight.dtype) + 0.5) / draws
        ends = self.weight.cumsum(-1)[..., :-1]  # (replicate, map, member - 1)
        return (place[..., None] > ends[:, None]).sum(-1)


def mix_members(drawn: Sequence[Quantities], member: Tensor) -> Quantities:
    """Take each draw of each map from its member (replicate, draw, map); what only some have is nought in others."""
    mixed: Quantities = {"member": member}
    for name in _SHARED:
        have = [one.get(name) for one in drawn]
        like = next((values for values in have if values is not None), None)
        if like is None:
            continue
        whole = torch.stack([torch.zeros_like(like) if values is None else values for values in have])
        index = member.reshape(1, *member.shape, *(1,) * (like.ndim - member.ndim)).expand(1, *like.shape)
        mixed[name] = whole.gather(0, index)[0]
    return mixed
