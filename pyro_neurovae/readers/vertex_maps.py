"""Maps with a value for each vertex of the cortical surface, and their means over the regions of a graph."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..atlases.vertices import HEMISPHERE, at_vertices, dk68_vertices, vertex_parcels
from ..errors import InputError
from ..wording import first_names
from .column_names import column_roles
from .text_table import file_stem
from .thinning_table import ThinningMap, map_from_table
from .vertex_files import UNNAMED, Halves, read_halves, surface_of

__all__ = ["map_of_vertices", "read_vertex_map"]

FilePath = str | os.PathLike[str]

# Share of the cortex that may be exactly 0 before a map is taken for one that was cut at a threshold.
_CUT = 0.2
# Share of what only one hemisphere has of its medial wall that is missing in a map of the other.
_SWAPPED = 0.8


def read_vertex_map(path: FilePath, names: Sequence[str], *, name: str | None = None, **options: Any) -> ThinningMap:
    """Read a map of fsaverage's vertices, and its means over the regions of a graph.

    A vertex without a number, or with an exact 0 as FreeSurfer writes where nothing was measured, does not count (a
    map with many zeros in the cortex was cut at a threshold, and is refused); a region of which less than half the
    vertices count is missing. Errors are averaged too: they are those of a vertex, and
    `studies.vertex_errors` says how much smaller a mean's is.

    Parameters
    ----------
    path
        An ``.npz`` of one array, or of several named as columns of a table are (``t``, or ``d`` and ``se``), or an
        ``.npy``; (vertex,), left hemisphere first, or a row or column for each hemisphere. Or a file of one
        hemisphere, ``.mgh``, ``.mgz`` or ``.gii``, whose name tells the side (lh, left, hemi-L, .L.): the other
        hemisphere's is read where it lies beside it. Or a volume in MNI space (``.nii``), which is read between the
        white and the pial surface of fsaverage5. fsaverage5, the coarser fsaverage3 and fsaverage4, or fsaverage6
        and fsaverage, of which the vertices of fsaverage5 are taken.
    names
        The graph's regions: Desikan-Killiany ones, Schaefer's parcels, or patches of the cortex
        (`RegionGraph.cortex`).
    name
        The map's name; None (the default) is the file's.
    **options
        As of `thinning_table.map_from_table`: what has no name that tells needs ``kind``.

    Raises
    ------
    InputError
        For another surface, another atlas, or as `map_from_table`.
    """
    source = Path(path)
    _parcels_of(names, source.name)  # before the file is read
    halves, notices = read_halves(source)
    return map_of_vertices(
        halves, names, name=file_stem(path) if name is None else name, source=source.name, notices=notices, **options
    )


def map_of_vertices(
    halves: Halves, names: Sequence[str], *, name: str, source: str, notices: Sequence[str] = (), **options: Any
) -> ThinningMap:
    """Map of the values of both hemispheres' vertices, by the names of their columns; as `read_vertex_map`."""
    place = _parcels_of(names, source)
    surfaces = [surface_of(source, both) for both in halves.values()]
    size = min(HEMISPHERE, *(len(both[0]) for both in halves.values()))
    columns = {name: np.concatenate([one[:size] for one in both]) for name, both in halves.items()}
    asked = options.get("kind", "auto")
    columns = {
        ("value" if asked == "auto" else asked) if name == UNNAMED else name: own for name, own in columns.items()
    }
    told = [*notices, f"{source}: each region is the mean over its vertices ({surfaces[0]})."]
    cortex = at_vertices(dk68_vertices(), size) >= 0
    looked_at = _effects(columns, options)
    for column, count in _zeros(looked_at, cortex).items():
        of, share = "" if UNNAMED in halves else f" in {column}", count / cortex.sum()
        if share > _CUT:
            raise InputError(
                f"{source}: {share:.0%} of the cortex's vertices are exactly 0{of}, as in a map cut at a "
                "threshold, which shows its effects too large; give it whole, with NaN where nothing was measured."
            )
        told.append(f"{source}: {count} vertices of the cortex are exactly 0{of} and read as not measured.")
    known = {"name": name, "source": source, **options}
    for column, values in looked_at.items():
        _check_sides(values, cortex, source, "" if UNNAMED in halves else f" of {column}")
    parcel = at_vertices(place, size)
    found = map_from_table(_means(columns, parcel, names), names, **known)
    few = [region for region, value in zip(names, found.value, strict=True) if np.isnan(value)]
    if few:
        told.append(f"{source}: less than half of the vertices have a value in {first_names(few)}; read as missing.")
    vertices = _on_vertices(columns, _measured(looked_at, cortex), known)
    error = found.standard_error
    if found.spread_share is None:  # b over t of means is no mean of b over t
        own = _means({"se": vertices[1]}, parcel, names)["se"].to_numpy()
        error = np.where(np.isnan(found.value) | np.isnan(own), error, own)
    return replace(found, standard_error=error, notices=(*told, *found.notices), vertices=vertices)


