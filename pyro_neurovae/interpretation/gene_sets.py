"""Gene sets: read from GMT files, and placed on the genes of a study."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import InputError, SettingsError
from ..readers.text_table import _decode, _read_bytes

__all__ = ["PlacedSets", "place_sets", "read_gmt"]


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
    source = Path(path).name
    sets: dict[str, tuple[str, ...]] = {}
    for number, line in enumerate(_decode(_read_bytes(path), source).split("\n"), start=1):
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


@dataclass(frozen=True)
class PlacedSets:
    """Gene sets on the genes of a study.

    Attributes
    ----------
    names
        Names of the sets that are kept.
    sizes
        How many genes each set lists; (set,).
    members
        Whether a gene is in a set; bool (set, gene).
    """

    names: tuple[str, ...]
    sizes: np.ndarray
    members: np.ndarray

    @property
    def found(self) -> np.ndarray:
        """How many genes of each set the study has; (set,)."""
        found: np.ndarray = self.members.sum(1)
        return found

    def means(self, weights: np.ndarray) -> np.ndarray:
        """Mean over each set's genes minus the mean over all others, of weights (..., gene); (..., set)."""
        inside, count = self.found, self.members.shape[1]
        total = weights @ self.members.T.astype(weights.dtype)
        difference: np.ndarray = total / inside - (weights.sum(-1, keepdims=True) - total) / (count - inside)
        return difference


def place_sets(sets: Mapping[str, Sequence[str]], genes: Sequence[str], *, minimum: int, maximum: int) -> PlacedSets:
    """Find the sets' genes among a study's and keep the sets of which enough, and not too many, are found.

    Raises
    ------
    SettingsError
        For limits that no set can meet.
    InputError
        When no set is left; the message counts why.
    """
    if not 1 <= minimum <= maximum:
        raise SettingsError(f"minimum {minimum} and maximum {maximum}: give whole numbers, 1 <= minimum <= maximum.")
    if not sets:
        raise InputError("no gene sets; give a mapping from a set's name to its genes, as read_gmt does.")
    place = {gene: position for position, gene in enumerate(genes)}
    listed = {name: dict.fromkeys([own] if isinstance(own, str) else own) for name, own in sets.items()}
    found = {name: [place[gene] for gene in own if gene in place] for name, own in listed.items()}
    # A set of every gene has no others to be compared with.
    kept = [name for name, own in found.items() if minimum <= len(own) <= min(maximum, len(genes) - 1)]
    if not kept:
        most = max(found, key=lambda name: len(found[name]))
        raise InputError(
            f"none of {len(sets)} gene sets has {minimum} to {maximum} of the study's {len(genes)} genes (of {most} "
            f"{len(found[most])} of {len(listed[most])} are found); give gene symbols as the expression table has "
            "them, or other limits."
        )
    members = np.zeros((len(kept), len(genes)), dtype=bool)
    for row, name in enumerate(kept):
        members[row, found[name]] = True
    return PlacedSets(tuple(kept), np.array([len(listed[name]) for name in kept]), members)
