"""Tables of several donors joined on a graph's regions."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ..errors import InputError
from ..graphs.region_graph import RegionGraph
from ..graphs.registry import as_graph
from ..readers.expression_table import ExpressionTable, align_expression
from ..wording import first_names
from .donor_agreement import donor_mean
from .donor_expression import DonorExpression

__all__ = ["from_donors"]

FilePath = str | os.PathLike[str]


def from_donors(
    tables: Mapping[str, pd.DataFrame],
    graph: RegionGraph | FilePath | pd.DataFrame | None = None,
    *,
    settings: Mapping[str, Any] | None = None,
) -> DonorExpression:
    """Join the tables of donors on a graph's regions, by name and never by position.

    Parameters
    ----------
    tables
        Donor's id to its table, regions by genes or genes by regions, labels in any spelling that `resolve` knows;
        a region that a donor lacks is left out or a row of NaN.
    graph
        The regions to place the rows on: a `RegionGraph` or what `Study.from_frames` takes for one; None (the
        default) means the 68 Desikan-Killiany regions.
    settings
        What the tables were made with, kept as a record.

    Returns
    -------
    DonorExpression
        The genes that every donor has, in the order of the first donor's table; each donor's table is cleaned as
        `Study` cleans one, and a gene that goes for one donor goes for all.

    Raises
    ------
    InputError
        When there is no table, one can't be used (the sentence names the donor), or no gene is common to all.
    """
    if not tables:
        raise InputError("no donor's table was given; give at least one, as a mapping from the donor's id.")
    ground, notices = as_graph("dk68" if graph is None else graph)
    aligned = {
        str(donor): align_expression(table, ground.names, source=f"donor {donor}") for donor, table in tables.items()
    }
    genes, dropped = _common_genes(aligned)
    values = np.stack([_columns(table, genes) for table in aligned.values()])  # (donor, region, gene)
    notices = (*notices, *_merged_notices(aligned), *dropped)
    unmeasured = [name for name, row in zip(ground.names, donor_mean(values), strict=True) if np.isnan(row).all()]
    if unmeasured:
        notices = (*notices, f"no donor has a value in {first_names(unmeasured)}.")
    return DonorExpression(tuple(genes), ground.names, tuple(aligned), values, settings or {}, notices)


def _columns(table: ExpressionTable, genes: list[str]) -> np.ndarray:
    place = {gene: column for column, gene in enumerate(table.genes)}
    return table.values[:, [place[gene] for gene in genes]]


def _merged_notices(tables: Mapping[str, ExpressionTable]) -> tuple[str, ...]:
    """Notices of the tables, the same one of several donors told once."""
    told: dict[str, list[str]] = {}
    for donor, table in tables.items():
        for notice in table.notices:
            told.setdefault(notice.removeprefix(f"donor {donor}: "), []).append(donor)
    return tuple(f"donor(s) {', '.join(donors)}: {notice}" for notice, donors in told.items())


def _common_genes(tables: Mapping[str, ExpressionTable]) -> tuple[list[str], tuple[str, ...]]:
    sets = [set(table.genes) for table in tables.values()]
    common, every = set.intersection(*sets), set.union(*sets)
    if not common:
        raise InputError(
            f"no gene is common to the tables of donors {first_names(list(tables))}; "
            "check that all name genes by the same kind of symbol."
        )
    genes = [gene for gene in next(iter(tables.values())).genes if gene in common]
    if common == every:
        return genes, ()
    lost = sorted(every - common)
    return genes, (f"{len(lost)} gene(s) dropped that not every donor has: {first_names(lost)}.",)