def _parcels_of(names: Sequence[str], source: str) -> np.ndarray:
    """Place among the names of the parcel of each vertex of fsaverage5; (vertex,)."""
    place = vertex_parcels(names)
    if place is None:
        raise InputError(
            f"{source}: maps of vertices are read onto the graphs dk68, schaefer100, schaefer400, cortex200 and "
            "cortex400; of another atlas make the graph from its label files of both hemispheres of fsaverage "
            "(RegionGraph.from_surface), or average the map over its parcels and give that table."
        )
    return place


def _effects(columns: dict[str, np.ndarray], options: dict[str, Any]) -> dict[str, np.ndarray]:
    """The columns of effects, and of errors that are read, as far as names tell; all where none does."""
    roles, chosen = column_roles(list(columns)), {options.get("value_column"), options.get("se_column")}
    wanted = ("effect", "error") if options.get("standard_error", "file") == "file" else ("effect",)
    known = {name for name, role in roles.items() if role.what in wanted} | chosen
    known -= {name for name, own in columns.items() if name not in chosen and not np.nan_to_num(own).any()}  # empty
    return {name: own for name, own in columns.items() if name in known} or columns


def _check_sides(values: np.ndarray, cortex: np.ndarray, source: str, of: str) -> None:
    """Check that what is missing is where the medial wall is, and not where the other hemisphere's would be."""
    missing, walls = ~np.isfinite(values) | (values == 0), np.split(~cortex, 2)
    for half, here, there in zip(np.split(missing, 2), walls, walls[::-1], strict=True):
        own, others = half[here & ~there].mean(), half[there & ~here].mean()
        if others > _SWAPPED and own < 1 - _SWAPPED:
            raise InputError(
                f"{source}: the values{of} are missing where the other hemisphere has its medial wall; give the left "
                "hemisphere first, and the right one second."
            )


def _zeros(columns: dict[str, np.ndarray], cortex: np.ndarray) -> dict[str, int]:
    """How many of the cortex's vertices are exactly 0 in a column, for those in which any is."""
    zeros = {}
    for name, values in columns.items():
        numbering = len(columns) > 1 and bool((values == values.round()).all())  # of vertices, or a mask
        zeros[name] = 0 if numbering else int((cortex & (values == 0)).sum())
    return {name: count for name, count in zeros.items() if count}


def _means(columns: dict[str, np.ndarray], place: np.ndarray, names: Sequence[str]) -> pd.DataFrame:
    """Means over regions, each column's over its own vertices; missing where less than half of them have a value."""
    inside, means = place >= 0, {}
    whole = np.bincount(place[inside], minlength=len(names))
    for name, values in columns.items():
        measured = inside & np.isfinite(values) & (values != 0)
        count, total = (np.bincount(place[measured], own, len(names)) for own in (None, values[measured]))
        enough = (2 * count >= whole) & (count > 0)
        means[name] = np.where(enough, total / np.maximum(count, 1), np.nan)
    return pd.DataFrame(means, index=list(names))


def _measured(columns: dict[str, np.ndarray], cortex: np.ndarray) -> np.ndarray:
    """Vertices of the cortex at which every column has a value; bool (vertex,)."""
    there = [np.isfinite(values) & (values != 0) for values in columns.values()]
    measured: np.ndarray = cortex & np.all(there, axis=0)
    return measured


def _on_vertices(columns: dict[str, np.ndarray], measured: np.ndarray, known: dict[str, Any]) -> np.ndarray:
    """Effect and standard error of the vertices that were measured, NaN at others; (2, vertex)."""
    names = [f"v{number}" for number in np.flatnonzero(measured)]
    rows = pd.DataFrame({name: own[measured] for name, own in columns.items()}, index=names)
    found = map_from_table(rows, names, **known)
    vertices = np.full((2, len(measured)), np.nan)
    vertices[:, measured] = found.value, found.standard_error
    return vertices
