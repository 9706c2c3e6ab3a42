"""RegionGraph: the regions, how they are joined, and the spectrum of their Laplacian."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd

from .atlas import dk68_edges, dk68_table
from .errors import GraphError
from .graph_checks import check_adjacency, square_from_frame
from .mesh import boundary_lengths, region_centroids

__all__ = ["Eigenbasis", "RegionGraph"]


@dataclass(frozen=True, eq=False)
class Eigenbasis:
    """Eigenvectors of a graph's Laplacian, each within one component.

    Attributes
    ----------
    values
        Eigenvalues, component by component, each beginning with an exact 0; (eigenvector,).
    vectors
        Orthonormal eigenvectors as columns, zero outside their component; (region, eigenvector).
    component
        Component of each eigenvector; (eigenvector,).
    """

    values: np.ndarray
    vectors: np.ndarray
    component: np.ndarray


@dataclass(frozen=True, eq=False)
class RegionGraph:
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
        Index pairs (left, right) of twins across the hemispheres, whether or not an edge joins them.
    label
        What the graph was made from, for reports.

    Raises
    ------
    GraphError
        When the weights are not symmetric, finite, non-negative and free of self-loops, or names repeat.
    """

    names: tuple[str, ...]
    weights: np.ndarray
    centroids: np.ndarray | None = None
    sphere: np.ndarray | None = None
    hemispheres: tuple[str, ...] | None = None
    lobes: tuple[str, ...] | None = None
    homologues: tuple[tuple[int, int], ...] = ()
    label: str = "table"

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", tuple(str(name) for name in self.names))
        for name in ("weights", "centroids", "sphere"):
            if getattr(self, name) is not None:
                array = np.array(getattr(self, name), dtype=np.float64)
                array.setflags(write=False)
                object.__setattr__(self, name, array)
        check_adjacency(self.weights, self.names)

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
            Join each region with its twin (the default); without it the hemispheres are two components.
        weights
            "binary": 1; "boundary": shared boundary over its mean; "distance": exp(-distance / mean distance
            of touching regions), over its mean.
        homologue_weight
            Weight of an edge between twins.
        """
        table = dk68_table()
        index = {name: i for i, name in enumerate(table["region"])}
        edges = dk68_edges()
        ends = np.array([[index[a], index[b]] for a, b in zip(edges["first"], edges["second"], strict=True)])
        centroids = table[["x", "y", "z"]].to_numpy(dtype=float)
        strength = _edge_weights(weights, edges["boundary_mm"].to_numpy(dtype=float), centroids, ends)
        adjacency = np.zeros((len(table), len(table)))
        adjacency[ends[:, 0], ends[:, 1]] = strength
        half = len(table) // 2
        twins = tuple((i, i + half) for i in range(half))
        if homologues:
            adjacency[np.arange(half), np.arange(half) + half] = homologue_weight
        return cls(
            names=tuple(table["region"]),
            weights=adjacency + adjacency.T,
            centroids=centroids,
            sphere=table[["sphere_x", "sphere_y", "sphere_z"]].to_numpy(dtype=float),
            hemispheres=tuple(table["hemisphere"]),
            lobes=tuple(table["lobe"]),
            homologues=twins,
            label="dk68",
        )

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
            Region names, needed where the table has no labels.
        binary
            Set every weight that is kept to 1.
        threshold
            Weights at or below it become 0; the default keeps every positive one.
        centroids
            Positions (region, 3) in mm.

        Raises
        ------
        GraphError
            Naming the labels whose weights can't be used.
        """
        weights, labels = square_from_frame(adjacency, names)
        check_adjacency(weights, labels)
        kept = np.where(weights > threshold, 1.0 if binary else weights, 0.0)
        return cls(names=labels, weights=kept, centroids=centroids, label=label)

    @classmethod
    def from_connectivity(cls, connectivity: np.ndarray | pd.DataFrame, names: Sequence[str] | None = None) -> RegionGraph:
        """Build a graph from white-matter or functional connectivity, weights as given over their mean.

        A region's connectivity with itself, which such tables may hold, is no edge and is set to 0.

        Raises
        ------
        GraphError
            As `from_adjacency`; negative connectivity has no meaning as an edge weight.
        """
        weights, labels = square_from_frame(connectivity, names)
        weights = weights * (1 - np.eye(len(weights)))
        check_adjacency(weights, labels)
        joined = weights > 0
        return cls(names=labels, weights=weights / weights[joined].mean() if joined.any() else weights, label="connectivity")

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
        """
        lengths = boundary_lengths(labels, faces, coordinates, len(names))
        touching = lengths > 0
        scaled = lengths / lengths[touching].mean() if touching.any() else lengths
        return cls(
            names=tuple(names),
            weights=touching.astype(float) if weights == "binary" else scaled,
            centroids=region_centroids(np.asarray(labels), np.asarray(coordinates, dtype=float), len(names)),
            label="mesh",
        )

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
            raise GraphError(f"the graph {self.label} has no region {unknown[0]}; it has {', '.join(self.names[:3])}, ...")
        kept = [self.names.index(name) for name in names]
        place = {old: new for new, old in enumerate(kept)}
        return RegionGraph(
            names=tuple(names),
            weights=self.weights[np.ix_(kept, kept)],
            centroids=None if self.centroids is None else self.centroids[kept],
            sphere=None if self.sphere is None else self.sphere[kept],
            hemispheres=None if self.hemispheres is None else tuple(self.hemispheres[i] for i in kept),
            lobes=None if self.lobes is None else tuple(self.lobes[i] for i in kept),
            homologues=tuple((place[a], place[b]) for a, b in self.homologues if a in place and b in place),
            label=self.label,
        )

    @cached_property
    def components(self) -> np.ndarray:
        """Connected component of each region, numbered in order of first appearance; (region,) int."""
        component = np.full(self.n_regions, -1)
        count = 0
        for start in range(self.n_regions):
            if component[start] < 0:
                reached = np.zeros(self.n_regions, dtype=bool)
                reached[start] = True
                front = reached
                while front.any():
                    front = (self.weights[front] > 0).any(0) & ~reached
                    reached = reached | front
                component[reached] = count
                count += 1
        component.setflags(write=False)
        return component

    def eigenbasis(self) -> Eigenbasis:
        """Eigenvectors of the Laplacian, computed component by component (cached)."""
        return self._eigenbasis

    @cached_property
    def _eigenbasis(self) -> Eigenbasis:
        laplacian, n = self.laplacian(), self.n_regions
        values, vectors, owner, column = np.zeros(n), np.zeros((n, n)), np.zeros(n, dtype=int), 0
        for c in range(self.n_components):
            members = np.flatnonzero(self.components == c)
            w, v = np.linalg.eigh(laplacian[np.ix_(members, members)])
            # The constant vector is known exactly; eigh gives it only up to rounding.
            w[0], v[:, 0] = 0.0, len(members) ** -0.5
            v *= np.where(v[np.abs(v).argmax(0), np.arange(len(members))] < 0, -1.0, 1.0)
            columns = np.arange(column, column + len(members))
            values[columns], owner[columns] = w, c
            vectors[np.ix_(members, columns)] = v
            column += len(members)
        return Eigenbasis(values, vectors, owner)


def _edge_weights(kind: str, boundary: np.ndarray, centroids: np.ndarray, ends: np.ndarray) -> np.ndarray:
    distance = np.linalg.norm(centroids[ends[:, 0]] - centroids[ends[:, 1]], axis=1)
    near = np.exp(-distance / distance.mean())
    kinds = {"binary": np.ones(len(ends)), "boundary": boundary / boundary.mean(), "distance": near / near.mean()}
    if kind not in kinds:
        raise GraphError(f"unknown weights {kind!r}: the known ones are {', '.join(kinds)}.")
    return kinds[kind]
