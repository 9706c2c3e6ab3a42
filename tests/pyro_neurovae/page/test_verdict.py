"""What a verdict weighs, and that it says no more."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import pyro_neurovae as nv
from pyro_neurovae.page.verdict import AGAINST, AGREES, HEED, UNTRIED, Evidence, verdict_sentence, weigh
from pyro_neurovae.readers.effect_checks import sign_notice

NAME = "simulated1"


@pytest.fixture(scope="module")
def checks() -> pd.DataFrame:
    """Two checks of the first map, one of the second and one of all; every one passes."""
    return pd.DataFrame({"check": ["moran", "ess", "moran", "graph"], "map": [NAME, NAME, "b", "all"]}).assign(
        status="pass"
    )


def of_kind(evidence: list[Evidence], kind: str) -> Evidence:
    return next(one for one in evidence if one.kind == kind)


def for_map(found, name: str):
    """A made result with its map a named as the fit's map."""
    tables = {key: value for key, value in vars(found).items() if isinstance(value, pd.DataFrame)}
    return replace(found, **{key: value.assign(map=value["map"].replace("a", name)) for key, value in tables.items()})


def test_a_failed_check_speaks_against(small_fit: nv.Fit, checks: pd.DataFrame) -> None:
    assert of_kind(weigh(small_fit, NAME, checks), "checks of the fit").found == "all 3 checks of the fit pass"
    failed = checks.assign(status=["fail", "pass", "pass", "pass"])
    found = of_kind(weigh(small_fit, NAME, failed), "checks of the fit")
    assert (found.found, found.bearing) == ("1 of 3 checks of the fit fail (moran)", AGAINST)


@pytest.mark.parametrize(("coverage", "bearing"), [(0.88, AGREES), (0.7, AGAINST)])
def test_intervals_that_cover_too_little_speak_against(
    small_fit: nv.Fit, checks: pd.DataFrame, made_results, coverage: float, bearing: str
) -> None:
    scores = made_results[nv.Validation].scores.assign(map=NAME, model="cross-scale", coverage90=coverage)
    validation = replace(made_results[nv.Validation], scores=scores)
    found = of_kind(weigh(small_fit, NAME, checks, validation=validation), "held-out regions")
    assert found.bearing == bearing
    assert f"cover {coverage:.0%} of the values" in found.found


def test_null_maps_that_do_as_well_speak_against(small_fit: nv.Fit, checks: pd.DataFrame, made_results) -> None:
    nulls = made_results[nv.Nulls]
    found = of_kind(weigh(small_fit, NAME, checks, nulls=for_map(nulls, NAME)), "null maps")
    assert (found.bearing, "explains more of it" in found.found) == (AGREES, True)
    worse = replace(nulls, summary=nulls.summary.assign(p=0.3))
    found = of_kind(weigh(small_fit, NAME, checks, nulls=for_map(worse, NAME)), "null maps")
    assert (found.bearing, "explains no more of it" in found.found, "p = .3" in found.found) == (AGAINST, True, True)


def test_verdicts_that_hang_on_the_prior_speak_against(small_fit: nv.Fit, checks: pd.DataFrame, made_results) -> None:
    sensitivity = made_results[nv.Sensitivity]
    found = of_kind(weigh(small_fit, NAME, checks, sensitivity=for_map(sensitivity, NAME)), "other priors and choices")
    assert found.bearing == AGAINST
    assert "1 of 1 regions come to exclude zero" in found.found
    assert "none moves by more than 2.0 posterior sd" in found.found
    conflict = of_kind(weigh(small_fit, NAME, checks, sensitivity=for_map(sensitivity, NAME)), "prior against data")
    assert (conflict.found, conflict.bearing) == (
        "prior and data pull against each other in effect L_insula",
        AGAINST,
    )
    steady = replace(
        sensitivity,
        power=sensitivity.power.assign(diagnosis=np.nan),
        variants=sensitivity.variants.assign(largest_shift=0.2),
        regions=sensitivity.regions.assign(flips_excludes_zero=False),
    )
    weighed = weigh(small_fit, NAME, checks, sensitivity=for_map(steady, NAME))
    assert "prior against data" not in [one.kind for one in weighed]
    found = of_kind(weighed, "other priors and choices")
    assert (found.bearing, "0 of 1 regions" in found.found) == (AGREES, True)


def test_alarms_speak_against_and_notices_are_pointed_to(small_fit: nv.Fit, checks: pd.DataFrame) -> None:
    study = replace(small_fit.study, notices=("one.", "two."))
    loud = study.with_thinning(study.thinning, np.where(np.isnan(study.thinning), np.nan, 9.0))
    found = [one for one in weigh(replace(small_fit, study=loud), NAME, checks) if one.kind == "notices"]
    assert [one for one in found if "noise ceiling" in one.found and one.bearing == AGAINST]
    heeded = [one.found for one in found if one.bearing == HEED]
    assert heeded == [f"the data come with {len(loud.notices)} notices, listed under Data"]


def test_signs_in_doubt_speak_against(small_fit: nv.Fit, checks: pd.DataFrame) -> None:
    doubt = sign_notice(np.ones(68), source=f"{NAME}.csv", column="d")
    of_map = {name: replace(small_fit.study, notices=tuple(doubt)) for name in (NAME, "simulated2")}
    found = {name: weigh(replace(small_fit, study=study), name, checks) for name, study in of_map.items()}
    told = "positive may mean thinner in the file, against what is said here"
    assert Evidence("notices", told, AGAINST) in found[NAME]
    assert told not in [one.found for one in found["simulated2"]]  # it is of the other map


def test_what_was_not_tried_is_said(small_fit: nv.Fit, checks: pd.DataFrame) -> None:
    told = verdict_sentence(weigh(small_fit, NAME, checks))
    assert "Not tried here: held-out regions, null maps and other priors and choices." in told


def test_the_verdict_never_praises_above_a_warning() -> None:
    against = Evidence("null maps", "expression explains no more of it", AGAINST)
    agrees = Evidence("checks of the fit", "all 3 checks of the fit pass", AGREES)
    heed = Evidence("notices", "the data come with 1 notice, listed under Data", HEED)
    untried = Evidence("held-out regions", "no region was held out", UNTRIED)
    assert verdict_sentence([agrees, against, heed, untried]) == (
        "Read this with care: expression explains no more of it. In its favour: all 3 checks of the fit pass. "
        "The data come with 1 notice, listed under Data. Not tried here: held-out regions."
    )
    assert verdict_sentence([agrees]) == "All 3 checks of the fit pass."
