"""What a picture is told: which map, which words, and the unit of its axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..atlases.resolver import resolve_on
from ..errors import InputError, SettingsError

if TYPE_CHECKING:
    from ..studies.study import Study

__all__ = ["UNKNOWN", "by_name", "check_choice", "effect", "pick_map", "unit_of"]

# What stands for a unit that nobody told.
UNKNOWN = "map's units"


def pick_map(maps: Sequence[str], name: str | None) -> str:
    """Return the map asked for, the first for None.

    Raises
    ------
    SettingsError
        For a map that there is not.
    """
    known = list(dict.fromkeys(maps))
    if name is None:
        return known[0]
    if name not in known:
        raise SettingsError(f"there is no map {name!r}: the maps are {', '.join(known)}.")
    return name


def check_choice(what: str, given: str, known: Sequence[str]) -> None:
    """Say which words an option takes, where it was given another.

    Raises
    ------
    SettingsError
        For a word that is not known.
    """
    if given not in known:
        raise SettingsError(f"{what} is {given!r}; give one of {', '.join(known)}.")


def by_name(values: pd.Series, names: Sequence[str]) -> np.ndarray:
    """Put values in the order of some regions by their names, NaN where there is none; (region,).

    Raises
    ------
    InputError
        For a name that is none of the regions', and for a region named twice.
    """
    labels = [str(name) for name in values.index]
    places = resolve_on(labels, names, source="values of regions").canonical
    given = values.set_axis([places.get(label, label) for label in labels])
    if given.index.has_duplicates:
        twice = given.index[given.index.duplicated()][0]
        raise InputError(f"values of regions: {twice} stands there twice; keep one value for each region.")
    return given.reindex(list(names)).to_numpy(dtype=float)


def unit_of(study: Study, unit: str | None) -> str:
    """Name the unit of a study's maps: as told, as they were read, Cohen's d where simulated, else that of no name."""
    if unit is not None:
        return unit
    return study.unit or ("Cohen's d" if study.truth is not None else UNKNOWN)


def effect(study: Study, unit: str | None) -> str:
    """Label of an axis of effects, with unit and sign."""
    return f"effect ({unit_of(study, unit)}, negative = thinner)"
