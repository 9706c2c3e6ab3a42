"""Guides of the scales fitted by rounds of proposals: adaptive importance sampling, without a gradient."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from pyro_neurovae.models.linear import LinearModel

from ..gaussian import log_mean
from ..noise import NoiseStreams
from ..programs.resampling import systematic
from ..switches import quick, suspended
from ..training import Progress
from .chunks import draws_together, window
from .guide import COMPONENTS, ScaleGuide, ScaleNoise

__all__ = ["adapt_guide", "effective_number", "evenly_resampled", "fitted_mixture", "set_mixture"]

# Proposals of a round, how many of them have to count before their ratios are taken as they are, of how many on there
# is little left to learn, and how many rounds more a map gets of whose last one too few did.
_PROPOSALS, _FEWEST, _ENOUGH, _MORE = 512, 77, 100, 2

# Matrices at a time however large they are: one alone waits longer for memory than it is worked on.
_LEAST = 4

# Points that stand for the weighted proposals when a mixture is fitted to them.
_POINTS = 320

# Steps of expectation maximisation a round; variance that is added to every component, in normal scores, so that none
# collapses; proposals' worth of the common covariance that each component's own is drawn towards.
_STEPS, _FLOOR, _COMMON = 8, 0.04, 2.5


@dataclass(frozen=True)
class _Sample:
    """Proposals of a round or of several.

    Attributes
    ----------
    x
        Normal scores of the scales; (replicate, map, proposal, scale).
    log_ratio
        Log of joint density over proposal density; (replicate, map, proposal).
    """

    x: Tensor
    log_ratio: Tensor


def adapt_guide(
    model: LinearModel,
    guide: ScaleGuide,
    kernels: Mapping[str, Tensor],
    streams: NoiseStreams,
    rounds: int,
    *,
    progress: Progress | None = None,
) -> Tensor:
    r"""Fit the guide's mixtures to weighted proposals, round by round, and return each round's log evidence.

    Adaptive importance sampling (Cappé et al. 2008, Statistics and Computing 18, 447-459): proposals of the guide as it
    is get their exact ratios, :math:`p(y, \sigma) / q(\sigma)`, and the mixture is fitted to all rounds' proposals,
    each round weighing as much as it has effective ones. While few count, ratios are tempered until more do. A map
    is done once a round has proposals enough that count, or after so many rounds, unless the last one was still
    tempered: then it gets a few more. What is done keeps what it has, so that each replicate's guide is the one that it
    would have alone.

    Parameters
    ----------
    model, guide
        The model, and its guide, which is changed.
    kernels
        The parts' unit covariances (replicate or 1, draw or 1, region, region); proposals go through their draws.
    streams
        Random numbers, a stream for each replicate.
    rounds
        Most rounds, but for those more.

    Returns
    -------
    Tensor
        Log of the mean ratio, summed over maps; (replicate, round).
    """
    maps, count = model.data.maps, len(model.globals)
    kept: list[_Sample] = []
    evidence: list[Tensor] = []
    done = torch.zeros_like(model.data.unit, dtype=torch.bool)  # (replicate, map)
    with quick(), torch.no_grad():
        for turn in range(rounds + _MORE):
            sample = _propose(
                model, guide, kernels, ScaleNoise.draw(streams, 1, _PROPOSALS, maps, count, defensive=True)
            )
            kept.append(sample)
            evidence.append(log_mean(sample.log_ratio, -1).sum(-1))
            weight, effective = _weights(kept)
            points = evenly_resampled(torch.cat([one.x for one in kept], 2), weight)
            set_mixture(guide, fitted_mixture(points, effective_number(weight)), ~done)
            done = done | (effective >= (_FEWEST if turn + 1 >= rounds else _ENOUGH))
            if progress is not None:
                with suspended():
                    progress("thinning", min(turn + 1, rounds), rounds, float(evidence[-1].mean()))
            if bool(done.all()):
                break
    return torch.stack(evidence, -1)


def _propose(model: LinearModel, guide: ScaleGuide, kernels: Mapping[str, Tensor], noise: ScaleNoise) -> _Sample:
    """Proposals of the guide with their exact ratios, few at a time."""
    number = noise.white.shape[1]
    size = draws_together(model.data, _LEAST)
    values, log_q = guide.transform(noise)
    densities = []
    for start in range(0, number, size):
        stop = min(start + size, number)
        scales = dict(zip(model.globals, values[:, start:stop].unbind(-1), strict=True))
        now = {part: window(kernel, start, stop) for part, kernel in kernels.items()}
        densities.append(model.log_density(scales, now))
    return _Sample(guide.scores(noise).transpose(1, 2), (torch.cat(densities, 1) - log_q.sum(-1)).mT)


def effective_number(weight: Tensor) -> Tensor:
    """Effective number of weighted proposals; the last dimension is summed over."""
    return 1 / weight.square().sum(-1)


def _weights(kept: list[_Sample]) -> tuple[Tensor, Tensor]:
    """Weights of all rounds' proposals (replicate, map, proposal), and how many of the last round's count.

    Each round's weights sum to its share of the effective proposals. Where all rounds together have too few, the last
    one counts alone, its ratios to the largest power under which enough of them count.
    """
    own = [one.log_ratio.softmax(-1) for one in kept]
    sizes = torch.stack([effective_number(one) for one in own], -1)  # (replicate, map, round)
    share = sizes / sizes.sum(-1, keepdim=True)
    pooled = torch.cat([one * share[..., i : i + 1] for i, one in enumerate(own)], -1)
    last = kept[-1].log_ratio
    power = _bisect(
        lambda t: effective_number((last * t[..., None]).softmax(-1)) >= _FEWEST, torch.ones_like(sizes[..., 0])
    )
    alone = torch.cat([*(torch.zeros_like(one) for one in own[:-1]), (last * power[..., None]).softmax(-1)], -1)
    few = sizes.sum(-1) < _FEWEST
    return torch.where(few[..., None], alone, pooled), sizes[..., -1]


def _bisect(holds: Callable[[Tensor], Tensor], most: Tensor, halvings: int = 20) -> Tensor:
    """Largest number from 0 to ``most`` at which what holds at 0 still does, entry by entry."""
    low, high = torch.zeros_like(most), most
    low = torch.where(holds(most), most, low)
    for _ in range(halvings):
        middle = (low + high) / 2
        good = holds(middle)
        low, high = torch.where(good, torch.maximum(low, middle), low), torch.where(good, high, middle)
    return low


def evenly_resampled(x: Tensor, weight: Tensor) -> Tensor:
    """Proposals that lie evenly in the weights, as many of each as it weighs; (replicate, map, point, scale)."""
    chosen = systematic(weight, _POINTS, 0.5)
    return x.gather(2, chosen[..., None].expand(-1, -1, -1, x.shape[-1]))


def fitted_mixture(x: Tensor, effective: Tensor) -> tuple[Tensor, Tensor]:
    """Means (replicate, map, component, scale) and triangular roots of equally weighted Gaussians fitted to points.

    Expectation maximisation from every so many-th point; ``effective`` (replicate, map) proposals stand behind them.
    """
    points, scales = x.shape[2:]
    away = x - x.mean(2, keepdim=True)
    whole = away.mT @ away / points
    floor = _FLOOR * torch.eye(scales, dtype=x.dtype, device=x.device)
    loc = x[:, :, points // (2 * COMPONENTS) :: points // COMPONENTS]
    root = torch.linalg.cholesky(0.3 * whole + floor)[:, :, None].expand(-1, -1, COMPONENTS, -1, -1)
    common = (_COMMON / COMPONENTS / effective)[..., None]
    for _ in range(_STEPS):
        away = x[:, :, None] - loc[..., None, :]  # (replicate, map, component, point, scale)
        white = torch.linalg.solve_triangular(root, away.mT, upper=False)
        log_density = -0.5 * white.square().sum(-2) - root.diagonal(dim1=-2, dim2=-1).log().sum(-1)[..., None]
        belongs = log_density.softmax(2) / points
        size = belongs.sum(-1).clamp(min=torch.finfo(x.dtype).tiny)  # (replicate, map, component)
        loc = (belongs[..., None, :] @ x[:, :, None])[..., 0, :] / size[..., None]
        away = x[:, :, None] - loc[..., None, :]
        own = (away * belongs[..., None]).mT @ away / size[..., None, None]
        trust = (size / (size + common))[..., None, None]
        root = torch.linalg.cholesky(trust * own + (1 - trust) * whole[:, :, None] + floor)
    return loc, root


@torch.no_grad()
def set_mixture(guide: ScaleGuide, mixture: tuple[Tensor, Tensor], where: Tensor) -> None:
    """Give the guide of every chosen (replicate, map) its mixture."""
    loc, root = mixture
    for parameter, values in (
        (guide.loc, loc),
        (guide.lower, root.tril(-1)),
        (guide.log_diagonal, root.diagonal(dim1=-2, dim2=-1).log()),
    ):
        chosen = where.reshape(where.shape + (1,) * (values.dim() - 2))
        parameter.copy_(torch.where(chosen, values, parameter))
