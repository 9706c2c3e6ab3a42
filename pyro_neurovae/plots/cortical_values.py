"""What is shown on the cortex: values of the regions of a parcellation, or of the vertices of its surface."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from ..atlases.vertices import HEMISPHERE, PARCELLATIONS, finer, parcel_names, parcellation_of
from ..errors import InputError, SettingsError
from ..wording import listed
from .selection import by_name, effect, unit_of

if TYPE_CHECKING:
    from ..graphs.region_graph import RegionGraph
    from ..posterior.fits import Fit

__all__ = ["Place", "Values", "drawn_parcellation", "of_fit", "of_series"]

Place = Literal["regions", "vertices"]

_OF_REGIONS = ("predictable",)


@dataclass(frozen=True, eq=False)
class Values:
    """Values on both hemispheres, left first.

    Attributes
    ----------
    parcellation
        That of the regions; None for vertices of fsaverage5.
    shown
        Values, NaN where there is none; (region,) or (vertex,).
    surest
        Posterior probability of the sign of the effect there; None where values are of no posterior.
    label
        The quantity with its unit.
    """

    parcellation: str | None
    shown: np.ndarray
    surest: np.ndarray | None
    label: str

    def hidden(self, threshold: float | None, sure: float | None) -> np.ndarray:
        """Whether a value is too small, or not sure enough, to be coloured; bool as ``shown``."""
        hidden = np.zeros(len(self.shown), dtype=bool) if threshold is None else np.abs(self.shown) < threshold
        if sure is None:
            return hidden
        if self.surest is None:
            raise SettingsError("sure= is of a fit's posterior; leave it out for a series of values.")
        if not 0.5 <= sure <= 1:
            raise SettingsError(f"sure is {sure!r}; give a probability from 0.5 to 1.")
        return hidden | (self.surest < sure)


def drawn_parcellation(graph: RegionGraph) -> str:
    """Name of the parcellation whose surface shows the regions of a study's graph.

    Raises
    ------
    InputError
        When there is none.
    """
    found = parcellation_of(graph.names, graph.label)
    if found is None:
        known = set().union(*map(parcel_names, PARCELLATIONS))
        strange = next((region for region in graph.names if region not in known), graph.names[-1])
        raise InputError(
            f"the study's regions ({strange} among them) are of no parcellation that the surface shows: it shows "
            f"{listed(PARCELLATIONS)}; draw the study with plots.graph."
        )
    return found


def of_series(values: pd.Series) -> Values:
    """Values by the names of regions, in any spelling where they are Desikan-Killiany ones."""
    parcellation = parcellation_of([str(name) for name in values.index]) or "dk68"
    return Values(parcellation, by_name(values, parcel_names(parcellation)), None, str(values.name or "value"))


def of_fit(fit: Fit, name: str, quantity: str, *, at: Place = "regions", unit: str | None = None) -> Values:
    """A quantity of one map of a fit, at its regions or its vertices.

    Raises
    ------
    InputError
        As `drawn_parcellation`.
    NeurovaeError
        For vertices of a map that was given by regions.
    SettingsError
        For a quantity that vertices do not have.
    """
    label = {
        "interval_width": f"width of the 90% interval ({unit_of(fit.study, unit)})",
        "p_negative": "posterior probability of a negative effect (thinner)",
        "predictable": f"predictable part of the {effect(fit.study, unit)}",
        "difference": f"effect (posterior mean) minus observed ({unit_of(fit.study, unit)})",
    }.get(quantity, effect(fit.study, unit))
    if at == "vertices":
        if quantity in _OF_REGIONS:
            raise SettingsError(f"{quantity} is of regions; leave out at='vertices' for it.")
        table = fit.vertices([name])
        shown, negative = (_at_vertices(fit, table, one) for one in (_column(table, quantity), table["p_negative"]))
        return Values(None, shown, np.maximum(negative, 1 - negative), label)
    parcellation = drawn_parcellation(fit.study.graph)
    table = fit.regions()
    table = table[table["map"] == name].set_index("region")
    columns = _column(table, quantity), table["p_negative"]
    shown, negative = (by_name(column, parcel_names(parcellation)) for column in columns)
    return Values(parcellation, shown, np.maximum(negative, 1 - negative), label)


def _column(table: pd.DataFrame, quantity: str) -> pd.Series:
    """A quantity of each row of a table of regions or vertices."""
    if quantity == "interval_width":
        return table["upper90"] - table["lower90"]
    if quantity == "difference":
        return table["mean"] - table["observed"]
    return table["predictable_mean" if quantity == "predictable" else quantity]


def _at_vertices(fit: Fit, table: pd.DataFrame, column: pd.Series) -> np.ndarray:
    """Put values of a table of vertices at fsaverage5's, NaN where nothing was measured; (vertex,)."""
    assert fit.study.vertices is not None  # or there was no table
    size = len(fit.study.vertices.parcel) // 2
    right = (table["hemisphere"] == "R").to_numpy()
    placed = np.full((2, size), np.nan)
    placed[right.astype(int), table["vertex"]] = column
    both = np.concatenate([finer(own, side) for own, side in zip(placed, ("left", "right"), strict=True)])
    assert len(both) == 2 * HEMISPHERE
    return both
