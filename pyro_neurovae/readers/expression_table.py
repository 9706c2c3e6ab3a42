"""A table of gene expression, either way round, as regions by genes in the graph's order."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ..atlases.atlas import numbered_names
from ..atlases.resolver import known_share
from ..errors import InputError
from ..wording import first_names
from .gene_columns import check_scales, is_date, is_no_gene
from .labels_beside import file_beside, plain_stem
from .magnitudes import LARGEST, SMALLEST, check_magnitude, constant
from .placement import place_rows
from .row_labels import label_columns, label_rows
from .text_table import parse_numbers, read_table
from .thinning_columns import effect_table, first_column

__all__ = ["ExpressionTable", "align_expression", "read_expression"]

# A region may be the lowest, which is 0 where genes are scaled from 0 to 1, in fewer genes than these.
_FEWEST = 20
# Names of the column of numbers in an atlas's table of its regions.
_NUMBERS = ("id", "index", "key", "number", "no", "label", "roi", "parcel")


@dataclass(frozen=True)
class ExpressionTable:
    """Expression on a graph's regions.

    Attributes
    ----------
    genes
        Names of the genes that are left, in the source's order.
    values
        Expression (region, gene) as given; a whole row NaN where a region is not measured.
    notices
        What was dropped or assumed, one sentence each.
    """

    genes: tuple[str, ...]
    values: np.ndarray
    notices: tuple[str, ...]


def align_expression(
    frame: pd.DataFrame,
    names: Sequence[str],
    *,
    source: str = "expression",
    genes: Sequence[str] | None = None,
) -> ExpressionTable:
    """Place an expression table on a graph and drop the genes that can't be used.

    Columns (or rows) that are known to be no genes go first: coordinates, sizes, means, numbers and names of
    regions or genes; and those whose name a spreadsheet made a date. Then genes missing everywhere go; then a region
    that lacks over half of the genes counts as not measured; then genes that a measured region still lacks go, and
    genes that do not vary. Of genes that stand twice the first is kept. Each kind that occurs leaves one notice.

    Parameters
    ----------
    frame
        Regions in rows and genes in columns, or the other way round: the labels decide. Those of regions may be in a
        column, such as label, and their hemisphere in another.
    names
        The graph's regions, in its order. Labels without a hemisphere are read as left, the side that every
        donor of the Allen atlas has.
    source
        File or argument, for messages.
    genes
        Genes to keep, whatever they are called and on whatever scale; None (the default) keeps all.

    Raises
    ------
    InputError
        If it is a table of effects, neither axis names regions, a cell is no finite number or too large, no gene is
        left, or some columns are on a scale of their own.
    """
    effects = effect_table([str(column) for column in frame.columns]) if genes is None else ()
    if effects:
        raise InputError(
            f"{source}: a table of effects by its columns {', '.join(effects)}, not of expression; are --expression "
            "and --thinning swapped?"
        )
    notices: list[str] = []
    regions = _without_extras(_regions_in_rows(frame, names, source), names, genes, source, notices)
    placed = place_rows(regions, names, source=source, unlabelled="L")
    notices += placed.notices
    table = _wanted(_unique(placed.frame, source, notices), genes, source, notices)
    values = placed.scatter(parse_numbers(table, source=source).to_numpy())  # (region, gene)
    symbols = np.array([str(gene) for gene in table.columns], dtype=object)
    _check_sizes(values, symbols, names, source)
    values, kept = _usable(values, symbols, names, source, notices)
    if genes is None:
        check_scales(values, kept, source)
    return ExpressionTable(tuple(kept), values, tuple(notices))


def read_expression(
    path: str | os.PathLike[str], names: Sequence[str], *, genes: Sequence[str] | None = None
) -> ExpressionTable:
    """Read regions by genes, or genes by regions, onto a graph's regions; see `align_expression`.

    Rows that are numbers, as abagen writes them, take their names from the atlas's table (id, label, hemisphere) where
    that lies beside the file under its name with ``_info`` or ``_labels`` at the end.
    """
    table = read_table(path)
    return align_expression(_named_rows(table.labelled(), path, names), names, source=table.source, genes=genes)


def _named_rows(frame: pd.DataFrame, path: str | os.PathLike[str], names: Sequence[str]) -> pd.DataFrame:
    """The table under the names that a file beside it gives to the numbers of its rows, if there is one."""
    place = Path(path)
    own, _ = plain_stem(place)
    if not all(str(label).isdigit() for label in frame.index) or label_columns(frame, names)[0] is not None:
        return frame
    beside = file_beside(place, [f"{own}_info", f"{own}_labels"])
    if beside is None or (known_share(frame.index, names) > 0 and numbered_names(names) is None):
        return frame
    info = read_table(beside)
    table = info.frame()
    numbers = first_column(list(table.columns), _NUMBERS)
    if numbers is None:
        raise InputError(f"{info.source}: no column of the numbers that {place.name} has in its rows; call it id.")
    named = dict(zip(table[numbers], label_rows(table, names, source=info.source).index, strict=True))
    lacking = next((str(label) for label in frame.index if label not in named), None)
    if lacking is not None:
        raise InputError(f"{info.source}: no row with {numbers} {lacking}, which {place.name} has; add it.")
    return frame.set_axis(pd.Index([named[label] for label in frame.index], dtype=object), axis=0)


def _regions_in_rows(frame: pd.DataFrame, names: Sequence[str], source: str) -> pd.DataFrame:
    across = known_share(frame.columns, names)
    if across > known_share(frame.index, names):
        return frame.T
    used = label_columns(frame, names)
    labelled = label_rows(frame, names, source=source)
    labelled = labelled.iloc[:, [position for position in range(frame.shape[1]) if position not in used]]
    if known_share(labelled.index, names) > 0:
        return labelled
    numbered = all(str(label).isdigit() for label in frame.index)
    remedy = "put the atlas's table (id, label, hemisphere) beside it as NAME_info.csv, or " if numbered else ""
    raise InputError(
        f"{source}: neither rows ({first_names([str(label) for label in frame.index], limit=2)}) nor columns "
        f"({first_names([str(label) for label in frame.columns], limit=2)}) name regions of the graph; "
        f"{remedy}label one side with names such as {names[0]}."
    )


def _without_extras(
    frame: pd.DataFrame, names: Sequence[str], genes: Sequence[str] | None, source: str, notices: list[str]
) -> pd.DataFrame:
    """The table without rows and columns that are known to be neither region nor gene, unless they are asked for."""
    asked = frame.columns.isin(list(genes or ()))
    extra = is_no_gene(frame.columns) & ~asked
    dates = np.array([is_date(name) for name in frame.columns], dtype=bool) & ~asked
    rows = is_no_gene(frame.index) & ~frame.index.isin(list(names))
    aside = [str(name).strip() or "(no name)" for name in (*frame.columns[extra], *frame.index[rows])]
    if aside:
        notices.append(f"{source}: set aside, as names of no gene: {first_names(aside)}.")
    if dates.any():
        notices.append(
            f"{source}: genes of which a spreadsheet made dates set aside: "
            f"{first_names([str(name) for name in frame.columns[dates]])}; write their symbols to have them read "
            "(MARCHF1, SEPTIN2, DELEC1 are such)."
        )
    return frame.loc[~rows, ~(extra | dates)]


def _unique(frame: pd.DataFrame, source: str, notices: list[str]) -> pd.DataFrame:
    repeated = frame.columns.duplicated()
    if repeated.any():
        twice = first_names([str(gene) for gene in frame.columns[repeated].unique()])
        notices.append(f"{source}: genes that stand more than once, the first of each kept: {twice}.")
    return frame.loc[:, ~repeated]


def _check_sizes(values: np.ndarray, symbols: np.ndarray, names: Sequence[str], source: str) -> None:
    """Check the genes that have numbers too large to be computed with, or only such that are too small."""
    largest = np.nan_to_num(np.abs(values)).max(axis=0)
    for gene in np.flatnonzero((largest > LARGEST) | ((largest > 0) & (largest < SMALLEST)))[:1]:
        check_magnitude(values[:, gene], labels=names, source=source, what=f"the expression of {symbols[gene]},")


def _wanted(frame: pd.DataFrame, genes: Sequence[str] | None, source: str, notices: list[str]) -> pd.DataFrame:
    if genes is None:
        return frame
    wanted = frame.columns.isin(list(genes))
    absent = [gene for gene in genes if gene not in set(frame.columns)]
    if not wanted.any():
        lower = {str(gene).lower() for gene in frame.columns}
        cased = any(str(gene).lower() in lower for gene in genes)
        remedy = (
            "they are in another letter case, write them as the table does" if cased else "check that both use symbols"
        )
        raise InputError(f"{source}: none of the genes asked for is in the table ({first_names(absent)}); {remedy}.")
    if absent:
        notices.append(f"{source}: genes asked for that the table lacks: {first_names(absent)}.")
    return frame.loc[:, wanted]


def _usable(
    values: np.ndarray, symbols: np.ndarray, names: Sequence[str], source: str, notices: list[str]
) -> tuple[np.ndarray, list[str]]:
    def keep(usable: np.ndarray, reason: str) -> None:
        nonlocal values, symbols
        if not usable.all():
            dropped = [str(gene) for gene in symbols[~usable]]
            count = "1 gene" if len(dropped) == 1 else f"{len(dropped)} genes"
            notices.append(f"{source}: {count} dropped, {reason}: {first_names(dropped)}.")
        values, symbols = values[:, usable], symbols[usable]
        if not symbols.size:
            raise InputError(
                f"{source}: no gene is left, all are missing or constant; "
                "check that the table holds expression values of regions by genes."
            )

    keep(~np.isnan(values).all(axis=0), "missing in every region")
    measured = np.isnan(values).mean(axis=1) <= 0.5
    zero = measured & (np.nan_to_num(values) == 0).all(axis=1) & (len(symbols) >= _FEWEST)
    if zero.any() and not zero[measured].all():
        empty = [name for name, none in zip(names, zero, strict=True) if none]
        notices.append(f"{source}: 0 for every gene, read as not measured: {first_names(empty)}.")
        measured &= ~zero
    if not measured.any():
        raise InputError(
            f"{source}: every region lacks over half of its genes; give a table with more values filled in."
        )
    keep(~np.isnan(values[measured]).any(axis=0), "missing in a measured region")
    keep(~constant(values[measured]), "constant")
    values = values.copy()
    values[~measured] = np.nan
    return values, [str(gene) for gene in symbols]
