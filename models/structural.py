"""Baseline family: thinning follows the axes along which healthy people differ, and a smooth field; no expression."""

from __future__ import annotations

from typing import ClassVar

from .linear import LinearModel

__all__ = ["Structural"]


class Structural(LinearModel):
    r"""What needs no gene: theta_m = a_m + l_m lambda + t_m u_m + v_m w_m + sigma_m e_m, u_m ~ GMRF, w_m ~ N(0, R^2).

    The default family without its transcriptomic part, so that a comparison of the two says what expression adds. R is
    the correlation of regional thickness across people, lambda its leading axis. Sites: ``spatial_scale`` t,
    ``structural_scale`` v and ``unexplained_scale`` sigma; observed is ``thinning`` y ~ N(theta, V). All else is
    integrated out.
    """

    parts: ClassVar[tuple[str, ...]] = ("spatial", "structural")
