"""Vertices: what maps have at the points of the cortical surface, of which the study's regions are means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..atlases.vertices import SURFACES, at_vertices, vertex_parcels
from ..cards import Introduced, Part
from ..errors import InputError
from ..graphs.parts import selected, settle
from ..graphs.region_graph import RegionGraph
from ..readers.thinning_table import ThinningMap
from ..wording import counted

__all__ = ["Vertices", "vertices_of"]


@dataclass(frozen=True, eq=False, repr=False)
class Vertices(Introduced):
    """Vertices of a surface, left hemisphere first, on which the study's maps were measured.

    Attributes
    ----------
    surface
        "fsaverage5", "fsaverage4" or "fsaverage3".
    parcel
        Number of the region that each vertex lies in, -1 outside all of them; (vertex,).
    thinning, standard_error
        Effect and its standard error (map, vertex), NaN where nothing was measured, and for maps that were not given by
        vertices; a standard error of 0 where it is not known.
    """

    surface: str = field(metadata={"decides": False})
    parcel: np.ndarray = field(metadata={"dims": ("vertex",), "decides": False})
    thinning: np.ndarray = field(metadata={"dims": ("map", "vertex"), "decides": False})
    standard_error: np.ndarray = field(metadata={"dims": ("map", "vertex"), "decides": False})

    def __post_init__(self) -> None:
        settle(self)

    def _title(self) -> str:
        return f"Vertices: {len(self.parcel)} of {self.surface}"

    def _parts(self) -> Iterator[Part]:
        yield f"{counted(int(self.given.sum()), 'map')} given by vertices."

    @property
    def given(self) -> np.ndarray:
        """Whether a map was given by vertices; bool (map,)."""
        given: np.ndarray = ~np.isnan(self.thinning).all(axis=1)
        return given

    def measured(self, number: int) -> np.ndarray:
        """Whether a vertex counts to a region and the map with this number has a value there; bool (vertex,)."""
        measured: np.ndarray = ~np.isnan(self.thinning[number]) & (self.parcel >= 0)
        return measured

    def select(self, kept: Mapping[str, Sequence[int]]) -> Vertices:
        """Keep the maps, and the regions, with these numbers; vertices of other regions then lie in none."""
        chosen: dict[str, Any] = selected(self, {"map": kept["map"]}) if "map" in kept else {}
        if "region" in kept:
            place = {old: new for new, old in enumerate(kept["region"])}
            chosen["parcel"] = np.array([place.get(int(old), -1) for old in self.parcel])
        return replace(self, **chosen)


def vertices_of(maps: Sequence[ThinningMap], graph: RegionGraph) -> Vertices | None:
    """Vertices of the maps that were given by them, on the coarsest of their surfaces; None where none was.

    Parameters
    ----------
    maps
        The maps on the study's regions.
    graph
        That of the regions, of a parcellation whose labels are here.

    Raises
    ------
    InputError
        When another parcellation has all of the graph's names, and the maps were read by its vertices.
    """
    fields = [one.vertices for one in maps]
    sizes = [both.shape[1] // 2 for both in fields if both is not None]
    parcel, labelled = vertex_parcels(graph.names), vertex_parcels(graph.names, graph.label)
    if not sizes or parcel is None:
        return None
    if labelled is None or not np.array_equal(parcel, labelled):
        raise InputError(
            f"another parcellation than {graph.label} has regions of these names ({graph.names[0]}, ...) too, with "
            "other vertices; read the map on the whole graph, and choose regions by study.select(regions=...)."
        )
    size = min(sizes)
    nothing = np.full((2, 2 * size), np.nan)
    values = np.stack([nothing if both is None else at_vertices(both, size) for both in fields], 1)
    surface = next(name for name, vertices in SURFACES.items() if vertices == size)
    return Vertices(surface, at_vertices(parcel, size), values[0], values[1])
