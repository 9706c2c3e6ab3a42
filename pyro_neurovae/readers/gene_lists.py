"""Lists of gene symbols in a user's file: a symbol a line, or a column of a table."""

from __future__ import annotations

import os

from ..errors import InputError
from .gene_columns import is_date
from .text_table import read_cells

__all__ = ["read_genes"]

# Names of the column of symbols, in this order: HGNC's, then those of LINCS' tables and of other lists.
_COLUMNS = ("gene", "symbol", "gene_symbol", "approved symbol", "hgnc_symbol", "pr_gene_symbol", "genes", "symbols")
# What marks the landmark genes in LINCS' tables of all its genes.
_LANDMARK = {"pr_is_lm": "1", "feature_space": "landmark"}


def read_genes(path: str | os.PathLike[str]) -> list[str]:
    """Read gene symbols from a text file (CSV, TSV or blanks; gzipped or not).

    Parameters
    ----------
    path
        One symbol a line, all in one line, or a table whose column ``gene`` or ``symbol`` holds them. Lines that
        begin with ``#`` are skipped. Of LINCS' tables of all genes, those with a column ``pr_is_lm`` or
        ``feature_space``, only the landmark genes are read.

    Returns
    -------
    list of str
        The symbols in the file's order, each once.

    Raises
    ------
    InputError
        When the file can't be read, holds no symbol, has several columns of which none is known, or holds a date
        that a spreadsheet made of a symbol.
    """
    source, lines = read_cells(path)
    rows = [(line, cells) for line, cells in lines if not cells[0].startswith("#")]
    header = [cell.lower() for cell in rows[0][1]] if rows else []
    if len(rows) == 1 and not set(header) & set(_COLUMNS):
        rows = [(line, [cell]) for line, cells in rows for cell in cells]
    column = next((header.index(name) for name in _COLUMNS if name in header), None)
    if column is None and any(len(cells) > 1 and any(cells[1:]) for _, cells in rows):
        raise InputError(
            f"{source}: several columns ({', '.join(rows[0][1][:4])}) of which none is called gene or symbol; "
            "name the column of symbols gene, or give one symbol a line."
        )
    body = rows if column is None else [row for row in rows[1:] if _is_landmark(header, row[1])]
    symbols = [(line, cells[column or 0]) for line, cells in body if len(cells) > (column or 0) and cells[column or 0]]
    for line, symbol in symbols:
        if is_date(symbol):
            raise InputError(
                f"{source}, line {line}: {symbol} is a date that a spreadsheet made of a gene symbol; "
                "correct it, MARCH1 and SEPT1 are among those it happens to."
            )
    if not symbols:
        raise InputError(f"{source}: no gene symbol in it; give one symbol a line, or a column called gene.")
    return list(dict.fromkeys(symbol for _, symbol in symbols))


def _is_landmark(header: list[str], cells: list[str]) -> bool:
    """Whether a row is to be read: in a table that marks landmark genes only those are."""
    marks = [(header.index(name), mark) for name, mark in _LANDMARK.items() if name in header]
    return all(place < len(cells) and cells[place].lower() == mark for place, mark in marks)
