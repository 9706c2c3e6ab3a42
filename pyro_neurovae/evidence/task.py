"""What a baseline has before it: the regions seen, the regions asked for, and inner folds to be tuned on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from ..graphs.region_graph import RegionGraph

__all__ = ["Task"]


@dataclass(frozen=True, eq=False)
class Task:
    """One map, some of whose regions are hidden and asked for.

    Attributes
    ----------
    genes
        Normalised, centred expression of every region over the root of the number of genes, without gaps;
        (region, gene).
    thinning
        Observed thinning, NaN where it is hidden or unknown; (region,).
    asked
        Which regions are to be predicted, all of them hidden; (region,) bool.
    graph
        The regions, their weights and their homologues.
    """

    genes: np.ndarray
    thinning: np.ndarray
    asked: np.ndarray
    graph: RegionGraph

    @property
    def seen(self) -> np.ndarray:
        """Which regions may be learnt from; (region,) bool."""
        return np.isfinite(self.thinning)

    def hide(self, regions: np.ndarray) -> Task:
        """Ask for those of the given regions (bool) that are seen, from the other ones."""
        return replace(self, thinning=np.where(regions, np.nan, self.thinning), asked=regions & self.seen)

    def inner(self, folds: int | None = None) -> Iterator[Task]:
        """Ask for every seen region once, its homologue hidden with it: pair by pair, or in so many folds of pairs."""
        pair = self.graph.pair
        kinds = np.unique(pair[self.seen])
        number = np.arange(len(kinds)) % (len(kinds) if folds is None else min(folds, len(kinds)))
        for one in range(number.max() + 1):
            yield self.hide(np.isin(pair, kinds[number == one]))

    def errors(self, predict: Callable[[Task], np.ndarray], folds: int | None = None) -> np.ndarray:
        """Errors of a predictor on the seen regions, each predicted from inner folds that hide its pair.

        Parameters
        ----------
        predict
            Function from a task to predictions of the regions asked for; (..., asked region).
        folds
            As `inner` takes them.

        Returns
        -------
        numpy.ndarray
            Observed less predicted; (..., seen region).
        """
        errors: np.ndarray = np.empty(0)
        for one in self.inner(folds):
            missed = self.thinning[one.asked] - predict(one)
            if not errors.size:
                errors = np.full((*missed.shape[:-1], len(self.thinning)), np.nan)
            errors[..., one.asked] = missed
        return errors[..., self.seen]
