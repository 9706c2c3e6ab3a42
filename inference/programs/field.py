"""Draws of a field from Gaussian sites under a GMRF prior, with the gradient written out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from pyro_neurovae.models.spectrum import Spectrum, covariance_spectrum

__all__ = ["Field", "draw_field"]


class LinearCovariance(Protocol):
    r"""Covariances :math:`K(w) = \sum_j w_j M_j` of the regions with a site, linear in their weights."""

    def matrix(self, weights: Tensor) -> Tensor:
        """K; (*batch, site, site)."""

    def forms(self, left: Tensor, right: Tensor) -> Tensor:
        """Sums over columns of left' M_j right, of (*batch, site, column) each; (*batch, weight)."""

    def traces(self, matrix: Tensor) -> Tensor:
        """Traces of M_j times a symmetric matrix; (*batch, weight)."""


@dataclass(frozen=True)
class Blend:
    """A few fixed matrices (weight, site, site): no product of matrices is needed."""

    matrices: Tensor

    def matrix(self, weights: Tensor) -> Tensor:
        return (weights @ self.matrices.flatten(1)).unflatten(-1, self.matrices.shape[1:])

    def forms(self, left: Tensor, right: Tensor) -> Tensor:
        each = [((left.mT @ matrix) * right.mT).sum((-2, -1)) for matrix in self.matrices]
        return torch.stack(each, -1)

    def traces(self, matrix: Tensor) -> Tensor:
        return matrix.flatten(-2) @ self.matrices.flatten(1).mT


class Field:
    """A GMRF prior, and which of its regions have a site; made once, drawn from often.

    Parameters
    ----------
    spectrum, kind
        As `covariance_spectrum` takes them.
    sites
        Regions with a site; (region,) bool.
    """

    def __init__(self, spectrum: Spectrum, kind: str, sites: Tensor) -> None:
        self.spectrum, self.kind, self.sites = spectrum, kind, sites.nonzero()[:, 0]
        self.seen = spectrum.at(self.sites)
        smooth = self.seen.matrix(spectrum.icar)
        rough = torch.eye(len(smooth), dtype=smooth.dtype, device=smooth.device)
        self.covariance: LinearCovariance = Blend(torch.stack([smooth, rough])) if kind == "bym2" else self.seen

    def weights(self, smoothness: Tensor, eigenvalues: Tensor) -> Tensor:
        """Weights of `covariance` for a smoothness (*batch,) and the eigenvalues it gives; (*batch, weight)."""
        return torch.stack([smoothness, 1 - smoothness], -1) if self.kind == "bym2" else eigenvalues


def draw_field(
    field: Field, smoothness: Tensor, precision: Tensor, mean: Tensor, white: Tensor
) -> tuple[Tensor, Tensor]:
    r"""Draw from :math:`N(P^{-1} A m, P^{-1})` with :math:`P = K^{-1} + A`.

    :math:`A = \mathrm{diag}(\lambda) - \lambda \lambda' / 1'\lambda` are the sites with their weighted mean projected
    out: pseudo-observations :math:`m = x + \alpha 1 + \lambda^{-1/2} \epsilon` with a flat level :math:`\alpha`. The
    draw is Matheron's, :math:`x_0 + K R (m - x_0 - \lambda^{-1/2} \epsilon)` with :math:`x_0 \sim N(0, K)`,
    :math:`S = K + \mathrm{diag}(1 / \lambda)` and :math:`R = S^{-1} - S^{-1} 11' S^{-1} / 1' S^{-1} 1`; its density
    is Bayes' rule. So both need one solve with S, and the gradient no derivative of a Cholesky factor.

    Parameters
    ----------
    field
        Prior of covariance K, and which regions have a site.
    smoothness
        The prior's smoothness; (*batch,).
    precision, mean
        Sites :math:`\lambda > 0` and m; (*batch, region), read where there is a site.
    white
        Standard normal numbers; (*batch, 2, region).

    Returns
    -------
    Tensor, Tensor
        The draw (*batch, region) and its log density (*batch,), both differentiable once.
    """
    eigenvalues = covariance_spectrum(field.spectrum, field.kind, smoothness)
    root, precision, mean = eigenvalues.sqrt(), precision[..., field.sites], mean[..., field.sites]
    before = field.seen.unrotate(root * white[..., 0, :]) + precision.rsqrt() * white[..., 1, field.sites]
    right = torch.stack([mean - before, mean, torch.ones_like(mean)], -1)
    solved, logdet = _Solve.apply(field.covariance, field.weights(smoothness, eigenvalues), 1 / precision, right)
    sums = solved.sum(-2)  # 1' S^-1 right
    gain = solved[..., 0] - solved[..., 2] * (sums[..., 0] / sums[..., 2])[..., None]
    standard = white[..., 0, :] + root * field.seen.rotate(gain)
    draw = field.spectrum.unrotate(root * standard)

    misfit = mean - draw[..., field.sites]
    total = precision.sum(-1)
    sites = (precision * misfit.square()).sum(-1) - (precision * misfit).sum(-1).square() / total
    evidence = (mean * solved[..., 1]).sum(-1) - sums[..., 1].square() / sums[..., 2]
    prior = standard.square().sum(-1) + eigenvalues.log().sum(-1) + field.spectrum.n_regions * math.log(2 * math.pi)
    given = logdet + precision.log().sum(-1) - total.log() + sums[..., 2].log()
    return draw, 0.5 * (given + evidence - sites - prior)


class _Solve(torch.autograd.Function):
    """S^-1 b for S = K(w) + diag(v) and right-hand sides b (*batch, site, column), and log |S|."""

    @staticmethod
    def forward(
        ctx: Any, covariance: LinearCovariance, weights: Tensor, variance: Tensor, right: Tensor
    ) -> tuple[Tensor, Tensor]:
        matrix = covariance.matrix(weights)
        matrix.diagonal(dim1=-2, dim2=-1).add_(variance)
        root = torch.linalg.cholesky(matrix)
        half = torch.linalg.solve_triangular(root, right, upper=False)
        solved = torch.linalg.solve_triangular(root.mT, half, upper=True)
        ctx.covariance = covariance
        ctx.save_for_backward(root, solved)
        return solved, 2 * root.diagonal(dim1=-2, dim2=-1).log().sum(-1)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, solved_grad: Tensor, logdet_grad: Tensor) -> tuple[None, Tensor, Tensor, Tensor]:
        root, solved = ctx.saved_tensors
        right = torch.cholesky_solve(solved_grad, root)  # gradient of b
        # The gradient of S is c S^-1 - right solved'; wanted are its products with each M_j and its diagonal.
        inverse, c = torch.cholesky_inverse(root), logdet_grad[..., None]
        weights = c * ctx.covariance.traces(inverse) - ctx.covariance.forms(right, solved)
        variance = c * inverse.diagonal(dim1=-2, dim2=-1) - (right * solved).sum(-1)
        return None, weights, variance, right
