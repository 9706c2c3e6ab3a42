"""Penalised-complexity priors: of a standard deviation, and of how smooth a GMRF is."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
import torch
from pyro.distributions import Exponential, TorchDistribution, constraints
from torch import Tensor

from pyro_neurovae.errors import SettingsError, warn

from .spectrum import KINDS, Spectrum

__all__ = ["PCSmoothness", "pc_scale", "smoothness_prior"]


# Least smoothness whose square is a number, and the logit beyond which 1 - p is hard to tell from 0.
_LEAST = 1e-100
_MOST_LOGIT = 18.0

# What is said of smoothness by default, P(p < upper) = alpha; and, on graphs of so many regions that no prior of this
# kind says it, how far from the least that is possible the alpha in its place is (as a share of what is left to 1): at
# the least itself the exponential would be flat, and no smaller power of it could be taken.
_DEFAULT = (0.5, 0.5)
_NEAREST = 0.02


def pc_scale(upper: float, alpha: float) -> Exponential:
    """Exponential prior of a standard deviation with P(sd > upper) = alpha (Simpson et al. 2017, eq. 3.3).

    Raises
    ------
    SettingsError
        When ``upper`` is not positive or ``alpha`` not between 0 and 1.
    """
    if not (upper > 0 and 0 < alpha < 1):
        raise SettingsError(f"P(sd > {upper}) = {alpha} is no PC prior: give upper > 0 and 0 < alpha < 1.")
    return Exponential(torch.tensor(-math.log(alpha) / upper, dtype=torch.float64))


@lru_cache(maxsize=8)
def smoothness_prior(spectrum: Spectrum, kind: str, upper: float, alpha: float) -> PCSmoothness:
    """Return the `PCSmoothness` of a graph, once for all models on its spectrum, so that it warns once."""
    return PCSmoothness(spectrum, kind, upper=upper, alpha=alpha)


class PCSmoothness(TorchDistribution):
    r"""PC prior of a GMRF's smoothness p: exponential on its distance from independence.

    .. math:: d(p) = \{\mathrm{tr}\, C_p - n - \log |C_p|\}^{1/2}, \qquad
              \pi(p) = \theta e^{-\theta d(p)} |d'(p)| / (1 - e^{-\theta d_{\max}}), \quad P(p < upper) = \alpha

    d squared is twice the Kullback-Leibler divergence of N(0, C_p) from N(0, I). Islands, whose variance is 1
    whatever p, add nothing to it. d has no bound as p tends to its end, but grows there only with the root of
    the logarithm: d_max is taken at logit p = 18 (log lam = 18), 1.5e-8 from the end, and the density is
    normalised up to there.

    Parameters
    ----------
    spectrum
        Eigenbasis of the graph.
    kind
        "bym2" (phi), "leroux" (rho) or "paper" (lam).
    upper, alpha
        P(p < upper) = alpha. The default, which is to hold for any graph, becomes the nearest that is possible, with a
        warning, on graphs of some hundred regions: most of the distance then lies below 0.5.

    Attributes
    ----------
    rate, mass
        Rate theta of the exponential, and its mass below the largest distance.

    Raises
    ------
    SettingsError
        For a kind without a smoothness, a graph without edges, ``upper`` or ``alpha`` out of range, or an
        alpha so small that no exponential on d leaves that much probability above ``upper``.

    References
    ----------
    Simpson et al. (2017), Statistical Science 32(1); Riebler et al. (2016), section 3.3.
    """

    arg_constraints: ClassVar[dict[str, Any]] = {}
    has_rsample = False

    def __init__(
        self,
        spectrum: Spectrum,
        kind: str = "bym2",
        *,
        upper: float = 0.5,
        alpha: float = 0.5,
        validate_args: bool | None = None,
    ) -> None:
        if KINDS.get(kind) is None:
            raise SettingsError(f"the GMRF kind {kind!r} has no smoothness: use bym2, leroux or paper.")
        self.spectrum, self.kind = spectrum, kind
        if not 0 < upper < (math.inf if kind == "paper" else 1.0):
            raise SettingsError(f"upper is {upper}, outside the range of {KINDS[kind]}.")
        if not 0 < alpha < 1:
            raise SettingsError(f"alpha is {alpha}, and a probability between 0 and 1 is wanted.")
        if not bool(spectrum.null.any()):
            raise SettingsError(f"the graph has no edges, so that {KINDS[kind]} has no effect: use the kind iid.")
        self._largest = math.inf if kind == "paper" else 1 - torch.finfo(spectrum.values.dtype).eps
        grid = torch.linspace(
            -_MOST_LOGIT, _MOST_LOGIT, 4001, dtype=spectrum.values.dtype, device=spectrum.values.device
        )
        self._grid = grid.exp() if kind == "paper" else grid.sigmoid()
        self._distances = self.distance(self._grid)
        self.rate, self.mass = self._solve_rate(upper, alpha)
        super().__init__(torch.Size(), torch.Size(), validate_args=validate_args)

    @property
    def support(self) -> constraints.Constraint:
        """Unit interval, or positive numbers for "paper"."""
        return constraints.positive if self.kind == "paper" else constraints.unit_interval

    def distance(self, p: Tensor) -> Tensor:
        """Distance d(p) from independence; shaped as p."""
        return self._distance_and_slope(p)[0]

    def _distance_and_slope(self, p: Tensor) -> tuple[Tensor, Tensor]:
        """d(p) and d'(p) from t = log e(p): d squared is the sum of exp(t) - 1 - t."""
        p = p.to(self._grid.dtype).clamp(_LEAST, self._largest)
        t, grown, t_slope = _LOG_SPECTRA[self.kind](self.spectrum, p[..., None])
        distance = _excess(t, grown).sum(-1).sqrt()
        return distance, (grown * t_slope).sum(-1) / (2 * distance)

    def log_prob(self, value: Tensor) -> Tensor:
        """Log density at p; shaped as p, differentiable."""
        if self._validate_args:
            self._validate_sample(value)
        distance, slope = self._distance_and_slope(value)
        return math.log(self.rate / self.mass) - self.rate * distance + slope.abs().log()

    @torch.no_grad()
    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draw p by inverting d on a grid."""
        uniform = torch.rand(torch.Size(sample_shape), dtype=self._grid.dtype, device=self._grid.device)
        target = -torch.log1p(-uniform * self.mass) / self.rate
        right = torch.searchsorted(self._distances, target).clamp(1, len(self._grid) - 1)
        low, high = self._distances[right - 1], self._distances[right]
        share = ((target - low) / (high - low)).clamp(0, 1)
        return self._grid[right - 1] + share * (self._grid[right] - self._grid[right - 1])

    def expand(self, batch_shape: Any, _instance: Any = None) -> TorchDistribution:
        """Expand the batch dimensions."""
        return _Expanded(self, torch.Size(batch_shape))

    def powered(self, power: float, upper: float) -> float:
        """P(p < upper) once the exponential on d is raised to a power, which makes its rate that many times this."""
        at = float(self.distance(torch.tensor(upper, dtype=self._grid.dtype, device=self._grid.device)))
        rate = power * self.rate
        return math.expm1(-rate * at) / math.expm1(-rate * float(self._distances[-1]))

    def _solve_rate(self, upper: float, alpha: float) -> tuple[float, float]:
        """Rate of the exponential and the mass below the largest distance, by bisection on the log rate."""
        at = float(self.distance(torch.tensor(upper, dtype=self._grid.dtype, device=self._grid.device)))
        most = float(self._distances[-1])

        def below(rate: float) -> float:
            return math.expm1(-rate * at) / math.expm1(-rate * most)

        low, high = math.log(1e-9 / most), math.log(1e6 / at)
        least = min(at / most, 1.0)
        stated = f"P({KINDS[self.kind]} < {upper}) = {alpha} is out of reach for a PC prior on this graph"
        if (upper, alpha) == _DEFAULT and below(math.exp(low)) >= alpha and least < 1:
            alpha = least + _NEAREST * (1 - least)
            regions = self.spectrum.n_regions
            warn(f"{stated} of {regions} regions: the prior of smoothness says {alpha:.3f} in its place, the nearest.")
        if not below(math.exp(low)) < alpha < below(math.exp(high)):
            raise SettingsError(
                f"{stated}: the least possible is {least:.3f}; give an alpha above that, or a smaller upper."
            )
        for _ in range(200):
            middle = (low + high) / 2
            low, high = (middle, high) if below(math.exp(middle)) < alpha else (low, middle)
        rate = math.exp(low)
        return rate, -math.expm1(-rate * most)


class _Expanded(TorchDistribution):
    """A scalar prior repeated over batch dimensions."""

    arg_constraints: ClassVar[dict[str, Any]] = {}
    has_rsample = False

    def __init__(self, base: PCSmoothness, batch_shape: torch.Size) -> None:
        self.base = base
        super().__init__(batch_shape, torch.Size(), validate_args=False)

    @property
    def support(self) -> constraints.Constraint:
        return self.base.support

    def log_prob(self, value: Tensor) -> Tensor:
        return self.base.log_prob(value.expand(np.broadcast_shapes(value.shape, self.batch_shape)))

    def sample(self, sample_shape: Any = ()) -> Tensor:
        return self.base.sample(torch.Size(sample_shape) + self.batch_shape)

    def expand(self, batch_shape: Any, _instance: Any = None) -> TorchDistribution:
        return _Expanded(self.base, torch.Size(batch_shape))


def _excess(t: Tensor, grown: Tensor) -> Tensor:
    """exp(t) - 1 - t given exp(t) - 1, without cancellation near 0."""
    small = t.abs() < 1e-2
    near = t[small]
    series = near.square() / 2 * (1 + near / 3 * (1 + near / 4 * (1 + near / 5 * (1 + near / 6))))
    return (grown - t).masked_scatter(small, series)


def _log_bym2(spectrum: Spectrum, phi: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    step = spectrum.icar - 1
    grown = phi * step
    return torch.log1p(grown), grown, step / (1 + grown)


def _log_leroux(spectrum: Spectrum, rho: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    step = (spectrum.values - 1).masked_fill(spectrum.island, 0.0)  # the precision is 1 + rho step
    precision = 1 + rho * step
    shift, slope = spectrum.variances(rho * step / precision), spectrum.variances(step / precision.square())
    log_mean = spectrum.mean_within(torch.log1p(-shift))
    t = -torch.log1p(rho * step) - log_mean
    return t, torch.expm1(t), spectrum.mean_within(slope / (1 - shift)) - step / precision


def _log_paper(spectrum: Spectrum, lam: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    doubled = 2 * spectrum.values
    t = -torch.log1p(lam * doubled)
    return t, torch.expm1(t), -doubled / (1 + lam * doubled)


# Kind to log eigenvalues t of the covariance, exp(t) - 1 and the derivatives of t, all (*batch, eigenvector), of p
# (*batch, 1).
_LOG_SPECTRA: dict[str, Callable[[Spectrum, Tensor], tuple[Tensor, Tensor, Tensor]]] = {
    "bym2": _log_bym2,
    "leroux": _log_leroux,
    "paper": _log_paper,
}
