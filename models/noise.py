r"""What lies between an observed value and what programs and fields give: noises, each a class, on plain arrays.

A noise has two halves. What is real, the part of a region's effect that is its own, belongs to what is estimated; what
is sampling error does not. A noise says which scales of a map it has, and the variance of the first half given these.
To add one, write a class like `GaussianNoise` and name it in a family's settings (``noise``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

from .algebra import library_of

__all__ = ["GaussianNoise", "Noise", "is_diagonal"]


class Noise:
    r"""Zero-mean Gaussian noise given its scales, :math:`\epsilon_m \sim N(0, V_m + \mathrm{diag}\, u_m)`.

    V is the covariance of the sampling errors, u the variance of what is a region's own (`unexplained`). Arrays may be
    of torch, NumPy or JAX; ``sampling`` V is (..., region, region), each scale (...,), and what is asked for or given
    back (..., region).
    """

    # Scales of a map that are the noise's own: settings of this name are their priors, sites of this name their draws.
    scales: ClassVar[tuple[str, ...]]

    def unexplained(self, scales: Mapping[str, Any]) -> Any:
        """Variance u of each value beyond its sampling error, independent between regions; (..., region or 1)."""
        raise NotImplementedError

    def covariance(self, sampling: Any, scales: Mapping[str, Any], identity: Any) -> Any:
        """V + diag(u); (..., region, region)."""
        return sampling + self.unexplained(scales)[..., None] * identity

    def spread(self, sampling: Any, scales: Mapping[str, Any]) -> Any:
        """Standard deviation of each value about what programs and fields give."""
        return (sampling.diagonal(0, -2, -1) + self.unexplained(scales)) ** 0.5

    def log_density(self, residual: Any, sampling: Any, scales: Mapping[str, Any], identity: Any) -> Any:
        """Log density of observed values less what programs and fields give; (...,)."""
        library = library_of(residual)
        if is_diagonal(sampling):
            spread = self.spread(sampling, scales)
            white, logdet = residual / spread, library.log(spread).sum(-1)
        else:
            root = library.linalg.cholesky(self.covariance(sampling, scales, identity))
            white = library.linalg.solve(root, residual[..., None])[..., 0]
            logdet = library.log(root.diagonal(0, -2, -1)).sum(-1)
        return -0.5 * (white**2).sum(-1) - logdet - 0.5 * residual.shape[-1] * math.log(2 * math.pi)


class GaussianNoise(Noise):
    r"""Known sampling error and a regional part of one size: :math:`N = V + \sigma^2 I`."""

    scales = ("unexplained_scale",)

    def unexplained(self, scales: Mapping[str, Any]) -> Any:
        """sigma^2, the same everywhere."""
        return scales["unexplained_scale"][..., None] ** 2


def is_diagonal(sampling: Any) -> bool:
    """Whether errors of different regions are known to be independent, so that no matrix is needed."""
    return int((sampling != 0).sum()) == int((sampling.diagonal(0, -2, -1) != 0).sum())
