"""The three sentences of a map: each says what its results say, and no more."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import pyro_neurovae as nv
from pyro_neurovae.page import verdict
from pyro_neurovae.page.verdict import AGAINST, AGREES, HEED, UNTRIED, Evidence, verdict_sentence, weigh

NAME = "simulated1"


@pytest.fixture
def banded(monkeypatch: pytest.MonkeyPatch, small_fit: nv.Fit):
    """Sentence on regions of made effects, a band of 0.1 to either side of each."""

    def tell(means: dict[str, float], unit: str | None = None) -> str:
        rows = pd.DataFrame({"region": list(means), "mean": list(means.values())})
        band = {"simultaneous_lower90": rows["mean"] - 0.1, "simultaneous_upper90": rows["mean"] + 0.1}
        monkeypatch.setattr(verdict, "region_report", lambda *_, **__: rows.assign(**band))
        return verdict.regions_sentence(small_fit, NAME, unit)

    return tell


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


# Regions


def test_few_regions_are_all_named(banded) -> None:
    told = banded({"L_a": -0.3, "R_a": -0.05, "L_b": -0.2}, "mm")
    assert told == (
        "Of 3 regions, 2 are thinner by the 90% band that covers all regions at once: "
        "L_a (\u22120.30 mm) and L_b (\u22120.20)."
    )


def test_thicker_ones_are_told_apart_and_the_largest_come_first_whatever_their_sign(banded) -> None:
    told = banded({"L_a": -0.2, "R_a": 0.5, "L_b": 0.0}, "mm")
    assert "1 are thinner and 1 thicker" in told
    assert told.endswith("R_a (+0.50 mm) and L_a (\u22120.20).")


def test_of_many_regions_the_largest_and_the_exceptions_are_named(banded) -> None:
    told = banded({f"r{i}": -0.2 - i / 100 for i in range(8)} | {"x": 0.0, "y": 0.05}, "mm")
    assert "8 are thinner" in told
    assert "most of all r7 (\u22120.27 mm), r6 (\u22120.26) and r5 (\u22120.25); all but y and x." in told


def test_where_none_differs_none_is_claimed(banded) -> None:
    told = banded({"L_a": -0.05, "R_a": 0.09}, "mm")
    assert told.startswith("None of 2 regions can be told from zero")
    assert told.endswith("the largest effect is that of R_a (+0.09 mm).")


def test_regions_beyond_a_threshold_are_counted(small_fit: nv.Fit) -> None:
    told = verdict.regions_sentence(small_fit, NAME, None, -0.2)
    draws = small_fit.posterior.draws("thinning", NAME)
    number = int(((draws < -0.2).mean(0) >= 0.95).sum())
    assert f"{number} have an effect below \u22120.2 with probability at least 95%." in told


# Expression


def test_the_share_and_what_stands_beside_it_are_those_of_the_fit(small_fit: nv.Fit, baseline_fit: nv.Fit) -> None:
    told = verdict.expression_sentence(small_fit, NAME)
    shares = small_fit.variance().query("map == @NAME").set_index("source")
    own = shares.loc["transcriptomic"]
    assert f"goes with {own['mean']:.0%} of the map's variance (90% interval {own['lower90']:.0%} to" in told
    assert f"{shares.loc['structural', 'mean']:.0%} that goes as healthy people differ" in told
    assert ("next to nothing" in told) == (own["lower90"] < 0.05)
    assert "has no genes and says nothing" in verdict.expression_sentence(baseline_fit, NAME)


@pytest.mark.parametrize(
    ("gain", "told"), [(1.0, "better than {} (+1.00 ± 0.00"), (-1.0, "worse than {} (\u22121.00 ± 0.00")]
)
def test_whether_it_predicts_beyond_structure_and_twin_is_said(
    small_fit: nv.Fit, made_results, gain: float, told: str
) -> None:
    validation = made_results[nv.Validation]
    regions = small_fit.study.regions
    parts = [
        pd.DataFrame({"model": model, "map": NAME, "repeat": 0, "region": regions, "log_density": density})
        for model, density in (("cross-scale", gain), ("structural", 0.0), ("twin", np.linspace(-9, 9, 68) + gain))
    ]
    sentence = verdict.expression_sentence(small_fit, NAME, replace(validation, pointwise=pd.concat(parts)))
    assert f"its predictions are {told.format('those of structure and neighbours alone')}" in sentence
    assert "and not surely better or worse than those of the twin in the other hemisphere" in sentence
    assert "held out" not in verdict.expression_sentence(small_fit, NAME, validation)  # neither was scored


def test_p_is_bounded_by_the_number_of_null_maps(small_fit: nv.Fit, made_results) -> None:
    told = verdict.expression_sentence(small_fit, NAME, nulls=for_map(made_results[nv.Nulls], NAME))
    assert told.endswith("Among 19 null maps without expression that share has p ≤ .05.")


# Verdict


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
