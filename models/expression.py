"""Baseline family: Bayesian ridge of thinning on every gene, a Gaussian process with the expression kernel."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from .algebra import expression_covariance
from .linear import LinearModel
from .observations import Observations
from .settings import ExpressionSettings

__all__ = ["Expression"]


class Expression(LinearModel):
    r"""Thinning on all genes: theta_m = a_m + l_m lambda + c_m X b_m / g^(1/2) + v_m w_m + sigma_m e_m, b_m ~ N(0, I).

    Sites: ``transcriptomic_scale`` c, ``structural_scale`` v and ``unexplained_scale`` sigma; observed is ``thinning``
    y ~ N(theta, V). All else is integrated out. The structural part w ~ N(0, R^2) keeps expression from being credited
    with what healthy people differ in anyway.

    A region without expression has a part of its own with the average variance: the genes say nothing there. Where
    expression was measured at places of its own, regions see their part through `ExpressionPlaces.support`.
    """

    parts: ClassVar[tuple[str, ...]] = ("transcriptomic", "structural")

    def __init__(self, data: Observations, settings: ExpressionSettings) -> None:
        super().__init__(data, settings)
        places = data.expression
        kernel = expression_covariance(places.scatter, places.expressed, places.identity)
        kernel = kernel if places.support is None else places.support @ kernel @ places.support.mT
        values, vectors = torch.linalg.eigh(kernel)
        self.root = (values.clamp(min=0).sqrt()[:, None] * vectors.mT)[None, None]

    def fixed_roots(self) -> dict[str, Tensor]:
        """Root of X X' / g, scaled to an average variance of one, and of R; (1, 1, eigenvector, region)."""
        return {"transcriptomic": self.root} | super().fixed_roots()
