r"""Contrasts of groups that do not differ: the subjects' thickness permuted, within sites where there are some.

Labels can't simply be dealt anew where covariates differ between the groups: dealt at random, they lose what the
group has in common with age, and with it the wider errors that the real contrast has. So, after Freedman & Lane, the
design stays as it is, group, covariates and weights together, and the residuals of the model without the group are
dealt to its rows: of the permutations of linear models it is the one that keeps the level whatever covariates have in
common with the group or with thickness (Winkler et al. 2014). A subject's residuals move together, so that regions go
together as they do. Within a stratum (site) none leaves it: sites of other scanners need not have the same errors.

The null it stands for is that the groups do not differ at all. Where cases vary more than controls and are fewer,
HC3's errors are wider than it is.

References
----------
Freedman & Lane (1983), Journal of Business & Economic Statistics 1, 292-298. Winkler, Ridgway, Webster, Smith &
Nichols (2014), NeuroImage 92, 381-397.
"""

from __future__ import annotations

import numpy as np

from ..errors import InputError
from .regression import column_space, hedges_factor, regress, solve_batch

__all__ = ["check_strata", "deal_rows", "permuted_effects", "reduced_residuals"]

_CHUNK = 64


def check_strata(case: np.ndarray, strata: np.ndarray, name: str | None) -> tuple[str, ...]:
    """Check that permutations within strata move subjects between the groups; a notice of strata that do not.

    Parameters
    ----------
    case, strata
        Whether a subject is a case, and its stratum; (row,).
    name
        Column of the strata.

    Raises
    ------
    InputError
        Where no stratum has subjects of both groups.
    """
    labels = np.unique(strata)
    both = np.array([len(np.unique(case[strata == label])) == 2 for label in labels])
    if not both.any():
        raise InputError(
            f"column {name}: no value has cases and controls, so that there is nothing to permute within it; "
            "name another column with --strata, or none."
        )
    if both.all():
        return ()
    alone = int(np.isin(strata, labels[~both]).sum())
    return (
        f"{int((~both).sum())} of {len(both)} values of {name} have one group only; permutations leave their {alone} "
        "subjects in it.",
    )


def deal_rows(strata: np.ndarray, number: int, seed: int) -> np.ndarray:
    """Row of the design that each subject's residuals get, permuted within strata; (permutation, row) int."""
    rng = np.random.default_rng([seed, *b"permutation"])
    rows = np.empty((number, len(strata)), dtype=np.int64)
    for stratum in np.unique(strata):
        members = np.flatnonzero(strata == stratum)
        rows[:, members] = rng.permuted(np.broadcast_to(members, (number, len(members))), axis=1)
    return rows


def permuted_effects(
    thickness: np.ndarray,
    design: np.ndarray,
    rows: np.ndarray,
    *,
    weights: np.ndarray | None = None,
    standardised: bool = True,
) -> np.ndarray:
    """Effect of the group in every permutation; (permutation, region).

    Parameters
    ----------
    thickness
        (row, region) in mm, NaN where missing; what is missing moves with its subject.
    design
        (row, column); the second column is the group.
    rows
        As `deal_rows` gives them; subjects' own rows give the contrast itself.
    weights
        Of the rows of the design, as in `regress`.
    standardised
        Cohen's d, Hedges-corrected (the default), or mm. Millimetres are effects over a permutation's own sd, times
        the contrast's sd: residuals vary less than errors, in proportion to the covariates, and that takes it out.
    """
    weight = np.ones(len(design)) if weights is None else weights / weights.mean()
    seen = ~np.isnan(thickness)
    residual = reduced_residuals(thickness, np.delete(design, 1, axis=1))
    fitted = regress(thickness, design, weights)
    effects = np.empty((len(rows), thickness.shape[1]))
    for start in range(0, len(rows), _CHUNK):
        block = rows[start : start + _CHUNK]
        effects[start : start + _CHUNK] = _batched(residual, seen, design, weight, block, fitted.degrees)
    return effects * (hedges_factor(fitted.degrees) if standardised else fitted.sd)


def reduced_residuals(thickness: np.ndarray, reduced: np.ndarray) -> np.ndarray:
    """What the columns other than the group leave of every region, 0 where missing; (row, region)."""
    residual = np.zeros(thickness.shape)
    seen = ~np.isnan(thickness)
    patterns, which = np.unique(seen, axis=1, return_inverse=True)  # regions that the same subjects have
    for number, pattern in enumerate(patterns.T):
        at = np.ix_(pattern, np.flatnonzero(np.ravel(which) == number))
        q = column_space(reduced[pattern])
        residual[at] = thickness[at] - q @ (q.T @ thickness[at])
    return residual


def _batched(
    residual: np.ndarray,
    seen: np.ndarray,
    design: np.ndarray,
    weight: np.ndarray,
    rows: np.ndarray,
    degrees: np.ndarray,
) -> np.ndarray:
    """Group's effect over the residual sd, of a batch of permutations; (permutation, region).

    What the reduced model fits needs no adding: the columns of the full one take it off again.
    """
    n, columns = design.shape
    weighted = design * weight[:, None]
    gathered = weighted[rows].transpose(0, 2, 1).reshape(-1, n)
    moments = (gathered @ residual).reshape(len(rows), columns, -1)  # (permutation, column, region)
    pairs = (weighted[:, :, None] * design[:, None, :]).reshape(n, -1)
    back = np.argsort(rows, axis=1)
    beta = np.empty_like(moments)
    patterns, which = np.unique(seen, axis=1, return_inverse=True)
    for number, pattern in enumerate(patterns.T):
        regions = np.flatnonzero(np.ravel(which) == number)
        normal = (pattern[back].astype(float) @ pairs).reshape(-1, columns, columns)
        beta[:, :, regions] = solve_batch(normal, moments[:, :, regions])
    left = weight[rows] @ residual**2 - (beta * moments).sum(1)
    return beta[:, 1] / np.sqrt(left / degrees)
