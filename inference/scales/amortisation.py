"""Training of the network that starts the scales' guides, on maps drawn from the model."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from pyro_neurovae.models.linear import LinearModel
from pyro_neurovae.models.observations import Observations, units

from ..noise import NoiseStreams, isolated
from ..switches import quick, suspended
from ..training import Progress
from .guide import ScaleGuide, mixture_log_density
from .network import MapReading, ScaleNetwork

__all__ = ["drawn_maps", "train_network"]

# Candidates for so many maps at most, of which those count whose spread is nearly the unit that they were drawn in.
_CANDIDATES, _NEAR = 4096, 0.1

# Standard errors: from a fiftieth of the map's spread to all of it, those of regions apart by so much of a log unit;
# share of the maps with independent errors; share of the maps with values missing, and the most that is missing.
_LEAST_ERROR, _ERRORS_APART, _INDEPENDENT, _PARTLY, _MOST_MISSING = 0.02, 0.3, 0.3, 0.5, 0.5

# Added to the spread of what is told, so that what never changes is not blown up.
_LEAST_SPREAD = 1e-3

# Of Adam: maps a step, passes over all maps, first learning rate, largest gradient.
_BATCH, _PASSES, _RATE, _LARGEST = 500, 10, 2e-3, 5.0


@dataclass(frozen=True)
class _Errors:
    """Sampling errors of candidates.

    Attributes
    ----------
    size
        Standard error of each value; (candidate, region).
    alone
        Whether a candidate's errors are independent; (candidate, 1) bool.
    correlation
        What they have together else; (region, region).
    """

    size: Tensor
    alone: Tensor
    correlation: Tensor

    @classmethod
    def draw(cls, data: Observations, streams: NoiseStreams) -> _Errors:
        """Draw how large the errors of every candidate are, and how they go together."""
        sd = data.means[0].diagonal().sqrt()
        correlation = data.means[0] / (sd[:, None] * sd) if bool(data.error_known[0]) else data.identity
        level = -math.log(_LEAST_ERROR) * (streams.uniform(_CANDIDATES, 1)[0] - 1)
        apart = _ERRORS_APART * streams.normal(_CANDIDATES, data.regions)[0]
        return cls((level + apart).exp(), streams.uniform(_CANDIDATES, 1)[0] < _INDEPENDENT, correlation)

    def values(self, streams: NoiseStreams) -> Tensor:
        """Draw the errors; (candidate, region)."""
        white = streams.normal(*self.size.shape)[0]
        return self.size * torch.where(self.alone, white, white @ torch.linalg.cholesky(self.correlation).T)

    def covariance(self, kept: Tensor) -> Tensor:
        """Covariance of the errors of some candidates; (kept, region, region)."""
        identity = torch.eye(len(self.correlation), dtype=self.size.dtype, device=self.size.device)
        together = torch.where(self.alone[kept][..., None], identity, self.correlation)
        return self.size[kept][:, :, None] * together * self.size[kept][:, None]


def drawn_maps(
    model: LinearModel, programs: Mapping[str, Tensor], seed: int, number: int
) -> tuple[LinearModel, Tensor]:
    """Draw maps from the model, whatever was observed of thinning, and the normal scores of their globals.

    The unit of the priors is a map's own spread: maps are drawn in a unit of one, and those are kept whose spread came
    out within a tenth of it, so that kept maps are draws of the model that conditions on them.

    Parameters
    ----------
    model
        Model of a study with one replicate; the first map's errors say how errors go together.
    programs
        One draw of the programs, (1, 1, ...); nothing for a family without programs.
    seed
        Seed of every number drawn.
    number
        Most maps to keep.

    Returns
    -------
    LinearModel, Tensor
        Model of the kept maps, one replicate, and normal scores of their globals, (map, global).
    """
    data, regions = model.data, model.data.regions
    streams = NoiseStreams([seed], "drawn maps", dtype=data.means.dtype, device=data.means.device)
    ones = torch.ones_like(data.means[:1, 0, :1].T.expand(1, _CANDIDATES))
    everywhere = ones[..., None].expand(-1, -1, regions)
    blank = replace(data, thinning=everywhere, seen=everywhere > 0, unit=ones, level=ones)
    prior = type(model)(blank, model.settings)
    with isolated(seed), quick():
        scales = prior.globals_part()
    errors = _Errors.draw(data, streams)
    field = errors.values(streams) + _effects(prior, programs, scales, streams)
    missing = _MOST_MISSING * streams.uniform(_CANDIDATES, 1) * (streams.uniform(_CANDIDATES, 1) < _PARTLY)
    seen = streams.uniform(_CANDIDATES, regions) >= missing
    field = torch.where(seen, field, torch.zeros_like(field))
    unit, level = units(field, seen)
    kept = (unit[0].log().abs() < _NEAR).nonzero()[:number, 0]
    means = errors.covariance(kept)
    own = replace(
        data,
        thinning=field[:, kept],
        seen=seen[:, kept],
        unit=unit[:, kept],
        level=level[:, kept],
        means=means,
        spread=torch.zeros_like(means[..., 0]),
    )
    found = type(model)(own, model.settings)
    values = torch.stack([scales[name][..., kept] for name in model.globals], -1)
    return found, ScaleGuide(found, streams).scores_of(values)[0, 0]


def _effects(
    prior: LinearModel, programs: Mapping[str, Tensor], scales: Mapping[str, Tensor], streams: NoiseStreams
) -> Tensor:
    """Draw the effects of every map of a model given its globals; (1, map, region)."""
    shape = (prior.data.maps, prior.data.regions)
    effect = (prior.levels * streams.normal(shape[0], len(prior.wide))) @ prior.wide
    effect = effect + prior.noise.unexplained(scales)[:, 0].sqrt() * streams.normal(*shape)
    for part, root in prior.roots(dict(programs)).items():
        white = streams.normal(shape[0], root.shape[-2]) @ root[:, 0]
        effect = (
            effect + scales[f"{part}_scale"][:, 0, :, None] * prior.seen_through(part, white[:, None], scales)[:, 0]
        )
    return effect


def train_network(
    readings: Sequence[MapReading],
    scores: Sequence[Tensor],
    seed: int,
    *,
    progress: Progress | None = None,
) -> ScaleNetwork:
    r"""Train a network on readings of drawn maps and the scores that they were drawn with.

    Maximises :math:`E_{\sigma, y}\, \log q(\sigma \mid y)` over draws of the model, which is to say that it minimises
    the inclusive divergence of q from the posterior, averaged over maps (inference compilation: Le, Baydin & Wood 2017,
    AISTATS): such a guide covers the posterior, as proposals of importance sampling have to.

    Parameters
    ----------
    readings, scores
        What `read_maps` and `drawn_maps` gave, of one replicate each; trained in single precision.
    seed
        Seed of the initial weights and of the order of the maps.
    progress
        Called after every pass, with the mean log density of the scores.
    """
    context, start = (torch.cat([getattr(one, name)[0].float() for one in readings]) for name in ("context", "start"))
    target = torch.cat([one.float() for one in scores])
    with isolated(seed), quick():
        network = ScaleNetwork(target.shape[-1]).to(target)
        network.shift.copy_(context.mean(0))
        network.spread.copy_(context.std(0) + _LEAST_SPREAD)
        optimiser = torch.optim.Adam(network.parameters(), lr=_RATE)
        each = -(-len(target) // _BATCH)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, _PASSES * each)
        for turn in range(_PASSES):
            total = 0.0
            for some in torch.randperm(len(target)).split(_BATCH):
                loc, root = network(MapReading(context[some], start[some]))
                gain = mixture_log_density(loc, root, target[some]).mean()
                optimiser.zero_grad(set_to_none=True)
                (-gain).backward()
                torch.nn.utils.clip_grad_norm_(network.parameters(), _LARGEST)
                optimiser.step()
                schedule.step()
                total += float(gain.detach()) / each
            if progress is not None:
                with suspended():
                    progress("network", turn + 1, _PASSES, total)
    return network.double().requires_grad_(False)
