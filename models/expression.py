"""Baseline family: Bayesian ridge of thinning on every gene, a Gaussian process with the expression kernel."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from .linear import ThinningFamily
from .observations import Observations
from .settings import ExpressionSettings

__all__ = ["Expression"]


class Expression(ThinningFamily):
    r"""What expression alone can say: y_m = a_m + c_m X w_m / g^(1/2) + e_m, w_m ~ N(0, I_g).

    Sites: ``transcriptomic_scale`` c and ``unexplained_scale``, the standard deviation of e_m beside its sampling
    error; observed is ``thinning`` y. a, w and e are integrated out.

    A region without expression has a part of its own with the average variance: the genes say nothing there.
    """

    name: ClassVar[str] = "expression"
    parts: ClassVar[tuple[str, ...]] = ("transcriptomic",)

    def __init__(self, data: Observations, settings: ExpressionSettings) -> None:
        super().__init__(data, settings)
        mean_variance = data.scatter.diagonal()[data.expressed].mean()
        kernel = data.scatter / mean_variance + torch.diag((~data.expressed).to(data.scatter.dtype))
        values, vectors = torch.linalg.eigh(kernel)
        self.root = (values.clamp(min=0).sqrt()[:, None] * vectors.mT)[None, None]

    def roots(self, programs: Tensor | None = None) -> dict[str, Tensor]:
        """Root of X X' / g, scaled to an average variance of one; (1, 1, eigenvector, region)."""
        del programs
        return {"transcriptomic": self.root}
