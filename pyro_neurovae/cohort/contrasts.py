"""contrast: subjects of two groups to a map of thinning with its errors and their covariance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd

from ..errors import SettingsError, check_seed
from .balance import SCHEMES, effective_size, group_weights
from .bootstrap import bootstrap_counts, bootstrap_effects
from .design import Design, make_design, two_groups
from .individual import subject_check, w_scores
from .regression import Regression, regress
from .shrinkage import shrunk_covariance
from .subjects import Subjects, Table, read_subjects

__all__ = ["EFFECTS", "ERRORS", "Contrast", "contrast"]

EFFECTS = ("d", "mm")
ERRORS = ("hc3", "classical", "bootstrap")


@dataclass(frozen=True, eq=False)
class Contrast:
    """Difference of cases from controls in every region.

    Attributes
    ----------
    map
        One row a region: region, d (or b, in mm), se, lower95, upper95, se_classical, se_hc3, n_control, n_case; with a
        bootstrap also se_bootstrap, lower95_bootstrap, upper95_bootstrap.
    covariance
        Sampling covariance of the effects, (region, region), labelled; its diagonal is se^2.
    comparison
        The effect of each region under every choice: unadjusted, adjusted by the covariates, and weighted.
    groups
        One row a group: n, effective size under the weights, and mean of each covariate before and after weighting.
    subjects, design
        Who is in it, and the model's columns.
    settings
        All that decided the numbers.
    notices
        What was dropped or assumed, one sentence each.
    """

    map: pd.DataFrame
    covariance: pd.DataFrame
    comparison: pd.DataFrame
    groups: pd.DataFrame
    subjects: Subjects
    design: Design
    settings: dict[str, Any]
    notices: tuple[str, ...] = ()

    def w_scores(self) -> pd.DataFrame:
        """How far each subject is from what controls of the same covariates have, in controls' sds; see `w_scores`."""
        return w_scores(self.subjects, self.design)

    def subject_map(self, subject: str) -> pd.DataFrame:
        """One subject's w-scores as a map: region, value; fit it with ``standard_error="none"``.

        Raises
        ------
        SettingsError
            For a subject that is not in the contrast.
        """
        scores = self.w_scores()
        if subject not in scores.index:
            raise SettingsError(f"no subject {subject} in the contrast; the first is {scores.index[0]}.")
        return pd.DataFrame({"region": list(scores.columns), "value": scores.loc[subject].to_numpy()})

    def subject_check(self, level: float = 0.9) -> pd.DataFrame:
        """How much wider individual predictions are than the group's interval; see `subject_check`."""
        return subject_check(self.subjects, self.design, level=level)


def contrast(
    subjects: Subjects | Table | Sequence[Table],
    *,
    group: str,
    case: object,
    control: object,
    covariates: Sequence[str] = (),
    thickness: Table | Sequence[Table] = (),
    effect: str = "d",
    errors: str = "hc3",
    weights: str = "none",
    bootstrap: int = 0,
    strata: str | None = None,
    missing: str = "error",
    repeats: str = "error",
    visit: str | None = None,
    hemispheres: str = "both",
    subject_column: str | None = None,
    seed: int = 0,
) -> Contrast:
    r"""Estimate the thinning of cases against controls in every region, with the errors' covariance.

    A linear model of each region's thickness on group and covariates; the effect is Cohen's d (the group's coefficient
    over the residual sd, Hedges-corrected) or the coefficient in mm. Negative is thinner.

    Parameters
    ----------
    subjects, thickness, subject_column, visit, hemispheres
        As `read_subjects` takes them; or `Subjects` that are read already.
    group, case, control
        Column of the groups, and its value for cases and for controls. ADNI's tables also get a column ``diagnosis``
        (CN, MCI, AD).
    covariates
        Columns to adjust for: linear where all values are numbers; a factor else, or as ``C(site)``.
    effect
        "d" (the default) or "mm".
    errors
        "hc3" (the default), which holds when cases vary more than controls; "classical", one residual variance for
        both groups; "bootstrap", from the replicates.
    weights
        "none" (the default), "inverse-frequency" (both groups weigh alike in the covariates' slopes) or "overlap"
        (covariates balanced exactly; Li, Morgan & Zaslavsky 2018).
    bootstrap
        Replicates, 0 (the default) for none; drawn within the groups.
    strata
        Column within whose values, too, replicates are drawn: site.
    missing, repeats
        As in `design.two_groups`.
    seed
        Seed of the bootstrap.

    Returns
    -------
    Contrast
        ``nv.Study.from_frames(expression, found.map, covariance=found.covariance)`` makes a study of it.

    Raises
    ------
    InputError
        Naming the file, the subject or column, and the remedy.
    SettingsError
        For an unknown choice.

    References
    ----------
    Hedges (1981); Gleser & Olkin (1994); MacKinnon & White (1985); Li, Morgan & Zaslavsky (2018).
    """
    _check(effect, errors, weights, bootstrap, seed)
    everyone = (
        subjects
        if isinstance(subjects, Subjects)
        else read_subjects(subjects, thickness, subject_column=subject_column, visit=visit, hemispheres=hemispheres)
    )
    needed = (*covariates, *([strata] if strata else []))
    chosen = two_groups(everyone, group, case, control, needed, missing=missing, repeats=repeats)
    design = make_design(chosen, group, case, covariates)
    weight = group_weights(weights, design.case, design.without_group)
    fitted = regress(chosen.thickness, design.matrix, weight)
    replicates = _replicates(chosen, design, weights, effect, bootstrap, strata, seed)
    covariance, shrinkage = _covariance(fitted, effect, errors, replicates)
    settings = {
        "group": group, "case": str(case), "control": str(control), "covariates": list(covariates), "effect": effect,
        "errors": errors, "weights": weights, "bootstrap": bootstrap, "strata": strata, "missing": missing,
        "repeats": repeats, "visit": visit, "hemispheres": hemispheres, "seed": seed, "shrinkage": shrinkage,
    }  # fmt: skip
    return Contrast(
        map=_map(chosen, design, fitted, effect, covariance, replicates),
        covariance=pd.DataFrame(covariance, index=list(chosen.regions), columns=list(chosen.regions)),
        comparison=_comparison(chosen, design, effect),
        groups=_groups(design, weight),
        subjects=chosen,
        design=design,
        settings=settings,
        notices=chosen.notices + _told(chosen, design, weights),
    )


