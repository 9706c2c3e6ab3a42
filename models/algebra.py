r"""The algebra of a map given its scales and programs, once for torch, NumPy and JAX.

Every function takes plain arrays and uses nothing but operators, `.mT`, `.sum` and `.diagonal`, which the three
libraries share. The families, the density of NUTS, the conditionals of a stored fit and simulated studies all call it.
Arrays are ordered (..., map, region) and (..., program, region).
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import Any

__all__ = [
    "AXIS_LEVEL",
    "expression_covariance",
    "expression_root",
    "expression_size",
    "intercept_level",
    "library_of",
    "map_covariance",
    "part_amounts",
    "residual_root",
    "share_homologues",
    "structural_axis",
    "structural_root",
    "tied_programs",
    "unit_covariance",
    "wide_covariance",
]

# Root mean square of a contrast of unit length below which it is rounding.
_LEAST_CONTRAST = 1e-6

# Prior standard deviation of how far a map follows the structural axis, in standard deviations of the map. A prior as
# wide as the intercept's gave the axis whatever expression has along it, an eighth, and less evidence on people.
AXIS_LEVEL = 0.5


def share_homologues(fields: Any, homologue: Any, sharing: Any) -> Any:
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
    if isinstance(sharing, float) and sharing == 0:
        return fields
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


def residual_root(scatter: Any, programs: int, *, expressed: Any, identity: Any) -> Any:
    """Root of what expression has beyond so many principal components; (component, region), none where all are taken.

    A region without expression has a part of its own, of the measured regions' mean variance.

    Parameters
    ----------
    scatter
        X X' / g, zero rows where unmeasured; (region, region).
    programs
        Number of components left out, which programs stand for.
    expressed
        Whether expression was measured; (region,) bool.
    identity
        (region, region).
    """
    values, vectors = library_of(scatter).linalg.eigh(scatter)
    kept = slice(0, max(len(scatter) - programs, 0))
    root = ((values * (values > 0)) ** 0.5)[kept, None] * vectors.mT[kept]
    if not len(root):
        return root
    own = identity[~expressed] * (root**2).sum(0)[expressed].mean() ** 0.5
    return library_of(scatter).concatenate([root, own], axis=0)


def expression_size(strength: Any, rest: Any) -> Any:
    """Standard deviation e of expression, of programs and of what they leave: (|s|^2 + var E)^(1/2); (...,)."""
    return ((strength**2).sum(-1) + (rest**2).sum(-2).mean()) ** 0.5


def expression_root(score: Any, strength: Any, rest: Any, homologue: Any, sharing: Any) -> Any:
    r"""Root of the transcriptomic part; (..., program + component, region).

    Programs as thinning sees them, and what of the genes' expression they leave, :math:`(H Z s, H E) / (|s|^2 +
    e^2)^{1/2}` with e^2 the mean variance of E: every gene acts on thinning by its whole expression.

    Parameters
    ----------
    score, strength
        As `tied_programs` takes them.
    rest
        E, what `residual_root` gives; (component, region).
    homologue, sharing
        As `share_homologues` takes them; h may be one a draw, (...,).
    """
    size = expression_size(strength, rest)
    sharing = sharing if isinstance(sharing, float) else sharing[..., None, None]
    programs = share_homologues(score * (strength / size[..., None])[..., None], homologue, sharing)
    others = share_homologues(rest, homologue, sharing) / size[..., None, None]
    return library_of(programs).concatenate([programs, others], axis=-2)


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


def structural_axis(values: Any, vectors: Any) -> Any:
    """Axis along which the whole cortex varies most across people, as a contrast; (region,), mean 0 and variance 1.

    The leading eigenvector of the normative correlation, its level taken off: that is the intercept's. Nought where
    there is no correlation, or where its leading eigenvector is a level and nothing else.

    Parameters
    ----------
    values, vectors
        Eigenvalues (region,), rising, and eigenvectors (region, region) of the correlation.
    """
    leading = vectors[:, -1]
    contrast = leading - leading.mean()
    size = (contrast**2).mean() ** 0.5
    if float(values[-1]) <= 0 or float(size) < _LEAST_CONTRAST:
        return contrast * 0
    turned = contrast if float(leading.sum()) >= 0 else -contrast
    return turned / size


def structural_root(values: Any, vectors: Any) -> Any:
    r"""Symmetric root of the structural part's unit covariance, R without its leading axis; (region, region).

    :math:`w \propto R \alpha`, :math:`\alpha \sim N(0, I)`, so that w ~ N(0, R^2) over its mean variance: what befalls
    one region goes on to those that vary with it across people. Maps follow the leading axes of R more than N(0, R)
    would have it; the first of them is left to `structural_axis` and the intercept. Nought where there is no
    correlation.

    Parameters
    ----------
    values, vectors
        Eigenvalues (region,), rising, and eigenvectors (region, region) of the correlation.
    """
    kept = values * (values > 0) * (values < values[-1])
    size = ((kept**2).sum() / len(kept)) ** 0.5
    return (vectors * (kept / (size + (size == 0)))[None]) @ vectors.mT


def wide_covariance(levels: Any, wide: Any) -> Any:
    r"""Covariance of fixed maps with normal coefficients, :math:`\sum_j l_j^2 f_j f_j'`; (..., region, region).

    Parameters
    ----------
    levels
        Prior standard deviation l of each coefficient; (..., coefficient).
    wide
        Fixed maps f: ones, and the structural axis where the family has it; (coefficient, region).
    """
    return (wide.mT * levels[..., None, :] ** 2) @ wide


def part_amounts(scales: Mapping[str, Any], parts: Iterable[str]) -> dict[str, Any]:
    """Variance of each part, the square of its "PART_scale"; each (...,)."""
    return {part: scales[f"{part}_scale"] ** 2 for part in parts}


def map_covariance(noise: Any, wide: Any, amounts: Mapping[str, Any], kernels: Mapping[str, Any]) -> Any:
    r"""Marginal covariance of a map, :math:`N + F + \sum_p \sigma_p^2 K_p`; (..., region, region).

    Parameters
    ----------
    noise
        N, covariance of an observed value about what programs and fields give (`models.noise`); (..., region, region).
    wide
        F, what `wide_covariance` gives; (..., region, region).
    amounts
        Name of each kernel to its weight, the part's variance; each (...,).
    kernels
        Name to kernel, the part's unit covariance; each (..., region, region).
    """
    total = noise + wide
    for name, kernel in kernels.items():
        total = total + amounts[name][..., None, None] * kernel
    return total


def library_of(array: Any) -> Any:
    """Library that an array is of: its functions of linear algebra have the same names in all three."""
    return array.__array_namespace__() if hasattr(array, "__array_namespace__") else sys.modules["torch"]
