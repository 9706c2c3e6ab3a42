"""contrast: subjects of two groups to a map of thinning with its errors and their covariance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..cards import Introduced, Part, Shown
from ..errors import InputError, SettingsError
from .balance import group_weights
from .contrast_choices import check_choices, check_names, check_room, plain_covariates
from .contrast_tables import check_spread, comparison_table, design_notices, groups_table, map_table
from .covariances import effect_covariance, null_covariance
from .covariates import covariate_notices
from .design import Design, make_design
from .groups import two_groups
from .individual import subject_check, w_scores
from .missing_codes import CodesInput
from .permutations import reduced_residuals
from .regression import regress
from .resamples import permuted_maps, replicates_of
from .shrinkage import target_correlation
from .subjects import Subjects, Table, read_subjects

__all__ = ["Contrast", "contrast"]

_LARGEST = 5  # regions that are shown


@dataclass(frozen=True, eq=False, repr=False)
class Contrast(Introduced):
    """Difference of cases from controls in every region.

    Attributes
    ----------
    map
        One row a region: region, d (or b, in mm), se, lower95, upper95, se_classical, se_hc3, n_control, n_case; with a
        bootstrap also se_bootstrap, lower95_bootstrap, upper95_bootstrap; of d also spread_share, the share of se^2
        that comes from estimating the standard deviation, which a fit takes at its mean (`Study.sampling_covariance`).
    covariance
        Sampling covariance of the effects, (region, region), labelled; its diagonal is se^2. See `covariances`.
    comparison
        The effect of each region under every choice: unadjusted, adjusted by the covariates, and weighted (by overlap
        where the groups do).
    groups
        One row a group: n, effective size under the weights, and mean of each covariate before and after weighting.
    subjects, design
        Who is in it, and the model's columns.
    settings
        All that decided the numbers.
    notices
        What was dropped or assumed, one sentence each.
    permuted
        Effects of groups that do not differ: null (from 1), region, value, in the unit of the map; None without
        permutations. Its ``attrs["covariance"]`` is the sampling covariance that they and the map share where groups do
        not differ (`covariances.null_covariance`), with which `nulls` tests the map against them: region to region to
        number, as ``DataFrame.to_dict`` writes it, so that pandas can compare the tables that it joins.
    """

    map: pd.DataFrame
    covariance: pd.DataFrame
    comparison: pd.DataFrame
    groups: pd.DataFrame
    subjects: Subjects
    design: Design
    settings: dict[str, Any]
    notices: tuple[str, ...] = ()
    permuted: pd.DataFrame | None = None

    def _title(self) -> str:
        groups = " and ".join(f"{row['n']:,} {row['group']}s" for row in self.groups.to_dict("records"))
        return f"Contrast of {groups}: {self._unit} in {len(self.map)} regions"

    def _parts(self) -> Iterator[Part]:
        value = "d" if "d" in self.map.columns else "b"
        largest = self.map.loc[self.map[value].abs().sort_values(ascending=False, kind="stable").index[:_LARGEST]]
        columns = {
            "region": "{region}",
            self._unit: f"{{{value}:+.3f}}",
            "95% interval": "{lower95:+.3f} to {upper95:+.3f}",
        }
        yield Shown.of(f"The {len(largest)} largest, cases less controls", largest, columns)
        yield self.notices

    @property
    def _unit(self) -> str:
        return "Cohen's d" if "d" in self.map.columns else "mm" if self.subjects.scale == "mm" else "unit of thickness"

    def w_scores(self) -> pd.DataFrame:
        """How far each subject is from what controls of the same covariates have, in controls' sds; see `w_scores`."""
        return w_scores(self.subjects, self.design)

    def subject_map(self, subject: str) -> pd.DataFrame:
        """One subject's w-scores as a map: region, value; fit it with ``standard_error="none"``.

        Raises
        ------
        SettingsError
            For a subject that is not in the contrast.
        InputError
            For one that no control is like in the covariates.
        """
        scores = self.w_scores()
        if subject not in scores.index:
            raise SettingsError(f"no subject {subject} in the contrast; the first is {scores.index[0]}.")
        if scores.loc[subject].isna().all():
            raise InputError(f"no control is like subject {subject} in the covariates, so that it has no w-score.")
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
    covariates: str | Sequence[str] = (),
    thickness: Table | Sequence[Table] = (),
    effect: str = "d",
    errors: str = "hc3",
    weights: str = "none",
    normative: str | pd.DataFrame = "pooled",
    bootstrap: int = 0,
    permutations: int = 0,
    strata: str | None = None,
    missing: str = "error",
    repeats: str = "error",
    visit: str | None = None,
    hemispheres: str = "both",
    subject_column: str | None = None,
    adni_table: str | None = None,
    missing_codes: CodesInput = None,
    scale: str = "mm",
    seed: int = 0,
) -> Contrast:
    r"""Estimate the thinning of cases against controls in every region, with the errors' covariance.

    A linear model of each region's thickness on group and covariates; the effect is Cohen's d (the group's coefficient
    over the residual sd, Hedges-corrected) or the coefficient in mm. Negative is thinner.

    Parameters
    ----------
    subjects, thickness, subject_column, visit, hemispheres, adni_table, missing_codes, scale
        As `read_subjects` takes them; or `Subjects` that are read already. Codes for missing are those of covariates
        too; a number that looks like one is refused until ``missing_codes`` says what it is. Thickness on a free scale
        has no effect in mm.
    group, case, control
        Column of the groups, and its value for cases and for controls. ADNI's tables also get a column ``diagnosis``
        (CN, MCI, AD).
    covariates
        Columns to adjust for, a list or one text with commas: linear where all values are numbers; a factor where all
        are words, or as ``C(site)``.
    effect
        "d" (the default) or "mm".
    errors
        "hc3" (the default), which holds when cases vary more than controls; "classical", one residual variance for
        both groups; "bootstrap", from the replicates.
    weights
        "none" (the default), "inverse-frequency" (both groups weigh alike in the covariates' slopes) or "overlap"
        (covariates balanced exactly; Li, Morgan & Zaslavsky 2018).
    normative
        What the correlations of errors across regions are shrunk towards, other people's being more right than those
        of a hundred or two of one's own: "pooled" (the default), "abide" or "adhd200", as in `normative_correlation`
        (for subjects of ABIDE take "adhd200", and the other way round); a table (region, region); or "none", which
        takes Ledoit & Wolf's share off. Standard errors are not touched.
    bootstrap
        Replicates, 0 (the default) for none; drawn within the groups.
    permutations
        Contrasts of groups that do not differ, 0 (the default) for none; see `permutations`.
    strata
        Column within whose values, too, replicates are drawn and subjects permuted: site.
    missing, repeats
        As in `groups.two_groups`.
    seed
        Seed of the bootstrap and the permutations.

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
    Hedges (1981); Gleser & Olkin (1994); MacKinnon & White (1985); Li, Morgan & Zaslavsky (2018); Freedman & Lane
    (1983); Winkler et al. (2014).
    """
    check_choices(effect, errors, weights, bootstrap, permutations, seed)
    wanted = plain_covariates(covariates)
    check_names(group=group, covariates=wanted, strata=strata, subject_column=subject_column, visit=visit)
    reading: dict[str, Any] = {
        "subject_column": subject_column, "visit": visit, "hemispheres": hemispheres, "adni_table": adni_table,
        "missing_codes": missing_codes, "scale": scale,
    }  # fmt: skip
    everyone = _read(subjects, thickness, reading)
    if everyone.scale != "mm" and effect == "mm":
        raise SettingsError(f"thickness on the scale {everyone.scale!r} has no effect in mm; give --effect d.")
    needed = (*wanted, *([f"C({strata})"] if strata else []))
    rules: dict[str, Any] = {"missing": missing, "repeats": repeats, "missing_codes": missing_codes}
    chosen = two_groups(everyone, group, case, control, needed, **rules)
    design = make_design(chosen, group, case, wanted)
    check_room(chosen, bootstrap, permutations)
    weight = group_weights(weights, design.case, design.without_group)
    fitted = regress(chosen.thickness, design.matrix, weight)
    check_spread(chosen, fitted.sd)
    replicates = replicates_of(chosen, design, weights, effect, bootstrap, strata, seed)
    target = target_correlation(normative, chosen.regions)
    covariance = effect_covariance(fitted, effect=effect, errors=errors, replicates=replicates, target=target)
    permuted, unmoved = permuted_maps(chosen, design, weight, effect, permutations, strata, seed)
    if permuted is not None:
        residual = reduced_residuals(chosen.thickness, np.delete(design.matrix, 1, axis=1))
        joint = null_covariance(fitted, residual, effect=effect, target=target)
        permuted.attrs["covariance"] = _labelled(joint, chosen.regions).to_dict()
    settings = {
        "group": group, "case": str(case), "control": str(control), "covariates": wanted, "effect": effect,
        "errors": errors, "weights": weights, "bootstrap": bootstrap, "permutations": permutations, "strata": strata,
        **rules, **reading, "scale": everyone.scale, "seed": seed,
        "target": covariance.target, "shrinkage": covariance.share,
    }  # fmt: skip
    notices = (
        *chosen.notices,
        *covariate_notices(chosen, wanted),
        *design_notices(chosen, design, weights),
        covariance.told(),
        *unmoved,
    )
    table, groups = map_table(chosen, design, fitted, effect, covariance, replicates), groups_table(design, weight)
    told = {"settings": settings, "groups": groups.to_dict("records"), "notices": list(notices)}
    table.attrs["contrast"] = told | {"source": chosen.source}
    return Contrast(
        map=table,
        covariance=_labelled(covariance.values, chosen.regions),
        comparison=comparison_table(chosen, design, effect),
        groups=groups,
        subjects=chosen,
        design=design,
        settings=settings,
        notices=notices,
        permuted=permuted,
    )


def _labelled(square: np.ndarray, regions: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame(square, index=list(regions), columns=list(regions))


def _read(
    subjects: Subjects | Table | Sequence[Table], thickness: Table | Sequence[Table], reading: dict[str, Any]
) -> Subjects:
    if not isinstance(subjects, Subjects):
        return read_subjects(subjects, thickness, **reading)
    asked = reading | {"thickness": thickness if isinstance(thickness, pd.DataFrame) or thickness else None}
    said = {"hemispheres": ("both",), "scale": ("mm", subjects.scale), "missing_codes": (reading["missing_codes"],)}
    idle = [name for name, value in asked.items() if value is not None and value not in said.get(name, ())]
    if idle:
        raise SettingsError(
            f"{idle[0]} says how to read tables, and these subjects are read already; give it to read_subjects."
        )
    return subjects
