"""The tables of a study: expression, thinning, covariances and folds, each from its file to a typed record."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from ..errors import InputError
from .expression_table import ExpressionTable, align_expression
from .placement import place_rows
from .text_table import file_stem, parse_numbers, read_table
from .thinning_table import ThinningMap, map_from_table

__all__ = [
    "map_names",
    "read_covariances",
    "read_expression",
    "read_folds",
    "read_thinning",
]

FilePath = str | os.PathLike[str]


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
