"""The graphs that a name, a table or a file stands for; the one list of those with a name."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import pandas as pd

from ..errors import GraphError, InputError, SettingsError
from ..readers.connections import align_connections
from ..readers.registry import read
from ..readers.text_table import file_stem
from .region_graph import RegionGraph

__all__ = ["GRAPHS", "as_graph", "named_graphs", "read_graph", "register_graph"]

FilePath = str | os.PathLike[str]

# Name to what builds the graph.
GRAPHS: dict[str, Callable[[], RegionGraph]] = {
    "dk68": RegionGraph.dk68,
    "dk68-boundary": partial(RegionGraph.dk68, weights="boundary"),
    "dk68-distance": partial(RegionGraph.dk68, weights="distance"),
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
    graph: RegionGraph | FilePath | pd.DataFrame | None, regions: FilePath | pd.DataFrame | None = None
) -> tuple[RegionGraph, tuple[str, ...]]:
    """Return a graph, as it is, by its name, from an adjacency table or a file, and notices of the reading.

    A table of regions gives it positions, hemispheres, lobes and homologues; with a graph of None it is all there is.

    Raises
    ------
    InputError
        If it is neither a known name nor a file that can be read.
    """
    if graph is None:
        if regions is None:
            raise InputError("no graph; name one, or give a table of regions.")
        return RegionGraph.from_regions(regions), ()
    if regions is not None:
        found, notices = as_graph(graph)
        return found.with_regions(regions), notices
    if isinstance(graph, RegionGraph):
        return graph, ()
    if isinstance(graph, pd.DataFrame):
        connections, notices = align_connections(graph)
        return _weighted(connections, "table"), notices
    if isinstance(graph, str) and graph in GRAPHS:
        return GRAPHS[graph](), ()
    if isinstance(graph, str) and not Path(graph).exists() and not Path(graph).suffix:
        raise InputError(f"unknown graph {graph!r}: give {', '.join(GRAPHS)}, or the path of a file.")
    return read_graph(graph)


def read_graph(path: FilePath) -> tuple[RegionGraph, tuple[str, ...]]:
    """Read a weighted graph and notices of the reading; see `readers.connections.read_connections` for the forms.

    Weights are divided by the mean weight of an edge, so that smoothness means the same in any unit. A graph
    of Desikan-Killiany regions also gets their positions, hemispheres, lobes and homologues.
    """
    connections, notices = read("connections", path)
    try:
        return _weighted(connections, file_stem(path)), notices
    except GraphError as fault:
        raise GraphError(f"{Path(path).name}: {fault}") from fault


def _weighted(connections: pd.DataFrame, label: str) -> RegionGraph:
    graph, atlas = RegionGraph.from_connectivity(connections), RegionGraph.dk68()
    on_atlas = set(graph.names) <= set(atlas.names)
    return replace(atlas.subset(graph.names) if on_atlas else graph, weights=graph.weights, label=label)
