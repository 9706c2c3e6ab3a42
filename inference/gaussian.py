"""Exact algebra of what is linear and Gaussian given the scales: posteriors, draws, leave-one-out densities."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from pyro_neurovae.models.marginal import PartlySeenNormal
from pyro_neurovae.models.thinning import ThinningFamily

__all__ = ["LinearDraws", "draw_linear", "leave_one_out", "noise_root", "normal_log_density"]


def normal_log_density(white: Tensor) -> Tensor:
    """Log density of standard normal numbers, element by element."""
    return -0.5 * (white.square() + math.log(2 * math.pi))


@dataclass(frozen=True)
class LinearDraws:
    """Draws of what was integrated out, in map units.

    Attributes
    ----------
    intercept
        a; (replicate, draw, map).
    weights
        Coefficients of each part's root; part to (replicate, draw, map, coefficient).
    fields
        Each part as a map; part to (replicate, draw, map, region).
    """

    intercept: Tensor
    weights: dict[str, Tensor]
    fields: dict[str, Tensor]

    @property
    def thinning(self) -> Tensor:
        """Noise-free thinning a + sum of the parts; (replicate, draw, map, region)."""
        return self.intercept[..., None] + sum(self.fields.values())


def draw_linear(
    family: ThinningFamily,
    scales: Mapping[str, Tensor],
    roots: Mapping[str, Tensor],
    noise: Mapping[str, Tensor],
    *,
    condition: bool = True,
) -> LinearDraws:
    r"""Draw intercept and weights from their exact conditional given scales, programs and seen thinning.

    Matheron's rule: draw weights and data from the prior, then add the gain times the residual,
    :math:`w + \sigma_p R_p \Sigma^{-1} (y - y_{\mathrm{prior}})`. One Cholesky factor serves all parts.

    Parameters
    ----------
    family, scales, roots
        The family, its scales (replicate, draw, map) and its parts' roots.
    noise
        Standard normal numbers: "intercept" (replicate, draw, map), "data" (replicate, draw, map, region)
        and one entry a part (replicate, draw, map, coefficient).
    condition
        False draws from the prior instead.
    """
    data = family.data
    intercept = data.level[:, None] * noise["intercept"]
    weights = {part: noise[part] for part in family.parts}
    if condition:
        kernels = {part: root.mT @ root for part, root in roots.items()}
        simulated = intercept[..., None] + sum(_field(scales, roots, weights, part) for part in family.parts)
        sampling_root = noise_root(family, scales)
        simulated = simulated + (sampling_root @ noise["data"][..., None])[..., 0]
        gain = _solve_seen(family, scales, kernels, data.thinning[:, None] - simulated)
        intercept = intercept + data.level.square()[:, None] * gain.sum(-1)
        weights = {
            part: weights[part] + scales[f"{part}_scale"][..., None] * (gain @ roots[part].mT) for part in family.parts
        }
    fields = {part: _field(scales, roots, weights, part) for part in family.parts}
    return LinearDraws(intercept, weights, fields)


def leave_one_out(family: ThinningFamily, scales: Mapping[str, Tensor], kernels: Mapping[str, Tensor]) -> Tensor:
    """Log density of each seen value given the other seen ones and the scales; NaN where unseen.

    With P the inverse of the seen covariance and r = P y, value i has mean y_i - r_i / P_ii and variance
    1 / P_ii (Sundararajan & Keerthi 2001; Buerkner et al. 2021). Shape (replicate, draw, map, region).
    """
    seen = family.data.seen[:, None]
    root = PartlySeenNormal(family.covariance(scales, kernels), seen).seen_root()
    precision = torch.cholesky_inverse(root)
    diagonal = precision.diagonal(dim1=-2, dim2=-1)
    weighted = (precision @ _masked(family.data.thinning[:, None], seen)[..., None])[..., 0]
    density = 0.5 * (diagonal.log() - weighted.square() / diagonal - math.log(2 * math.pi))
    return density.masked_fill(~seen.expand_as(density), math.nan)


def _field(
    scales: Mapping[str, Tensor], roots: Mapping[str, Tensor], weights: Mapping[str, Tensor], part: str
) -> Tensor:
    return scales[f"{part}_scale"][..., None] * (weights[part] @ roots[part])


def noise_root(family: ThinningFamily, scales: Mapping[str, Tensor]) -> Tensor:
    """Root of the sampling and unexplained noise; (replicate, draw, map, region, region)."""
    unexplained = (
        scales["unexplained_scale"].square()[..., None].expand(*scales["unexplained_scale"].shape, family.data.regions)
    )
    sampling = family.data.sampling
    if not bool(torch.any(sampling - torch.diag_embed(sampling.diagonal(dim1=-2, dim2=-1)))):
        return torch.diag_embed((sampling.diagonal(dim1=-2, dim2=-1) + unexplained).sqrt())
    return torch.linalg.cholesky(sampling + torch.diag_embed(unexplained))


def _solve_seen(
    family: ThinningFamily, scales: Mapping[str, Tensor], kernels: Mapping[str, Tensor], residual: Tensor
) -> Tensor:
    seen = family.data.seen[:, None]
    root = PartlySeenNormal(family.covariance(scales, kernels), seen).seen_root()
    return _masked(torch.cholesky_solve(_masked(residual, seen)[..., None], root)[..., 0], seen)


def _masked(values: Tensor, seen: Tensor) -> Tensor:
    return torch.where(seen, values, torch.zeros_like(values))
