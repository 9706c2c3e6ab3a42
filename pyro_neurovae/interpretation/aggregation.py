"""Effects of whole groups of regions, or of another atlas's parcels, with the joint uncertainty of the draws."""

from __future__ import annotations

import os
from collections.abc import Mapping

import numpy as np
import pandas as pd

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
        ``p_negative``, in the map's units.

    Raises
    ------
    InputError
        For a region that the study lacks, a graph without positions, and where the study knows no lobes.
    """
    names, weights, counts = _weights(fit.study, onto)
    draws = fit.posterior.draws("thinning") @ weights.T  # (draw, map, group)
    columns = summary_columns(draws, (50, 90, 95)) | {"p_negative": (draws < 0).mean(0)}
    columns |= asked_columns(draws, prob, hdi=hdi)
    maps = fit.study.maps
    observed = np.stack([_weighed(weights, row) for row in fit.study.thinning])
    table = pd.DataFrame({"map": np.repeat(maps, len(names)), "region": np.tile(names, len(maps))})
    table["regions"], table["observed"] = np.tile(counts, len(maps)), observed.ravel()
    return table.assign(**{name: column.ravel() for name, column in columns.items()})


def _weights(study: Study, onto: Onto) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Names of the groups, weights (group, region) whose rows sum to one, and how many regions each group has."""
    groups = _groups(study, onto)
    if groups is None:
        graph = as_graph(onto)[0]  # type: ignore[arg-type]
        weights = seen_through(graph, study.graph, np.ones(study.n_regions, dtype=bool))
        if set(graph.names) == set(study.regions):  # the atlas of the study itself
            weights = (np.array(graph.names)[:, None] == np.array(study.regions)).astype(float)
        seeing = np.flatnonzero((weights != 0).any(1))
        return [graph.names[parcel] for parcel in seeing], weights[seeing], np.full(len(seeing), np.nan)
    names = list(dict.fromkeys(groups.values()))
    place = {region: number for number, region in enumerate(study.regions)}
    member = np.zeros((len(names), study.n_regions))
    for region, group in groups.items():
        member[names.index(group), place[region]] = 1.0
    counts = member.sum(1)
    return names, member / counts[:, None], counts


def _groups(study: Study, onto: Onto) -> dict[str, str] | None:
    """Group of each region that has one; None where a graph is meant."""
    if isinstance(onto, str) and onto in ("lobe", "hemisphere"):
        known = getattr(study.graph, f"{onto}s")
        if known is None:
            raise InputError(f"the graph {study.graph.label} knows no {onto}s; give a series from region to group.")
        return dict(zip(study.regions, known, strict=True))
    if not isinstance(onto, Mapping | pd.Series):
        return None
    given = {str(region): str(group) for region, group in dict(onto).items() if pd.notna(group)}
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
