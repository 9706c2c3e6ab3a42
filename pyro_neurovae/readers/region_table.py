"""A table of the regions of any atlas: where they lie, on which side, in which lobe, and who is whose homologue."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ..errors import InputError
from ..wording import first_names
from .magnitudes import check_magnitude, constant
from .text_table import parse_numbers, plain_name, read_table

__all__ = ["RegionTable", "read_regions", "side_of"]

FilePath = str | os.PathLike[str]

_NAMES = ("region", "label", "name", "roi", "roiname", "parcel")
_HEMISPHERES = ("hemisphere", "hemi", "hem", "side")
_REMEDY = "give it in mm"
_LOBES = ("lobe", "network", "system")
# Names of the coordinates: R, A and S as the tables of Schaefer's atlas have them point to the right, front and top.
_AXES = (
    ("x", "y", "z"),
    ("r", "a", "s"),
    ("mnix", "mniy", "mniz"),
    ("xmni", "ymni", "zmni"),
    ("xcoord", "ycoord", "zcoord"),
    ("centroidx", "centroidy", "centroidz"),
)
# Columns that are read, of which there may be one each.
_READ = frozenset((*_NAMES, *_LOBES, *_HEMISPHERES, *(axis for three in _AXES for axis in three), "homologue"))
_SIDE = re.compile(r"(?:^|[^A-Za-z])(lh|rh|left|right|l|r)(?:$|[^A-Za-z])", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class RegionTable:
    """What a table says of the regions of an atlas, one entry each.

    Attributes
    ----------
    source
        File or argument it comes from.
    names
        Names of the regions, unique.
    centroids
        Positions (region, 3) in mm; None where the table has no columns x, y, z.
    hemispheres
        "L", "R" or "" of each region, from a column or else from the names; None where neither tells.
    lobes
        Lobe, network or system of each region; None without such a column.
    homologues
        Positions (left, right) of homologues across the hemispheres; empty without a column of homologues.
    """

    source: str
    names: tuple[str, ...]
    centroids: np.ndarray | None = None
    hemispheres: tuple[str, ...] | None = None
    lobes: tuple[str, ...] | None = None
    homologues: tuple[tuple[int, int], ...] = ()

    @property
    def label(self) -> str:
        """The source without folder and extension."""
        return Path(self.source).stem


def read_regions(regions: pd.DataFrame | FilePath, *, order: Sequence[str] | None = None) -> RegionTable:
    """Read a table with a column of names (region) and, where there are such, x, y, z, hemisphere, lobe and homologue.

    Parameters
    ----------
    regions
        The table, or its file. Coordinates are in mm (R, A, S are x, y, z); hemisphere is L or R, read from the names
        where there is no such column; a lobe may be called network or system; homologue is the name of the region
        across.
    order
        Regions to keep, in this order; None (the default) keeps all, as they stand.

    Raises
    ------
    InputError
        If there is no column of names, a name stands twice or is lacking, or a cell can't be used.
    """
    source, table = _named_rows(regions)
    if order is not None:
        lacking = [name for name in order if name not in table.index]
        if lacking:
            raise InputError(f"{source}: no row for {first_names(lacking)}, which the graph has; add them.")
        table = table.loc[list(order)]
    lobe = next((name for name in _LOBES if name in table.columns), None)
    return RegionTable(
        source=source,
        names=tuple(table.index),
        centroids=_centroids(source, table),
        hemispheres=_hemispheres(source, table),
        lobes=None if lobe is None else tuple(str(cell).strip() for cell in table[lobe]),
        homologues=_homologues(source, table),
    )


def _named_rows(regions: pd.DataFrame | FilePath) -> tuple[str, pd.DataFrame]:
    """The table under plain column names, its index the names of the regions."""
    if isinstance(regions, pd.DataFrame):
        source = "regions"
        frame = regions if isinstance(regions.index, pd.RangeIndex) else regions.rename_axis("region").reset_index()
    else:
        text = read_table(regions)
        source, frame = text.source, text.frame()
    frame = frame.rename(columns=plain_name)
    doubled = next((name for name in frame.columns[frame.columns.duplicated()] if name in _READ), None)
    if doubled is not None:
        raise InputError(f"{source}: two columns are called {doubled}; rename one of them.")
    column = next((name for name in _NAMES if name in frame.columns), None)
    if column is None:
        raise InputError(f"{source}: no column of region names; call it region.")
    frame = frame.set_index(pd.Index([str(name).strip() for name in frame[column]], dtype=object))
    twice = frame.index[frame.index.duplicated()]
    if len(twice):
        raise InputError(f"{source}: region {twice[0]} has two rows; keep one row for each region.")
    return source, frame


def _centroids(source: str, table: pd.DataFrame) -> np.ndarray | None:
    axes = next((list(three) for three in _AXES if set(three) <= set(table.columns)), None)
    if axes is None:
        return None
    centroids = parse_numbers(table[axes], source=source).to_numpy()
    if np.isnan(centroids).any():
        row = int(np.argmax(np.isnan(centroids).any(axis=1)))
        raise InputError(f"{source}, row {table.index[row]}: a coordinate is missing; fill it in.")
    for axis, values in zip(axes, centroids.T, strict=True):
        check_magnitude(values, labels=list(table.index), source=source, what=f"the coordinate {axis}", remedy=_REMEDY)
    if len(centroids) > 1 and constant(centroids).all():
        raise InputError(f"{source}: all regions have one position; give each its centroid.")
    same = pd.DataFrame(centroids).duplicated().to_numpy()
    if same.any():
        second = int(same.argmax())
        first = int((centroids == centroids[second]).all(axis=1).argmax())
        raise InputError(
            f"{source}: {table.index[first]} and {table.index[second]} have the same position; give each its centroid."
        )
    return centroids


def _hemispheres(source: str, table: pd.DataFrame) -> tuple[str, ...] | None:
    for column in _HEMISPHERES:
        if column in table.columns:
            sides = [str(cell).strip()[:1].upper() for cell in table[column]]
            for name, side in zip(table.index, sides, strict=True):
                if side not in ("L", "R", ""):
                    raise InputError(f"{source}, row {name}: hemisphere {side!r} is neither L nor R.")
            return tuple(sides)
    found = [side_of(name) for name in table.index]
    return tuple(found) if all(found) else None


def side_of(name: str) -> str:
    """Hemisphere, L or R, that a name or file name tells; empty where it tells none."""
    match = _SIDE.search(name)
    return match[1][0].upper() if match else ""


def _homologues(source: str, table: pd.DataFrame) -> tuple[tuple[int, int], ...]:
    if "homologue" not in table.columns:
        return ()
    place = {name: row for row, name in enumerate(table.index)}
    pairs = set()
    for name, given in zip(table.index, table["homologue"], strict=True):
        other = "" if given is None or pd.isna(given) else str(given).strip()
        if not other:
            continue
        if other not in place or other == name:
            raise InputError(f"{source}, row {name}: its homologue {other} is no other region of it; correct it.")
        pairs.add((min(place[name], place[other]), max(place[name], place[other])))
    used = [row for pair in pairs for row in pair]
    if len(set(used)) < len(used):
        name = table.index[next(row for row in used if used.count(row) > 1)]
        raise InputError(f"{source}: {name} is the homologue of two regions; give each at most one.")
    return tuple(sorted(pairs))
