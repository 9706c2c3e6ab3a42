"""Effects of a contrast in subjects drawn anew: bootstrap replicates, and groups that do not differ."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .bootstrap import bootstrap_counts, bootstrap_effects
from .design import Design
from .permutations import check_strata, deal_rows, permuted_effects
from .subjects import Subjects

__all__ = ["permuted_maps", "replicates_of"]


def replicates_of(
    subjects: Subjects, design: Design, scheme: str, effect: str, number: int, strata: str | None, seed: int
) -> np.ndarray | None:
    """Effects of bootstrap replicates, drawn within groups and strata; (replicate, region), None for no replicates."""
    if not number:
        return None
    labels = [f"{case} {stratum}" for case, stratum in zip(design.case, _strata(subjects, strata), strict=True)]
    counts = bootstrap_counts(np.unique(labels, return_inverse=True)[1], number, seed)
    return bootstrap_effects(subjects.thickness, design.matrix, counts, scheme=scheme, standardised=effect == "d")


def permuted_maps(
    subjects: Subjects, design: Design, weight: np.ndarray, effect: str, number: int, strata: str | None, seed: int
) -> tuple[pd.DataFrame | None, tuple[str, ...]]:
    """Null effects, a row for each permutation and region, and a notice of subjects that they leave in their group."""
    if not number:
        return None, ()
    labels = _strata(subjects, strata)
    told = check_strata(design.case, labels, strata)
    rows = deal_rows(np.unique(labels, return_inverse=True)[1], number, seed)
    effects = permuted_effects(
        subjects.thickness, design.matrix, rows, weights=weight, standardised=effect == "d"
    )  # (permutation, region)
    columns = {
        "null": np.repeat(np.arange(1, number + 1), len(subjects.regions)),
        "region": list(subjects.regions) * number,
        "value": effects.ravel(),
    }
    return pd.DataFrame(columns), told


def _strata(subjects: Subjects, column: str | None) -> np.ndarray:
    """Stratum of each subject, all the same without a column; (row,) of text."""
    return subjects.table[column].map(str).to_numpy(dtype=str) if column else np.full(subjects.n_rows, "")
