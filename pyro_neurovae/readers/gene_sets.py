"""Gene sets in GMT files."""

from __future__ import annotations

import os

from ..errors import InputError
from .text_table import read_text

__all__ = ["read_gmt"]


def read_gmt(path: str | os.PathLike[str]) -> dict[str, tuple[str, ...]]:
    """Read gene sets from a GMT file, gzipped or not.

    Parameters
    ----------
    path
        One set a line: its name, a description (which is not kept), then its genes, separated by tabs, as MSigDB,
        Enrichr and g:Profiler write them. Empty lines and lines that begin with ``#`` are skipped.

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
    sets: dict[str, tuple[str, ...]] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        name, *rest = [cell.strip() for cell in line.split("\t")]
        genes = tuple(dict.fromkeys(gene for gene in rest[1:] if gene))
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
    return sets
