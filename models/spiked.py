"""Prior of a scale that may be practically nought: the question whether a part is there at all."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import torch
from pyro.distributions import TorchDistribution
from torch import Tensor
from torch.distributions import constraints

__all__ = ["SpikedScale", "spiked_log_density"]

# Upper tenth of a standard half-normal variable.
_TENTH = 1.6448536269514722


def spiked_log_density(scale: Any, *, absent: float, tip: Any, width: Any, library: Any) -> Any:
    r"""Log density of :math:`p\, \mathrm{Exp}(\mathrm{mean}\ \tau) + (1 - p)\, |N(0, \omega^2)|`; shaped as the scale.

    Parameters
    ----------
    scale
        Above 0; (...,).
    absent
        p, the probability that the part is practically not there.
    tip, width
        tau and omega, in the scale's unit; broadcast with it.
    library
        torch or `jax.numpy`, whose arrays these are.
    """
    nought = math.log(absent) - library.log(tip) - scale / tip
    there = math.log(1 - absent) + 0.5 * math.log(2 / math.pi) - library.log(width) - 0.5 * (scale / width) ** 2
    return library.logaddexp(nought, there)


class SpikedScale(TorchDistribution):
    """Mixture of a narrow exponential, for a part that is not there, and a half-normal distribution, for one that is.

    Parameters
    ----------
    absent
        Probability of the narrow one.
    tip
        Its mean; (*batch,).
    width
        Standard deviation of the normal distribution that is folded; (*batch,).
    """

    arg_constraints: ClassVar[dict[str, Any]] = {"tip": constraints.positive, "width": constraints.positive}
    support = constraints.nonnegative
    has_rsample = False

    def __init__(self, absent: float, tip: Tensor, width: Tensor, validate_args: bool | None = None) -> None:
        self.absent = absent
        self.tip, self.width = torch.broadcast_tensors(tip, width)
        super().__init__(self.tip.shape, validate_args=validate_args)

    @property
    def rate(self) -> Tensor:
        """Rate of the exponential distribution with the same upper tenth, where the part is there; (*batch,)."""
        return math.log(10) / (_TENTH * self.width)

    def expand(self, batch_shape: Any, _instance: Any = None) -> SpikedScale:
        """Expand the batch dimensions."""
        shape = torch.Size(batch_shape)
        return SpikedScale(self.absent, self.tip.expand(shape), self.width.expand(shape), validate_args=False)

    def log_prob(self, value: Tensor) -> Tensor:
        """Log density; see `spiked_log_density`."""
        found: Tensor = spiked_log_density(value, absent=self.absent, tip=self.tip, width=self.width, library=torch)
        return found

    @torch.no_grad()
    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draw which of the two, and from it."""
        shape = torch.Size(sample_shape) + self.batch_shape
        nought = torch.empty(shape, dtype=self.tip.dtype, device=self.tip.device).exponential_() * self.tip
        there = torch.empty(shape, dtype=self.tip.dtype, device=self.tip.device).normal_().abs() * self.width
        return torch.where(torch.empty_like(nought).uniform_() < self.absent, nought, there)
