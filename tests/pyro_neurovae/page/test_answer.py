"""The sentences on regions and on expression: each says what its results say, and no more."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import pyro_neurovae as nv
from pyro_neurovae.page import answer

NAME = "simulated1"


@pytest.fixture
def banded(monkeypatch: pytest.MonkeyPatch, small_fit: nv.Fit):
    """Sentence on regions of made effects, a band of 0.1 to either side of each."""

    def tell(means: dict[str, float], unit: str | None = None) -> str:
        rows = pd.DataFrame({"region": list(means), "mean": list(means.values())})
        band = {"simultaneous_lower90": rows["mean"] - 0.1, "simultaneous_upper90": rows["mean"] + 0.1}
        monkeypatch.setattr(answer, "region_report", lambda *_, **__: rows.assign(**band))
        return answer.regions_sentence(small_fit, NAME, unit)

    return tell


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


def test_regions_have_names_that_people_say(banded) -> None:
    assert "left inferior parietal (\u22120.30)" in banded({"L_inferiorparietal": -0.3})


def test_patches_are_named_by_the_region_that_they_lie_in(fit_at_vertices: nv.Fit) -> None:
    told = answer.regions_sentence(fit_at_vertices, "map")
    assert re.search(r"(left|right) [a-z ]+ [LR]_p\d{3} \(", told)


def test_intervals_of_vertices_are_called_wider_only_where_they_are(
    fit_at_vertices: nv.Fit, monkeypatch: pytest.MonkeyPatch
) -> None:
    table, regions = fit_at_vertices.vertices(), fit_at_vertices.regions()
    vertex, region = (float((rows["upper90"] - rows["lower90"]).median()) for rows in (table, regions))
    told = answer.vertices_sentence(fit_at_vertices, "map", "mm")
    assert vertex > region
    assert f"of a vertex is wider than a region's, {vertex:.2f} mm against {region:.2f} in the median. Read" in told
    assert f"At the {len(table):,} vertices" in told
    narrow = table.assign(lower90=table["mean"] - 0.01, upper90=table["mean"] + 0.01)
    monkeypatch.setattr(nv.Fit, "vertices", lambda *_: narrow)
    told = answer.vertices_sentence(fit_at_vertices, "map", "mm")
    assert "wider" not in told
    assert f"of a vertex is 0.02 mm wide in the median, and that of a region {region:.2f}. Read" in told


def test_regions_beyond_a_threshold_are_counted(small_fit: nv.Fit) -> None:
    told = answer.regions_sentence(small_fit, NAME, None, -0.2)
    draws = small_fit.posterior.draws("thinning", NAME)
    number = int(((draws < -0.2).mean(0) >= 0.95).sum())
    assert f"{number} have an effect below \u22120.2 with probability at least 95%." in told


def test_the_share_and_what_stands_beside_it_are_those_of_the_fit(small_fit: nv.Fit, baseline_fit: nv.Fit) -> None:
    told = answer.expression_sentence(small_fit, NAME)
    shares = small_fit.variance().query("map == @NAME").set_index("source")
    own = shares.loc["transcriptomic"]
    assert f"goes with {own['mean']:.0%} of the map's variance (90% interval {own['lower90']:.0%} to" in told
    assert f"{shares.loc['structural', 'mean']:.0%} that goes as healthy people differ" in told
    assert ("next to nothing" in told) == (own["lower90"] < 0.05)
    assert "has no genes and says nothing" in answer.expression_sentence(baseline_fit, NAME)


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
    sentence = answer.expression_sentence(small_fit, NAME, replace(validation, pointwise=pd.concat(parts)))
    assert f"its predictions are {told.format('those of structure and neighbours alone')}" in sentence
    assert "and not surely better or worse than those of the twin in the other hemisphere" in sentence
    assert "held out" not in answer.expression_sentence(small_fit, NAME, validation)  # neither was scored


def test_p_is_bounded_by_the_number_of_null_maps(small_fit: nv.Fit, made_results) -> None:
    nulls = made_results[nv.Nulls]
    nulls = replace(nulls, summary=nulls.summary[nulls.summary["map"] == "a"])
    told = answer.expression_sentence(small_fit, NAME, nulls=replace(nulls, summary=nulls.summary.assign(map=NAME)))
    assert told.endswith("Among 19 null maps without expression that share has p ≤ .05.")
