"""Gene sets in GMT files."""

from __future__ import annotations

import os
import re

from ..errors import InputError, warn
from ..wording import first_names
from .gene_columns import is_date
from .text_table import read_text

__all__ = ["read_gmt"]

# A gene as it stands alone; words for no description; a weight behind a gene, as Enrichr's libraries have it.
_SYMBOL = re.compile(r"[A-Z][A-Z0-9]*(?:[-.][A-Z0-9]+)*|C\d+orf\d+|[A-Z][a-z]+\d+[a-z0-9]*")
_NOTHING = frozenset({"NA", "N/A", "NONE", "NULL"})
_WEIGHT = re.compile(r",-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?$")


def read_gmt(path: str | os.PathLike[str]) -> dict[str, tuple[str, ...]]:
    """Read gene sets from a GMT file, gzipped or not.

    Parameters
    ----------
    path
        One set a line: its name, a description (which is not kept), then its genes, separated by tabs, as MSigDB,
        Enrichr and g:Profiler write them. Empty lines and lines that begin with ``#`` are skipped, weights behind
        genes (``APP,1.0``) are left off. Where the second field of every line is a gene's symbol, and no identifier
        that only counts on, the sets have no descriptions: it is read as a gene, with a warning. Dates that a
        spreadsheet made of symbols are left out, with a warning.

    Returns
    -------
    dict
        Name to genes, in the file's order, each gene once.

    Raises
    ------
    InputError
        Naming file and line, where a line has no genes or no name, or repeats the name of an earlier set; also where
        the file is missing, is no text, or holds no set.
    """
    source, text = read_text(path)
    rows = [
        (number, [cell.strip() for cell in line.split("\t")])
        for number, line in enumerate(text.split("\n"), start=1)
        if line.strip() and not line.startswith("#")
    ]
    first = 1 if _described([row for _, row in rows]) else 0
    sets: dict[str, tuple[str, ...]] = {}
    for number, (name, *rest) in rows:
        genes = tuple(dict.fromkeys(_WEIGHT.sub("", gene) for gene in rest[first:] if gene))
        if not name:
            raise InputError(f"{source}, line {number}: the set has no name; give name, description and genes.")
        if not genes:
            raise InputError(
                f"{source}, line {number}: the set {name[:40]} has no genes; give name, description and genes, "
                "separated by tabs."
            )
        if name in sets:
            raise InputError(
                f"{source}, line {number}: the set {name} is there already; give each set a name of its own."
            )
        sets[name] = genes
    if not sets:
        raise InputError(f"{source}: no gene set in it; give one a line: name, description and genes.")
    if not first:
        shown = first_names([row[1] for _, row in rows], limit=3)
        _warn(
            f"{source}: no descriptions, the second field of each line is read as a gene ({shown}); leave it empty "
            "if it describes the set."
        )
    return _without_dates(sets, source)


def _described(rows: list[list[str]]) -> bool:
    """Whether the second fields are descriptions: not all of them are symbols, or they are one, or count on."""
    second = [row[1] for row in rows if len(row) > 1]
    symbols = all(_SYMBOL.fullmatch(cell) and cell not in _NOTHING for cell in second)
    if not symbols or len(second) < len(rows) or any(row[1] == row[0] for row in rows):
        return True
    genes = {gene for row in rows for gene in row[2:]}
    stems = {re.sub(r"\d+", "", cell) for cell in second}
    return len(stems) == 1 and len(second) > 1 and not set(second) & genes


def _without_dates(sets: dict[str, tuple[str, ...]], source: str) -> dict[str, tuple[str, ...]]:
    dates = list(dict.fromkeys(gene for genes in sets.values() for gene in genes if is_date(gene)))
    if not dates:
        return sets
    _warn(
        f"{source}: dates that a spreadsheet made of gene symbols are left out: {first_names(dates)}; write the "
        "symbols to have them read (MARCHF1, SEPTIN2, DELEC1 are such)."
    )
    return {name: tuple(gene for gene in genes if gene not in dates) for name, genes in sets.items()}


def _warn(sentence: str) -> None:
    warn(sentence)
