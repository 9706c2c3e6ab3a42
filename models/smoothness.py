"""Penalised-complexity priors: of a standard deviation, and of how smooth a GMRF is."""

from __future__ import annotations

import math
from typing import Any

import torch
from pyro.distributions import Exponential, TorchDistribution, constraints
from torch import Tensor

from .spectrum import KINDS, Spectrum, covariance_spectrum

__all__ = ["PCSmoothness", "pc_scale"]


def pc_scale(upper: float, alpha: float) -> Exponential:
    """PC prior of a standard deviation: exponential with P(sd > upper) = alpha (Simpson et al. 2017, eq. 3.3)."""
    return Exponential(torch.tensor(-math.log(alpha) / upper, dtype=torch.float64))


class PCSmoothness(TorchDistribution):
    r"""PC prior of a GMRF's smoothness p: exponential on its distance from independence.

    .. math:: d(p) = \{\mathrm{tr}\, C_p - n - \log |C_p|\}^{1/2}, \qquad
              \pi(p) = \theta e^{-\theta d(p)} |d'(p)| / (1 - e^{-\theta d_{\max}}), \qquad P(p < upper) = \alpha

    d squared is twice the Kullback-Leibler divergence of N(0, C_p) from N(0, I). Islands, whose variance is 1
    whatever p, add nothing to it.

    Parameters
    ----------
    spectrum
        Eigenbasis of the graph.
    kind
        "bym2" (phi), "leroux" (rho) or "paper" (lam).
    upper, alpha
        P(p < upper) = alpha.

    Raises
    ------
    ValueError
        For a kind without a smoothness, ``upper`` out of range, or an alpha so small that no exponential on d
        leaves that much probability above ``upper``.

    References
    ----------
    Simpson et al. (2017), Statistical Science 32(1); Riebler et al. (2016), section 3.3.
    """

    arg_constraints: dict[str, Any] = {}
    has_rsample = False

    def __init__(
        self, spectrum: Spectrum, kind: str = "bym2", *, upper: float = 0.5, alpha: float = 0.5, validate_args: bool | None = None
    ) -> None:
        if KINDS.get(kind) is None:
            raise ValueError(f"the GMRF kind {kind!r} has no smoothness: use bym2, leroux or paper.")
        self.spectrum, self.kind = spectrum, kind
        if not 0 < upper < (math.inf if kind == "paper" else 1.0):
            raise ValueError(f"upper is {upper}, outside the range of {KINDS[kind]}.")
        grid = torch.linspace(-18, 18, 4001, dtype=spectrum.values.dtype, device=spectrum.values.device)
        self._grid = grid.exp() if kind == "paper" else grid.sigmoid()
        self._distances = self.distance(self._grid)
        self.rate, self._mass = self._solve_rate(upper, alpha)
        super().__init__(torch.Size(), torch.Size(), validate_args=validate_args)

    @property
    def support(self) -> constraints.Constraint:
        """Unit interval, or positive numbers for "paper"."""
        return constraints.positive if self.kind == "paper" else constraints.unit_interval

    def distance(self, p: Tensor) -> Tensor:
        """Distance d(p) from independence; shaped as p."""
        return self._squared(p).clamp(min=0).sqrt()

    def _squared(self, p: Tensor) -> Tensor:
        e = covariance_spectrum(self.spectrum, self.kind, p)
        return (e - 1 - e.log()).sum(-1)

    def _slope(self, p: Tensor) -> Tensor:
        """d'(p), exact: sum of e'(1 - 1/e) over 2 d."""
        with torch.enable_grad():
            if self.kind == "bym2":
                step = covariance_spectrum(self.spectrum, "icar", p) - 1
                e = 1 + p[..., None] * step
                return (step * (1 - 1 / e)).sum(-1) / (2 * self.distance(p))
            inner = p if p.requires_grad else p.detach().requires_grad_()
            squared = self._squared(inner)
            (slope,) = torch.autograd.grad(squared.sum(), inner, create_graph=p.requires_grad)
            return slope / (2 * squared.clamp(min=1e-300).sqrt())

    def log_prob(self, value: Tensor) -> Tensor:
        """Log density at p; shaped as p, differentiable."""
        distance = self.distance(value)
        return math.log(self.rate) - self.rate * distance + self._slope(value).abs().log() - math.log(self._mass)

    @torch.no_grad()
    def sample(self, sample_shape: Any = torch.Size()) -> Tensor:
        """Draw p by inverting d on a grid."""
        uniform = torch.rand(torch.Size(sample_shape), dtype=self._grid.dtype, device=self._grid.device)
        target = -torch.log1p(-uniform * self._mass) / self.rate
        right = torch.searchsorted(self._distances, target).clamp(1, len(self._grid) - 1)
        low, high = self._distances[right - 1], self._distances[right]
        share = ((target - low) / (high - low)).clamp(0, 1)
        return self._grid[right - 1] + share * (self._grid[right] - self._grid[right - 1])

    def expand(self, batch_shape: Any, _instance: Any = None) -> TorchDistribution:
        """Expand the batch dimensions."""
        return _Expanded(self, torch.Size(batch_shape))

    def _solve_rate(self, upper: float, alpha: float) -> tuple[float, float]:
        """Rate of the exponential and the mass below the largest distance, by bisection on the log rate."""
        at = float(self.distance(torch.tensor(upper, dtype=self._grid.dtype, device=self._grid.device)))
        most = float(self._distances[-1])

        def below(rate: float) -> float:
            return math.expm1(-rate * at) / math.expm1(-rate * most)

        low, high = math.log(1e-9 / most), math.log(1e6 / at)
        if not below(math.exp(low)) < alpha < below(math.exp(high)):
            raise ValueError(
                f"P({KINDS[self.kind]} < {upper}) = {alpha} is out of reach for a PC prior on this graph: the least "
                f"possible is {at / most:.3f}."
            )
        for _ in range(200):
            middle = (low + high) / 2
            low, high = (middle, high) if below(math.exp(middle)) < alpha else (low, middle)
        rate = math.exp(low)
        return rate, -math.expm1(-rate * most)


class _Expanded(TorchDistribution):
    """A scalar prior repeated over batch dimensions."""

    arg_constraints: dict[str, Any] = {}
    has_rsample = False

    def __init__(self, base: PCSmoothness, batch_shape: torch.Size) -> None:
        self.base = base
        super().__init__(batch_shape, torch.Size(), validate_args=False)

    @property
    def support(self) -> constraints.Constraint:
        return self.base.support

    def log_prob(self, value: Tensor) -> Tensor:
        return self.base.log_prob(value.expand(torch.broadcast_shapes(value.shape, self.batch_shape)))

    def sample(self, sample_shape: Any = torch.Size()) -> Tensor:
        return self.base.sample(torch.Size(sample_shape) + self.batch_shape)

    def expand(self, batch_shape: Any, _instance: Any = None) -> TorchDistribution:
        return _Expanded(self.base, torch.Size(batch_shape))
