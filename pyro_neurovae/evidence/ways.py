"""Ways of folding: dealt or given, checked, and what is to be said of those that leave a homologue to be seen."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from pathlib import Path

import numpy as np

from ..errors import InputError, SettingsError, check_seed
from ..graphs.folds import make_folds
from ..readers.registry import read
from ..studies.study import Study

__all__ = ["HOMOLOGUE_SEEN", "make_ways", "shows_homologues"]

HOMOLOGUE_SEEN = (
    "with these folds the homologue of a hidden region is seen, so that copying its value scores well whatever the "
    "genes say; folds of pairs or blocks tell more."
)

# Regions that every fold must leave to learn from.
_LEAST_SEEN = 5


def make_ways(
    study: Study, folds: str | Path | Sequence[np.ndarray], repeats: int, seed: int
) -> tuple[list[np.ndarray], str]:
    """Ways of folding as `validate` takes them, and what to call them.

    Raises
    ------
    SettingsError
        For an unknown scheme, a seed that is none or a number of repeats below 1.
    InputError
        When folds of the user's do not number every region, or a fold leaves too little to learn from.
    """
    label, source = (folds, folds) if isinstance(folds, str) else ("table", "the table of folds")
    if isinstance(folds, str):
        check_seed(seed)
        if not isinstance(repeats, Integral) or repeats < 1:
            raise SettingsError(f"repeats is {repeats!r}; give a whole number of at least 1.")
        ways = [make_folds(study.graph, folds, seed=seed + repeat) for repeat in range(repeats)]
    elif isinstance(folds, Path):
        ways, source = [read("folds", folds, study.regions)], str(folds)
    else:
        ways = [np.asarray(way) for way in folds]
    for way in ways:
        _check_way(study, way, source)
    return ways, label


def _check_way(study: Study, way: np.ndarray, source: str) -> None:
    """Raise InputError for a way of folding that leaves a region out or too little to learn from."""
    if way.shape != (study.n_regions,):
        raise InputError(
            f"a way of folding has shape {way.shape}; give a fold number for each of the {study.n_regions} regions."
        )
    unnumbered = np.flatnonzero(study.thinning_observed.any(0) & (way < 0))
    if len(unnumbered):
        raise InputError(
            f"{source} gives no fold to {study.regions[unnumbered[0]]}, which has a value in a map; number it."
        )
    for number in np.unique(way[way >= 0]):
        seen = study.thinning_observed[:, way != number].sum(1)
        if seen.min() < _LEAST_SEEN:
            short = study.maps[int(seen.argmin())]
            raise InputError(
                f"fold {number} of {source} leaves {seen.min()} regions of map {short} to learn from; use other "
                "folds or a map with more regions."
            )


def shows_homologues(study: Study, ways: Sequence[np.ndarray]) -> bool:
    """Whether any region is asked for while the value of its homologue is seen."""
    homologue = study.graph.homologue
    both = study.thinning_observed & study.thinning_observed[:, homologue]
    return any(bool((both.any(0) & (way != way[homologue])).any()) for way in ways)
