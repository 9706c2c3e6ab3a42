"""How reliable each gene is, its weight among the others: a table, and what it says placed on the genes of a study."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..errors import InputError
from ..wording import first_names
from .magnitudes import check_magnitude
from .table_headers import check_columns
from .text_table import parse_numbers, read_table

__all__ = ["Reliability", "place_reliability", "read_reliability"]


# A gene that weighs so many times the usual is the only one that counts.
_FURTHEST = 1e6


@dataclass(frozen=True, eq=False)
class Reliability:
    """Reliability of genes.

    Attributes
    ----------
    source
        File or argument that they come from, for messages.
    weights
        Gene to weight, as it stands there.
    """

    source: str
    weights: pd.Series


def read_reliability(path: str | os.PathLike[str]) -> Reliability:
    """Read a table with the columns gene and weight.

    Raises
    ------
    InputError
        If the file can't be read or lacks one of the columns.
    """
    table = read_table(path)
    frame = table.frame().rename(columns=str.lower)
    what = "a table of weights has the columns gene and weight"
    check_columns(list(frame.columns), ("gene", "weight"), source=table.source, what=what)
    return Reliability(table.source, frame.set_index("gene")["weight"])


def place_reliability(weights: Reliability | pd.Series | None, genes: Sequence[str]) -> np.ndarray | None:
    """Place weights on genes by name; (gene,), None for None.

    Parameters
    ----------
    weights
        Gene to weight. What is said of other genes is ignored.
    genes
        The genes of the study.

    Raises
    ------
    InputError
        For a gene without a weight, with two, or with one that is not above 0.
    """
    if weights is None:
        return None
    held = Reliability("gene_weights", weights) if isinstance(weights, pd.Series) else weights
    numbers = parse_numbers(held.weights.to_frame("weight"), source=held.source)["weight"]
    twice = numbers.index[numbers.index.duplicated()]
    if len(twice):
        raise InputError(f"{held.source}: gene {twice[0]} has two weights; keep one.")
    placed = numbers.reindex(list(genes))
    labels = [str(gene) for gene in genes]
    check_magnitude(
        placed.to_numpy(dtype=float),
        labels=labels,
        source=held.source,
        what="weight",
        furthest=_FURTHEST,
        remedy="leave the gene out with --genes",
    )
    useless = ~(placed > 0)
    if useless.any():
        named = first_names([str(gene) for gene in placed.index[useless]])
        raise InputError(
            f"{held.source}: no weight above 0 for {named}; give them one, or leave the genes out with --genes."
        )
    return placed.to_numpy(dtype=float)
