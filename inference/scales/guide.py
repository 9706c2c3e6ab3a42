"""Guide of a map's own globals: a mixture of Gaussians over its scales, on the scale of their prior."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import pyro
import torch
from pyro.distributions import Delta
from torch import Tensor, nn

from pyro_neurovae.models.linear import LinearModel

from ..gaussian import normal_log_density
from ..noise import NoiseStreams

__all__ = ["COMPONENTS", "ScaleGuide", "ScaleNoise", "mixture_log_density"]

# Three scales that trade off against each other bend their posterior along ridges: eight Gaussians follow them,
# where one, skewed or not, left importance ratios with a Pareto k of about 1.
COMPONENTS = 8

# Share of the proposals that are drawn twice as wide as trained, since a variational guide is narrow where it errs
# (defensive mixtures: Owen & Zhou 2000).
_WIDE, _WIDE_SHARE = 2.0, 0.2

# Normal score beyond which nothing is told apart.
FURTHEST = 8.0


@dataclass(frozen=True)
class ScaleNoise:
    """Random numbers of one evaluation.

    Attributes
    ----------
    white
        Standard normal numbers; (replicate, draw, map, scale).
    component
        Component of the mixture each draw comes from; (replicate, draw, map) long.
    wide
        Whether it is drawn from the component's wide copy; (replicate, draw, map) bool, None where nothing is.
    """

    white: Tensor
    component: Tensor
    wide: Tensor | None = None

    @classmethod
    def draw(
        cls, streams: NoiseStreams, groups: int, size: int, maps: int, scales: int, *, defensive: bool = False
    ) -> ScaleNoise:
        """Draw numbers for ``groups`` x ``size`` draws, the members of a group from components in turn."""
        first = (streams.uniform(groups, maps) * COMPONENTS).long()
        turn = torch.arange(size, device=first.device)[:, None]
        component = ((first[:, :, None] + turn) % COMPONENTS).flatten(1, 2)
        white = streams.normal(groups * size, maps, scales)
        wide = streams.uniform(groups * size, maps) > 1 - _WIDE_SHARE if defensive else None
        return cls(white, component, wide)

    def between(self, start: int, stop: int) -> ScaleNoise:
        """Keep the draws from ``start`` to before ``stop``."""
        wide = None if self.wide is None else self.wide[:, start:stop]
        return ScaleNoise(self.white[:, start:stop], self.component[:, start:stop], wide)


class ScaleGuide(nn.Module):
    r"""q(scales) of every replicate and map: an equal mixture of Gaussians over normal scores.

    Each scale is written as :math:`\sigma = F^{-1}(\Phi(x))` with F the distribution function of its exponential
    prior, and what lies between 0 and 1 as :math:`\Phi(x)`, so that x is standard normal a priori and has Gaussian
    tails wherever the data leave a scale open; then
    :math:`q(x) = K^{-1} \sum_k N(x; \mu_k, T_k T_k')` with T lower triangular. In proposals (`ScaleNoise` with
    ``wide``) a fifth of the mixture has twice the width.

    Parameters
    ----------
    model
        The model whose map globals it is for.
    streams
        Streams for where the components begin, one a replicate.
    """

    rate: Tensor

    def __init__(self, model: LinearModel, streams: NoiseStreams) -> None:
        super().__init__()
        self.model = model
        rates = [model.scale_prior(name).rate for name in model.scale_names]
        self.register_buffer("rate", torch.stack(rates, -1))  # (replicate, 1, map, scale)
        count = len(model.globals)
        # All of (replicate, map, component, ...).
        start = streams.normal(model.data.maps, COMPONENTS, count)
        self.loc = nn.Parameter(0.7 * start)
        self.lower = nn.Parameter(torch.zeros_like(start)[..., None].repeat_interleave(count, -1))
        self.log_diagonal = nn.Parameter(torch.full_like(start, -0.7))

    def forward(self, kernels: Mapping[str, Tensor], noise: ScaleNoise) -> dict[str, Tensor]:
        """Pyro guide of `LinearModel.thinning_part`; returns the scales in map units, (replicate, draw, map)."""
        del kernels
        scale, density = self.transform(noise)
        draws, scales = noise.white.shape[1], {}
        with self.model.replicate_plate(), self.model.draw_plate(draws), self.model.map_plate():
            for j, name in enumerate(self.model.globals):
                scales[name] = pyro.sample(name, Delta(scale[..., j], log_density=density[..., j]))
        return scales

    def transform(self, noise: ScaleNoise) -> tuple[Tensor, Tensor]:
        """Globals and the log density of each given those before it; both (replicate, draw, map, global)."""
        x = self.scores(noise)
        value, log_jacobian = self.values(x)
        return value, self._log_density(x, self._roots(), defensive=noise.wide is not None) - log_jacobian

    def values(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Globals of normal scores x, and the log slope of each; all (replicate, draw, map, global)."""
        count = self.rate.shape[-1]
        log_survival = torch.special.log_ndtr(-x[..., :count])
        value = torch.cat([-log_survival / self.rate, torch.special.ndtr(x[..., count:])], -1)
        log_slope = normal_log_density(x)
        log_slope = torch.cat([log_slope[..., :count] - log_survival - self.rate.log(), log_slope[..., count:]], -1)
        return value, log_slope

    def scores_of(self, value: Tensor) -> Tensor:
        """Normal scores of globals, no further out than numbers can tell; both (replicate, draw, map, global)."""
        count, tiny = self.rate.shape[-1], torch.finfo(value.dtype).tiny
        upper = -torch.special.ndtri((-self.rate * value[..., :count]).exp().clamp(min=tiny))
        x = torch.cat([upper, torch.special.ndtri(value[..., count:])], -1)
        return x.clamp(-FURTHEST, FURTHEST)

    def scores(self, noise: ScaleNoise) -> Tensor:
        """Normal scores of the globals; (replicate, draw, map, global)."""
        loc, root = self._chosen(self.loc, noise), self._chosen(self._roots(), noise)
        white = noise.white if noise.wide is None else torch.where(noise.wide[..., None], _WIDE, 1.0) * noise.white
        return loc + (root @ white[..., None])[..., 0]

    def _roots(self) -> Tensor:
        return self.lower.tril(-1) + torch.diag_embed(self.log_diagonal.exp())

    def _chosen(self, values: Tensor, noise: ScaleNoise) -> Tensor:
        """Pick each draw's component from (replicate, map, component, ...); (replicate, draw, map, ...)."""
        index = noise.component.mT  # (replicate, map, draw)
        shape = index.shape + values.shape[3:]
        picked = values.gather(2, index.reshape(index.shape + (1,) * (values.dim() - 3)).expand(shape))
        return picked.transpose(1, 2)

    def _log_density(self, x: Tensor, roots: Tensor, *, defensive: bool) -> Tensor:
        """Log density of the mixture at x, term by term; (replicate, draw, map, scale).

        The roots are triangular, so the first j scales of a component are Gaussian with the corner of its root:
        sums of the terms up to j are the log density of those j scales.
        """
        white, log_diagonal = _whitened(self.loc[:, None], roots[:, None], x), self.log_diagonal[:, None]
        joint = (normal_log_density(white) - log_diagonal).cumsum(-1)
        if defensive:
            widened = (normal_log_density(white / _WIDE) - log_diagonal - math.log(_WIDE)).cumsum(-1)
            joint = torch.logaddexp(joint + math.log(1 - _WIDE_SHARE), widened + math.log(_WIDE_SHARE))
        joint = joint.logsumexp(-2) - math.log(COMPONENTS)
        return joint.diff(dim=-1, prepend=torch.zeros_like(joint[..., :1]))


def mixture_log_density(loc: Tensor, root: Tensor, x: Tensor) -> Tensor:
    """Log density at x (..., scale) of equally weighted Gaussians (..., component, scale) with triangular roots."""
    joint = normal_log_density(_whitened(loc, root, x)) - root.diagonal(dim1=-2, dim2=-1).log()
    return joint.sum(-1).logsumexp(-1) - math.log(loc.shape[-2])


def _whitened(loc: Tensor, root: Tensor, x: Tensor) -> Tensor:
    """Points x (..., scale) in the standard coordinates of every component; (..., component, scale)."""
    return torch.linalg.solve_triangular(root, (x[..., None, :] - loc)[..., None], upper=False)[..., 0]
