"""What a user says of genes: which to keep, and how much each weighs."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..errors import InputError
from ..wording import first_names
from .gene_lists import read_genes
from .text_table import parse_numbers, read_table

__all__ = ["as_gene_weights", "as_genes"]

FilePath = str | os.PathLike[str]


def as_genes(genes: Sequence[str] | FilePath | None) -> Sequence[str] | None:
    """Return gene symbols as they are, or those that a file lists; None stays None."""
    return read_genes(genes) if isinstance(genes, str | os.PathLike) else genes


def as_gene_weights(weights: pd.Series | FilePath | None, genes: Sequence[str]) -> np.ndarray | None:
    """Place weights on genes by name; (gene,), None for None.

    Parameters
    ----------
    weights
        Gene to weight, or a file with the columns gene and weight. What is said of other genes is ignored.
    genes
        The genes of the study.

    Raises
    ------
    InputError
        For a gene without a weight, with two, or with one that is not above 0.
    """
    if weights is None:
        return None
    source, series = ("gene_weights", weights) if isinstance(weights, pd.Series) else _read_weights(weights)
    numbers = parse_numbers(series.to_frame("weight"), source=source)["weight"]
    twice = numbers.index[numbers.index.duplicated()]
    if len(twice):
        raise InputError(f"{source}: gene {twice[0]} has two weights; keep one.")
    placed = numbers.reindex(list(genes))
    useless = ~(placed > 0)
    if useless.any():
        named = first_names([str(gene) for gene in placed.index[useless]])
        raise InputError(
            f"{source}: no weight above 0 for {named}; give them one, or leave the genes out with --genes."
        )
    return placed.to_numpy(dtype=float)


def _read_weights(path: FilePath) -> tuple[str, pd.Series]:
    table = read_table(path)
    frame = table.frame().rename(columns=str.lower)
    if not {"gene", "weight"} <= set(frame.columns):
        raise InputError(f"{table.source}: no columns gene and weight; name them so.")
    return table.source, frame.set_index("gene")["weight"]
