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
    r"""What expression alone can say: y_m = a_m + c_m X w_m / g^(1/2) + e_m, w_m ~ N(0, I_g).

    Sites: ``transcriptomic_scale`` c and ``unexplained_scale``, the standard deviation of e_m beside its sampling
    error; observed is ``thinning`` y. a, w and e are integrated out.

    A region without expression has a part of its own with the average variance: the genes say nothing there.
    """

    parts: ClassVar[tuple[str, ...]] = ("transcriptomic",)

    def __init__(self, data: Observations, settings: ExpressionSettings) -> None:
        super().__init__(data, settings)
        kernel = expression_covariance(data.scatter, data.expressed, data.identity)
        values, vectors = torch.linalg.eigh(kernel)
        self.root = (values.clamp(min=0).sqrt()[:, None] * vectors.mT)[None, None]

    def fixed_roots(self) -> dict[str, Tensor]:
        """Root of X X' / g, scaled to an average variance of one; (1, 1, eigenvector, region)."""
        return {"transcriptomic": self.root}
