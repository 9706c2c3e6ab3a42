"""Gene sets placed on the genes of a study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import InputError, SettingsError

__all__ = ["PlacedSets", "place_sets"]


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
