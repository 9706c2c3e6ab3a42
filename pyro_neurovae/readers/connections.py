"""Files of connections, squares with labels inside or beside and edge lists, as one labelled table."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from ..atlases.atlas import dk68_names
from ..atlases.resolver import known_share, resolve_on
from ..errors import GraphError, InputError
from ..wording import first_names
from .labels_beside import file_beside, plain_stem
from .magnitudes import check_magnitude
from .table_headers import is_number
from .text_table import parse_numbers, plain_name, read_cells

__all__ = ["align_connections", "read_connections"]

_REMEDY = "write 0 where there is no connection"
ENDS = ("first", "second", "source", "target", "from", "to", "region1", "region2", "node1", "node2", "i", "j")


def read_connections(path: str | os.PathLike[str]) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Read a square table of weights (region, region), labelled on both sides, and notices of the reading.

    A matrix without labels takes them from the file beside it whose name has "labels" in place of "matrix",
    or ``_labels`` at its end. Labels of Desikan-Killiany regions are brought to their canonical names and
    order, and rows that are no region are left out; labels of another atlas stay as they are. Weights of a
    region with itself say nothing of neighbours: they are set aside with a notice.

    Raises
    ------
    InputError
        If the file has none of the three forms, or a label or number can't be used.
    """
    source, lines = read_cells(path)
    rows = _without_ends([row for _, row in lines])
    width = len(rows[-1])
    if len(rows) == width and all(is_number(cell) for cell in rows[0] + rows[-1]):
        labels = _labels_beside(Path(path), width)
        table = _square(rows, labels, labels, source)
    elif len(rows) == width + 1 and all(is_number(cell) for cell in rows[1]):
        table = _square(rows[1:], rows[0], rows[0], source)
    elif len(rows) == width and width > 1:
        table = _square([row[1:] for row in rows[1:]], [row[0] for row in rows[1:]], rows[0][1 - width :], source)
    elif width in (2, 3):
        return _without_loops(_edges(rows, source), source)
    else:
        raise InputError(
            f"{source}: {len(rows)} lines of {width} fields are neither a square table nor a list of edges; "
            "give regions by regions with labels, or lines of region, region, weight."
        )
    return _without_loops(_canonical_square(table, source), source)


def _without_ends(rows: list[list[str]]) -> list[list[str]]:
    """Rows without the empty fields that delimiters at the ends of all lines make."""
    spare = min(next((k for k, cell in enumerate(reversed(row)) if cell), len(row)) for row in rows)
    return [row[: len(row) - spare] for row in rows]


def align_connections(table: pd.DataFrame, *, source: str = "graph") -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Check and bring to canonical labels a square table in memory, as `read_connections` does a file's."""
    index, columns = [str(label) for label in table.index], [str(label) for label in table.columns]
    square = _square(table.to_numpy(dtype=object).tolist(), index, columns, source)
    return _without_loops(_canonical_square(square, source), source)


