"""The shapes in which thinning comes in memory, series, frames and mappings, as one list of maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd

from ..errors import InputError
from .covariance_table import CovarianceInput, place_covariance
from .expression_table import ExpressionTable
from .row_labels import label_rows
from .text_table import plain_name
from .thinning_columns import STANDARDISED, choose_columns
from .thinning_table import ThinningMap, map_from_series, map_from_table

__all__ = ["ErrorInput", "MapInput", "maps_from_frames", "study_fields"]

MapInput = pd.Series | pd.DataFrame
ErrorInput = pd.Series | pd.DataFrame | Mapping[str, pd.Series] | Literal["sizes", "none"] | None

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
) -> pd.Series | Literal["sizes", "none"] | None:
    if isinstance(standard_error, str):
        if standard_error not in ("sizes", "none"):
            raise InputError(
                f'standard_error is {standard_error!r}; give a series, a frame, a mapping, "sizes" or "none".'
            )
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
    variances = np.diag(place_covariance(joint, names, f"covariance of {name}"))
    if (variances <= 0).any():
        label = names[int(np.argmax(variances <= 0))]
        raise InputError(f"covariance of {name}, row {label}: the variance is not above 0; correct it.")
    return pd.Series(np.sqrt(variances), index=list(names))


def _one_map(
    name: str, item: MapInput, error: pd.Series | Literal["sizes", "none"] | None, names: Sequence[str]
) -> ThinningMap:
    source = f"map {name}"
    if isinstance(item, pd.DataFrame) and not isinstance(error, pd.Series):
        return map_from_table(item, names, name=name, source=source, standard_error=error or "file")
    standardised = isinstance(item, pd.Series) and plain_name(str(item.name)) in STANDARDISED
    if isinstance(item, pd.DataFrame):
        columns = choose_columns([str(column) for column in item.columns], source=source)
        item, standardised = label_rows(item, names, source=source)[columns.value], columns.effect_size
    if error is None:
        raise InputError(
            f'{source}: no standard errors; give standard_error, or standard_error="none" to estimate the noise.'
        )
    if isinstance(error, str) and error == "sizes":
        raise InputError(
            f"{source}: no group sizes beside a series; give a frame with columns of the effect and of both sizes."
        )
    spread = error if isinstance(error, pd.Series) else None
    return map_from_series(item, spread, names, name=name, source=source, standardised=standardised)
