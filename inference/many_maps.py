r"""Many maps of one study at once: scales and programs are proposed for all, and their covariances factored once.

Maps with the same sampling errors and values in the same regions differ in their values, and in the unit that priors
count in. Given scales and programs the covariance of the values is the same for all of them but for the levels of the
fixed maps, a matter of two dimensions:

.. math:: \Sigma_m = \Sigma + W' \mathrm{diag}(\ell_m^2) W

So a thousand sets of scales and programs, proposed from a mixture that covers the posteriors of all, serve a thousand
maps: each map weighs them by its own exact density, keeps some by weight, and draws everything linear given each.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from pyro_neurovae.models.families import Family
from pyro_neurovae.models.linear import LinearModel
from pyro_neurovae.models.marginal import proposed_root
from pyro_neurovae.models.observations import Observations
from pyro_neurovae.models.settings import FamilySettings

from .noise import NoiseStreams
from .programs.resampling import systematic
from .scales.adaptation import effective_number, evenly_resampled, fitted_mixture, set_mixture
from .scales.guide import ScaleGuide, ScaleNoise

__all__ = ["ManyMaps", "MapMoments"]

# Rounds that fit the mixture, sets proposed in each, the most maps that it is fitted to, and sets that maps keep from.
_ROUNDS, _PROPOSALS, _LEARNT, _SETS = 4, 512, 100, 1024

# Effective sets that a map must be left with, and how often those with fewer are done again by themselves.
_FEWEST, _AGAIN = 50, 3

# Numbers that are worked on at a time.
_CACHED = 2_000_000


@dataclass(frozen=True)
class MapMoments:
    """What is kept of the posterior of each map.

    Attributes
    ----------
    share
        Mean of the transcriptomic share of variance; (map,).
    mean, covariance
        Mean (map, region) and covariance (map, region, region) of the transcriptomic part.
    effective
        Effective number of sets of scales and programs; (map,).
    """

    share: Tensor
    mean: Tensor
    covariance: Tensor
    effective: Tensor


@dataclass(frozen=True)
class _Sets:
    """Sets of scales and programs, and what all maps need of them.

    Attributes
    ----------
    scales
        Each (1, set, 1).
    kernels, programs
        Of the programs' draws; a draw serves several sets, one after another.
    root, wide
        Cholesky factor L of the covariance without the fixed maps, (set, seen, seen), and L^-1 W', (set, seen,
        coefficient).
    """

    scales: dict[str, Tensor]
    kernels: Mapping[str, Tensor]
    programs: Mapping[str, Tensor]
    root: Tensor
    wide: Tensor


@dataclass(frozen=True)
class ManyMaps:
    """Maps with a value in the same regions.

    Attributes
    ----------
    one
        The model of one of them, for what all share.
    every
        The model of all, a replicate each.
    """

    one: LinearModel
    every: LinearModel

    @classmethod
    def of(cls, family: Family, settings: FamilySettings, data: Observations) -> ManyMaps:
        """Maps of a linear family and its settings; the data are of a single map, a replicate for each of them."""
        middle = data.unit[:, 0].argsort()[len(data.unit) // 2]
        return cls(family.build(data.select(middle[None]), settings), family.build(data, settings))

    @cached_property
    def seen(self) -> Tensor:
        """Positions of the regions with a value; (seen,)."""
        return self.one.data.seen[0, 0].nonzero()[:, 0]

    @cached_property
    def values(self) -> Tensor:
        """Values of every map; (seen, map)."""
        return self.every.data.thinning[:, 0, self.seen].T

    @cached_property
    def wide(self) -> Tensor:
        """The fixed maps; (coefficient, seen)."""
        return self.one.wide[:, self.seen]

    @cached_property
    def levels(self) -> Tensor:
        """Prior standard deviation of each fixed map's coefficient; (map, coefficient)."""
        return self.every.levels[:, 0]

    def moments(self, programs: Mapping[str, Tensor], seeds: Sequence[int], draws: int) -> MapMoments:
        """Moments of every map's posterior, by so many draws of each; ``programs`` are (1, draw, ...)."""
        streams = NoiseStreams(seeds, "many maps", dtype=self.values.dtype, device=self.values.device)
        found = self._once(programs, streams, draws)
        for _ in range(_AGAIN):
            few = (found.effective < _FEWEST).nonzero()[:, 0]
            if len(few) in (0, len(found.effective)):
                break
            again = self._select(few)._once(programs, streams, draws)
            for name, values in vars(found).items():
                values[few] = getattr(again, name)
        return found

    def _select(self, maps: Tensor) -> ManyMaps:
        return ManyMaps(self.one, type(self.every)(self.every.data.select(maps), self.every.settings))

    @torch.no_grad()
    def _once(self, programs: Mapping[str, Tensor], streams: NoiseStreams, draws: int) -> MapMoments:
        learnt = self._select(torch.linspace(0, len(self.levels) - 1, min(_LEARNT, len(self.levels))).round().long())
        guide = ScaleGuide(self.one, streams)
        for _ in range(_ROUNDS):
            noise, sets, log_q = self._propose(guide, programs, streams, _PROPOSALS)
            weight = torch.cat([learnt._log_joint(some) for some in sets], 1) - log_q
            pooled = weight.softmax(1).mean(0)[None, None]
            points = evenly_resampled(guide.scores(noise).transpose(1, 2), pooled)
            mixture = fitted_mixture(points, effective_number(pooled))
            set_mixture(guide, mixture, torch.ones_like(pooled[..., 0], dtype=torch.bool))
        _, pieces, log_q = self._propose(guide, programs, streams, max(_SETS, draws))
        kept_sets = list(pieces)
        weight = (torch.cat([self._log_joint(some) for some in kept_sets], 1) - log_q).softmax(1)
        kept = systematic(weight, draws, streams.uniform(len(weight), 1)[0])
        count = torch.zeros_like(weight).scatter_add_(1, kept, weight.new_ones(kept.shape))
        return self._moments(kept_sets, count / draws, streams, effective_number(weight))

    def _propose(
        self, guide: ScaleGuide, programs: Mapping[str, Tensor], streams: NoiseStreams, least: int
    ) -> tuple[ScaleNoise, Iterator[_Sets], Tensor]:
        """Sets from the guide, at least so many, in pieces; and the log density of each, (set,)."""
        draws = programs["strength"].shape[1] if programs else 1
        each = -(-least // draws)
        noise = ScaleNoise.draw(streams, 1, draws * each, 1, len(self.one.globals), defensive=True)
        values, log_q = guide.transform(noise)
        scales = dict(zip(self.one.globals, values.unbind(-1), strict=True))
        return noise, self._factored(scales, programs, each), log_q.sum(-1)[0, :, 0]

    def _factored(self, scales: dict[str, Tensor], programs: Mapping[str, Tensor], each: int) -> Iterator[_Sets]:
        """Factor the covariance of every set, few at a time."""
        number = next(iter(scales.values())).shape[1]
        size = max(1, _CACHED // (len(self.seen) * self.values.shape[1]))
        size = max(1, size // each) * each if programs else size
        for first in range(0, number, size):
            some = {name: values[:, first : first + size] for name, values in scales.items()}
            lent = {k: v[:, first // each : (first + size) // each] for k, v in programs.items()}
            kernels = self.one.kernels(lent)
            whole = self.one.covariance(some, kernels, wide=False)[0, :, 0]
            root = proposed_root(whole[:, self.seen][:, :, self.seen])
            wide = torch.linalg.solve_triangular(root, self.wide.T.expand(len(root), -1, -1), upper=False)
            yield _Sets(some, kernels, lent, root, wide)

    def _whitened(self, sets: _Sets, values: Tensor, levels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What the inverse of each map's whole covariance needs, by Woodbury's identity.

        Values (set, seen, map) times L^-1; what of them goes along the fixed maps, l W L^-T L^-1 y (set, map,
        coefficient); and the Cholesky factor of I + l W Sigma^-1 W' l (set, map, coefficient, coefficient), given
        l (set or 1, map, coefficient).
        """
        white = torch.linalg.solve_triangular(sets.root, values, upper=False)
        inner = (sets.wide.mT @ sets.wide)[:, None] * levels[..., :, None] * levels[..., None, :]
        inner = torch.linalg.cholesky(inner + torch.eye(len(self.wide), dtype=inner.dtype, device=inner.device))
        return white, (sets.wide.mT @ white).mT * levels, inner

    def _log_joint(self, sets: _Sets) -> Tensor:
        """Log joint density of each map's values and of the scales; (map, set)."""
        white, along, inner = self._whitened(sets, self.values.expand(len(sets.root), -1, -1), self.levels[None])
        less = torch.linalg.solve_triangular(inner, along[..., None], upper=False).square().sum((-2, -1))
        logdet = sets.root.diagonal(dim1=-2, dim2=-1).log().sum(-1)[:, None]
        logdet = logdet + inner.diagonal(dim1=-2, dim2=-1).log().sum(-1)
        likelihood = -0.5 * (white.square().sum(1) - less) - logdet - 0.5 * len(self.seen) * math.log(2 * math.pi)
        return likelihood.T + self.every.globals_density(sets.scales)[..., 0]

    def _moments(self, pieces: Sequence[_Sets], share: Tensor, streams: NoiseStreams, effective: Tensor) -> MapMoments:
        """Moments from what of each set every map keeps, (map, set), in shares of its draws."""
        most, first = int((share > 0).sum(1).max()), 0
        slot = (share > 0).cumsum(1) - 1  # of a set among those that the map keeps
        fields = share.new_zeros(len(share), most, self.one.data.regions)
        weight, ratio = share.new_zeros(len(share), most), share.new_zeros(len(share), most)
        for sets in pieces:
            own = share[:, first : first + len(sets.root)].T  # (set, map)
            # The maps that keep each set, as many places as the set with the most has.
            maps = own.argsort(1, descending=True)[:, : max(1, int((own > 0).sum(1).max()))]
            part, its_share = self._drawn(sets, maps, streams)
            kept = own.gather(1, maps)
            place = maps[kept > 0], slot[:, first : first + len(sets.root)].T.gather(1, maps)[kept > 0]
            fields[place], ratio[place], weight[place] = part.mT[kept > 0], its_share[kept > 0], kept[kept > 0]
            first += len(sets.root)
        mean = (weight[:, None] @ fields)[:, 0]
        fields = (fields - mean[:, None]) * weight.sqrt()[..., None]
        return MapMoments((weight * ratio).sum(1), mean, fields.mT @ fields, effective)

    def _drawn(self, sets: _Sets, maps: Tensor, streams: NoiseStreams) -> tuple[Tensor, Tensor]:
        """Draws of the transcriptomic part (set, region, place) and its share of variance (set, place).

        For the ``maps`` (set, place) of each set. Matheron's rule, as in `gaussian.draw_linear`; maps share the random
        numbers of a set.
        """
        one, data, number = self.one, self.one.data, len(sets.root)
        roots = one.roots(sets.programs)
        prior = {part: self._prior_draw(part, root, sets.scales, streams) for part, root in roots.items()}
        levels = self.levels[maps]  # (set, place, coefficient)
        wide = levels * streams.normal(number, 1, len(self.wide))[0]
        own = one.noise.unexplained(sets.scales)[0, :, 0]  # (set, region or 1)
        regional = own.sqrt() * streams.normal(number, data.regions)[0]
        error = streams.normal(number, data.regions)[0] @ data.sampling_root[0, 0].T
        simulated = (sum(prior.values()) + regional + error)[:, self.seen]
        residual = self.values[:, maps].transpose(0, 1) - simulated[..., None] - (wide @ self.wide).mT
        gain = torch.zeros(number, data.regions, maps.shape[1], dtype=residual.dtype, device=residual.device)
        gain[:, self.seen] = self._solved(sets, residual, levels)
        fields = {part: field[..., None] + self._pulled(part, sets, gain) for part, field in prior.items()}
        if "structural" in fields and len(self.wide) > 1:
            along = wide + levels.square() * (self.wide @ gain[:, self.seen]).mT
            fields["structural"] = fields["structural"] + (along[..., 1:] @ one.wide[1:]).mT
        fields["regional"] = regional[..., None] + own[..., None] * gain
        sampling = data.sampling[0, 0].diagonal()[self.seen].mean()
        parts = {part: field.var(1, correction=0) for part, field in fields.items()}
        return fields["transcriptomic"], parts["transcriptomic"] / (sum(parts.values()) + sampling)

    def _prior_draw(self, part: str, root: Tensor, scales: Mapping[str, Tensor], streams: NoiseStreams) -> Tensor:
        """Draw of a part from its prior; (set, region)."""
        number = next(iter(scales.values())).shape[1]
        white = streams.normal(number, root.shape[-2])[0].unflatten(0, (root.shape[1], -1))
        field = (white @ root[0]).flatten(0, 1)[None, :, None]
        seen = self.one.seen_through(part, field, scales)
        return (scales[f"{part}_scale"][..., None] * seen)[0, :, 0]

    def _pulled(self, part: str, sets: _Sets, gain: Tensor) -> Tensor:
        """Covariance of a part times the gain; both (set, region, place)."""
        amounts, total = self.one.amounts(sets.scales), torch.zeros_like(gain)
        for name in self.one.kernel_names(part):
            kernel = sets.kernels[name]
            moved = (kernel[0, :, None] @ gain.unflatten(0, (kernel.shape[1], -1))).flatten(0, 1)
            total.addcmul_(moved, amounts[name][0, :, :, None])
        return total

    def _solved(self, sets: _Sets, residual: Tensor, levels: Tensor) -> Tensor:
        """Inverse of each map's whole covariance times its residual (set, seen, place); shaped alike."""
        white, along, inner = self._whitened(sets, residual, levels)
        pull = torch.cholesky_solve(along[..., None], inner)[..., 0] * levels
        white = white - sets.wide @ pull.mT
        return torch.linalg.solve_triangular(sets.root.mT, white, upper=True)
