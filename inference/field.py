"""Draws of a field from Gaussian sites under a GMRF prior, with the gradient written out."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

__all__ = ["draw_field"]


def draw_field(vectors: Tensor, prior: Tensor, precision: Tensor, mean: Tensor, white: Tensor) -> tuple[Tensor, Tensor]:
    r"""Draw from :math:`N(P^{-1} A m, P^{-1})` with :math:`P = V \mathrm{diag}(q) V' + A`.

    :math:`A = \mathrm{diag}(\lambda) - \lambda \lambda' / 1'\lambda` are the sites with their weighted mean projected
    out. The draw perturbs the right-hand side, :math:`P x = A m + V q^{1/2} \epsilon_1 + A^{1/2} \epsilon_2`
    (Papandreou & Yuille 2010), so that its gradient needs one solve and not the derivative of a Cholesky factor.

    Parameters
    ----------
    vectors
        Eigenvectors V of the prior's precision; (region, eigenvector).
    prior
        Eigenvalues q of the prior's precision; (*batch, eigenvector).
    precision, mean
        Sites :math:`\lambda \ge 0`, not all zero, and m; (*batch, region).
    white
        Standard normal numbers; (*batch, 2, region).

    Returns
    -------
    Tensor, Tensor
        The draw (*batch, region) and its log density (*batch,), both differentiable once.
    """
    share = precision / precision.sum(-1, keepdim=True)
    # A region without a site has precision 0, where the square root has no slope.
    root = precision.clamp(min=torch.finfo(precision.dtype).tiny).sqrt() * white[..., 1, :]
    push = (prior.sqrt() * white[..., 0, :]) @ vectors.mT + root - share * root.sum(-1, keepdim=True)
    pull = precision * (mean - (share * mean).sum(-1, keepdim=True))
    solved, logdet = _Solve.apply(vectors, prior, precision, torch.stack([pull, push], -1))
    centre, deviation = solved.unbind(-1)
    quadratic = (deviation * push).sum(-1)
    return centre + deviation, 0.5 * (logdet - quadratic - len(vectors) * math.log(2 * math.pi))


class _Solve(torch.autograd.Function):
    """P^-1 b for right-hand sides b (*batch, region, k), and log |P|."""

    @staticmethod
    def forward(ctx: Any, vectors: Tensor, prior: Tensor, precision: Tensor, right: Tensor) -> tuple[Tensor, Tensor]:
        matrix = (vectors * prior[..., None, :]) @ vectors.mT
        matrix -= precision[..., :, None] * (precision / precision.sum(-1, keepdim=True))[..., None, :]
        matrix.diagonal(dim1=-2, dim2=-1).add_(precision)
        root = torch.linalg.cholesky(matrix)
        half = torch.linalg.solve_triangular(root, right, upper=False)
        solved = torch.linalg.solve_triangular(root.mT, half, upper=True)
        ctx.save_for_backward(vectors, precision, root, solved)
        return solved, 2 * root.diagonal(dim1=-2, dim2=-1).log().sum(-1)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, solved_grad: Tensor, logdet_grad: Tensor) -> tuple[None, Tensor, Tensor, Tensor]:
        vectors, precision, root, solved = ctx.saved_tensors
        right = torch.cholesky_solve(solved_grad, root)  # gradient of b, (*batch, region, k)
        # The gradient of P is -right solved' + c P^-1: wanted are its diagonals in both bases, and its sums over A.
        inverse, c = torch.cholesky_inverse(root), logdet_grad[..., None]
        prior = c * ((inverse @ vectors) * vectors).sum(-2) - ((right.mT @ vectors) * (solved.mT @ vectors)).sum(-2)
        share = precision / precision.sum(-1, keepdim=True)
        one, two = right.mT @ share[..., None], solved.mT @ share[..., None]  # (*batch, k, 1)
        within = c * inverse.diagonal(dim1=-2, dim2=-1) - (right * solved).sum(-1)
        across = 2 * c * (inverse @ share[..., None])[..., 0] - (right @ two + solved @ one)[..., 0]
        whole = c * (share * (inverse @ share[..., None])[..., 0]).sum(-1, keepdim=True) - (one * two).sum(-2)
        return None, prior, within - across + whole, right
