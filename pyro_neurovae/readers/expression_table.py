"""A table of gene expression, either way round, as regions by genes in the graph's order."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..atlases.resolver import known_share
from ..errors import InputError
from ..wording import first_names
from .placement import place_rows
from .text_table import parse_numbers, read_table

__all__ = ["ExpressionTable", "align_expression", "constant_genes", "read_expression"]


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

    Genes missing everywhere go first; then a region that lacks over half of the genes counts as not
    measured; then genes that a measured region still lacks go, and genes that do not vary. Of genes that
    stand twice the first is kept. Each kind that occurs leaves one notice.

    Parameters
    ----------
    frame
        Regions in rows and genes in columns, or the other way round: the labels decide.
    names
        The graph's regions, in its order. Labels without a hemisphere are read as left, the side that every
        donor of the Allen atlas has.
    source
        File or argument, for messages.
    genes
        Genes to keep; None (the default) keeps all.

    Raises
    ------
    InputError
        If neither axis names regions, a cell is no finite number, or no gene is left.
    """
    placed = place_rows(_regions_in_rows(frame, names, source), names, source=source, unlabelled="L")
    notices = list(placed.notices)
    table = _wanted(_unique(placed.frame, source, notices), genes, source, notices)
    values = placed.scatter(parse_numbers(table, source=source).to_numpy())  # (region, gene)
    symbols = np.array([str(gene) for gene in table.columns], dtype=object)
    values, kept = _usable(values, symbols, source, notices)
    return ExpressionTable(tuple(kept), values, tuple(notices))


def read_expression(
    path: str | os.PathLike[str], names: Sequence[str], *, genes: Sequence[str] | None = None
) -> ExpressionTable:
    """Read regions by genes, or genes by regions, onto a graph's regions; see `align_expression`."""
    table = read_table(path)
    return align_expression(table.labelled(), names, source=table.source, genes=genes)


def constant_genes(values: np.ndarray) -> np.ndarray:
    """Return (gene,) whether a gene's values (region, gene) are all equal up to rounding."""
    return np.ptp(values, axis=0) <= 1e-12 * np.abs(values).max(axis=0)


def _regions_in_rows(frame: pd.DataFrame, names: Sequence[str], source: str) -> pd.DataFrame:
    down, across = known_share(frame.index, names), known_share(frame.columns, names)
    if max(down, across) > 0:
        return frame if down >= across else frame.T
    if frame.shape[1] > 1 and known_share(frame.iloc[:, 0], names) > 0.5:
        # Row numbers that pandas or R wrote stand before the labels.
        return frame.iloc[:, 1:].set_axis(pd.Index(frame.iloc[:, 0], dtype=object), axis=0)
    raise InputError(
        f"{source}: neither rows ({first_names([str(label) for label in frame.index], limit=2)}) nor columns "
        f"({first_names([str(label) for label in frame.columns], limit=2)}) name regions of the graph; "
        f"label one side with names such as {names[0]}."
    )


def _unique(frame: pd.DataFrame, source: str, notices: list[str]) -> pd.DataFrame:
    repeated = frame.columns.duplicated()
    if repeated.any():
        twice = first_names([str(gene) for gene in frame.columns[repeated].unique()])
        notices.append(f"{source}: genes that stand more than once, the first of each kept: {twice}.")
    return frame.loc[:, ~repeated]


def _wanted(frame: pd.DataFrame, genes: Sequence[str] | None, source: str, notices: list[str]) -> pd.DataFrame:
    if genes is None:
        return frame
    wanted = frame.columns.isin(list(genes))
    absent = [gene for gene in genes if gene not in set(frame.columns)]
    if not wanted.any():
        raise InputError(
            f"{source}: none of the genes asked for is in the table ({first_names(absent)}); "
            "check that both use gene symbols."
        )
    if absent:
        notices.append(f"{source}: genes asked for that the table lacks: {first_names(absent)}.")
    return frame.loc[:, wanted]


def _usable(values: np.ndarray, symbols: np.ndarray, source: str, notices: list[str]) -> tuple[np.ndarray, list[str]]:
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
    if not measured.any():
        raise InputError(
            f"{source}: every region lacks over half of its genes; give a table with more values filled in."
        )
    keep(~np.isnan(values[measured]).any(axis=0), "missing in a measured region")
    keep(~constant_genes(values[measured]), "constant")
    values = values.copy()
    values[~measured] = np.nan
    return values, [str(gene) for gene in symbols]
