"""Who is in the groups: spellings of a diagnosis, what is left out by name, and regions that few have."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import pyro_neurovae as nv

GROUPS = {"group": "diagnosis", "case": "AD", "control": "CN"}


def test_a_diagnosis_spelled_in_several_ways_is_one(wide: pd.DataFrame) -> None:
    expected = nv.contrast(wide, **GROUPS).map
    cases = np.flatnonzero(wide["diagnosis"] == "AD")
    wide.loc[cases[:4], "diagnosis"] = ["ad", "Dementia", "MCI to Dementia", "dementia"]
    wide.loc[np.flatnonzero(wide["diagnosis"] == "CN")[:2], "diagnosis"] = ["NL", "cn"]
    for case in ("AD", "Dementia"):
        found = nv.contrast(wide, **(GROUPS | {"case": case}))
        pd.testing.assert_frame_equal(found.map, expected)
        assert any(
            "diagnosis of the cases is spelled in several ways: AD (16), ad (1), Dementia (1)" in one
            for one in found.notices
        )
    with pytest.raises(nv.InputError, match="cases and controls are both diagnosis CN"):
        nv.contrast(wide, group="diagnosis", case="CN", control="CN")


def test_two_spellings_that_are_both_asked_for_are_two_groups(wide: pd.DataFrame) -> None:
    wide["arm"] = np.where(wide["diagnosis"] == "AD", "a", "A")
    found = nv.contrast(wide, group="arm", case="a", control="A")
    pd.testing.assert_frame_equal(found.map, nv.contrast(wide, **GROUPS).map)


def test_other_groups_and_subjects_without_a_value_are_left_out_by_name(wide: pd.DataFrame) -> None:
    wide = wide.astype({"age": object})
    wide.loc[[0, 1, 2], "diagnosis"] = ["EMCI", "EMCI", "SMC"]
    wide.loc[[5, 55], "age"] = ""
    with pytest.raises(nv.InputError, match=r"age is empty for 2 of 57 .* or keep the other 55 with --missing drop"):
        nv.contrast(wide, **GROUPS, covariates=["age"])
    found = nv.contrast(wide, **GROUPS, covariates=["age"], missing="drop")
    assert "3 rows of other groups in diagnosis left out: EMCI (2), SMC (1)." in found.notices
    assert any("2 subjects without age left out: CN (1), AD (1)." in one for one in found.notices)


def test_a_region_that_few_have_leaves_the_map(wide: pd.DataFrame) -> None:
    cases = np.flatnonzero(wide["diagnosis"] == "AD")
    wide.loc[cases[4:], "L_frontalpole"] = np.nan
    wide["R_temporalpole"] = np.nan
    found = nv.contrast(wide, **GROUPS, covariates=["age"])
    assert len(found.map) == len(found.covariance) == 66
    assert any("L_frontalpole, R_temporalpole left out: fewer than 5" in one for one in found.notices)
    wide.loc[cases[:5], "L_frontalpole"] = 2.5 + np.arange(5) / 10
    assert "L_frontalpole" in set(nv.contrast(wide, **GROUPS).map["region"])
