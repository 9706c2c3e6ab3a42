"""Tables of a contrast: the map, what other choices would have given, the groups, and what to beware of."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd

from ..errors import InputError
from ..readers.magnitudes import constant
from .balance import SCHEMES, effective_size, group_weights
from .covariances import EffectCovariance
from .design import Design
from .individual import without_controls
from .regression import Regression, regress
from .subjects import Subjects

__all__ = ["check_spread", "comparison_table", "design_notices", "groups_table", "map_table"]

_EXACT = 1e-12  # residual sd over the size of thickness below which there is rounding only


def check_spread(subjects: Subjects, residual_sd: np.ndarray) -> None:
    """Check that thickness varies in every region, and beyond what the model says of it.

    Raises
    ------
    InputError
        Naming the first region where it does not.
    """
    same = constant(subjects.thickness)
    told = residual_sd <= _EXACT * np.nanmax(np.abs(subjects.thickness), axis=0)
    for place, region in enumerate(subjects.regions):
        if same[place] or told[place]:
            what = (
                f"the same for all {subjects.n_rows} subjects" if same[place] else "told by the model without an error"
            )
            raise InputError(
                f"{subjects.source}: thickness of {region} is {what}; correct it, or leave it empty if it is missing."
            )


def map_table(
    subjects: Subjects,
    design: Design,
    fitted: Regression,
    effect: str,
    covariance: EffectCovariance,
    replicates: np.ndarray | None,
) -> pd.DataFrame:
    """Effect, errors and interval of every region, one row each."""
    value = fitted.cohens_d() if effect == "d" else fitted.effect
    classical, robust = (fitted.d_classical(), fitted.d_hc3()) if effect == "d" else (fitted.classical(), fitted.hc3())
    error, reach = np.sqrt(np.diag(covariance.values)), NormalDist().inv_cdf(0.975)
    columns: dict[str, Any] = {
        "region": list(subjects.regions),
        "d" if effect == "d" else "b": value,
        "se": error,
        "lower95": value - reach * error,
        "upper95": value + reach * error,
        "se_classical": np.sqrt(np.diag(classical)),
        "se_hc3": np.sqrt(np.diag(robust)),
        "n_control": fitted.seen[~design.case].sum(0),
        "n_case": fitted.seen[design.case].sum(0),
    }
    if replicates is not None:
        columns["se_bootstrap"] = replicates.std(0, ddof=1)
        columns["lower95_bootstrap"], columns["upper95_bootstrap"] = np.quantile(replicates, [0.025, 0.975], axis=0)
    if effect == "d":
        columns["spread_share"] = covariance.spread_share
    return pd.DataFrame(columns)


def comparison_table(subjects: Subjects, design: Design, effect: str) -> pd.DataFrame:
    """What each choice makes of every region; without overlap weights where the groups do not overlap."""
    found = {"unadjusted": regress(subjects.thickness, design.matrix[:, :2])}
    for scheme in SCHEMES:
        if scheme == "overlap" and len(design.names) == 2:
            continue
        try:
            weight = group_weights(scheme, design.case, design.without_group)
        except InputError:  # a site of controls only, for example, which the other choices can do with
            continue
        found["adjusted" if scheme == "none" else scheme] = regress(subjects.thickness, design.matrix, weight)
    effects = {name: one.cohens_d() if effect == "d" else one.effect for name, one in found.items()}
    return pd.DataFrame({"region": list(subjects.regions), **effects})


def groups_table(design: Design, weight: np.ndarray) -> pd.DataFrame:
    """Size and covariates of the groups, before and after weighting, one row each."""
    rows = []
    for name, members in (("control", ~design.case), ("case", design.case)):
        own = weight[members]
        row: dict[str, Any] = {"group": name, "n": int(members.sum()), "n_effective": effective_size(own)}
        for place, covariate in enumerate(design.names[2:], start=2):
            column = design.matrix[members, place] + design.centres[place]
            row[f"{covariate}_mean"] = float(column.mean())
            row[f"{covariate}_weighted_mean"] = float((own * column).sum() / own.sum())
        rows.append(row)
    return pd.DataFrame(rows)


def design_notices(subjects: Subjects, design: Design, weights: str) -> tuple[str, ...]:
    """Sentences on what may spoil the contrast: unlike groups, unlike scanners, missing thickness."""
    told = []
    for place, name in enumerate(design.names[2:], start=2):
        column = design.matrix[:, place]
        groups = column[design.case], column[~design.case]
        spread = np.sqrt((groups[0].var(ddof=1) + groups[1].var(ddof=1)) / 2)
        difference = (groups[0].mean() - groups[1].mean()) / spread if spread else 0.0
        if abs(difference) > 0.25 and weights != "overlap":
            told.append(
                f"cases and controls differ in {name} by {difference:+.2f} sd; the effect rests on a linear "
                'adjustment for it; --weights overlap (weights="overlap") compares like with like.'
            )
    if "FLDSTRENG" in subjects.table.columns and "FLDSTRENG" not in " ".join(design.names):
        strengths = sorted(set(subjects.table["FLDSTRENG"].map(str)))
        if len(strengths) > 1:
            told.append(f"scans at {' and '.join(strengths)} are taken together; covariate FLDSTRENG adjusts for it.")
    unlike = int(without_controls(design).sum())
    if unlike:
        told.append(
            f"no control is like {unlike} subjects in the covariates (a site of patients only); they have no w-score."
        )
    absent = int(np.isnan(subjects.thickness).sum())
    if absent:
        told.append(f"{absent} thicknesses are missing; each region uses the subjects that have it.")
    return tuple(told)
