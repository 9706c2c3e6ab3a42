"""Guide of a map's own globals: correlated and skewed Gaussians over its scales."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pyro
import torch
from pyro.distributions import Delta
from torch import Tensor, nn

from pyro_neurovae.models.thinning import ThinningFamily

from .gaussian import normal_log_density

__all__ = ["ScaleGuide"]


class ScaleGuide(nn.Module):
    r"""q(scales) of every replicate and map: an affine map of sinh-arcsinh transformed normal numbers.

    Each scale is written as :math:`\sigma = F^{-1}(\Phi(x))` with F the distribution function of its exponential
    prior, so that x is standard normal a priori and has Gaussian tails wherever the data leave a scale open; then
    :math:`x = \mu + T\, \sinh\{e^{\delta} (\sinh^{-1} \epsilon + \nu)\}` with T lower triangular (Jones & Pewsey
    2009 for the transform), which correlates the scales and skews them.

    Parameters
    ----------
    family
        The family whose map globals it is for.
    """

    rate: Tensor

    def __init__(self, family: ThinningFamily) -> None:
        super().__init__()
        self.family = family
        unit = family.data.unit
        rates = [family.scale_prior(name).rate for name in family.scale_names]
        self.register_buffer("rate", torch.stack(rates, -1))  # (replicate, 1, map, scale)
        self.loc = nn.Parameter(unit.new_zeros(*unit.shape, len(rates)))
        self.lower = nn.Parameter(unit.new_zeros(*unit.shape, len(rates), len(rates)))
        self.log_diagonal = nn.Parameter(torch.full_like(self.loc, -0.7))
        self.skew = nn.Parameter(torch.zeros_like(self.loc))
        self.log_tail = nn.Parameter(torch.zeros_like(self.loc))

    def forward(self, kernels: Mapping[str, Tensor], noise: Tensor) -> dict[str, Tensor]:
        """Pyro guide of `ThinningFamily.thinning_half`; noise (replicate, draw, map, scale).

        Returns the scales in map units, each (replicate, draw, map).
        """
        del kernels
        value, density = self.transform(noise)
        scales = {}
        with self.family.replicate_plate(), self.family.draw_plate(noise.shape[1]), self.family.map_plate():
            for k, name in enumerate(self.family.scale_names):
                # T is triangular, so each term is the scale's density given those before it.
                scales[name] = pyro.sample(name, Delta(value[..., k], log_density=density[..., k]))
        return scales

    def transform(self, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Scales and their log density term by term; both shaped as the noise."""
        inner = (noise.asinh() + self.skew[:, None]) * self.log_tail[:, None].exp()
        # log d sinh(inner) / d noise = log tail + log cosh(inner) - log(1 + noise^2) / 2
        log_cosh = inner.abs() + torch.log1p((-2 * inner.abs()).exp()) - math.log(2)
        slope = self.log_tail[:, None] + log_cosh - 0.5 * torch.log1p(noise.square())
        matrix = self.lower.tril(-1) + torch.diag_embed(self.log_diagonal.exp())
        x = self.loc[:, None] + (matrix[:, None] @ inner.sinh()[..., None])[..., 0]
        log_survival = torch.special.log_ndtr(-x)
        scale = -log_survival / self.rate
        log_jacobian = normal_log_density(x) - log_survival - self.rate.log()
        return scale, normal_log_density(noise) - slope - self.log_diagonal[:, None] - log_jacobian
