"""The sections on what the findings rest on: all that was weighed, the checks, and the data with their notices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..studies.correlations import structure_word, told_structure
from ..studies.study import Study
from ..studies.summary import noise_ceilings
from ..wording import bounded_p, first_names
from .elements import Section, definitions, heading, paragraph, plain_table, unordered
from .pictures import Pictures
from .verdict import AGAINST, AGREES, Evidence

if TYPE_CHECKING:
    from ..posterior.fits import Fit

__all__ = ["data_section", "trust_section"]

_STATUSES = {"pass": "pass", "fail": "fail", AGREES: "pass", AGAINST: "fail"}


def trust_section(
    fit: Fit, checks: pd.DataFrame, weighed: Mapping[str, Sequence[Evidence]], pictures: Pictures
) -> Section:
    """Return the section with all that was weighed, and every check, its threshold and what to do where one failed."""
    rows = [
        {"map": name, "what": one.kind, "bearing": one.bearing, "found": one.found}
        for name, evidence in weighed.items()
        for one in evidence
    ]
    table = pd.DataFrame(rows)
    body = plain_table(
        table.drop(columns="map") if len(weighed) == 1 else table, caption="What was weighed", statuses=_STATUSES
    )
    shown = checks[["check", "map", "observed", "replicated", "p", "threshold", "status"]].copy()
    draws = len(fit.posterior.draws("thinning"))
    shown["p"] = [_check_p(row["p"], 1 / draws) for row in checks.to_dict("records")]
    body += plain_table(shown, caption="Checks of the fit against its own data", statuses=_STATUSES)
    failed = checks[checks["status"] != "pass"]
    if len(failed):
        body += heading("What to do") + unordered(
            [f"{row['check']} ({row['map']}): {row['advice']}" for row in failed.to_dict("records")]
        )
    return Section("trust", "Can it be trusted?", body + pictures.inference(fit))


def data_section(study: Study, notices: tuple[str, ...]) -> Section:
    """Return the section on the data and their problems."""
    rows, ceilings = [], noise_ceilings(study)
    for m, name in enumerate(study.maps):
        value, error = study.thinning[m], study.standard_error[m]
        seen = ~np.isnan(value)
        rows.append(
            {
                "map": name,
                "regions": int(seen.sum()),
                "mean": float(value[seen].mean()),
                "sd": float(value[seen].std(ddof=1)),
                "median standard error": float(np.median(error[seen])) if error[seen].any() else float("nan"),
                "errors go together": study.sampling_correlation[m] if error[seen].any() else "",
                "noise ceiling of R2": ceilings[name],
            }
        )
    body = definitions(
        {
            "regions": f"{study.n_regions} on graph {study.graph.label}, {study.graph.n_edges} edges",
            "genes": str(len(study.genes)),
            "expression measured in": _measured_in(study),
            "expression": f"normalised per {study.normalise}" if study.normalise != "none" else "as given",
            "structure": told_structure(structure_word(study.structure, study.graph)),
        }
    )
    body += plain_table(
        pd.DataFrame(rows), caption="Maps of thinning (effect in each map's own units; negative is thinner)"
    )
    lacking = [name for name, seen in zip(study.measured_in.names, study.measured, strict=True) if not seen]
    how = "predicted from neighbours and homologues" if study.places is None else "regions see the parcels around"
    problems = [f"No expression in {first_names(lacking, limit=20)}: {how}."] if lacking else []
    if study.places is not None and not study.places.seeing.all():
        problems.append(study.places.told)
    for name, seen in zip(study.maps, study.thinning_observed, strict=True):
        absent = [region for region, one in zip(study.regions, seen, strict=True) if not one]
        if absent:
            problems.append(f"No thinning of {name} in {', '.join(absent)}: predicted.")
    problems += list(notices)
    body += heading("Problems and notices") + (unordered(problems) if problems else paragraph("None."))
    return Section("data", "Data", body)


def _measured_in(study: Study) -> str:
    count = int(study.measured.sum())
    return f"{count} regions" if study.places is None else f"{count} parcels of {study.measured_in.label}"


def _check_p(p: float, least: float) -> str:
    return "" if np.isnan(p) else bounded_p(p, least)
