r"""The algebra of a map given its scales and programs, once for torch, NumPy and JAX.

Every function takes plain arrays and uses nothing but operators, `.mT`, `.sum` and `.diagonal`, which the three
libraries share. The families, the density of NUTS, the conditionals of a stored fit and simulated studies all call it.
Arrays are ordered (..., map, region) and (..., program, region).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = [
    "expression_covariance",
    "intercept_level",
    "map_covariance",
    "share_homologues",
    "tied_programs",
    "unit_covariance",
]


def share_homologues(fields: Any, homologue: Any, sharing: float) -> Any:
    """Move each region of fields (..., region) towards its mean with its homologue: H = (1 - h) I + h (I + P) / 2.

    Parameters
    ----------
    fields
        (..., region).
    homologue
        Number of each region's homologue, its own where it has none; (region,) whole numbers.
    sharing
        h: 0 goes none of the way, 1 all of it.
    """
    return fields + sharing * (fields[..., homologue] - fields) / 2


def tied_programs(score: Any, strength: Any, homologue: Any, sharing: float) -> Any:
    r"""Programs as thinning sees them, :math:`H Z s / \lVert s \rVert`; (..., program, region).

    Parameters
    ----------
    score
        z; (..., program, region).
    strength
        s > 0; (..., program).
    homologue, sharing
        As `share_homologues` takes them.
    """
    share = strength / (strength**2).sum(-1)[..., None] ** 0.5
    return share_homologues(score * share[..., None], homologue, sharing)


def unit_covariance(root: Any) -> Any:
    """Covariance R' R of a part with standard normal weights on its root R (..., coefficient, region)."""
    return root.mT @ root


def expression_covariance(scatter: Any, expressed: Any, identity: Any) -> Any:
    """Covariance X X' / g over its mean diagonal; a region without expression has a part of its own, of variance one.

    Parameters
    ----------
    scatter
        X X' / g, zero rows where unmeasured; (region, region).
    expressed
        Whether expression was measured; (region,) bool.
    identity
        (region, region).
    """
    return scatter / scatter.diagonal(0, -2, -1)[expressed].mean() + identity * ~expressed


def intercept_level(thinning: Any, seen: Any) -> Any:
    """Prior standard deviation of a map's intercept, twice the root mean square of the values seen; (...,)."""
    return 2 * ((thinning**2 * seen).sum(-1) / seen.sum(-1)) ** 0.5


def map_covariance(noise: Any, level: Any, scales: Mapping[str, Any], kernels: Mapping[str, Any]) -> Any:
    r"""Marginal covariance of a map, :math:`N + l^2 1 1' + \sum_p \sigma_p^2 K_p`; (..., region, region).

    Parameters
    ----------
    noise
        N, covariance of what is added to the noise-free thinning (`models.noise`); (..., region, region).
    level
        Prior standard deviation l of the intercept; (...,).
    scales
        "PART_scale" to the part's standard deviation; each (...,).
    kernels
        Part to its unit covariance; each (..., region, region).
    """
    total = noise + level[..., None, None] ** 2
    for part, kernel in kernels.items():
        total = total + scales[f"{part}_scale"][..., None, None] ** 2 * kernel
    return total