def _check(effect: str, errors: str, weights: str, bootstrap: int, seed: int) -> None:
    choices = {"effect": (effect, EFFECTS), "errors": (errors, ERRORS), "weights": (weights, SCHEMES)}
    for name, (value, known) in choices.items():
        if value not in known:
            raise SettingsError(f"{name} is {value!r}: the known ones are {', '.join(known)}.")
    if bootstrap != 0 and bootstrap < 100:
        raise SettingsError(f"bootstrap is {bootstrap}; give at least 100 replicates, or 0 for none.")
    if errors == "bootstrap" and not bootstrap:
        raise SettingsError(
            "errors are to come from the bootstrap, of which there are no replicates; give --bootstrap 2000."
        )
    check_seed(seed)


def _replicates(
    subjects: Subjects, design: Design, scheme: str, effect: str, number: int, strata: str | None, seed: int
) -> np.ndarray | None:
    if not number:
        return None
    within = subjects.table[strata].map(str) if strata else pd.Series([""] * subjects.n_rows)
    labels = [f"{case} {stratum}" for case, stratum in zip(design.case, within, strict=True)]
    counts = bootstrap_counts(np.unique(labels, return_inverse=True)[1], number, seed)
    return bootstrap_effects(subjects.thickness, design.matrix, counts, scheme=scheme, standardised=effect == "d")


def _covariance(
    fitted: Regression, effect: str, errors: str, replicates: np.ndarray | None
) -> tuple[np.ndarray, float]:
    """Sampling covariance of the effects, its correlations shrunk where subjects are few, and by how much."""
    if errors == "bootstrap":
        assert replicates is not None
        dense, rows = np.cov(replicates.T), fitted.residual
    elif errors == "classical":
        dense, rows = (fitted.d_classical() if effect == "d" else fitted.classical()), fitted.residual
    else:
        dense = fitted.d_hc3() if effect == "d" else fitted.hc3()
        rows = fitted.d_influence() if effect == "d" else fitted.influence()
    return shrunk_covariance(dense, rows)


def _map(
    subjects: Subjects,
    design: Design,
    fitted: Regression,
    effect: str,
    covariance: np.ndarray,
    replicates: np.ndarray | None,
) -> pd.DataFrame:
    value = fitted.cohens_d() if effect == "d" else fitted.effect
    classical, robust = (fitted.d_classical(), fitted.d_hc3()) if effect == "d" else (fitted.classical(), fitted.hc3())
    error, reach = np.sqrt(np.diag(covariance)), NormalDist().inv_cdf(0.975)
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
    return pd.DataFrame(columns)


def _comparison(subjects: Subjects, design: Design, effect: str) -> pd.DataFrame:
    """What each choice makes of every region."""
    bare = regress(subjects.thickness, design.matrix[:, :2])
    found = {"unadjusted": bare} | {
        "adjusted" if scheme == "none" else scheme: regress(
            subjects.thickness, design.matrix, group_weights(scheme, design.case, design.without_group)
        )
        for scheme in SCHEMES
        if scheme != "overlap" or len(design.names) > 2
    }
    effects = {name: one.cohens_d() if effect == "d" else one.effect for name, one in found.items()}
    return pd.DataFrame({"region": list(subjects.regions), **effects})


def _groups(design: Design, weight: np.ndarray) -> pd.DataFrame:
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


def _told(subjects: Subjects, design: Design, weights: str) -> tuple[str, ...]:
    told = []
    for place, name in enumerate(design.names[2:], start=2):
        column = design.matrix[:, place]
        groups = column[design.case], column[~design.case]
        spread = np.sqrt((groups[0].var(ddof=1) + groups[1].var(ddof=1)) / 2)
        difference = (groups[0].mean() - groups[1].mean()) / spread if spread else 0.0
        if abs(difference) > 0.25 and weights != "overlap":
            told.append(
                f"cases and controls differ in {name} by {difference:+.2f} sd; the effect rests on its linear "
                'adjustment, which --weights overlap (weights="overlap") relieves.'
            )
    if "FLDSTRENG" in subjects.table.columns and "FLDSTRENG" not in " ".join(design.names):
        strengths = sorted(set(subjects.table["FLDSTRENG"].map(str)))
        if len(strengths) > 1:
            told.append(f"scans at {' and '.join(strengths)} are taken together; covariate FLDSTRENG adjusts for it.")
    absent = int(np.isnan(subjects.thickness).sum())
    if absent:
        told.append(f"{absent} thicknesses are missing; each region uses the subjects that have it.")
    return tuple(told)
