"""Tables whose rows are vertices of the cortical surface, as values of both hemispheres."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..errors import InputError
from .text_table import parse_numbers
from .vertex_files import NESTED, Halves

__all__ = ["table_halves"]

# Columns of a table of vertices that say which vertex a row is.
_VERTEX, _HEMISPHERE = ("vertex", "vertex_id", "vertex_index"), ("hemisphere", "hemi", "side")
# Share of a hemisphere's vertices: of fewer rows each is a region, and its vertex that of a peak.
_SPARSE = 0.4


def table_halves(frame: pd.DataFrame, source: str) -> Halves | None:
    """Values of both hemispheres that a table holds, by its columns of numbers; None for a table of regions.

    Its rows are vertices where it has columns ``hemisphere`` and ``vertex`` (from 0), or where it has as many rows as a
    surface has vertices, left hemisphere first.

    Raises
    ------
    InputError
        For a hemisphere that is none, a vertex that stands twice, and one that the surface does not have.
    """
    names = {str(column).strip().lower(): column for column in frame}
    vertex, side = (next((names[word] for word in words if word in names), None) for words in (_VERTEX, _HEMISPHERE))
    if (vertex is None or side is None) and len(frame) not in {2 * size for size in NESTED}:
        return None
    place, size = _places(frame, vertex, side, source)
    if len(frame) < _SPARSE * size:
        return None
    halves: Halves = {}
    for column in [one for one in frame if one not in (vertex, side)]:
        try:
            numbers = parse_numbers(frame[[column]], source=source).to_numpy()[:, 0]
        except InputError:
            continue  # words, such as the map's name
        values = np.full(2 * size, np.nan)
        values[place] = numbers
        halves[str(column)] = np.split(values, 2)
    if not halves:
        raise InputError(f"{source} has rows of vertices and no column of numbers; give one of the effect.")
    return halves


def _places(frame: pd.DataFrame, vertex: Any, side: Any, source: str) -> tuple[np.ndarray, int]:
    """Place of each row among the vertices, left first, and how many a hemisphere has."""
    half = len(frame) // 2
    number = (
        np.arange(len(frame)) % half if vertex is None else pd.to_numeric(frame[vertex], errors="coerce").to_numpy()
    )
    letter = np.repeat(["l", "r"], half) if side is None else _letters(frame[side])
    if vertex is None or side is None:
        _check_order(number, letter, frame, source)
        return np.arange(len(frame)), half
    strange = np.flatnonzero(~np.isin(letter, ["l", "r"]) | ~(number >= 0) | (number != np.round(number)))
    if len(strange):
        row = frame.iloc[strange[0]]
        raise InputError(
            f"{source}: row {strange[0] + 1} is of vertex {row[vertex]} of hemisphere {row[side]}; give whole numbers "
            "from 0 and L or R."
        )
    most = int(number.max()) + 1
    if most - 1 in NESTED and number.min() > 0:
        raise InputError(f"{source}: vertices are numbered from 1 to {most - 1}; number them from 0.")
    size = next((one for one in sorted(NESTED) if one >= most), None)
    if size is None:
        raise InputError(f"{source}: there is no vertex {most - 1}; give those of fsaverage5 or another fsaverage.")
    place = number.astype(int) + size * (letter == "r")
    twice = pd.Series(place).duplicated()
    if twice.any():
        row = frame.iloc[int(twice.to_numpy().argmax())]
        raise InputError(f"{source}: vertex {row[vertex]} of hemisphere {row[side]} stands twice; keep one row each.")
    return place, size


def _letters(sides: pd.Series) -> np.ndarray:
    """First letter of each hemisphere's name, in lower case; (row,)."""
    return sides.astype(str).str.strip().str.lower().str[:1].to_numpy()


def _check_order(number: np.ndarray, letter: np.ndarray, frame: pd.DataFrame, source: str) -> None:
    """Check that rows of which one column alone tells the vertex are all vertices in order, left hemisphere first."""
    within = np.arange(len(frame)) % (len(frame) // 2)
    ordered = any(
        np.array_equal(number - first, known) for first in (0, 1) for known in (within, np.arange(len(frame)))
    )
    if not ordered or not np.array_equal(letter, np.repeat(["l", "r"], len(frame) // 2)):
        raise InputError(
            f"{source}: the rows are not those of all vertices in order, left hemisphere first; give a column "
            "hemisphere (L, R) and a column vertex (from 0)."
        )
