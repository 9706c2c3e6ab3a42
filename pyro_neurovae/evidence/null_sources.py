"""Where null maps come from, and what each kind does not cover."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..errors import InputError, SettingsError, check_seed
from ..graphs.null_maps import METHODS, make_null_maps
from ..models.families import families_that, family_of
from ..models.options import FitSettings
from ..readers.covariance_table import covariance_beside, place_covariance
from ..readers.registry import read
from ..studies.correlations import is_word
from ..studies.study import Study

__all__ = [
    "NULL_METHODS",
    "NullInput",
    "described_nulls",
    "given_null_maps",
    "limits_of_nulls",
    "source_null_maps",
    "with_null_covariance",
]

NullInput = pd.DataFrame | np.ndarray | str | os.PathLike[str]

# Null maps that are drawn, and those that are made of the map itself.
NULL_METHODS = ("model", *METHODS)

# A map of fewer values says nothing.
_FEWEST = 4

_SMOOTH = (
    "Such maps have the map's smoothness, not the correlation of errors that comes of measuring all regions in the "
    "same people, nor the axes along which healthy people differ"
)
_KINDS: dict[str, tuple[str, str]] = {
    "model": (
        "maps such as random groups of people show",
        "Such maps have the structural and spatial parts and the joint errors that the map has by the model; what "
        "people share beyond that is not in them.",
    ),
    "given": (
        "the null maps given",
        "Maps of permuted groups stand for groups that do not differ at all, not for a disease that has nothing to do "
        "with expression.",
    ),
    "moran": (
        "maps that are as smooth",
        f"{_SMOOTH}: on smooth maps without expression they reject 13 to 18% at .05.",
    ),
    "laplacian": (
        "maps that are as smooth",
        f"{_SMOOTH}: on smooth maps without expression they reject 13 to 18% at .05.",
    ),
    "spin": ("rotated maps", f"{_SMOOTH}: on smooth maps without expression they reject 7 to 8% at .05."),
    "variogram": (
        "maps with the same variogram",
        f"{_SMOOTH}; on smooth maps without expression they hardly ever reject.",
    ),
    "shuffle": (
        "shuffled maps",
        "Shuffled maps have neither the map's smoothness nor the correlation of errors that comes of measuring all "
        "regions in the same people: nearly any map stands out.",
    ),
}


def described_nulls(method: str) -> str:
    """What null maps of a kind are, in a few words: "maps that are as smooth"."""
    return _KINDS.get(method, (f"null maps ({method})", ""))[0]


def limits_of_nulls(method: str) -> str:
    """What null maps of a kind do not cover, in a sentence; empty for an unknown kind."""
    return _KINDS.get(method, ("", ""))[1]


def source_null_maps(
    study: Study, settings: FitSettings, *, method: str, number: int, seed: int, progress: Any = None
) -> np.ndarray:
    """Draw null maps of a study's maps from the model without expression, or make them of the maps.

    Parameters
    ----------
    study, settings
        The study, and how it was fitted; from the settings "model" takes what the family without expression shares.
    method
        One of `NULL_METHODS`.
    number, seed
        How many for each map, and the seed of all of them.

    Returns
    -------
    ndarray
        (null, map, region).

    Raises
    ------
    SettingsError
        For an unknown method, a number below 1, or a family without one that has no expression.
    GraphError
        When the method needs positions that the graph does not have.
    """
    if method not in NULL_METHODS:
        raise SettingsError(f"unknown null maps {method!r}: the known ones are {', '.join(NULL_METHODS)}.")
    if number < 1:
        raise SettingsError(f"{number} null maps; give at least 1.")
    check_seed(seed)
    if method != "model":
        made = [
            make_null_maps(values, study.graph, method=method, number=number, seed=seed + 1000003 * m)
            for m, values in enumerate(study.thinning)
        ]
        return np.stack(made, axis=1)
    if family_of(settings.model).null is None:
        raise SettingsError(
            f"the model {settings.model} has none without expression to draw null maps from; fit "
            f"{families_that(tests_expression=True)}, or name another method."
        )
    from ..inference.null_draws import draw_null_maps  # late: torch and Pyro take two seconds to import

    return draw_null_maps(study, settings, number=number, seed=seed, progress=progress)


def with_null_covariance(
    study: Study, null_maps: NullInput | None, covariance: pd.DataFrame | str | os.PathLike[str]
) -> Study:
    """Study whose map has the sampling covariance of the null maps that it is tested against.

    Parameters
    ----------
    study
        The study.
    null_maps, covariance
        As `nulls` takes them.

    Raises
    ------
    InputError
        For several maps, a table that lacks a region or is no covariance.
    SettingsError
        For a covariance without null maps that are given.
    """
    if is_word(covariance, "auto", "fit"):
        found = _beside(null_maps) if is_word(covariance, "auto") else None
        if found is None:
            return study
        covariance = found
    elif null_maps is None:
        raise SettingsError("null_covariance is of null maps that are given; give null_maps too, or leave it out.")
    if len(study.maps) > 1:
        raise InputError(
            f"a covariance of null maps, and the fit has {len(study.maps)} maps; fit them one by one, or give "
            'null_covariance="fit".'
        )
    table = covariance if isinstance(covariance, pd.DataFrame) else read("covariance", covariance)
    source = "covariance of the null maps" if isinstance(covariance, pd.DataFrame) else str(covariance)
    placed = place_covariance(table, study.regions, source)[None]
    return replace(study, covariance=placed, spread_share=None, truth=None)


def _beside(null_maps: NullInput | None) -> pd.DataFrame | Path | None:
    """What a contrast says of the covariance of its permuted groups, with their table or in the file beside it."""
    if isinstance(null_maps, pd.DataFrame):
        kept = null_maps.attrs.get("covariance")
        return None if kept is None else pd.DataFrame(kept)
    if not isinstance(null_maps, str | os.PathLike) or not Path(null_maps).is_file():  # which its reader says
        return None
    return covariance_beside(Path(null_maps))


def given_null_maps(study: Study, null_maps: NullInput, number: int | None = None) -> np.ndarray:
    """Null maps that a user brings, the first ``number`` of them; (null, map, region).

    Parameters
    ----------
    study
        The study.
    null_maps
        A table or its file (see `readers.null_map_table`), or an array (null, map, region) or, for a single map,
        (null, region).
    number
        How many to take; None (the default) takes all.

    Raises
    ------
    InputError
        For another shape, a null map with fewer than four values, or fewer null maps than asked for.
    """
    shape = (len(study.maps), study.n_regions)
    about = f" in {null_maps}" if isinstance(null_maps, str | os.PathLike) else ""
    if isinstance(null_maps, np.ndarray):
        maps = null_maps[:, None] if null_maps.ndim == 2 else null_maps
        if maps.ndim != 3 or maps.shape[1:] != shape or not np.issubdtype(maps.dtype, np.number):
            raise InputError(
                f"null_maps has the shape {null_maps.shape}; give numbers (null, map, region), here (any, {shape[0]}, "
                f"{shape[1]})."
            )
        maps = maps.astype(float)
    else:
        maps = read("null maps", null_maps, study.regions, study.maps)
    if number is not None and not 1 <= number <= len(maps):
        raise InputError(
            f"{number} null maps were asked for and {len(maps)} are given{about}; ask for no more than there are."
        )
    if not len(maps):
        raise InputError(f"no null map is given{about}; give at least one.")
    maps = maps[:number]
    counts = np.isfinite(maps).sum(-1)  # (null, map)
    if (counts < _FEWEST).any():
        null, m = np.argwhere(counts < _FEWEST)[0]
        raise InputError(
            f"null map {null + 1} of {study.maps[m]}{about} has fewer than four values; leave it out, or complete it."
        )
    return maps
