"""Rows of any table placed on a graph's regions, by name and never by position."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from ..atlases.atlas import dk68_names
from ..atlases.resolver import Resolution, resolve_on
from ..errors import InputError
from ..wording import first_names
from .text_table import is_missing, parse_numbers

__all__ = ["PlacedRows", "place_rows", "positions_of"]

# Regions of Desikan-Killiany that the Desikan-Killiany-Tourville protocol (Klein and Tourville 2012) does away with.
_NOT_IN_DKT = ("bankssts", "frontalpole", "temporalpole")

# Names of regions or maps that a message lists; genes are too many.
_MOST_NAMED = 100


@dataclass(frozen=True)
class PlacedRows:
    """The rows of a table that lie on a graph.

    Attributes
    ----------
    frame
        The rows that were kept, under the labels of their source.
    positions
        Index (row,) of each kept row among the graph's regions.
    n_regions
        Number of regions of the graph.
    notices
        What was set aside or assumed, one sentence each.
    """

    frame: pd.DataFrame
    positions: np.ndarray
    n_regions: int
    notices: tuple[str, ...]

    def scatter(self, values: np.ndarray) -> np.ndarray:
        """Spread values (row, ...) over the graph's regions: (region, ...), NaN where there is no row."""
        spread = np.full((self.n_regions, *values.shape[1:]), np.nan)
        spread[self.positions] = values
        return spread

    def numbers(self, column: str, *, source: str) -> np.ndarray:
        """Values of a column over the graph's regions; (region,). InputError where two columns have the name."""
        cells = self.frame.loc[:, [column]]
        if cells.shape[1] > 1:
            raise InputError(f"{source}: two columns are called {column}; rename one of them.")
        return self.scatter(parse_numbers(cells, source=source).to_numpy()[:, 0])

    def labels(self, names: Sequence[str]) -> list[str]:
        """Each region as its source spells it, and as the graph does where there is no row."""
        labels = list(names)
        for position, label in zip(self.positions, self.frame.index, strict=True):
            labels[position] = str(label)
        return labels


def place_rows(
    frame: pd.DataFrame, names: Sequence[str], *, source: str, unlabelled: Literal["L", "R"] | None = None
) -> PlacedRows:
    """Find the region of every row.

    Parameters
    ----------
    frame
        Table with its labels as the index.
    names
        The graph's regions, in its order.
    source
        File or argument the table came from, for messages.
    unlabelled
        Hemisphere that labels without one are taken to mean; None (the default) makes them an error.

    Raises
    ------
    InputError
        For a label that can't be placed, and for two rows of one region.
    """
    labels = [str(label) for label in frame.index]
    resolution, notices = _resolve(labels, names, source=source, unlabelled=unlabelled)
    repeated = [label for label, count in Counter(labels).items() if count > 1 and label in resolution.canonical]
    if repeated:
        raise InputError(
            f"{source}: region {repeated[0]} has {Counter(labels)[repeated[0]]} rows; keep one row for each region."
        )
    order = {name: position for position, name in enumerate(names)}
    regions = [resolution.canonical.get(label) for label in labels]
    absent = [label for label, region in zip(labels, regions, strict=True) if region and region not in order]
    if resolution.set_aside:
        notices.append(f"{source}: rows that are not regions are set aside: {first_names(resolution.set_aside)}.")
    if absent:
        notices.append(f"{source}: rows of regions that the graph lacks are set aside: {first_names(absent)}.")
    kept = np.array([region in order for region in regions], dtype=bool)
    present = [region if inside else None for region, inside in zip(regions, kept, strict=True)]
    notices += _dkt(frame, present, names, source)
    positions = np.array([order[region] for region in regions if region in order], dtype=np.intp)
    return PlacedRows(frame.loc[kept], positions, len(names), tuple(notices))


def _dkt(frame: pd.DataFrame, regions: Sequence[str | None], names: Sequence[str], source: str) -> list[str]:
    """What is to be said of a table whose regions are those of DKT, of one hemisphere or both.

    They are where those that DKT does away with have no rows, or where some column has no values of theirs alone.
    """
    if not set(names) <= set(dk68_names()):
        return []
    other = [place for place, region in enumerate(regions) if region is not None and _in_dkt(region)]
    gone = [place for place, region in enumerate(regions) if region is not None and not _in_dkt(region)]
    sides = {str(regions[place])[0] for place in other}
    expected = {name for name in dk68_names() if name[0] in sides and _in_dkt(name)}
    lacked = {name for name in names if name[0] in sides and not _in_dkt(name)}
    if not other or len(lacked) < len(_NOT_IN_DKT) * len(sides) or {regions[place] for place in other} != expected:
        return []
    cells = frame.to_numpy(dtype=object)
    empty = (column for column in range(cells.shape[1]) if all(is_missing(cells[row, column]) for row in gone))
    if gone and not any(not any(is_missing(cells[row, column]) for row in other) for column in empty):
        return []
    return [
        f"{source}: no values of bankssts, frontalpole and temporalpole, as in DKT labels: read as Desikan-Killiany "
        "regions; DKT gives the cortex of these three to the gyri beside them and draws other borders along sulci, so "
        "that the superior, middle and inferior temporal, superior frontal and orbitofrontal regions differ a little."
    ]


def _in_dkt(region: str) -> bool:
    return region.split("_", 1)[-1] not in _NOT_IN_DKT


def positions_of(kind: str, names: Sequence[str], wanted: Sequence[str] | None) -> list[int]:
    """Return the positions of the names wanted, all of them for None, or say which one the study lacks."""
    order = {name: position for position, name in enumerate(names)}
    chosen = list(names) if wanted is None else list(wanted)
    unknown = [name for name in chosen if name not in order]
    if unknown:
        raise InputError(f"the study has no {kind} {unknown[0]}; it has {first_names(names, limit=_MOST_NAMED)}.")
    return [order[name] for name in chosen]


def _resolve(
    labels: Sequence[str], names: Sequence[str], *, source: str, unlabelled: Literal["L", "R"] | None
) -> tuple[Resolution, list[str]]:
    try:
        return resolve_on(labels, names, source=source), []
    except InputError:
        if unlabelled is None:
            raise
    side = {"L": "left", "R": "right"}[unlabelled]
    resolution = resolve_on(labels, names, source=source, hemisphere=unlabelled)
    return resolution, [f"{source}: labels without a hemisphere were read as the {side} one."]
