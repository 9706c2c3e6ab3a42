"""The files of a study: expression, thinning and graph, each from a path to what the study is made of."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from .atlas_files import graph_of_regions, with_regions
from .errors import GraphError, InputError
from .expression_table import ExpressionTable, align_expression
from .graph import RegionGraph
from .graph_file import align_connections, read_connections
from .region_labels import place_rows
from .text_table import file_stem, parse_numbers, read_table
from .thinning_table import ThinningMap, map_from_table

__all__ = [
    "GRAPHS",
    "as_graph",
    "map_names",
    "read_covariances",
    "read_expression",
    "read_folds",
    "read_graph",
    "read_thinning",
]

FilePath = str | os.PathLike[str]

# Name to the weights of the Desikan-Killiany graph.
GRAPHS: dict[str, Literal["binary", "boundary", "distance"]] = {
    "dk68": "binary",
    "dk68-boundary": "boundary",
    "dk68-distance": "distance",
}


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
        return graph_of_regions(regions), ()
    if regions is not None:
        found, notices = as_graph(graph)
        return with_regions(found, regions), notices
    if isinstance(graph, RegionGraph):
        return graph, ()
    if isinstance(graph, pd.DataFrame):
        connections, notices = align_connections(graph)
        return _weighted(connections, "table"), notices
    if isinstance(graph, str) and graph in GRAPHS:
        return RegionGraph.dk68(weights=GRAPHS[graph]), ()
    if isinstance(graph, str) and not Path(graph).exists() and not Path(graph).suffix:
        raise InputError(f"unknown graph {graph!r}: give {', '.join(GRAPHS)}, or the path of a file.")
    return read_graph(graph)


def map_names(paths: Sequence[FilePath]) -> list[str]:
    """Name every map after its file, without folder and extension.

    Raises
    ------
    InputError
        If there is no file, or two would give the same name.
    """
    if not paths:
        raise InputError("no thinning file; give at least one.")
    names = [file_stem(path) for path in paths]
    for position, name in enumerate(names):
        first = names.index(name)
        if first < position:
            raise InputError(f"{paths[first]} and {paths[position]} would both be map {name}; rename one of the files.")
    return names


def read_expression(path: FilePath, names: Sequence[str], *, genes: Sequence[str] | None = None) -> ExpressionTable:
    """Read regions by genes, or genes by regions, onto a graph's regions; see `align_expression`."""
    table = read_table(path)
    return align_expression(table.labelled(), names, source=table.source, genes=genes)


def read_thinning(
    path: FilePath,
    names: Sequence[str],
    *,
    name: str | None = None,
    value_column: str | None = None,
    se_column: str | None = None,
    standard_error: Literal["file", "none"] = "file",
) -> ThinningMap:
    """Read one map onto a graph's regions; see `map_from_table`.

    Reads ENIGMA's summary statistics (``Structure``, ``d_icv``, ``se_icv``, ``n_controls``, ``n_patients``),
    text with blanks between columns (``Hem ROIThickness ... d ... NPD NHC``), and any table of named columns.
    """
    table = read_table(path)
    return map_from_table(
        table.frame(),
        names,
        name=file_stem(path) if name is None else name,
        source=table.source,
        value_column=value_column,
        se_column=se_column,
        standard_error=standard_error,
    )


def read_covariances(
    covariance: FilePath | Sequence[FilePath], paths: Sequence[FilePath], names: Sequence[str]
) -> tuple[dict[str, pd.DataFrame] | None, tuple[str, ...]]:
    """Read the sampling covariance of each map that has one: map to labelled square, and notices.

    Parameters
    ----------
    covariance
        "auto": ``MAP_covariance.csv`` (or ``.csv.gz``) beside a map's own file, where there is one; "none"; or files.
    paths, names
        The maps' files and names.

    Raises
    ------
    InputError
        If a file belongs to no map, or can't be read.
    """
    if covariance == "none":
        return None, ()
    if covariance == "auto":
        beside = {name: _covariance_beside(Path(path)) for path, name in zip(paths, names, strict=True)}
        chosen = {name: file for name, file in beside.items() if file is not None}
    else:
        files = [covariance] if isinstance(covariance, str | os.PathLike) else list(covariance)
        alone = len(files) == len(names) == 1
        chosen = {names[0] if alone else file_stem(file).removesuffix("_covariance"): Path(file) for file in files}
        unknown = [file for name, file in chosen.items() if name not in names]
        if unknown:
            raise InputError(
                f"{unknown[0]} goes with none of the maps {', '.join(names)}; name each MAP_covariance.csv."
            )
    told = tuple(f"{name}: errors go together across regions as {file.name} has it." for name, file in chosen.items())
    return {name: read_table(file).labelled() for name, file in chosen.items()} or None, told


def read_graph(path: FilePath) -> tuple[RegionGraph, tuple[str, ...]]:
    """Read a weighted graph and notices of the reading; see `read_connections` for the forms of a file.

    Weights are divided by the mean weight of an edge, so that smoothness means the same in any unit. A graph
    of Desikan-Killiany regions also gets their positions, hemispheres, lobes and homologues.
    """
    connections, notices = read_connections(path)
    try:
        return _weighted(connections, file_stem(path)), notices
    except GraphError as fault:
        raise GraphError(f"{Path(path).name}: {fault}") from fault


def read_folds(path: FilePath, names: Sequence[str]) -> np.ndarray:
    """Read a way of folding, a table with the columns region and fold, onto a graph's regions; (region,) int.

    A region that the table leaves out gets the fold -1: it is fine as long as no map has a value there.

    Raises
    ------
    InputError
        Naming the file, the row or column, and the remedy.
    """
    table = read_table(path)
    frame = table.frame()
    for column in ("region", "fold"):
        if column not in frame.columns:
            raise InputError(
                f"{table.source} has no column {column}; a table of folds has the columns region and fold."
            )
    placed = place_rows(frame.set_index("region")[["fold"]], names, source=table.source)
    numbers = parse_numbers(placed.frame, source=table.source).to_numpy()[:, 0]
    for label, number in zip(placed.frame.index, numbers, strict=True):
        if not (np.isfinite(number) and number == int(number) and number >= 0):
            raise InputError(
                f"{table.source}, row {label}: the fold is {number:g}; number folds with whole numbers from 0."
            )
    return np.nan_to_num(placed.scatter(numbers), nan=-1).astype(int)


def _covariance_beside(path: Path) -> Path | None:
    places = [path.with_name(f"{file_stem(path)}_covariance{end}") for end in (".csv", ".csv.gz")]
    return next((place for place in places if place.is_file()), None)


def _weighted(connections: pd.DataFrame, label: str) -> RegionGraph:
    graph, atlas = RegionGraph.from_connectivity(connections), RegionGraph.dk68()
    on_atlas = set(graph.names) <= set(atlas.names)
    return replace(atlas.subset(graph.names) if on_atlas else graph, weights=graph.weights, label=label)
