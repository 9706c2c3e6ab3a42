"""The shapes in which thinning comes in memory, series, frames and mappings, as one list of maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd

from ..errors import InputError
from .expression_table import ExpressionTable
from .placement import place_rows
from .text_table import parse_numbers
from .thinning_columns import choose_columns, label_rows
from .thinning_table import ThinningMap, map_from_series, map_from_table

__all__ = ["ErrorInput", "MapInput", "covariance_from_frames", "maps_from_frames", "study_fields"]

MapInput = pd.Series | pd.DataFrame
ErrorInput = pd.Series | pd.DataFrame | Mapping[str, pd.Series] | Literal["none"] | None
CovarianceInput = pd.DataFrame | Mapping[str, pd.DataFrame] | None

SINGLE = "thinning"


def maps_from_frames(
    thinning: MapInput | Mapping[str, MapInput],
    standard_error: ErrorInput,
    covariance: CovarianceInput,
    names: Sequence[str],
) -> list[ThinningMap]:
    """Turn any of the shapes that `Study.from_frames` takes into maps on the graph's regions.

    Raises
    ------
    InputError
        If a map has no standard errors and none can be computed, or a table can't be used.
    """
    items = _named(thinning, standard_error)
    if not items:
        raise InputError("thinning holds no map; give a series, a frame or a mapping from map name to either.")
    return [
        _one_map(name, item, _error_of(name, standard_error, covariance, names, alone=len(items) == 1), names)
        for name, item in items.items()
    ]


def covariance_from_frames(
    covariance: CovarianceInput, maps: Sequence[ThinningMap], names: Sequence[str], *, matching: bool = False
) -> np.ndarray | None:
    """Return the sampling covariance (map, region, region), squared standard errors for maps without one.

    With ``matching`` the diagonal has to be what the map's own standard errors say.
    """
    if covariance is None:
        return None
    labels = [one.name for one in maps]
    given = {labels[0]: covariance} if isinstance(covariance, pd.DataFrame) else dict(covariance)
    if isinstance(covariance, pd.DataFrame) and len(maps) > 1:
        raise InputError(f"one covariance for {len(maps)} maps; give a mapping from map name to covariance.")
    unknown = [label for label in given if label not in labels]
    if unknown:
        raise InputError(f"covariance of {unknown[0]}, which is no map; the maps are {', '.join(labels)}.")
    placed = {name: _placed_covariance(table, names, f"covariance of {name}") for name, table in given.items()}
    for one in maps:
        if matching and one.name in placed:
            _check_matching(placed[one.name], one, names)
    return np.stack([placed.get(one.name, np.diag(one.standard_error**2)) for one in maps])


def _check_matching(covariance: np.ndarray, one: ThinningMap, names: Sequence[str]) -> None:
    own = np.sqrt(np.maximum(np.diag(covariance), 0))
    off = np.nan_to_num(np.abs(own / one.standard_error - 1), nan=0.0)
    if (off > 0.01).any():
        row = int(np.argmax(off))
        raise InputError(
            f"covariance of {one.name}, region {names[row]}: the root of the variance is {own[row]:.4g} and the "
            f"standard error is {one.standard_error[row]:.4g}; give the covariance that belongs to the map, or none."
        )


def study_fields(table: ExpressionTable, maps: Sequence[ThinningMap], notices: tuple[str, ...]) -> dict[str, Any]:
    """Return the fields of a `Study` that expression and maps on one graph make up, notices of both added."""
    return {
        "genes": table.genes,
        "maps": tuple(one.name for one in maps),
        "expression": table.values,
        "thinning": np.stack([one.value for one in maps]),
        "standard_error": np.stack([one.standard_error for one in maps]),
        "notices": (*notices, *table.notices, *(notice for one in maps for notice in one.notices)),
    }


def _named(
    thinning: MapInput | Mapping[str, MapInput], standard_error: ErrorInput
) -> dict[str, pd.Series | pd.DataFrame]:
    if isinstance(thinning, pd.Series):
        return {SINGLE if thinning.name is None else str(thinning.name): thinning}
    if not isinstance(thinning, pd.DataFrame):
        return {str(name): item for name, item in thinning.items()}
    by_map = isinstance(standard_error, pd.DataFrame | Mapping) or not _has_value_column(thinning)
    if not by_map:
        return {SINGLE: thinning}
    columns = [str(column) for column in thinning.columns]
    if len(set(columns)) < len(columns):
        raise InputError(f"thinning has two columns of one name among {', '.join(columns)}; rename them.")
    return {name: thinning.iloc[:, position] for position, name in enumerate(columns)}


def _has_value_column(table: pd.DataFrame) -> bool:
    try:
        choose_columns([str(column) for column in table.columns], source=SINGLE)
    except InputError:
        return False
    return True


def _error_of(
    name: str,
    standard_error: ErrorInput,
    covariance: CovarianceInput,
    names: Sequence[str],
    *,
    alone: bool,
) -> pd.Series | Literal["none"] | None:
    if isinstance(standard_error, str):
        if standard_error != "none":
            raise InputError(f'standard_error is {standard_error!r}; give a series, a frame, a mapping or "none".')
        return standard_error
    if isinstance(standard_error, pd.Series):
        if not alone:
            raise InputError("one series of standard errors for several maps; give a frame regions by maps.")
        return standard_error
    if standard_error is not None:
        if name not in standard_error:
            raise InputError(f"standard_error has nothing for map {name}; name it like the map.")
        return standard_error[name]
    joint = covariance.get(name) if isinstance(covariance, Mapping) else covariance
    if joint is None:
        return None
    variances = np.diag(_placed_covariance(joint, names, f"covariance of {name}"))
    if (variances <= 0).any():
        label = names[int(np.argmax(variances <= 0))]
        raise InputError(f"covariance of {name}, row {label}: the variance is not above 0; correct it.")
    return pd.Series(np.sqrt(variances), index=list(names))


def _one_map(name: str, item: MapInput, error: pd.Series | Literal["none"] | None, names: Sequence[str]) -> ThinningMap:
    source = f"map {name}"
    if isinstance(item, pd.DataFrame) and not isinstance(error, pd.Series):
        mode: Literal["file", "none"] = "none" if error is not None else "file"
        return map_from_table(item, names, name=name, source=source, standard_error=mode)
    if isinstance(item, pd.DataFrame):
        chosen = choose_columns([str(column) for column in item.columns], source=source).value
        item = label_rows(item, names, source=source)[chosen]
    if error is None:
        raise InputError(
            f'{source}: no standard errors; give standard_error, or standard_error="none" to estimate the noise.'
        )
    return map_from_series(item, error if isinstance(error, pd.Series) else None, names, name=name, source=source)


def _placed_covariance(table: pd.DataFrame, names: Sequence[str], source: str) -> np.ndarray:
    down = place_rows(table, names, source=f"rows of the {source}")
    across = place_rows(down.frame.T, names, source=f"columns of the {source}")
    numbers = parse_numbers(across.frame.T, source=source).to_numpy()
    half = down.scatter(numbers)  # (region, column)
    return across.scatter(half.T).T
