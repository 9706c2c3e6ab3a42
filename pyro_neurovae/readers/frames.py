"""The shapes in which thinning comes in memory, series, frames and mappings, as one list of maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd

from ..errors import InputError
from .column_names import column_roles
from .covariance_table import CovarianceInput, correlated, place_covariance
from .effect_checks import check_kind
from .expression_table import ExpressionTable
from .row_labels import label_rows
from .thinning_columns import choose_columns, group_size_columns
from .thinning_table import FlipInput, ThinningMap, flips, map_from_series, map_from_table

__all__ = ["ErrorInput", "MapInput", "maps_from_frames", "study_fields"]

MapInput = pd.Series | pd.DataFrame
ErrorInput = pd.Series | pd.DataFrame | Mapping[str, pd.Series] | Literal["sizes", "none"] | None

SINGLE = "thinning"


def maps_from_frames(
    thinning: MapInput | Mapping[str, MapInput],
    standard_error: ErrorInput,
    covariance: CovarianceInput,
    names: Sequence[str],
    *,
    kind: str = "auto",
    flip: FlipInput = False,
) -> list[ThinningMap]:
    """Turn any of the shapes that `Study.from_frames` takes into maps on the graph's regions.

    A frame is the table of one map where it has a column of an effect and one that only such a table has: regions,
    standard errors, p values, an interval or group sizes. Otherwise each of its columns is a map, whatever its name.
    ``kind`` and ``flip`` are as in `map_from_table`, for all maps or, of flip, for those named.

    Raises
    ------
    InputError
        If a map has no standard errors and none can be computed, or a table can't be used.
    """
    check_kind(kind)
    items = _named(thinning, standard_error)
    if not items:
        raise InputError("thinning holds no map; give a series, a frame or a mapping from map name to either.")
    turned, alone = flips(flip, list(items)), len(items) == 1
    return [
        _one_map(
            name,
            item,
            _error_of(name, standard_error, covariance, names, alone=alone),
            names,
            kind=kind,
            flip=turned[name],
            alone=alone,
        )
        for name, item in items.items()
    ]


def study_fields(table: ExpressionTable, maps: Sequence[ThinningMap], notices: tuple[str, ...]) -> dict[str, Any]:
    """Return the fields of a `Study` that expression and maps on one graph make up, notices of both added."""
    shares = [np.zeros_like(one.value) if one.spread_share is None else one.spread_share for one in maps]
    return {
        "genes": table.genes,
        "maps": tuple(one.name for one in maps),
        "expression": table.values,
        "thinning": np.stack([one.value for one in maps]),
        "standard_error": np.stack([one.standard_error for one in maps]),
        "spread_share": np.stack(shares) if any(one.spread_share is not None for one in maps) else None,
        "notices": (*notices, *table.notices, *(notice for one in maps for notice in one.notices)),
    }


def _named(
    thinning: MapInput | Mapping[str, MapInput], standard_error: ErrorInput
) -> dict[str, pd.Series | pd.DataFrame]:
    if isinstance(thinning, pd.Series):
        return {SINGLE if thinning.name is None else str(thinning.name): thinning}
    if not isinstance(thinning, pd.DataFrame):
        return {str(name): item for name, item in thinning.items()}
    if not isinstance(standard_error, pd.DataFrame | Mapping) and _is_one_map(thinning):
        return {SINGLE: thinning}
    columns = [str(column) for column in thinning.columns]
    if len(set(columns)) < len(columns):
        raise InputError(f"thinning has two columns of one name among {', '.join(columns)}; rename them.")
    return {name: thinning.iloc[:, position] for position, name in enumerate(columns)}


def _is_one_map(table: pd.DataFrame) -> bool:
    """Whether columns are those of one map's table rather than maps."""
    columns = [str(column) for column in table.columns]
    held = {role.what for role in column_roles(columns).values()}
    wordy = not all(pd.api.types.is_numeric_dtype(dtype) for dtype in table.dtypes)
    support = wordy or group_size_columns(columns) is not None or bool(held & {"error", "p", "lower"})
    return bool(held & {"effect", "thickness"}) and (support or len(columns) == 1)


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
    if correlated(variances):
        raise InputError(
            f"covariance of {name}: all variances are 1, as those of correlations are; give these as "
            "sampling_correlation beside standard errors."
        )
    return pd.Series(np.sqrt(variances), index=list(names))


def _one_map(
    name: str,
    item: MapInput,
    error: pd.Series | Literal["sizes", "none"] | None,
    names: Sequence[str],
    *,
    kind: str,
    flip: bool,
    alone: bool,
) -> ThinningMap:
    source, share = f"map {name}", None
    if isinstance(item, pd.DataFrame) and not isinstance(error, pd.Series):
        choice = error or "file"
        return map_from_table(item, names, name=name, source=source, standard_error=choice, kind=kind, flip=flip)
    if kind == "auto":  # of several columns the names are those of maps, and tell nothing
        kind = column_roles([str(item.name)])[str(item.name)].kind if isinstance(item, pd.Series) and alone else ""
    if isinstance(item, pd.DataFrame):
        columns = choose_columns([str(column) for column in item.columns], source=source, kind=kind or "auto")
        table, kind = label_rows(item, names, source=source), kind or columns.kind
        item, share = table[columns.value], None if columns.spread_share is None else table[columns.spread_share]
    if error is None and kind not in ("t", "z"):
        raise InputError(
            f'{source}: no standard errors; give standard_error, or standard_error="none" to estimate the noise.'
        )
    if isinstance(error, str) and error == "sizes":
        raise InputError(
            f"{source}: no group sizes beside a series; give a frame with columns of the effect and of both sizes."
        )
    spread = error if isinstance(error, pd.Series) else None
    unknown = error == "none" if isinstance(error, str) else False
    return map_from_series(
        item, spread, names, name=name, source=source, kind=kind, flip=flip, estimate=unknown, share=share
    )
