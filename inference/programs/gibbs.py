r"""Gibbs sweeps over the programs: they take the guide's draws to the exact posterior given the expression.

The guide knows where the programs are, but its strengths, smoothness and noise are factors of their own, too narrow and
shifted. From its draws, each the start of a chain, a few sweeps draw every part from its exact conditional. With the
scaled programs F = Z s:

- loadings given F: matrix normal; only their products with the expression and with each other are needed;
- F_k given the loadings: Gaussian, diagonal in the graph's eigenbasis but for what expression does not see;
- tau given F and the loadings; phi_k and s_k given F_k; the size of F_k and s_k together, loadings integrated out: each
  the density of one number, inverted on a grid;
- rotations of two programs, to which expression and thinning are blind: the angle's density is von Mises'.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import torch
from scipy import special
from torch import Tensor

from pyro_neurovae.models.cross_scale import CrossScale
from pyro_neurovae.models.smoothness import pc_scale
from pyro_neurovae.models.spectrum import covariance_spectrum

from ..noise import NoiseStreams

__all__ = ["ProgramGibbs", "ProgramState"]

# Points of the grids that densities of one number are inverted on, and their reach in standard deviations.
_POINTS, _REACH = 64, 6.0

# Concentrations of the angles' table, and its rows to a factor of ten.
_KAPPA, _PER_DECADE = (1e-3, 1e6), 8

# Multiples of the noise's level above which a program's size is known, and how far below it is looked for (in logs).
_OUTSTANDING, _FAINTEST = 8.0, 6.0

# Logits of smoothness, out to the end of its prior; below the first it differs from 0 by nothing that matters.
_LOGITS = (-9.0, 18.0, 160)


@dataclass(frozen=True)
class ProgramState:
    """Draws of the programs.

    Attributes
    ----------
    scaled
        F = Z s in the graph's eigenbasis; (draw, program, eigenvector).
    strength, smoothness
        (draw, program).
    noise
        (draw,).
    """

    scaled: Tensor
    strength: Tensor
    smoothness: Tensor
    noise: Tensor


class _Numbers:
    """Hands out the random numbers of one sweep, in order."""

    def __init__(self, values: Tensor) -> None:
        self.values, self.place = values, 0

    def take(self, *shape: int) -> Tensor:
        """Next numbers; (draw, *shape)."""
        size = math.prod(shape)
        taken = self.values[:, self.place : self.place + size].unflatten(1, shape)
        self.place += size
        return taken


class ProgramGibbs:
    """Sweeps for one model; see the module.

    Parameters
    ----------
    model
        The family with its data; only its expression is used.
    """

    def __init__(self, model: CrossScale) -> None:
        places, prior = model.places, model.settings
        self.kind, self.spectrum, self.genes, self.programs = (
            prior.program_prior,
            places.spectrum,
            model.data.genes,
            prior.n_programs,
        )
        self.strength_rate = pc_scale(prior.strength.upper, prior.strength.alpha).rate.to(places.scatter)
        self.noise_rate = pc_scale(prior.expression_noise.upper, prior.expression_noise.alpha).rate.to(places.scatter)
        self.dimensions = int(places.expressed.sum()) - 1
        self.places = places.count

        mean = places.expressed.to(places.scatter.dtype) / math.sqrt(self.dimensions + 1)
        own = places.identity[~places.expressed]
        self.unseen = places.spectrum.rotate(torch.cat([mean[None], own]))  # (direction, eigenvector)
        values, vectors = torch.linalg.eigh(places.scatter)
        kept = values > 1e-10 * values[-1]
        self.rank = int(kept.sum())
        # X without its genes: X X' = Y Y', Y (eigenvector, rank).
        self.data = places.spectrum.rotate_columns(vectors[:, kept] * (self.genes * values[kept]).sqrt())
        self.total = self.data.square().sum()

        logit = torch.linspace(*_LOGITS, dtype=mean.dtype, device=mean.device)
        self.logit, phi = logit, logit.sigmoid()
        self.variances = covariance_spectrum(places.spectrum, self.kind, phi)  # (point, eigenvector)
        prior_density = model.smoothness_prior.log_prob(phi) + torch.nn.functional.logsigmoid(logit)
        prior_density = prior_density + torch.nn.functional.logsigmoid(-logit)
        self.smoothness_density = prior_density - 0.5 * self.variances.log().sum(-1)

    @property
    def spare(self) -> int:
        """Columns of noise that stand for the loadings' products outside the expression's row space."""
        return min(self.programs, self.genes - self.rank)

    @property
    def normals(self) -> int:
        """Standard normal numbers of a sweep and draw."""
        return self.programs * (self.rank + self.spare + 2 * self.places)

    @property
    def uniforms(self) -> int:
        """Uniform numbers of a sweep and draw."""
        d = self.programs
        return self.spare + 1 + 5 * d + d * (d - 1) // 2

    def start(
        self, program_score: Tensor, strength: Tensor, smoothness: Tensor, expression_noise: Tensor
    ) -> ProgramState:
        """Begin from draws of z (draw, program, place), s, phi (draw, program) and tau (draw,)."""
        scaled = self.spectrum.rotate(program_score * strength[..., None])
        return ProgramState(scaled, strength, smoothness, expression_noise)

    def score(self, state: ProgramState) -> Tensor:
        """Programs z; (draw, program, place)."""
        return self.spectrum.unrotate(state.scaled / state.strength[..., None])

    def draw_noise(self, streams: NoiseStreams, chains: int, sweeps: int) -> dict[str, Tensor]:
        """Draw the random numbers that `run` asks for; each (replicate, chain, sweep, number)."""
        sizes = {"normal": self.normals, "uniform": self.uniforms}
        return {name: getattr(streams, name)(chains, sweeps, size) for name, size in sizes.items()}

    def run(self, state: ProgramState, normal: Tensor, uniform: Tensor) -> Iterator[ProgramState]:
        """States after each sweep, for as many as there are numbers, (draw, sweep, number)."""
        for sweep in range(normal.shape[1]):
            state = self.sweep(state, _Numbers(normal[:, sweep]), _Numbers(uniform[:, sweep]))
            yield state

    def sweep(self, state: ProgramState, normal: _Numbers, uniform: _Numbers) -> ProgramState:
        """Draw every part once, the globals of the programs twice."""
        pull, product = self._draw_loadings(state, normal, uniform)
        state = self._draw_programs(state, pull, product, normal)
        state = self._draw_noise(state, pull, product, uniform)
        state = self._draw_strength(self._draw_smoothness(state, uniform), uniform)
        state = self._draw_sizes(state, uniform)
        state = self._rotate(state, uniform)
        return self._draw_strength(self._draw_smoothness(state, uniform), uniform)

    def _seen(self, fields: Tensor) -> Tensor:
        """What the expression sees of fields (..., eigenvector): measured places, their mean taken off."""
        return fields - (fields @ self.unseen.mT) @ self.unseen

    def _precision(self, state: ProgramState) -> Tensor:
        """Prior precision of F; (draw, program, eigenvector)."""
        variance = covariance_spectrum(self.spectrum, self.kind, state.smoothness)
        return 1 / (state.strength.square()[..., None] * variance)

    def _draw_loadings(self, state: ProgramState, normal: _Numbers, uniform: _Numbers) -> tuple[Tensor, Tensor]:
        """Products A X' (draw, program, eigenvector) and A A' (draw, program, program) of loadings given F and tau."""
        seen, d = self._seen(state.scaled), self.programs
        tau = state.noise[:, None, None]
        root = torch.linalg.cholesky(seen @ seen.mT + tau.square() * torch.eye(d, dtype=tau.dtype, device=tau.device))
        mean = torch.cholesky_solve(seen @ self.data, root)
        rest = self._wishart_root(normal, uniform)
        noise = tau * torch.linalg.solve_triangular(
            root.mT, torch.cat([normal.take(d, self.rank), rest], -1), upper=True
        )
        inside, outside = mean + noise[..., : self.rank], noise[..., self.rank :]
        return inside @ self.data.mT, inside @ inside.mT + outside @ outside.mT

    def _wishart_root(self, normal: _Numbers, uniform: _Numbers) -> Tensor:
        """T, T T' being Wishart: what g - rank genes' worth of noise adds (Bartlett 1933); (draw, program, spare)."""
        spare, freedom = self.spare, self.genes - self.rank
        root = normal.take(self.programs, spare)
        below = uniform.take(spare)
        if freedom <= self.programs:
            return root
        degrees = freedom - torch.arange(spare, dtype=below.dtype, device=below.device)
        chi = torch.as_tensor(special.chdtri(degrees.cpu().numpy(), below.cpu().numpy())).to(below).sqrt()
        return torch.tril(root, -1) + torch.diag_embed(chi)

    def _draw_programs(self, state: ProgramState, pull: Tensor, product: Tensor, normal: _Numbers) -> ProgramState:
        """Draw F_k given the loadings and the other programs, k after k."""
        tau2 = state.noise.square()[:, None]
        prior, scaled = self._precision(state), state.scaled.clone()
        seen, own = self._seen(scaled), product.diagonal(dim1=-2, dim2=-1)
        white = normal.take(self.programs, 2, self.places)
        eye = torch.eye(len(self.unseen), dtype=tau2.dtype, device=tau2.device)
        for k in range(self.programs):
            others = (product[:, k, None] @ seen)[:, 0] - own[:, k, None] * seen[:, k]
            sharp = own[:, k, None] / tau2
            right = (
                (pull[:, k] - others) / tau2
                + prior[:, k].sqrt() * white[:, k, 0]
                + sharp.sqrt() * self._seen(white[:, k, 1])
            )
            variance = 1 / (prior[:, k] + sharp)
            across = self.unseen * variance[:, None]  # (draw, direction, eigenvector)
            core = eye / sharp[..., None] - across @ self.unseen.mT
            drawn = right * variance
            missing = torch.linalg.solve(core, (drawn @ self.unseen.mT)[..., None])
            scaled[:, k] = drawn + (missing.mT @ across)[:, 0]
            seen[:, k] = self._seen(scaled[:, k])
        return replace(state, scaled=scaled)

    def _draw_noise(self, state: ProgramState, pull: Tensor, product: Tensor, uniform: _Numbers) -> ProgramState:
        """Draw tau given loadings and programs."""
        seen = self._seen(state.scaled)
        left = self.total - 2 * (pull * seen).sum((-2, -1)) + (product * (seen @ seen.mT)).sum((-2, -1))
        count = self.genes * self.dimensions
        grid = 0.5 * (left / count).log()[:, None] + _around(1 / math.sqrt(2 * count), left)
        density = (1 - count) * grid - 0.5 * left[:, None] * (-2 * grid).exp() - self.noise_rate * grid.exp()
        return replace(state, noise=_invert(density, grid, uniform.take(1)[:, 0]).exp())

    def _draw_smoothness(self, state: ProgramState, uniform: _Numbers) -> ProgramState:
        """Draw phi_k given F_k and s_k."""
        size = (state.scaled / state.strength[..., None]).square()
        density = self.smoothness_density - 0.5 * size @ (1 / self.variances).mT
        logit = _invert(density, self.logit.expand_as(density), uniform.take(self.programs))
        return replace(state, smoothness=logit.sigmoid())

    def _draw_strength(self, state: ProgramState, uniform: _Numbers) -> ProgramState:
        """Draw s_k given F_k and phi_k."""
        variance = covariance_spectrum(self.spectrum, self.kind, state.smoothness)
        rough, n = (state.scaled.square() / variance).sum(-1), self.places
        grid = 0.5 * (rough / n).log()[..., None] + _around(1 / math.sqrt(2 * n), rough)
        density = (1 - n) * grid - 0.5 * rough[..., None] * (-2 * grid).exp() - self.strength_rate * grid.exp()
        return replace(state, strength=_invert(density, grid, uniform.take(self.programs)).exp())

    def _draw_sizes(self, state: ProgramState, uniform: _Numbers) -> ProgramState:
        r"""Multiply F_k and s_k by one number, loadings integrated out, k after k.

        With M = F F' + tau^2 I and C = F X X' F' the likelihood of a factor r of row k is, up to a constant,
        :math:`(r^2 a + \tau^2)^{-g/2} \exp\{r^2 b / 2 (r^2 a + \tau^2) \tau^2\}` with
        :math:`a = 1 / (M^{-1})_{kk} - \tau^2` and :math:`b = (M^{-1} C M^{-1})_{kk} / (M^{-1})_{kk}^2`.
        """
        scaled, strength, tau2 = state.scaled.clone(), state.strength.clone(), state.noise.square()[:, None]
        seen = self._seen(scaled)
        inner, cross = seen @ seen.mT, seen @ self.data
        eye, chosen = torch.eye(self.programs, dtype=tau2.dtype, device=tau2.device), uniform.take(self.programs)
        for k in range(self.programs):
            root = torch.linalg.cholesky(inner + tau2[..., None] * eye)
            row = torch.cholesky_solve(eye[:, k : k + 1].expand(len(inner), -1, -1), root)[..., 0]  # of the inverse
            a = (1 / row[:, k, None] - tau2).clamp(min=1e-12)
            b = (row[:, None] @ cross).square().sum(-1) / row[:, k, None].square()
            grid = _sizes(a, b / (a * self.genes), tau2, self.genes)
            size = (2 * grid).exp() * a
            density = -0.5 * self.genes * (size + tau2).log() + 0.5 * (2 * grid).exp() * b / ((size + tau2) * tau2)
            density = density + grid - self.strength_rate * strength[:, k, None] * grid.exp()
            factor = _invert(density, grid, chosen[:, k]).exp()[:, None]
            scaled[:, k] *= factor
            strength[:, k] *= factor[:, 0]
            cross[:, k] *= factor
            inner[:, k] *= factor
            inner[:, :, k] *= factor
        return replace(state, scaled=scaled, strength=strength)

    def _rotate(self, state: ProgramState, uniform: _Numbers) -> ProgramState:
        """Rotate programs two by two, each pair once; theta has density exp{kappa cos(2 theta - mu)}."""
        scaled, precision = state.scaled.clone(), self._precision(state)
        for left, right in _rounds(self.programs):
            x, y = scaled[:, left], scaled[:, right]  # (draw, pair, eigenvector)
            apart = precision[:, left] - precision[:, right]
            even = -0.25 * (apart * (x.square() - y.square())).sum(-1)
            odd = -0.5 * (apart * x * y).sum(-1)
            angle = 0.5 * (torch.atan2(odd, even) + _von_mises(torch.hypot(even, odd), uniform.take(len(left))))
            cos, sin = angle.cos()[..., None], angle.sin()[..., None]
            scaled[:, left], scaled[:, right] = cos * x + sin * y, cos * y - sin * x
        return replace(state, scaled=scaled)


def _around(width: float, like: Tensor) -> Tensor:
    """Points about 0; (point,)."""
    return width * torch.linspace(-_REACH, _REACH, _POINTS, dtype=like.dtype, device=like.device)


def _sizes(a: Tensor, total: Tensor, tau2: Tensor, genes: int) -> Tensor:
    """Grid of log r, which must not depend on the present size: about the likelihood's peak, r^2 a + tau^2 = ``total``.

    A program that hardly stands out of the noise, whose level is tau^2 (2 / g)^(1/2), can be as small as it likes.
    """
    level = tau2 * math.sqrt(2 / genes)
    kept = torch.maximum(total - tau2, _OUTSTANDING * level)
    peak, width = 0.5 * (kept / a).log(), (kept + tau2) / kept / math.sqrt(2 * genes)
    weak = total - tau2 < _OUTSTANDING * level
    low, high = torch.where(weak, -_FAINTEST, -_REACH * width), torch.where(weak, 1.0, _REACH * width)
    return peak + low + (high - low) * torch.linspace(0, 1, 2 * _POINTS, dtype=a.dtype, device=a.device)


def _invert(density: Tensor, grid: Tensor, uniform: Tensor) -> Tensor:
    """Draw from a log density (..., point) on an even grid, constant between midpoints; shaped as uniform (...)."""
    share = density.softmax(-1)
    below = share.cumsum(-1)
    cell = torch.searchsorted(below, uniform[..., None].contiguous()).clamp(max=grid.shape[-1] - 1)
    own = share.gather(-1, cell)
    inside = ((uniform[..., None] - below.gather(-1, cell)) / own.clamp(min=1e-300) + 1).clamp(0, 1) - 0.5
    return (grid.gather(-1, cell) + inside * (grid[..., 1:2] - grid[..., :1]))[..., 0]


def _von_mises(kappa: Tensor, uniform: Tensor) -> Tensor:
    """Draw angles of density exp(kappa cos) from a table of quantiles, linear between its entries."""
    table = _quantiles().to(kappa)
    row = (kappa.clamp(*_KAPPA).log10() - math.log10(_KAPPA[0])) * _PER_DECADE
    column = (uniform * table.shape[1] - 0.5).clamp(0, table.shape[1] - 1)
    i, j = row.long().clamp(max=len(table) - 2), column.long().clamp(max=table.shape[1] - 2)
    across, along = row - i, column - j
    upper = table[i, j] * (1 - along) + table[i, j + 1] * along
    lower = table[i + 1, j] * (1 - along) + table[i + 1, j + 1] * along
    return 2 * ((upper * (1 - across) + lower * across).tan() / (1 + kappa).sqrt()).atan()


@lru_cache(maxsize=1)
def _quantiles() -> Tensor:
    """Quantiles of v, tan(angle / 2) = tan v / (1 + kappa)^(1/2): all widths look alike in it; (kappa, probability)."""
    rows = 1 + round(_PER_DECADE * math.log10(_KAPPA[1] / _KAPPA[0]))
    kappa = np.geomspace(*_KAPPA, rows)[:, None]
    v = (np.arange(20_000) + 0.5) / 20_000 * math.pi - math.pi / 2
    half = np.arctan(np.tan(v) / np.sqrt(1 + kappa))
    # exp(kappa cos 2h) dh/dv; dh/dv = w sec^2 v / (1 + w^2 tan^2 v).
    density = np.exp(kappa * (np.cos(2 * half) - 1)) / (np.cos(v) ** 2 + np.sin(v) ** 2 / (1 + kappa))
    below = density.cumsum(1) - density / 2
    wanted = (np.arange(512) + 0.5) / 512
    return torch.as_tensor(np.stack([np.interp(wanted, row / row[-1], v) for row in below]))


def _rounds(count: int) -> Iterator[tuple[list[int], list[int]]]:
    """Every pair of ``count`` once, in rounds of disjoint pairs (the circle method)."""
    ring = [*range(count), *([-1] if count % 2 else [])]
    for _ in range(len(ring) - 1):
        half = len(ring) // 2
        pairs = [(i, j) for i, j in zip(ring[:half], ring[: half - 1 : -1], strict=True) if min(i, j) >= 0]
        if pairs:
            yield [i for i, _ in pairs], [j for _, j in pairs]
        ring = [ring[0], ring[-1], *ring[1:-1]]
