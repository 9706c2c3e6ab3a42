"""Places: where expression was measured, if not in the regions that thinning was measured in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from ..cards import Introduced, Part
from ..errors import InputError
from ..graphs.parts import settle
from ..graphs.region_graph import RegionGraph
from ..graphs.supports import seen_through
from ..wording import counted

__all__ = ["Places", "places_of"]


@dataclass(frozen=True, eq=False, repr=False)
class Places(Introduced):
    """Parcels, other than the study's regions, in which expression was measured; programs live on them.

    Attributes
    ----------
    graph
        The graph of the places.
    expression
        Expression (place, gene) as given; a whole row is NaN where a place is not measured.
    support
        How each region sees the places; (region, place), rows that sum to one, or of 0 for a region that sees none.
    """

    graph: RegionGraph = field(
        metadata={"record": RegionGraph, "prefix": "place_", "renamed": {"region": "place", "pair": "place_pair"}}
    )
    expression: np.ndarray = field(metadata={"dims": ("place", "gene"), "stored": "place_expression"})
    support: np.ndarray = field(metadata={"dims": ("region", "place")})

    def __post_init__(self) -> None:
        settle(self)

    @classmethod
    def of(cls, regions: RegionGraph, graph: RegionGraph, expression: np.ndarray) -> Places:
        """Let regions see expression (place, gene) by position; see `graphs.supports.seen_through`.

        Raises
        ------
        InputError
            For a graph without positions or hemispheres, and for another number of rows than it has parcels.
        """
        if len(expression) != graph.n_regions:
            raise InputError(f"expression has {len(expression)} rows for {graph.n_regions} parcels of {graph.label}.")
        return cls(graph, expression, seen_through(regions, graph, ~np.isnan(expression).any(axis=1)))

    def _title(self) -> str:
        return f"Places: {counted(self.graph.n_regions, 'parcel')} of {self.graph.label}"

    def _parts(self) -> Iterator[Part]:
        yield self.told

    @property
    def told(self) -> str:
        """Where expression was measured, as a sentence."""
        count = f"{int(self.observed.sum())} of {self.graph.n_regions} parcels of {self.graph.label}"
        seeing = int(self.seeing.sum())
        where = f"the {seeing} regions" if self.seeing.all() else f"{seeing} of {len(self.support)} regions"
        return f"Expression is measured in {count}, and seen by position from {where}."

    @property
    def observed(self) -> np.ndarray:
        """Whether a place's expression is measured: bool (place,)."""
        return ~np.isnan(self.expression).any(axis=1)

    @property
    def seeing(self) -> np.ndarray:
        """Whether a region sees any place, one measured in its own hemisphere: bool (region,)."""
        return (self.support != 0).any(axis=1)

    def seen(self, values: np.ndarray) -> np.ndarray:
        """What regions see of values (place, ...), whatever stands where nothing was measured; (region, ...).

        Rows of 0 where a region sees nothing.
        """
        seen: np.ndarray = self.support[:, self.observed] @ values[self.observed]
        return seen


def places_of(regions: RegionGraph, elsewhere: RegionGraph | None, expression: np.ndarray) -> Places | None:
    """Places of expression (place, gene) on a graph of its own; None where there is none, or it is the regions'."""
    if elsewhere is None or (elsewhere.names == regions.names and not _apart(regions, elsewhere)):
        return None
    return Places.of(regions, elsewhere, expression)


def _apart(first: RegionGraph, second: RegionGraph) -> bool:
    """Whether regions of the same names lie elsewhere, as those that two atlases number do."""
    here, there = first.centroids, second.centroids
    return here is not None and there is not None and not np.allclose(here, there, atol=1.0)
