"""Covariates: numbers, factors, words among numbers, codes as numbers, and numbers of no reasonable size."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import pyro_neurovae as nv

GROUPS = {"group": "diagnosis", "case": "AD", "control": "CN"}


@pytest.mark.parametrize("word", ["90+", "unknown", "7O", "71,5 years", "inf"])
def test_a_word_among_numbers_is_named_with_its_subject(wide: pd.DataFrame, word: str) -> None:
    wide = wide.astype({"age": object})
    wide.loc[[5, 9], "age"] = word
    with pytest.raises(nv.InputError) as caught:
        nv.contrast(wide, **GROUPS, covariates=["age"])
    told = f"covariate age of subject {wide['subject'][5]} is {word!r}, a word among numbers (2 of 60)"
    assert told in str(caught.value)
    assert "write C(age) for a factor" in str(caught.value)
    wide = wide.astype({"sex": object})
    wide.loc[4, "sex"] = 1
    with pytest.raises(
        nv.InputError, match=rf"sex of subject {wide['subject'][4]} is '1', a number among words \(1 of"
    ):
        nv.contrast(wide, **GROUPS, covariates=["sex"])
    with pytest.raises(nv.SettingsError, match="covariate sex is given twice, as sex and C"):
        nv.contrast(wide, **GROUPS, covariates=["sex", "C(sex)"])


def test_codes_as_a_slope_are_told_and_a_factor_is_one(wide: pd.DataFrame) -> None:
    wide["SITE"] = wide.index % 3 + 1
    told = "the 3 numbers of SITE are taken as a slope; where they are codes, C(SITE) makes a factor of them."
    assert told in nv.contrast(wide, **GROUPS, covariates=["SITE"]).notices
    factor = nv.contrast(wide, **GROUPS, covariates=["C(SITE)"])
    assert told not in factor.notices
    assert factor.design.names[2:] == ("SITE[2]", "SITE[3]")
    wide["SITE"] = wide.index % 2
    assert not any("slope" in one for one in nv.contrast(wide, **GROUPS, covariates=["SITE", "age"]).notices)


def test_a_level_of_one_subject_is_told_and_counts_for_nothing(wide: pd.DataFrame) -> None:
    wide["site"] = np.where(wide.index % 2, "a", "b")
    wide.loc[3, "site"] = "lonely"
    options = {**GROUPS, "covariates": ["age", "site"]}
    found = nv.contrast(wide, **options, bootstrap=100, permutations=19, seed=1)
    assert any("lonely of site has one subject only" in one for one in found.notices)
    without = nv.contrast(wide.drop(index=3).reset_index(drop=True), **options)
    columns = ["d", "se_hc3", "se_classical"]
    np.testing.assert_allclose(found.map[columns], without.map[columns], rtol=1e-8)
    for table in (found.map.drop(columns="region"), found.covariance, found.subject_check().drop(columns="region")):
        assert np.isfinite(table.to_numpy(dtype=float)).all()
    scores = found.w_scores()
    assert scores.loc[wide["subject"][3]].isna().all()
    assert scores.drop(index=wide["subject"][3]).notna().all(axis=None)


def test_a_site_of_patients_only_stops_nothing_but_overlap_weights(wide: pd.DataFrame) -> None:
    wide["site"] = np.where(wide.index % 2, "a", "b")
    alone = np.flatnonzero(wide["diagnosis"] == "AD")[:6]
    wide.loc[alone, "site"] = "kyiv"
    found = nv.contrast(wide, **GROUPS, covariates=["age", "site"], bootstrap=100, permutations=19)
    assert any("no control is like 6 subjects" in one for one in found.notices)
    assert "overlap" not in found.comparison.columns
    for table in (found.map.drop(columns="region"), found.covariance, found.subject_check().drop(columns="region")):
        assert np.isfinite(table.to_numpy(dtype=float)).all()
    scores = found.w_scores()
    assert list(np.flatnonzero(scores.isna().all(axis=1))) == list(alone)
    with pytest.raises(nv.InputError, match="no control is like subject"):
        found.subject_map(wide["subject"][alone[0]])
    with pytest.raises(nv.InputError, match="do not overlap"):
        nv.contrast(wide, **GROUPS, covariates=["age", "site"], weights="overlap")


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (1e200, r"covariate x 1e\+200 is beyond"),
        (-1e308, r"covariate x -1e\+308 is beyond"),
        (5e-324, "is nowhere above"),
    ],
)
def test_a_covariate_of_no_reasonable_size_is_one_sentence(wide: pd.DataFrame, value: float, told: str) -> None:
    wide["x"] = value if abs(value) < 1 else np.arange(60.0)
    wide.loc[7, "x"] = 0 if abs(value) < 1 else value
    with pytest.raises(nv.InputError, match=told):
        nv.contrast(wide, **GROUPS, covariates=["x"], missing_codes="none")


def test_numbers_that_differ_by_rounding_are_one_number(wide: pd.DataFrame) -> None:
    wide["x"] = np.where(wide.index % 2, 70.0, np.nextafter(70.0, 71))
    with pytest.raises(nv.InputError, match="covariate x is the same for all 60 subjects"):
        nv.contrast(wide, **GROUPS, covariates=["x"])
    wide["L_insula"] = np.where(wide.index % 2, 2.5, np.nextafter(2.5, 3))
    with pytest.raises(nv.InputError, match=r"thickness of L_insula is the same for all 60 subjects"):
        nv.contrast(wide, **GROUPS)
    wide["L_insula"] = np.where(wide["diagnosis"] == "AD", 2.0, 2.5)
    with pytest.raises(nv.InputError, match=r"thickness of L_insula is told by the model without an error"):
        nv.contrast(wide, **GROUPS)


@pytest.mark.parametrize("value", [1e200, 1e308])
def test_thickness_of_no_reasonable_size_is_one_sentence(wide: pd.DataFrame, value: float) -> None:
    wide.loc[3, "L_insula"] = value
    with pytest.raises(nv.InputError, match=r"region L_insula: thickness 1e\+\d+ is outside"):
        nv.contrast(wide, **GROUPS)
    with pytest.raises(nv.InputError, match=r"thickness of L_insula 1e\+\d+ is beyond"):
        nv.contrast(wide, **GROUPS, scale="free")
    regions = [name for name in wide if name[:2] in ("L_", "R_")]
    wide[regions] = np.where(wide[regions] > 2.5, 5e-324, 0)
    with pytest.raises(nv.InputError, match=r"thickness of .* is nowhere above"):
        nv.contrast(wide, **GROUPS, scale="free")


def test_units_change_no_effect_size(wide: pd.DataFrame) -> None:
    expected = nv.contrast(wide, **GROUPS, covariates=["age", "icv"]).map
    regions = [name for name in wide if name[:2] in ("L_", "R_")]
    wide[regions] *= 1e9
    wide["icv"] = wide["icv"] * 1e-9
    wide["age"] = wide["age"] * 1e9
    found = nv.contrast(wide, **GROUPS, covariates=["age", "icv"], scale="free").map
    pd.testing.assert_frame_equal(found, expected, rtol=1e-7)
