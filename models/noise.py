r"""What lies between an observed value and the noise-free thinning: noises, each a class, on plain arrays.

A noise says which scales of a map it has, and its covariance and variances given these; everything else follows from
that. To add one, write a class like `GaussianNoise` and name it in a family's settings (``noise``).
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from typing import Any, ClassVar

__all__ = ["GaussianNoise", "Noise"]


class Noise:
    r"""Zero-mean Gaussian noise given its scales: :math:`\epsilon_m \sim N(0, N(V_m, \text{scales}))`.

    Arrays may be of torch, NumPy or JAX; ``sampling`` V is (..., region, region), each scale (...,), and what is drawn,
    asked for or given back (..., region).
    """

    # Scales of a map that are the noise's own: settings of this name are their priors, sites of this name their draws.
    scales: ClassVar[tuple[str, ...]]

    def covariance(self, sampling: Any, scales: Mapping[str, Any], identity: Any) -> Any:
        """Covariance N; (..., region, region)."""
        raise NotImplementedError

    def unexplained(self, scales: Mapping[str, Any]) -> Any:
        """Variance of each value beyond its sampling error; (..., region or 1)."""
        raise NotImplementedError

    def spread(self, sampling: Any, scales: Mapping[str, Any]) -> Any:
        """Standard deviation of each value about the noise-free one."""
        return (sampling.diagonal(0, -2, -1) + self.unexplained(scales)) ** 0.5

    def is_independent(self, sampling: Any) -> bool:
        """Whether the noises of different regions are known to be independent, so that no matrix is needed."""
        del sampling
        return False

    def draw(self, sampling: Any, scales: Mapping[str, Any], identity: Any, white: Any) -> Any:
        """Noise made from standard normal numbers ``white``."""
        if self.is_independent(sampling):
            return self.spread(sampling, scales) * white
        root = _library(white).linalg.cholesky(self.covariance(sampling, scales, identity))
        return (root @ white[..., None])[..., 0]

    def draw_again(
        self, residual: Any, seen: Any, sampling: Any, scales: Mapping[str, Any], identity: Any, white: Any
    ) -> Any:
        """Noise of values observed anew in the same people, from standard normal numbers ``white``.

        A seen value's is drawn afresh, independent of the noise that it had; that of a value which was not seen goes
        with the noise of those that were, ``residual`` where ``seen``, as `of_unseen` has it (Matheron's rule).
        """
        fresh = self.draw(sampling, scales, identity, white)
        learnt = self.of_unseen(residual - fresh, seen, sampling, scales, identity)
        return fresh if learnt is None else fresh + learnt[0]

    def log_density(self, residual: Any, sampling: Any, scales: Mapping[str, Any], identity: Any) -> Any:
        """Log density of observed values less the noise-free ones; (...,)."""
        library = _library(residual)
        if self.is_independent(sampling):
            spread = self.spread(sampling, scales)
            white, logdet = residual / spread, library.log(spread).sum(-1)
        else:
            root = library.linalg.cholesky(self.covariance(sampling, scales, identity))
            white = library.linalg.solve(root, residual[..., None])[..., 0]
            logdet = library.log(root.diagonal(0, -2, -1)).sum(-1)
        return -0.5 * (white**2).sum(-1) - logdet - 0.5 * residual.shape[-1] * math.log(2 * math.pi)

    def of_unseen(
        self, residual: Any, seen: Any, sampling: Any, scales: Mapping[str, Any], identity: Any
    ) -> tuple[Any, Any] | None:
        r"""Noise of unseen values given that of the seen ones: mean :math:`N_{*o} N_{oo}^{-1} e_o` and variance.

        Where errors go together across regions, those of the regions seen say something of those that are not.

        Parameters
        ----------
        residual
            Noise of the seen values, whatever where unseen; (..., region).
        seen
            (..., region) bool.

        Returns
        -------
        tuple or None
            Mean and variance, both (..., region), for a seen value zero and its own variance; None where errors are
            independent, so that nothing is to be learnt.
        """
        if self.is_independent(sampling):
            return None
        library, whole = _library(residual), self.covariance(sampling, scales, identity)
        both = seen[..., :, None] & seen[..., None, :]
        across = library.where(seen[..., None, :] & ~seen[..., :, None], whole, 0.0)  # (..., unseen, seen)
        # An unseen entry gets a unit variance of its own, which leaves the seen ones as they are.
        gain = library.linalg.solve(library.where(both, whole, identity), across.mT).mT
        known = library.where(seen, residual, 0.0)
        return (gain @ known[..., None])[..., 0], whole.diagonal(0, -2, -1) - (gain * across).sum(-1)


class GaussianNoise(Noise):
    r"""Known sampling error and unexplained noise of one size: :math:`N = V + \sigma^2 I`."""

    scales = ("unexplained_scale",)

    def covariance(self, sampling: Any, scales: Mapping[str, Any], identity: Any) -> Any:
        """V + sigma^2 I."""
        return sampling + scales["unexplained_scale"][..., None, None] ** 2 * identity

    def unexplained(self, scales: Mapping[str, Any]) -> Any:
        """sigma^2, the same everywhere."""
        return scales["unexplained_scale"][..., None] ** 2

    def is_independent(self, sampling: Any) -> bool:
        """Whether V is diagonal."""
        return int((sampling != 0).sum()) == int((sampling.diagonal(0, -2, -1) != 0).sum())


def _library(array: Any) -> Any:
    """Library that an array is of: its functions of linear algebra have the same names in all three."""
    return array.__array_namespace__() if hasattr(array, "__array_namespace__") else sys.modules["torch"]
