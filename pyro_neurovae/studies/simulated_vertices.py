"""A map of vertices that has a simulated study's map as its means over regions."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..atlases.vertices import SURFACES, at_vertices, vertex_parcels
from ..errors import InputError, SettingsError, check_seed
from ..graphs.surface_field import Detail, cortical_field, numbered_anew
from .study import Study

__all__ = ["simulate_vertices"]


def simulate_vertices(
    study: Study, seed: int = 0, *, surface: str = "fsaverage5", detail: float = 0.1, range_mm: float = 15.0
) -> pd.DataFrame:
    """Draw a map of vertices whose means over regions are those of a study's first map.

    Between regions it is smooth (`graphs.surface_field.interpolation`); within them it has detail, half of it effect
    and half of it sampling error, of one size and smoothness. Saved as a table it is read as a map of vertices.

    Parameters
    ----------
    study
        A study on a graph whose vertices are known, such as `simulate` draws it.
    seed
        Seed of the detail.
    surface
        "fsaverage5" (the default), "fsaverage4" or "fsaverage3".
    detail
        Standard deviation of the detail of effect, and of that of error, in the map's units.
    range_mm
        Range of the detail along the cortex.

    Returns
    -------
    DataFrame
        One row a vertex of the regions that the map has:
        ``hemisphere``, ``vertex`` (from 0), ``d``, ``se`` (its region's) and
        ``effect``, what was drawn without the detail's error (the regions' errors are in both).

    Raises
    ------
    SettingsError
        For an unknown surface, a negative detail or a range that is not positive.
    InputError
        For a graph whose vertices are not known.
    """
    check_seed(seed)
    if surface not in SURFACES:
        raise SettingsError(f"unknown surface {surface!r}; give {', '.join(SURFACES)}.")
    if not (detail >= 0 and range_mm > 0):
        raise SettingsError(f"detail is {detail} and range_mm {range_mm}; give at least 0 and more than 0.")
    labels = vertex_parcels(study.regions, study.graph.label)
    if labels is None:
        raise InputError(f"the vertices of the graph {study.graph.label} are not known; simulate on dk68 or cortex200.")
    field, cortex = cortical_field(SURFACES[surface], range_mm)
    parcel = at_vertices(labels, SURFACES[surface])[cortex]
    inside = np.append(study.thinning_observed[0], False)[parcel]
    own, present = numbered_anew(parcel, inside)  # a coarse surface misses small regions
    coarse = Detail.over(field, own)
    white = np.random.default_rng([seed, 17]).standard_normal((len(parcel), 2))
    effect, error = detail * coarse.draw(white).T
    smooth = coarse.joined @ study.thinning[0][present]
    place = np.flatnonzero(cortex)
    table = pd.DataFrame(
        {
            "hemisphere": np.where(place < SURFACES[surface], "L", "R"),
            "vertex": place % SURFACES[surface],
            "d": smooth + effect + error,
            "se": study.standard_error[0][parcel],
            "effect": smooth + effect,
        }
    )
    return table[inside].reset_index(drop=True)