def _without_loops(table: pd.DataFrame, source: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
    weights = table.to_numpy(copy=True)
    rows = [str(label) for label in table.index]
    for label, column in zip(rows, weights.T, strict=True):
        check_magnitude(column, labels=rows, source=source, what=f"the connection with {label}", remedy=_REMEDY)
    loops = np.flatnonzero(np.diag(weights))
    if not loops.size:
        return table, ()
    named = first_names([str(label) for label in table.index[loops]])
    np.fill_diagonal(weights, 0.0)
    notice = f"{source}: weights of regions with themselves set aside: {named}."
    return pd.DataFrame(weights, index=table.index, columns=table.columns), (notice,)


def _square(rows: Sequence[Sequence[str]], index: Sequence[str], columns: Sequence[str], source: str) -> pd.DataFrame:
    for label, row in zip(index, rows, strict=False):
        if len(row) != len(columns):
            raise InputError(f"{source}, row {label}: {len(row)} weights for {len(columns)} columns; complete the row.")
    if sorted(index) != sorted(columns):
        odd = sorted(set(index) ^ set(columns)) or sorted(label for label in index if index.count(label) > 1)
        raise GraphError(f"{source}: rows and columns have different labels, {odd[0]} among them; label both alike.")
    cells = pd.DataFrame([list(row) for row in rows], index=list(index), columns=list(columns), dtype=object)
    table = parse_numbers(cells, source=source, remedy=_REMEDY)
    if table.isna().to_numpy().any():
        row, column = np.argwhere(table.isna().to_numpy())[0]
        raise InputError(
            f"{source}, row {table.index[row]}, column {table.columns[column]}: the weight is missing; {_REMEDY}."
        )
    return table


def _labels_beside(path: Path, n_regions: int) -> list[str]:
    stem, suffix = plain_stem(path)
    stems = [re.sub("matrix", "labels", stem, flags=re.IGNORECASE), f"{stem}_labels"]
    beside = file_beside(path, stems)
    if beside is None:
        raise InputError(
            f"{path.name}: a matrix without labels; add them as first row and column, "
            f"or put them in {stems[stems[0] == stem]}{suffix} beside it."
        )
    _, lines = read_cells(beside)
    labels = [cell for _, row in lines for cell in row]
    if len(lines) == n_regions + 1:
        labels = labels[1:]  # a header over a column of labels
    if len(labels) != n_regions:
        raise InputError(
            f"{beside.name}: {len(labels)} labels for the {n_regions} rows of {path.name}; give one for each row."
        )
    return labels


def _canonical_square(table: pd.DataFrame, source: str) -> pd.DataFrame:
    twice = table.index[table.index.duplicated()]
    if len(twice):
        raise GraphError(f"{source}: two rows for one region, {twice[0]}; keep one row for each region.")
    table = table.loc[:, list(table.index)]
    canonical = _canonical(list(table.index), source)
    kept = table.loc[list(canonical), list(canonical)].set_axis(list(canonical.values()), axis=0)
    kept = kept.set_axis(list(canonical.values()), axis=1)
    order = [name for name in dk68_names() if name in kept.index]
    return kept.loc[order, order] if len(order) == len(kept) else kept


def _canonical(labels: Sequence[str], source: str) -> dict[str, str]:
    if known_share(labels, dk68_names()) <= 0.5:
        return {label: label for label in labels}
    return dict(resolve_on(labels, dk68_names(), source=source).canonical)


def _edges(rows: Sequence[Sequence[str]], source: str) -> pd.DataFrame:
    headed = any(plain_name(cell) in ENDS for cell in rows[0]) or not all(map(is_number, rows[0][2:]))
    lines = rows[1:] if headed else rows
    odd = next((number for number, row in enumerate(lines, 1) if len(row) != len(lines[-1])), None)
    if odd is not None:
        raise InputError(f"{source}, edge {odd}: {len(lines[odd - 1])} fields; give region, region and a weight.")
    ends = list(dict.fromkeys(label for row in lines for label in row[:2]))
    canonical = _canonical(ends, source)
    names = list(dict.fromkeys(canonical.values()))
    if set(names) <= set(dk68_names()):
        # A region without an edge is an island of the hemisphere, not a region the study lacks.
        names = [name for name in dk68_names() if any(name[0] == other[0] for other in names)]
    pairs = [f"{row[0]} - {row[1]}" for row in lines]
    weights = pd.DataFrame({"weight": [row[2] if len(row) > 2 else "1" for row in lines]}, index=pairs, dtype=object)
    values = parse_numbers(weights, source=source, remedy="drop the edge")["weight"].to_numpy()
    return _filled(lines, values, canonical, names, source)


def _filled(
    lines: Sequence[Sequence[str]],
    values: np.ndarray,
    canonical: dict[str, str],
    names: list[str],
    source: str,
) -> pd.DataFrame:
    order = {name: position for position, name in enumerate(names)}
    weights = np.full((len(names), len(names)), np.nan)
    for row, value in zip(lines, values, strict=True):
        if np.isnan(value):
            raise InputError(f"{source}, edge {row[0]} - {row[1]}: the weight is missing; give one or drop the edge.")
        if row[0] not in canonical or row[1] not in canonical:
            continue
        ends = order[canonical[row[0]]], order[canonical[row[1]]]
        for pair in (ends, ends[::-1]):
            if not np.isnan(weights[pair]) and weights[pair] != value:
                both = f"{weights[pair]:g} and {value:g}"
                raise GraphError(f"{source}: two weights for the edge {row[0]} - {row[1]}, {both}; keep one.")
            weights[pair] = value
    return pd.DataFrame(np.nan_to_num(weights), index=names, columns=names)
