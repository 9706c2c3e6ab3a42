"""A table of null maps that a user brings, such as those of permuted groups."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..errors import InputError
from ..wording import first_names
from .magnitudes import check_magnitude
from .placement import place_rows
from .table_headers import check_columns
from .text_table import parse_numbers, read_table

__all__ = ["read_null_maps"]

_COLUMNS = ("null", "region", "value")


def read_null_maps(
    null_maps: pd.DataFrame | str | os.PathLike[str], names: Sequence[str], maps: Sequence[str]
) -> np.ndarray:
    """Read null maps, a row each null and region, onto a graph's regions; (null, map, region), NaN without a row.

    Parameters
    ----------
    null_maps
        The table, or its file: columns null, region, value, and map where there are several maps. Nulls are in the
        order of their first rows; each map has as many.
    names
        The graph's regions, in its order.
    maps
        The maps that are wanted; rows of others are set aside.

    Raises
    ------
    InputError
        Naming the table, the row or column, and the remedy.
    """
    if isinstance(null_maps, pd.DataFrame):
        source, frame = "null maps", null_maps
    else:
        table = read_table(null_maps)
        source, frame = table.source, table.frame()
    own = ("map",) if "map" in frame.columns else ()
    what = f"null maps have the columns {', '.join(_COLUMNS)}"
    check_columns(list(frame.columns), (*_COLUMNS, *own), source=source, what=what)
    values = parse_numbers(frame[["value"]].set_axis(frame["region"].astype(str)), source=source)["value"].to_numpy()
    check_magnitude(values, labels=list(frame["region"]), source=source, what="value")
    labels = pd.Index(frame["region"].astype(str)).unique()
    placed = place_rows(pd.DataFrame(index=labels), names, source=source)
    position = dict(zip(placed.frame.index, placed.positions, strict=True))
    rows = pd.DataFrame(
        {
            "map": _maps(frame, maps, source),
            "null": frame["null"].astype(str).to_numpy(),
            "region": frame["region"].astype(str).map(position).to_numpy(dtype=float),
            "value": values,
        }
    ).dropna(subset=["region"])
    each = [_one(rows[rows["map"] == name], name, len(names), source) for name in maps]
    for name, one in zip(maps, each, strict=True):
        if len(one) != len(each[0]):
            raise InputError(
                f"{source} has {len(each[0])} null maps of {maps[0]} and {len(one)} of {name}; give each map as many."
            )
    return np.stack(each, axis=1)


def _maps(frame: pd.DataFrame, maps: Sequence[str], source: str) -> np.ndarray | str:
    """The map of each row."""
    if "map" in frame.columns:
        lacking = [name for name in maps if name not in set(frame["map"].astype(str))]
        if lacking:
            raise InputError(f"{source} has no null maps of {first_names(lacking)}; add rows with that name as map.")
        return frame["map"].astype(str).to_numpy()
    if len(maps) > 1:
        raise InputError(f"{source} has no column map, and the fit has {len(maps)} maps; say whose each row is.")
    return maps[0]


def _one(rows: pd.DataFrame, name: str, regions: int, source: str) -> np.ndarray:
    """Null maps of one map; (null, region)."""
    twice = rows.duplicated(["null", "region"])
    if twice.any():
        null = rows.loc[twice, "null"].iloc[0]
        raise InputError(f"{source}: null map {null} of {name} has two rows for one region; keep one of them.")
    number, order = pd.factorize(rows["null"])
    values = np.full((len(order), regions), np.nan)
    values[number, rows["region"].to_numpy(dtype=int)] = rows["value"]
    return values
