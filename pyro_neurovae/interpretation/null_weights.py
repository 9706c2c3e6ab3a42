"""What gene weights would be on other maps, and gene sets as co-expressed as a set: the two nulls of enrichment."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import SettingsError
from ..evidence.null_sources import source_null_maps
from ..models.algebra import part_amounts
from ..models.families import families_that, family_of
from ..posterior.conditional import MapConditional
from ..posterior.fits import Fit
from ..posterior.kernels import dealt, drawn_sites, part_kernels
from ..posterior.program_draws import standard_expression

__all__ = ["matched_sets", "spatial_null_weights", "transcriptomic_smoother"]

# Swaps that are proposed to a random set, for each of its genes, and how near its mean correlation has to come.
_SWAPS, _TOLERANCE = 60, 0.01


def transcriptomic_smoother(fit: Fit, chosen: int) -> np.ndarray:
    r"""Matrix from a map's values to the posterior mean of its transcriptomic part, given scales and programs.

    .. math:: E[f \mid y] = G y, \qquad G = \frac 1 D \sum_d c_d^2 K_d \Sigma_d^{-1}

    over the posterior draws of the fitted map's scales and of the programs, with the covariance K of the part and
    Sigma of the whole map (`conditional.MapConditional`).

    Parameters
    ----------
    fit
        A fit whose family is linear and has a transcriptomic part.
    chosen
        Number of the map.

    Returns
    -------
    ndarray
        (region, seen region).

    Raises
    ------
    SettingsError
        For a model that is not linear, or that has no transcriptomic part.
    """
    if not family_of(fit.settings.model).tests_expression:
        raise SettingsError(
            f"null maps go through the linear part that expression explains, and this fit is of the model "
            f'{fit.settings.model}; fit {families_that(tests_expression=True)}, or take null="coexpression".'
        )
    given, seen = (fit.posterior, fit.study, fit.settings), fit.study.thinning_observed[chosen]
    draws, kernels = drawn_sites(fit.posterior, chosen), part_kernels(*given)
    total: Any = 0.0
    blocks = zip(dealt(draws, int(seen.sum())), MapConditional.blocks(*given, chosen), strict=True)
    for some, conditional in blocks:
        amount = part_amounts(some, ["transcriptomic"])["transcriptomic"][:, None, None]
        part = amount * kernels(some)["transcriptomic"][..., seen]
        total = total + np.tensordot(part, conditional.precision, ([0, 2], [0, 1]))
    smoother: np.ndarray = total / len(draws["predictable"])
    return smoother


def spatial_null_weights(fit: Fit, chosen: int, *, number: int, seed: int, method: str = "model") -> np.ndarray:
    """Posterior mean gene weights of a map's null maps (`evidence.null_sources`); (null, gene).

    Gene weights are linear in the transcriptomic part and that, given scales and programs, in the map: a null map goes
    through the fitted map's own smoother (`transcriptomic_smoother`), and nothing is fitted again. A full refit would
    learn smaller scales from most null maps; here they count as much as the map itself, so that what is compared is
    direction and not size.

    Raises
    ------
    SettingsError
        For a model as `transcriptomic_smoother` says, an unknown method, or a map with missing values that a method
        (spin) would move.
    """
    study, seed = fit.study, seed + 1000003 * chosen
    alone = study.select(maps=[study.maps[chosen]])
    maps = source_null_maps(alone, fit.settings, method=method, number=number, seed=seed)[:, 0]
    maps = maps[:, study.thinning_observed[chosen]]
    if np.isnan(maps).any():
        raise SettingsError(
            f"the map {study.maps[chosen]} has missing values, and null maps by {method} move them; take the method "
            "model, laplacian or moran."
        )
    part = maps @ transcriptomic_smoother(fit, chosen).T  # (null, region)
    weights: np.ndarray = part @ standard_expression(study) / study.expression_observed.sum()
    return weights


def matched_sets(
    features: np.ndarray, members: np.ndarray, *, number: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    r"""Random sets of as many genes as a set and of its mean pairwise co-expression.

    The mean product of the features of two genes in a set of k is :math:`(|\sum_j \phi_j|^2 - k) / (k (k - 1))` for
    features of length one. Genes of random sets are swapped for others, and a swap is kept where it brings that mean
    nearer to the set's own, until it is within 0.01.

    Parameters
    ----------
    features
        Vectors of length one whose product is the co-expression of two genes; (gene, feature).
    members
        Whether a gene is in the set; bool (gene,).
    number
        How many sets.
    rng
        Where the random numbers come from.

    Returns
    -------
    tuple
        Genes of each set (random set, gene) as positions, and each set's mean co-expression (random set,). A set so
        tight that chance finds none like it has matches less tight than itself.

    References
    ----------
    Wei et al. (2022), Human Brain Mapping 43; Fulcher, Arnatkeviciute & Fornito (2021), Nature Communications 12.
    """
    genes, size = len(features), int(members.sum())
    features = features.astype(np.float32)
    pairs = size * (size - 1)
    goal = float((features[members].sum(0) ** 2).sum())
    chosen = np.argpartition(rng.random((number, genes), dtype=np.float32), size - 1, axis=1)[:, :size]
    inside = np.zeros((number, genes), dtype=bool)
    np.put_along_axis(inside, chosen, True, 1)
    total = np.stack([features[own].sum(0) for own in chosen])  # (random set, feature)
    length = (total**2).sum(1)
    for _ in range(_SWAPS * size):
        open_ = np.flatnonzero(np.abs(length - goal) > _TOLERANCE * pairs)
        if not len(open_):
            break
        place, new = rng.integers(size, size=len(open_)), rng.integers(genes, size=len(open_))
        old = chosen[open_, place]
        proposed = total[open_] + features[new] - features[old]
        reached = (proposed**2).sum(1)
        better = (np.abs(reached - goal) < np.abs(length[open_] - goal)) & ~inside[open_, new]
        rows = open_[better]
        inside[rows, old[better]], inside[rows, new[better]] = False, True
        chosen[rows, place[better]] = new[better]
        total[rows], length[rows] = proposed[better], reached[better]
    return chosen, (length - size) / max(1, pairs)
