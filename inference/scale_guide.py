"""Guide of a map's own globals: correlated, skewed and heavy-tailed Gaussians over the log scales."""

from __future__ import annotations

from collections.abc import Mapping

import pyro
import torch
from pyro.distributions import Delta
from torch import Tensor, nn

from pyro_neurovae.models.thinning import ThinningFamily

from .gaussian import normal_log_density

__all__ = ["ScaleGuide"]


class ScaleGuide(nn.Module):
    r"""q(log scales) of every replicate and map: an affine map of sinh-arcsinh transformed normal numbers.

    :math:`\log(\sigma_m / \text{unit}_m) = \mu + T\, \sinh\{e^{\delta} (\sinh^{-1} \epsilon + \nu)\}` with T lower
    triangular (Jones & Pewsey 2009 for the transform). A scale that the data leave open has a long tail towards
    zero in the logarithm, which a Gaussian misses.

    Parameters
    ----------
    family
        The family whose map globals it is for.
    """

    def __init__(self, family: ThinningFamily) -> None:
        super().__init__()
        self.family = family
        unit = family.data.unit
        shape = (*unit.shape, len(family.scale_names))
        self.loc = nn.Parameter(torch.full(shape, -1.0, dtype=unit.dtype, device=unit.device))
        self.lower = nn.Parameter(torch.zeros(*shape, shape[-1], dtype=unit.dtype, device=unit.device))
        self.log_diagonal = nn.Parameter(torch.full_like(self.loc, -0.7))
        self.skew = nn.Parameter(torch.zeros_like(self.loc))
        self.log_tail = nn.Parameter(torch.zeros_like(self.loc))

    def forward(self, kernels: Mapping[str, Tensor], noise: Tensor) -> dict[str, Tensor]:
        """Pyro guide of `ThinningFamily.thinning_half`; noise (replicate, draw, map, scale).

        Returns the scales in map units, each (replicate, draw, map).
        """
        del kernels
        log_scale, density = self.transform(noise)
        log_scale = log_scale + self.family.data.unit.log()[:, None, :, None]
        draws, scales = noise.shape[1], {}
        with self.family.replicate_plate(), self.family.draw_plate(draws):
            with self.family.map_plate():
                for k, name in enumerate(self.family.scale_names):
                    value = log_scale[..., k].exp()
                    # T is triangular, so each term is the scale's density given those before it.
                    site = Delta(value, log_density=density[..., k] - log_scale[..., k])
                    scales[name] = pyro.sample(name, site)
        return scales

    def transform(self, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Log scales in units, and their log density term by term; both shaped as the noise."""
        tail = self.log_tail[:, None].exp()
        inner = (noise.asinh() + self.skew[:, None]) * tail
        # d warped / d noise = tail cosh(inner) / sqrt(1 + noise^2)
        slope = inner.abs() + torch.log1p((-2 * inner.abs()).exp()) - torch.log(inner.new_tensor(2.0))
        slope = slope + self.log_tail[:, None] - 0.5 * torch.log1p(noise.square())
        matrix = self.lower.tril(-1) + torch.diag_embed(self.log_diagonal.exp())
        log_scale = self.loc[:, None] + (matrix[:, None] @ inner.sinh()[..., None])[..., 0]
        return log_scale, normal_log_density(noise) - slope - self.log_diagonal[:, None]
