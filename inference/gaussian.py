"""Exact algebra of what is linear and Gaussian given the scales: posteriors, draws, leave-one-out densities."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from pyro_neurovae.models.linear import LinearModel
from pyro_neurovae.models.marginal import PartlySeenNormal

__all__ = ["LinearDraws", "draw_linear", "leave_one_out", "normal_log_density", "seen_root"]


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


def seen_root(model: LinearModel, scales: Mapping[str, Tensor], kernels: Mapping[str, Tensor]) -> Tensor:
    """Cholesky factor of the seen thinning's marginal covariance; (replicate, draw, map, region, region)."""
    return PartlySeenNormal(model.covariance(scales, kernels), model.data.seen[:, None]).seen_root()


def draw_linear(
    model: LinearModel,
    scales: Mapping[str, Tensor],
    roots: Mapping[str, Tensor],
    noise: Mapping[str, Tensor],
    root: Tensor | None,
) -> LinearDraws:
    r"""Draw intercept and weights from their exact conditional given scales, programs and seen thinning.

    Matheron's rule: draw weights and data from the prior, then add the gain times the residual,
    :math:`w + \sigma_p R_p \Sigma^{-1} (y - y_{\mathrm{prior}})`. One Cholesky factor serves all parts.

    Parameters
    ----------
    model, scales, roots
        The model, its scales (replicate, draw, map) and its parts' roots.
    noise
        Standard normal numbers: "intercept" (replicate, draw, map), "data" (replicate, draw, map, region)
        and one entry a part (replicate, draw, map, coefficient).
    root
        What `seen_root` gives; None draws from the prior.
    """
    data = model.data
    intercept = data.level[:, None] * noise["intercept"]
    weights = {part: noise[part] for part in model.parts}
    if root is not None:
        simulated = intercept[..., None] + sum(_field(scales, roots, weights, part) for part in model.parts)
        residual = (
            data.thinning[:, None] - simulated - model.noise.draw(data.sampling, scales, data.identity, noise["data"])
        )
        seen = data.seen[:, None]
        gain = _masked(torch.cholesky_solve(_masked(residual, seen)[..., None], root)[..., 0], seen)
        intercept = intercept + data.level.square()[:, None] * gain.sum(-1)
        weights = {
            part: weights[part] + scales[f"{part}_scale"][..., None] * (gain @ roots[part].mT) for part in model.parts
        }
    fields = {part: _field(scales, roots, weights, part) for part in model.parts}
    return LinearDraws(intercept, weights, fields)


def leave_one_out(model: LinearModel, root: Tensor) -> tuple[Tensor, Tensor]:
    """Log density and distribution function of each seen value given the other seen ones and the scales.

    With P the inverse of the seen covariance, whose `seen_root` is given, and r = P y, value i has mean
    y_i - r_i / P_ii and variance 1 / P_ii (Sundararajan & Keerthi 2001; Buerkner et al. 2021). Both (replicate,
    draw, map, region), NaN where unseen.
    """
    seen = model.data.seen[:, None]
    precision = torch.cholesky_inverse(root)
    diagonal = precision.diagonal(dim1=-2, dim2=-1)
    weighted = (precision @ _masked(model.data.thinning[:, None], seen)[..., None])[..., 0]
    density = 0.5 * (diagonal.log() - weighted.square() / diagonal - math.log(2 * math.pi))
    unseen = ~seen.expand_as(density)
    below = torch.special.ndtr(weighted / diagonal.sqrt())
    return density.masked_fill(unseen, math.nan), below.masked_fill(unseen, math.nan)


def _field(
    scales: Mapping[str, Tensor], roots: Mapping[str, Tensor], weights: Mapping[str, Tensor], part: str
) -> Tensor:
    return scales[f"{part}_scale"][..., None] * (weights[part] @ roots[part])


def _masked(values: Tensor, seen: Tensor) -> Tensor:
    return torch.where(seen, values, torch.zeros_like(values))
