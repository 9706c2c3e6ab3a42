"""Sampling covariances of maps: which file belongs to which map, and labelled squares as arrays on a graph."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from ..errors import InputError
from ..wording import first_names
from .placement import place_rows
from .text_table import file_stem, parse_numbers, read_table
from .thinning_table import ThinningMap

__all__ = [
    "CovarianceInput",
    "correlated",
    "covariance_beside",
    "covariance_files",
    "covariance_from_frames",
    "place_covariance",
    "read_covariance",
]

FilePath = str | os.PathLike[str]
CovarianceInput = pd.DataFrame | Mapping[str, pd.DataFrame] | None


def read_covariance(path: FilePath) -> pd.DataFrame:
    """Read a labelled square table; `covariance_from_frames` places it on a graph."""
    return read_table(path).labelled()


def covariance_files(
    covariance: FilePath | Sequence[FilePath], paths: Sequence[FilePath], names: Sequence[str]
) -> dict[str, Path]:
    """Find the file of the sampling covariance of each map that has one.

    Parameters
    ----------
    covariance
        "auto": ``MAP_covariance.csv`` (or ``.csv.gz``) beside a map's own file, where there is one; "none"; or files.
    paths, names
        The maps' files and names.

    Raises
    ------
    InputError
        If a file belongs to no map.
    """
    if covariance == "none":
        return {}
    if covariance == "auto":
        beside = {name: covariance_beside(Path(path)) for path, name in zip(paths, names, strict=True)}
        return {name: file for name, file in beside.items() if file is not None}
    files = [covariance] if isinstance(covariance, str | os.PathLike) else list(covariance)
    alone = len(files) == len(names) == 1
    chosen: dict[str, Path] = {}
    for file in files:
        name = names[0] if alone else file_stem(file).removesuffix("_covariance")
        if name not in names:
            raise InputError(f"{file} goes with none of the maps {', '.join(names)}; name each MAP_covariance.csv.")
        if name in chosen:
            raise InputError(
                f"{chosen[name]} and {file} would both be the covariance of {name}; leave out one of them."
            )
        chosen[name] = Path(file)
    return chosen


def covariance_beside(path: Path) -> Path | None:
    """``FILE_covariance.csv`` (or ``.csv.gz``) beside a file, where there is one."""
    places = [path.with_name(f"{file_stem(path)}_covariance{end}") for end in (".csv", ".csv.gz")]
    return next((place for place in places if place.is_file()), None)


def covariance_from_frames(
    covariance: CovarianceInput,
    maps: Sequence[ThinningMap],
    names: Sequence[str],
    *,
    files: Mapping[str, FilePath] | None = None,
) -> dict[str, np.ndarray]:
    """Return the sampling covariances (region, region) of the maps that have one, by the map's name.

    Of tables that come from ``files``, by the map's name, the diagonal has to be what the map's own standard errors
    say, as it has in any case where it is 1 throughout, as that of correlations is.

    Raises
    ------
    InputError
        If a covariance is of no map, or does not match it.
    """
    if covariance is None:
        return {}
    labels = [one.name for one in maps]
    given = {labels[0]: covariance} if isinstance(covariance, pd.DataFrame) else dict(covariance)
    if isinstance(covariance, pd.DataFrame) and len(maps) > 1:
        raise InputError(f"one covariance for {len(maps)} maps; give a mapping from map name to covariance.")
    unknown = [label for label in given if label not in labels]
    if unknown:
        raise InputError(f"covariance of {unknown[0]}, which is no map; the maps are {', '.join(labels)}.")
    source = {name: f"covariance of {name}" for name in given} | {
        name: str(file) for name, file in (files or {}).items()
    }
    placed = {name: place_covariance(table, names, source[name]) for name, table in given.items()}
    for one in maps:
        if one.name in placed and (files or correlated(np.diag(placed[one.name]))):
            _check_matching(placed[one.name], one, names, source[one.name])
    return placed


def _check_matching(covariance: np.ndarray, one: ThinningMap, names: Sequence[str], source: str) -> None:
    variances = np.diag(covariance)
    lacked = [name for name, lacks in zip(names, np.isnan(variances) & ~np.isnan(one.value), strict=True) if lacks]
    if lacked:
        raise InputError(f"{source}: no row or column of {first_names(lacked)}, which the map has; add it.")
    own = np.sqrt(np.maximum(variances, 0))
    off = np.nan_to_num(np.abs(own / one.standard_error - 1), nan=0.0, posinf=1.0)
    if (off > 0.01).any():
        row = int(np.argmax(off))
        raise InputError(
            f"{source}, region {names[row]}: the root of the variance is {own[row]:.4g} and the "
            f"standard error of {one.name} is {one.standard_error[row]:.4g}; {_remedy(variances)}."
        )


def correlated(variances: np.ndarray) -> bool:
    """Whether variances (region,) are all 1, so that their square is one of correlations."""
    return bool(np.nanmax(np.abs(variances - 1), initial=0.0) < 1e-6)


def _remedy(variances: np.ndarray) -> str:
    if correlated(variances):
        return "correlations are given with --sampling-correlation (sampling_correlation)"
    return "give the covariance that belongs to the map, or none"


def place_covariance(table: pd.DataFrame, names: Sequence[str], source: str) -> np.ndarray:
    """Place a labelled square on a graph's regions, rows and columns by their own labels; (region, region)."""
    down = place_rows(table, names, source=f"rows of the {source}")
    across = place_rows(down.frame.T, names, source=f"columns of the {source}")
    numbers = parse_numbers(across.frame.T, source=source).to_numpy()
    half = down.scatter(numbers)  # (region, column)
    return across.scatter(half.T).T
