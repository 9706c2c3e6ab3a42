"""A mean-field normal over a field whose random numbers are given, and its divergence from a GMRF."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from pyro.distributions import TorchDistribution
from torch import Tensor
from torch.distributions import constraints, kl_divergence, register_kl

from pyro_neurovae.models.gmrf import GMRF

from .gaussian import normal_log_density

__all__ = ["NormalDraw", "least_divergence"]


class NormalDraw(TorchDistribution):
    """N(mean, diag(sd^2)) over the regions; a draw is mean + sd * white, which is differentiable.

    Parameters
    ----------
    mean, sd, white
        Moments and standard normal numbers; (*batch, region).
    """

    arg_constraints: ClassVar[dict[str, Any]] = {}
    support = constraints.real_vector
    has_rsample = True

    def __init__(self, mean: Tensor, sd: Tensor, white: Tensor) -> None:
        self.loc, self.sd, self.white = torch.broadcast_tensors(mean, sd, white)
        super().__init__(self.white.shape[:-1], self.white.shape[-1:], validate_args=False)

    def expand(self, batch_shape: Any, _instance: Any = None) -> NormalDraw:
        """Expand the batch dimensions."""
        shape = torch.Size(batch_shape) + self.event_shape
        return NormalDraw(self.loc.expand(shape), self.sd.expand(shape), self.white.expand(shape))

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Give the one draw that the numbers make."""
        if torch.Size(sample_shape):
            raise ValueError("the random numbers make one draw; give more of them for more draws.")
        return self.loc + self.sd * self.white

    def log_prob(self, value: Tensor) -> Tensor:
        """Log density of fields; (*batch,)."""
        return (normal_log_density((value - self.loc) / self.sd) - self.sd.log()).sum(-1)


@register_kl(NormalDraw, GMRF)
def _kl_normal_gmrf(q: NormalDraw, p: GMRF) -> Tensor:
    """Sum over eigenvectors of (E v_j' x)^2 / e_j + log e_j - 1, less the log variances, halved."""
    eigenvalues, variance = p.eigenvalues, q.sd.square()
    second = p.spectrum.rotate(q.loc).square() + p.spectrum.coefficient_variances(variance)
    terms = second / eigenvalues + eigenvalues.log() - 1
    return 0.5 * (terms.sum(-1) - variance.log().sum(-1))


def least_divergence(p: GMRF) -> Tensor:
    """Divergence from p of the mean-field normal nearest to it: N(0, diag(1 / Q_ii)); (*batch,).

    A latent dimension whose guide is no further from its prior has collapsed: it says nothing of its input.
    """
    sd = p.precision().diagonal(dim1=-2, dim2=-1).rsqrt()
    return kl_divergence(NormalDraw(torch.zeros_like(sd), sd, torch.zeros_like(sd)), p)
