"""Baseline family: thinning is a smooth field over the cortex and nothing else."""

from __future__ import annotations

from typing import ClassVar

from .linear import LinearModel

__all__ = ["Spatial"]


class Spatial(LinearModel):
    r"""What neighbouring regions alone can say: theta_m = a_m + t_m u_m + sigma_m e_m, u_m ~ GMRF.

    Sites: ``spatial_scale`` t and ``unexplained_scale`` sigma; observed is ``thinning`` y ~ N(theta, V). a, u and e
    are integrated out.

    With the default ``icar`` this is the BYM2 model (Riebler et al. 2016) written with two standard
    deviations, t and sigma, instead of one and a mixing weight.
    """

    parts: ClassVar[tuple[str, ...]] = ("spatial",)
