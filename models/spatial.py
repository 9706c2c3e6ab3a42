"""Baseline family: thinning is a smooth field over the cortex and nothing else."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from .linear import ThinningFamily
from .observations import Observations
from .spectrum import covariance_spectrum

__all__ = ["Spatial", "spatial_root"]


class Spatial(ThinningFamily):
    r"""What neighbouring regions alone can say: y_m = a_m + t_m u_m + e_m, u_m ~ GMRF.

    Sites: ``spatial_scale`` t and ``unexplained_scale`` sigma, the standard deviation of e_m beside its sampling
    error; observed is ``thinning`` y. a, u and e are integrated out.

    With the default ``icar`` this is the BYM2 model (Riebler et al. 2016) written with two standard
    deviations, t and sigma, instead of one and a mixing weight.
    """

    name: ClassVar[str] = "spatial"
    parts: ClassVar[tuple[str, ...]] = ("spatial",)

    def roots(self, programs: Tensor | None = None) -> dict[str, Tensor]:
        """Root of the spatial part; the family has no programs."""
        del programs
        return {"spatial": spatial_root(self.data, self.settings.spatial_prior)}


def spatial_root(data: Observations, kind: str) -> Tensor:
    """Root of the scaled GMRF covariance, diag(e)^(1/2) V'; (1, 1, eigenvector, region)."""
    spectrum = data.spectrum
    eigenvalues = covariance_spectrum(spectrum, kind, spectrum.values.new_zeros(()))
    return (eigenvalues.sqrt()[:, None] * spectrum.vectors.mT)[None, None]
