"""Effects of whole groups of regions, or of another atlas's parcels, with the joint uncertainty of the draws."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..atlases.vertices import at_vertices, vertex_parcels
from ..errors import InputError
from ..graphs.region_graph import RegionGraph
from ..graphs.registry import as_graph
from ..graphs.supports import seen_through
from ..posterior.fits import Fit
from ..posterior.intervals import asked_columns, summary_columns
from ..studies.study import Study
from ..wording import first_names

__all__ = ["aggregate"]

Onto = RegionGraph | str | os.PathLike[str] | Mapping[str, str] | pd.Series
# Fields of a graph that regions can be grouped by, in the singular.
_WORDS = ("lobe", "hemisphere")


def aggregate(fit: Fit, onto: Onto, *, prob: float | None = None, hdi: bool = False) -> pd.DataFrame:
    """Tabulate the mean effect of groups of regions, or what another atlas's parcels see of the effects.

    The intervals are those of the groups' means in the joint draws: narrower than those of single regions where errors
    are independent, and not narrower where they go together.

    Parameters
    ----------
    fit
        Any fit.
    onto
        "lobe" or "hemisphere", as the study's graph has them; a series or mapping from region to group, of which
        regions may be left out; or a graph, by itself or its name ("dk68", "schaefer100"), whose parcels see the
        regions by position (`graphs.supports.seen_through`).
    prob, hdi
        A further interval, as in `Fit.regions`.

    Returns
    -------
    DataFrame
        One row a map and group, without parcels on a side where the study has no regions: ``map``, ``region`` (the
        group or parcel), ``regions`` (how many stand for it; NaN where they are weighed by position), ``observed`` (the
        same mean of the observed values, NaN where one is missing), ``mean``, ``sd``, ``lower50`` to ``upper95`` and
        ``p_negative``, in the map's units. Of maps that were given by vertices a parcel of a graph whose vertices are
        known (dk68, schaefer100 and 400, cortex200 and 400) is the mean over its vertices.

    Raises
    ------
    InputError
        For a region that the study lacks, a graph without positions, and where the study knows no lobes.
    """
    graph = (
        None
        if isinstance(onto, Mapping | pd.Series) or (isinstance(onto, str) and onto in _WORDS)
        else as_graph(onto)[0]
    )
    names, weights, counts = _weights(fit.study, onto, graph)
    tables = []
    for number, name in enumerate(fit.study.maps):
        over = None if graph is None else _over_vertices(fit, name, graph)
        draws = fit.posterior.draws("thinning")[:, number] @ weights.T
        found = over or _Groups(names, counts, _weighed(weights, fit.study.thinning[number]), draws)
        table = pd.DataFrame({"map": name, "region": found.names, "regions": found.counts, "observed": found.observed})
        columns = summary_columns(found.draws, (50, 90, 95)) | {"p_negative": (found.draws < 0).mean(0)}
        tables.append(table.assign(**columns | asked_columns(found.draws, prob, hdi=hdi)))
    return pd.concat(tables, ignore_index=True)


@dataclass(frozen=True)
class _Groups:
    """Groups of one map: names, how many regions each has, means of observed values, and draws (draw, group)."""

    names: list[str]
    counts: np.ndarray
    observed: np.ndarray
    draws: np.ndarray


def _over_vertices(fit: Fit, name: str, graph: RegionGraph) -> _Groups | None:
    """Parcels as means over their vertices, those of which at least half were measured.

    None for maps that were not given by vertices, parcels whose vertices are not known, and the study's own regions.
    """
    vertices, labels = fit.study.vertices, vertex_parcels(graph.names, graph.label)
    number, own = fit.study.maps.index(name), set(graph.names) == set(fit.study.regions)
    if vertices is None or labels is None or own or name not in fit.study.by_vertices:
        return None
    parcel, measured = at_vertices(labels, len(vertices.parcel) // 2), vertices.measured(number)
    whole, count = (
        np.bincount(parcel[inside & (parcel >= 0)], minlength=graph.n_regions) for inside in (True, measured)
    )
    kept = np.flatnonzero((count > 0) & (2 * count >= whole))
    member = (parcel[measured] == kept[:, None]) / count[kept][:, None]  # (parcel, measured vertex)
    observed, draws = member @ vertices.thinning[number][measured], fit.vertex_draws(name)[:, measured] @ member.T
    return _Groups([graph.names[place] for place in kept], np.full(len(kept), np.nan), observed, draws)


def _weights(study: Study, onto: Onto, graph: RegionGraph | None) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Names of the groups, weights (group, region) whose rows sum to one, and how many regions each group has."""
    if graph is not None:
        weights = seen_through(graph, study.graph, np.ones(study.n_regions, dtype=bool))
        if set(graph.names) == set(study.regions):  # the atlas of the study itself
            weights = (np.array(graph.names)[:, None] == np.array(study.regions)).astype(float)
        seeing = np.flatnonzero((weights != 0).any(1))
        return [graph.names[parcel] for parcel in seeing], weights[seeing], np.full(len(seeing), np.nan)
    groups = _groups(study, onto)
    names = list(dict.fromkeys(groups.values()))
    place = {region: number for number, region in enumerate(study.regions)}
    member = np.zeros((len(names), study.n_regions))
    for region, group in groups.items():
        member[names.index(group), place[region]] = 1.0
    counts = member.sum(1)
    return names, member / counts[:, None], counts


def _groups(study: Study, onto: Onto) -> dict[str, str]:
    """Group of each region that has one."""
    if isinstance(onto, str):
        known = getattr(study.graph, f"{onto}s")
        if known is None:
            raise InputError(f"the graph {study.graph.label} knows no {onto}s; give a series from region to group.")
        return dict(zip(study.regions, known, strict=True))
    pairs: Any = onto.items() if isinstance(onto, Mapping | pd.Series) else ()
    given = {str(region): str(group) for region, group in pairs if pd.notna(group)}
    unknown = [region for region in given if region not in study.regions]
    if unknown:
        raise InputError(f"no groups of regions; {first_names(unknown)} is not a region of the study.")
    if not given:
        raise InputError("no groups of regions; give a series or mapping from region to group.")
    return given


def _weighed(weights: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Weighted means, NaN where a value with any weight is missing; (group,)."""
    missing = np.isnan(values)
    lacking = (weights[:, missing] != 0).any(1)
    return np.where(lacking, np.nan, weights @ np.where(missing, 0.0, values))
