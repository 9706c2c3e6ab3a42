"""What is computed from draws: variance shares, gene weights, loadings of genes on programs."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from pyro_neurovae.models.families import Family
from pyro_neurovae.models.marginal import centre
from pyro_neurovae.models.observations import Observations

__all__ = ["gene_weights", "loadings", "region_shares", "variance_shares"]


def variance_shares(drawn: Mapping[str, Tensor], data: Observations, family: Family) -> Tensor:
    """Shares of a map's variance; (replicate, draw, map, source), summing to one.

    The variance over regions of each part (transcriptomic, spatial, structural), of what is a region's own (regional),
    and the mean sampling variance of the seen regions, each divided by their sum (`Family.sources`). Where parts are
    correlated over the regions the sum is not the map's variance: the share says how much each part moves by itself.
    """
    deviations = _squared_deviations(drawn, data, family)
    seen = data.seen[: len(deviations), None, :, None].to(data.thinning.dtype)  # a prior has the first replicate only
    sampling = (deviations[..., -1:, :] * seen).sum(-1) / seen.sum(-1)
    parts = torch.cat([deviations[..., :-1, :].mean(-1), sampling], -1)
    return parts / parts.sum(-1, keepdim=True)


def region_shares(drawn: Mapping[str, Tensor], data: Observations, family: Family) -> Tensor:
    """Shares of each region's squared deviation from the map's mean; (replicate, draw, map, region, source)."""
    parts = _squared_deviations(drawn, data, family).mT
    return parts / parts.sum(-1, keepdim=True)


def _squared_deviations(drawn: Mapping[str, Tensor], data: Observations, family: Family) -> Tensor:
    """(replicate, draw, map, source, region)."""
    like = drawn["thinning"]

    def squared(part: str) -> Tensor:
        field = drawn.get(part)
        return torch.zeros_like(like) if field is None else centre(field, torch.ones_like(field)).square()

    sampling = data.sampling[: len(like), None].diagonal(dim1=-2, dim2=-1).expand_as(like)
    return torch.stack([*(squared(part) for part in family.sources[:-1]), sampling], -2)


def gene_weights(transcriptomic: Tensor, expression: Tensor, expressed: Tensor) -> Tensor:
    """Slope of the transcriptomic part of thinning on each gene's expression; (replicate, draw, map, gene).

    sd(x_j) x_j' f / x_j' x_j over the measured regions, in map units per standard deviation of the gene's expression,
    which is centred (region, gene). It is each gene's own association with the part of
    thinning that expression explains, not its contribution with the other genes held fixed: with more genes
    than regions the latter is not identified.
    """
    measured = expression[expressed]  # (measured region, gene)
    size = measured.square().mean(0).sqrt()  # a gene without variance has no slope
    standard = torch.where(size > 0, measured / size, torch.zeros_like(measured))
    return transcriptomic[..., expressed] @ standard / len(measured)


def loadings(
    scores: Tensor, strength: Tensor, noise: Tensor, expression: Tensor, expressed: Tensor
) -> tuple[Tensor, Tensor]:
    """Posterior mean and standard deviation of s_k A_kj; each (replicate, program, gene).

    Given programs Z s and tau the loadings of a gene are Gaussian, N(M^-1 (Z s)' x_j, tau^2 M^-1) with
    M = (Z s)' H Z s + tau^2 I; mean and variance are averaged over draws with the law of total variance, in the
    space of the regions, so that the cost hardly depends on the number of genes.
    """
    scaled = centre(scores * strength[..., None], expressed.to(scores.dtype))  # (replicate, draw, program, region)
    identity = torch.eye(scaled.shape[-2], dtype=scaled.dtype, device=scaled.device)
    inner = scaled @ scaled.mT + noise.square()[..., None, None] * identity
    inverse = torch.cholesky_inverse(torch.linalg.cholesky(inner))
    maps = strength[..., None] * (inverse @ scaled)  # from a gene's expression to its mean loadings
    within = (strength * noise[..., None]).square() * inverse.diagonal(dim1=-2, dim2=-1)
    mean = maps.mean(1)
    spread = maps - mean[:, None]
    covariance = torch.einsum("rski,rskj->rkij", spread, spread) / maps.shape[1]
    between = torch.einsum("ig,rkij,jg->rkg", expression, covariance, expression)
    return mean @ expression, (between.clamp(min=0) + within.mean(1)[..., None]).sqrt()
