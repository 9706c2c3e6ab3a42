"""Expression of single tissue samples, by their MNI coordinates, in the regions of a graph."""

from __future__ import annotations

import os

import numpy as np
import pandas as pd
from scipy.spatial import KDTree

from ..atlases.vertices import surface_mesh, vertex_parcels
from ..errors import InputError, SettingsError, warn
from ..graphs.region_graph import RegionGraph
from ..graphs.registry import as_graph
from ..wording import counted

__all__ = ["from_samples"]

_AXES = ("x", "y", "z")


def from_samples(
    expression: pd.DataFrame,
    coordinates: pd.DataFrame | np.ndarray,
    graph: RegionGraph | str | os.PathLike[str] = "cortex200",
    *,
    farthest: float = 5.0,
) -> pd.DataFrame:
    """Average samples over the regions of a graph: each counts to the region of the vertex that is nearest to it.

    Parameters
    ----------
    expression
        Samples by genes, such as ``abagen.get_samples_in_mask`` gives it with its coordinates.
    coordinates
        Position of each sample in mm of MNI space: columns x, y, z and the samples' labels, or (sample, 3) in their
        order.
    graph
        "dk68", "schaefer100", "schaefer400", "cortex200" (the default) or "cortex400".
    farthest
        Samples further than that (mm) from the surface half way between white and pial are left out: subcortex,
        cerebellum, what lies outside.

    Returns
    -------
    DataFrame
        (region, gene), NaN where a region has no sample; for a study's ``expression`` with the same
        ``expression_graph``.

    Raises
    ------
    InputError
        For samples without a position, columns without numbers, and a graph whose vertices are not known.
    SettingsError
        For a distance that is not positive.

    Examples
    --------
    >>> expression, coordinates = abagen.get_samples_in_mask()
    >>> table = nv.expression.from_samples(expression, coordinates, "cortex200")
    >>> study = nv.Study.from_frames(table, thinning, graph="dk68", expression_graph="cortex200")
    """
    if not farthest > 0:
        raise SettingsError(f"farthest is {farthest}; give a distance above 0, in mm.")
    ground = as_graph(graph)[0]
    labels = vertex_parcels(ground.names, ground.label)
    if labels is None:
        raise InputError(
            f"the vertices of the graph {ground.label} are not known; give dk68, schaefer100, schaefer400, cortex200 "
            "or cortex400."
        )
    words = [gene for gene, kind in expression.dtypes.items() if kind.kind not in "biuf"]
    if words:
        raise InputError(f"expression: the column {words[0]} does not hold numbers; leave it out.")
    place = _positions(expression, coordinates)
    surface = np.concatenate([surface_mesh(side)[0] for side in ("left", "right")])
    inside = np.flatnonzero(labels >= 0)
    distance, nearest = KDTree(surface[inside]).query(place)
    near = np.asarray(distance <= farthest)
    if not near.any():
        raise InputError(
            f"no sample lies within {farthest:g} mm of the cortex; give coordinates in mm of MNI space, x to the right."
        )
    region = labels[inside[nearest]]
    kept = expression.to_numpy(dtype=float)[near]
    means = pd.DataFrame(kept, columns=expression.columns).groupby(region[near]).mean()
    table = means.reindex(range(ground.n_regions)).set_axis(list(ground.names), axis=0)
    empty = int(table.isna().all(axis=1).sum())
    if empty:
        warn(f"{counted(empty, 'region')} of {ground.label} have no sample within {farthest:g} mm; read as missing.")
    return table


def _positions(expression: pd.DataFrame, coordinates: pd.DataFrame | np.ndarray) -> np.ndarray:
    """Positions (sample, 3) in the order of the samples."""
    if isinstance(coordinates, pd.DataFrame):
        lacking = [axis for axis in _AXES if axis not in coordinates]
        if lacking:
            raise InputError(f"coordinates have no column {lacking[0]}; give x, y and z in mm of MNI space.")
        unknown = expression.index.difference(coordinates.index)
        if len(unknown):
            raise InputError(f"coordinates: no row for sample {unknown[0]}; give one for each sample.")
        if coordinates.index.has_duplicates:
            twice = coordinates.index[coordinates.index.duplicated()][0]
            raise InputError(f"coordinates: sample {twice} has two rows; keep one.")
        coordinates = coordinates.loc[expression.index, list(_AXES)].to_numpy(dtype=float)
    place = np.asarray(coordinates, dtype=float)
    if place.shape != (len(expression), 3):
        raise InputError(f"coordinates are of shape {place.shape}; give (sample, 3) for {len(expression)} samples.")
    if not np.isfinite(place).all():
        row = expression.index[int(np.flatnonzero(~np.isfinite(place).all(axis=1))[0])]
        raise InputError(f"coordinates: sample {row} has no position; give x, y and z, or leave the sample out.")
    return place
