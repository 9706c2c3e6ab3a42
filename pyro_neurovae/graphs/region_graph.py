"""RegionGraph: the regions, how they are joined, and the spectrum of their Laplacian."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd

from ..atlases.vertices import register_parcels
from ..cards import Introduced, Part
from ..errors import GraphError, InputError
from ..readers.labelled_surface import LabelledSurface
from ..readers.region_table import RegionTable
from ..readers.registry import read
from ..readers.text_table import file_stem
from ..wording import counted
from .atlas_fields import dk68_fields, parcel_fields
from .checks import check_adjacency, check_homologues, check_joined, check_nearness, check_shapes, square_from_frame
from .eigenbasis import Eigenbasis, connected_components, laplacian_eigenbasis
from .mesh import mesh_weights, region_centroids
from .nearest import NEIGHBOURS, nearest_weights, weights_from_distances
from .parts import Value, parts_of, selected, settle

__all__ = ["Eigenbasis", "RegionGraph"]

FilePath = str | os.PathLike[str]
# Regions of the graph on which homologues are joined by the weight 1.
_OF_AREA = 68


@dataclass(frozen=True, eq=False, repr=False)
class RegionGraph(Introduced):
    """Regions of any atlas, joined by symmetric non-negative weights.

    Attributes
    ----------
    names
        Region names, unique; every table is aligned to their order.
    weights
        Adjacency W (region, region), float64, read-only: symmetric, non-negative, no self-loops.
    centroids, sphere
        Positions (region, 3) in mm and on the unit sphere, where known.
    hemispheres, lobes
        "L" or "R" ("" where it doesn't apply), and the lobe, where known.
    homologues
        Index pairs (left, right) of homologues across the hemispheres, whether or not an edge joins them.
    label
        What the graph was made from, for reports.

    Raises
    ------
    GraphError
        When the weights are not symmetric, finite, non-negative and free of self-loops, names repeat, or an
        attribute does not have one entry for each region.
    """

    names: tuple[str, ...] = field(metadata={"dims": ("region",), "kind": "texts", "stored": "region"})
    weights: np.ndarray = field(metadata={"dims": ("region", "region"), "stored": "adjacency"})
    centroids: np.ndarray | None = field(default=None, metadata={"dims": ("region", "axis")})
    sphere: np.ndarray | None = field(default=None, metadata={"dims": ("region", "axis")})
    hemispheres: tuple[str, ...] | None = field(default=None, metadata={"dims": ("region",), "kind": "texts"})
    lobes: tuple[str, ...] | None = field(default=None, metadata={"dims": ("region",), "kind": "texts"})
    homologues: tuple[tuple[int, int], ...] = field(
        default=(), metadata={"dims": ("pair", "side"), "kind": "positions"}
    )
    label: str = field(default="table", metadata={"stored": "graph_label", "decides": False})

    def __post_init__(self) -> None:
        settle(self)
        check_adjacency(self.weights, self.names)
        check_homologues(self.homologues, self.n_regions)
        check_shapes(parts_of(self), self.n_regions)

    def _title(self) -> str:
        return f"RegionGraph {self.label}: {counted(self.n_regions, 'region')}, {counted(self.n_edges, 'edge')}"

    def _parts(self) -> Iterator[Part]:
        number = len(set(self.components))
        yield f"{counted(number, 'component')}; {counted(len(self.homologues), 'pair')} of homologues."
        known = {
            "centroids": self.centroids,
            "sphere": self.sphere,
            "hemispheres": self.hemispheres,
            "lobes": self.lobes,
        }
        there = [name for name, values in known.items() if values is not None]
        yield f"Known of its regions: {', '.join(['names', *there])}."

    def parts(self) -> dict[str, Value]:
        """All that the graph holds, by the names of its fields; what is not known is left out."""
        return {name: part.value for name, part in parts_of(self).items()}

    @property
    def homologue(self) -> np.ndarray:
        """Number of each region's homologue, its own where it has none; (region,) int."""
        homologue = np.arange(len(self.names))
        for left, right in self.homologues:
            homologue[left], homologue[right] = right, left
        return homologue

    @property
    def pair(self) -> np.ndarray:
        """Number that a region shares with its homologue, the left one's; (region,) int."""
        pair = np.arange(len(self.names))
        for left, right in self.homologues:
            pair[right] = left
        return pair

    @classmethod
    def dk68(
        cls,
        homologues: bool = True,
        *,
        weights: Literal["binary", "boundary", "distance"] = "binary",
        homologue_weight: float = 1.0,
    ) -> RegionGraph:
        """Build the Desikan-Killiany graph of fsaverage5: 68 regions, 175 edges, and 34 homologue edges.

        Parameters
        ----------
        homologues
            Join each region with its homologue (the default); without it the hemispheres are two components.
        weights
            "binary": 1; "boundary": shared boundary over its mean; "distance": exp(-distance / mean distance
            of touching regions), over its mean.
        homologue_weight
            Weight of an edge between homologues.
        """
        return cls(label="dk68", **dk68_fields(weights, homologue_weight=homologue_weight if homologues else 0.0))

    @classmethod
    def schaefer(
        cls,
        parcels: int = 400,
        homologues: bool = True,
        *,
        weights: Literal["binary", "boundary", "distance"] = "binary",
        homologue_weight: float = 1.0,
    ) -> RegionGraph:
        """Build the graph of the Schaefer parcels (7 networks) on fsaverage5, with the networks as its lobes.

        The two hemispheres are parcellated on their own: homologues are the parcels that are each the other's nearest
        across the midline, three quarters of them, and the others have none.

        Parameters
        ----------
        parcels
            400 (the default) or 100.
        homologues, weights, homologue_weight
            As in `dk68`.

        Raises
        ------
        SettingsError
            For another number of parcels.

        References
        ----------
        Schaefer et al. (2018), Cerebral Cortex 28, 3095-3114.
        """
        return cls._of_parcels(f"schaefer{parcels}", weights, homologue_weight if homologues else 0.0)

    @classmethod
    def cortex(
        cls,
        patches: int = 400,
        homologues: bool = True,
        *,
        weights: Literal["binary", "boundary", "distance"] = "binary",
        homologue_weight: float | None = None,
    ) -> RegionGraph:
        """Build the graph of patches of about one size on fsaverage5, on which maps of vertices are fitted.

        They know no anatomy; each has a homologue, and the lobe of most of its vertices.

        Parameters
        ----------
        patches
            400 (the default; about 330 mm2 each) or 200.
        homologues, weights
            As in `dk68`.
        homologue_weight
            Weight of an edge between homologues. None (the default) for 68 / patches: patches are joined with their
            neighbours along their border and with their homologue by their area, so that with this weight fields go
            together across the hemispheres as they do on dk68, however fine the patches.

        Raises
        ------
        SettingsError
            For another number of patches.
        """
        weight = _OF_AREA / patches if homologue_weight is None else homologue_weight
        return cls._of_parcels(f"cortex{patches}", weights, weight if homologues else 0.0)

    @classmethod
    def _of_parcels(cls, name: str, weights: str, homologue_weight: float) -> RegionGraph:
        return cls(label=name, **parcel_fields(name, weights, homologue_weight=homologue_weight))

    @classmethod
    def from_adjacency(
        cls,
        adjacency: np.ndarray | pd.DataFrame,
        names: Sequence[str] | None = None,
        *,
        binary: bool = False,
        threshold: float = 0.0,
        centroids: np.ndarray | None = None,
        label: str = "table",
    ) -> RegionGraph:
        """Build a graph from a square table of weights: adjacency, connectivity, inverse distance.

        Parameters
        ----------
        adjacency
            (region, region); a DataFrame brings its labels, and its columns are put in the order of its rows.
        names
            Region names, needed where the table has no labels; a DataFrame is put in their order.
        binary
            Set every weight that is kept to 1.
        threshold
            Weights at or below it become 0; the default keeps every positive one.
        centroids
            Positions (region, 3) in mm.

        Raises
        ------
        GraphError
            Naming the labels whose weights can't be used; also where they are distances.
        """
        weights, labels = square_from_frame(adjacency, names)
        check_adjacency(weights, labels)
        check_nearness(weights, centroids=centroids, hemispheres=None)
        kept = np.where(weights > threshold, 1.0 if binary else weights, 0.0)
        return cls(names=labels, weights=kept, centroids=centroids, label=label)

    @classmethod
    def from_connectivity(
        cls, connectivity: np.ndarray | pd.DataFrame, names: Sequence[str] | None = None
    ) -> RegionGraph:
        """Build a graph from white-matter or functional connectivity, weights as given over their mean.

        A region's connectivity with itself, which such tables may hold, is no edge and is set to 0.

        Raises
        ------
        GraphError
            As `from_adjacency`; negative connectivity has no meaning as an edge weight, and distances are none.
        """
        weights, labels = square_from_frame(connectivity, names)
        if weights.ndim == 2:
            np.fill_diagonal(weights, 0.0)
        check_adjacency(weights, labels)
        check_nearness(weights, centroids=None, hemispheres=None)
        check_joined(weights, labels)
        mean = weights[weights > 0].mean() if weights.any() else 1.0
        return cls(names=labels, weights=weights / mean, label="connectivity")

    @classmethod
    def from_distances(
        cls, distances: np.ndarray | pd.DataFrame, names: Sequence[str] | None = None, *, neighbours: int = NEIGHBOURS
    ) -> RegionGraph:
        """Build a graph from distances, such as geodesic ones: each region is joined with the nearest.

        Parameters
        ----------
        distances, names
            (region, region) in any unit, 0 for those that are not known, such as across the hemispheres; names as
            `from_adjacency` takes them.
        neighbours
            As `from_regions`.

        Raises
        ------
        GraphError
            As `from_adjacency`.
        """
        distance, labels = square_from_frame(distances, names)
        check_adjacency(distance, labels)
        return cls(names=labels, weights=weights_from_distances(distance, neighbours=neighbours), label="distances")

    @classmethod
    def from_mesh(
        cls,
        labels: np.ndarray,
        faces: np.ndarray,
        coordinates: np.ndarray,
        names: Sequence[str],
        *,
        weights: Literal["binary", "boundary"] = "binary",
    ) -> RegionGraph:
        """Build a graph from a labelled surface mesh: two regions are joined where they touch.

        Parameters
        ----------
        labels
            Index of each vertex's region in ``names``, negative outside; (vertex,).
        faces, coordinates
            Triangles (face, 3) and positions (vertex, 3) in mm.
        weights
            "binary", or "boundary" for the shared boundary over its mean.

        Raises
        ------
        GraphError
            When the arrays don't fit each other, a name has no vertex, or ``weights`` is unknown.
        """
        adjacency = mesh_weights(weights, labels, faces, coordinates, n_labels=len(names))
        centroids = region_centroids(np.asarray(labels), np.asarray(coordinates, dtype=float), len(names))
        return cls(names=tuple(names), weights=adjacency, centroids=centroids, label="mesh")

    @classmethod
    def from_regions(cls, regions: pd.DataFrame | FilePath, *, neighbours: int = NEIGHBOURS) -> RegionGraph:
        """Build the graph of any atlas from a table of its regions: joined with the nearest of the hemisphere.

        Parameters
        ----------
        regions
            A table, or its file, with a column of names (region) and centroids x, y, z in mm; hemisphere (else read
            from the names, LH and RH), lobe or network, and homologue, its name, where there is one.
        neighbours
            Regions that each is joined with, the nearest by centroid; two are joined if either is among the other's.
            Six (the default) is near to the mean degree of a parcellated cortex.

        Raises
        ------
        InputError
            If a column is missing, a name stands twice, or a number can't be used.
        """
        table: RegionTable = read("regions", regions)
        if table.centroids is None:
            raise InputError(
                f"{table.source}: no columns x, y, z; add the centroids in mm, or give a table of connections too."
            )
        weights = nearest_weights(
            table.centroids, neighbours=neighbours, hemispheres=table.hemispheres, homologues=table.homologues
        )
        return cls(weights=weights, label=table.label, **_known_of(table))

    def with_regions(self, regions: pd.DataFrame | FilePath) -> RegionGraph:
        """Take positions, hemispheres, lobes and homologues from a table of the regions, by name.

        Raises
        ------
        InputError
            If a region of the graph is not in the table, or as `from_regions`.
        """
        return RegionGraph(
            weights=self.weights, label=self.label, **_known_of(read("regions", regions, order=self.names))
        )

    @classmethod
    def from_surface(
        cls,
        labels: FilePath | Sequence[FilePath],
        surfaces: FilePath | Sequence[FilePath],
        *,
        weights: Literal["binary", "boundary"] = "binary",
    ) -> RegionGraph:
        """Build the graph of a parcellation from its label files and meshes: regions are joined where they touch.

        Where the files are of both hemispheres of fsaverage5, fsaverage6 or fsaverage, maps of vertices can then be
        read onto the graph.

        Parameters
        ----------
        labels, surfaces
            Files (.annot or .label.gii; .surf.gii or FreeSurfer's), left and right or one; see
            `readers.labelled_surface.read_labelled_surface`.
        weights
            "binary" (the default) or "boundary", as `from_mesh`.

        Raises
        ------
        InputError
            If a file can't be read, or labels and surfaces are not one for one.
        """
        found: LabelledSurface = read("labelled surface", labels, surfaces)
        graph = cls.from_mesh(found.labels, found.faces, found.coordinates, found.names, weights=weights)
        first = labels if isinstance(labels, str | os.PathLike) else labels[0]
        on_fsaverage5 = found.on_fsaverage5()
        if on_fsaverage5 is not None:
            register_parcels(found.names, on_fsaverage5)
        return replace(graph, hemispheres=found.sides, label=file_stem(first))

    @property
    def n_regions(self) -> int:
        """Number of regions."""
        return len(self.names)

    @property
    def n_edges(self) -> int:
        """Number of edges."""
        return int(np.count_nonzero(np.triu(self.weights)))

    @property
    def degree(self) -> np.ndarray:
        """Number of neighbours of each region; (region,)."""
        return np.count_nonzero(self.weights, axis=1)

    @property
    def n_components(self) -> int:
        """Number of connected components, islands included."""
        return int(self.components.max()) + 1

    def edges(self) -> pd.DataFrame:
        """List the edges: first, second, weight."""
        first, second = np.nonzero(np.triu(self.weights))
        names = np.array(self.names, dtype=object)
        return pd.DataFrame({"first": names[first], "second": names[second], "weight": self.weights[first, second]})

    def laplacian(self) -> np.ndarray:
        """L = D - W; (region, region) float64."""
        return np.diag(self.weights.sum(1)) - self.weights

    def subset(self, names: Sequence[str]) -> RegionGraph:
        """Keep the named regions and the edges among them, in the order given.

        Raises
        ------
        GraphError
            For a name that the graph does not have.
        """
        unknown = [name for name in names if name not in self.names]
        if unknown:
            raise GraphError(
                f"the graph {self.label} has no region {unknown[0]}; it has {', '.join(self.names[:3])}, ..."
            )
        kept = [self.names.index(name) for name in names]
        place = {old: new for new, old in enumerate(kept)}
        pairs = tuple((place[a], place[b]) for a, b in self.homologues if a in place and b in place)
        return replace(self, homologues=pairs, **selected(self, {"region": kept}))

    @cached_property
    def components(self) -> np.ndarray:
        """Connected component of each region, numbered in order of first appearance; (region,) int."""
        component = connected_components(self.weights)
        component.setflags(write=False)
        return component

    def eigenbasis(self) -> Eigenbasis:
        """Eigenvectors of the Laplacian, computed component by component (cached)."""
        return self._eigenbasis

    @cached_property
    def _eigenbasis(self) -> Eigenbasis:
        return laplacian_eigenbasis(self.laplacian(), self.components)


def _known_of(table: RegionTable) -> dict[str, Any]:
    """Fields of a graph that a table of regions tells."""
    return {name: getattr(table, name) for name in ("names", "centroids", "hemispheres", "lobes", "homologues")}
