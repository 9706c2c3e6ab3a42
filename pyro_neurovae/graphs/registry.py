"""The graphs that a name, a table or a file stands for; the one list of those with a name."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Literal, get_args

import pandas as pd

from ..errors import GraphError, InputError, SettingsError
from ..readers.connections import align_connections
from ..readers.registry import read
from ..readers.text_table import file_stem
from .checks import check_nearness
from .nearest import NEIGHBOURS, weights_from_distances
from .region_graph import RegionGraph

__all__ = ["GRAPHS", "GraphKind", "as_graph", "named_graphs", "read_graph", "register_graph"]

FilePath = str | os.PathLike[str]
# What the numbers of a table tell of two regions: how strongly they are joined, or how far from each other they are.
GraphKind = Literal["weights", "distance"]

# Name to what builds the graph.
GRAPHS: dict[str, Callable[[], RegionGraph]] = {
    "dk68": RegionGraph.dk68,
    "dk68-boundary": partial(RegionGraph.dk68, weights="boundary"),
    "dk68-distance": partial(RegionGraph.dk68, weights="distance"),
    "schaefer100": partial(RegionGraph.schaefer, 100),
    "schaefer400": partial(RegionGraph.schaefer, 400),
    "cortex200": partial(RegionGraph.cortex, 200),
    "cortex400": partial(RegionGraph.cortex, 400),
}


def register_graph(name: str, build: Callable[[], RegionGraph]) -> None:
    """Let a graph be called by a name, in `Study.from_files`, on the command line and in sensitivity studies.

    Parameters
    ----------
    name
        A word without a dot, since what has one is a file.
    build
        Function without arguments that gives the graph. Tables are aligned to its region names: by letters, or, where
        the names are those of a registered atlas, by every spelling that the atlas knows.

    Raises
    ------
    SettingsError
        For a name that is taken, or that would be read as a file.
    """
    if name in GRAPHS:
        raise SettingsError(f"a graph is called {name} already; choose another name.")
    if Path(name).suffix or os.sep in name:
        raise SettingsError(f"the name {name!r} would be read as a file; choose a word without a dot.")
    GRAPHS[name] = build


def named_graphs(graph: RegionGraph) -> Mapping[str, RegionGraph]:
    """Graphs with a name that have every region of the given one, cut to these."""
    built = {name: build() for name, build in GRAPHS.items()}
    return {name: one.subset(graph.names) for name, one in built.items() if set(graph.names) <= set(one.names)}


def as_graph(
    graph: RegionGraph | FilePath | pd.DataFrame | None,
    regions: FilePath | pd.DataFrame | None = None,
    *,
    kind: GraphKind = "weights",
) -> tuple[RegionGraph, tuple[str, ...]]:
    """Return a graph, as it is, by its name, from an adjacency table or a file, and notices of the reading.

    A table of regions gives it positions, hemispheres, lobes and homologues; with a graph of None it is all there is.
    ``kind`` says what the numbers of a table or file are.

    Raises
    ------
    InputError
        If it is neither a known name nor a file that can be read.
    GraphError
        If its weights are distances, unless ``kind`` says so.
    SettingsError
        For another kind, and for a kind that is said of a graph which is no table.
    """
    if kind not in get_args(GraphKind):
        raise SettingsError(f"graph_kind is {kind!r}; give {' or '.join(get_args(GraphKind))}.")
    if isinstance(graph, pd.DataFrame):
        connections, notices = align_connections(graph)
        return _joined(connections, "table", regions, kind), notices + _told("graph", kind)
    named = isinstance(graph, str) and graph in GRAPHS
    if kind != "weights" and (named or graph is None or isinstance(graph, RegionGraph)):
        what = "there is no table of connections" if graph is None else "the graph is made already"
        raise SettingsError(f"graph_kind {kind} says what the numbers of a table are, and {what}; leave it out.")
    if graph is None:
        if regions is None:
            raise InputError("no graph; name one, or give a table of regions.")
        return RegionGraph.from_regions(regions), ()
    if isinstance(graph, RegionGraph) or named:
        found = graph if isinstance(graph, RegionGraph) else GRAPHS[str(graph)]()
        return (found if regions is None else found.with_regions(regions)), ()
    if isinstance(graph, str) and not Path(graph).exists() and not Path(graph).suffix:
        raise InputError(f"unknown graph {graph!r}: give {', '.join(GRAPHS)}, or the path of a file.")
    if not isinstance(graph, str | os.PathLike):
        raise InputError(f"no graph: a {type(graph).__name__}; give a name, a labelled table or the path of a file.")
    return read_graph(graph, regions, kind=kind)


def read_graph(
    path: FilePath, regions: FilePath | pd.DataFrame | None = None, *, kind: GraphKind = "weights"
) -> tuple[RegionGraph, tuple[str, ...]]:
    """Read a weighted graph and notices of the reading; see `readers.connections.read_connections` for the forms.

    Weights are divided by the mean weight of an edge, so that smoothness means the same in any unit; of distances each
    region's nearest are taken, as `RegionGraph.from_regions` does. A graph of Desikan-Killiany regions also gets their
    positions, hemispheres, lobes and homologues.
    """
    connections, notices = read("connections", path)
    try:
        return _joined(connections, file_stem(path), regions, kind), notices + _told(Path(path).name, kind)
    except GraphError as fault:
        raise GraphError(f"{Path(path).name}: {fault}") from fault


def _told(source: str, kind: GraphKind) -> tuple[str, ...]:
    return () if kind == "weights" else (f"{source}: distances; each region is joined with the {NEIGHBOURS} nearest.",)


def _joined(
    connections: pd.DataFrame, label: str, regions: FilePath | pd.DataFrame | None, kind: GraphKind
) -> RegionGraph:
    distances = kind == "distance"
    graph = RegionGraph.from_distances(connections) if distances else RegionGraph.from_connectivity(connections)
    atlas = RegionGraph.dk68()
    if regions is not None:
        known = graph.with_regions(regions)
    else:
        known = atlas.subset(graph.names) if set(graph.names) <= set(atlas.names) else graph
    weights = graph.weights
    if distances and known is not graph:
        table = connections.loc[list(graph.names), list(graph.names)].to_numpy()
        weights = weights_from_distances(table, hemispheres=known.hemispheres, homologues=known.homologues)
    elif not distances:
        check_nearness(weights, centroids=known.centroids, hemispheres=known.hemispheres)
    return replace(known, weights=weights, label=label)
