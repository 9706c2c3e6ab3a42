"""Codes for missing numbers: one rule for all tables, by column; what looks like a code is refused until named."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import pyro_neurovae as nv
from pyro_neurovae.cohort.missing_codes import MissingCodes, check_suspects, read_codes

GROUPS = {"group": "diagnosis", "case": "AD", "control": "CN"}


@pytest.mark.parametrize(
    ("given", "everywhere", "columns"),
    [
        (None, None, {}),
        (-9, (-9.0,), {}),
        ([-9, "999"], (-9.0, 999.0), {}),
        ((), (), {}),
        ("none", (), {}),
        ("-9, 999", (-9.0, 999.0), {}),
        ("AGE=999,AGE=-9,educ=none", None, {"AGE": (999.0, -9.0), "educ": ()}),
        ("-9,MMSE=none", (-9.0,), {"MMSE": ()}),
        ({"AGE": 999, "educ": [-9, -4]}, None, {"AGE": (999.0,), "educ": (-9.0, -4.0)}),
    ],
)
def test_codes_are_given_for_all_columns_or_for_one(
    given: Any, everywhere: tuple[float, ...] | None, columns: dict[str, tuple[float, ...]]
) -> None:
    assert read_codes(given) == MissingCodes(everywhere, columns)


@pytest.mark.parametrize("given", ["", ",", "nine", "AGE=", ["x"]])
def test_what_is_no_code_is_told(given: Any) -> None:
    with pytest.raises(nv.SettingsError, match="give numbers, as -9,999 or by column"):
        read_codes(given)


EDUCATION = [8.0, 9.0, 10.0, 12.0, 12.0, 14.0, 16.0, 16.0, 18.0, 20.0] * 3


@pytest.mark.parametrize(
    ("numbers", "shown"),
    [
        ([*EDUCATION, -4, -4, -4], "-4 for 3 of 33, far from the others (8 to 20)"),
        ([*EDUCATION, -1, -1], "-1 for 2 of 32"),
        ([*EDUCATION, 99, 99], "99 for 2"),
        ([*EDUCATION, 999], "999 for 1 of 31"),
        ([*EDUCATION, -9, -9, -8, -8, 88, 99], "-8 for 2"),
        ([1, 2] * 15 + [9, 9], "9 for 2 of 32, far from the others (1 to 2)"),
        ([*np.linspace(55, 90, 40), -9, -9], "-9 for 2"),
        ([*np.linspace(1.2e6, 1.8e6, 40), -9999], "-9999 for 1"),
        ([*np.linspace(55, 90, 40), 500, 500, 500], "500 for 3"),
        ([*np.linspace(55, 90, 400), *[500] * 9], "500 for 9 of 409"),
    ],
)
def test_a_number_far_from_the_others_that_looks_like_a_code_is_named(numbers: list[float], shown: str) -> None:
    with pytest.raises(nv.InputError) as caught:
        check_suspects("people.csv", "x", np.array([*numbers, np.nan], dtype=float), values_are="x=none")
    assert f"people.csv: x is {shown}" in str(caught.value)
    assert "--missing-codes" in str(caught.value)


@pytest.mark.parametrize(
    "numbers",
    [
        EDUCATION,
        [0, 1] * 20,
        [0] * 40 + [1],
        [0] * 40 + [9] * 2,
        [1, 2, 3, 9] * 10 + [4, 5, 6, 7, 8],
        np.round(np.random.default_rng(0).normal(size=200), 0).tolist(),
        [*np.random.default_rng(1).normal(size=200), -1.0, -1.0, -3.0],
        [*np.linspace(55, 90, 40), 95],
        [*np.linspace(55, 90, 40), 1e308, -1e200],  # refused for their size, as covariates
        [*np.linspace(55, 90, 400), *[500] * 5],  # no code by its look, and fewer than 2% have it
        [0, 5] * 15 + [100] * 5,  # three doses
        [5, 6] * 15 + [8, 8],  # no more than one step is left out
        [7] * 5,
        [],
    ],
)
def test_real_numbers_are_no_codes(numbers: list[float]) -> None:
    check_suspects("people.csv", "x", np.array(numbers, dtype=float))


def test_education_of_minus_four_is_missing_and_a_real_minus_one_stays(wide: pd.DataFrame) -> None:
    rng = np.random.default_rng(0)
    years = rng.integers(8, 20, len(wide)).astype(float)
    z = np.round(rng.normal(size=len(wide)), 1)
    z[[3, 50]] = -1.0
    blank, coded = years.copy(), years.copy()
    blank[[5, 45]], coded[[5, 45]] = np.nan, -4
    with_dx = wide.assign(DX=wide["diagnosis"], score=z)
    options = {**GROUPS, "covariates": ["PTEDUCAT", "score"], "missing": "drop"}
    expected = nv.contrast(with_dx.assign(PTEDUCAT=blank), **options)
    found = nv.contrast(with_dx.assign(PTEDUCAT=coded), **options)
    pd.testing.assert_frame_equal(found.map, expected.map)
    assert found.subjects.n_rows == len(wide) - 2
    assert "2 values -4 of PTEDUCAT count as missing." in found.notices
    # The same where the table is one of its own.
    people = with_dx.assign(PTEDUCAT=coded)[["subject", "DX", "PTEDUCAT", "score"]]
    joined = nv.contrast(people, thickness=wide.drop(columns="diagnosis"), **(options | {"group": "DX"}))
    pd.testing.assert_frame_equal(joined.map, expected.map)
    # A standardised AGE has real values of -1.
    assert MissingCodes().emptied("AGE", pd.Series([-1.0, 0.4, -0.3, 1.2]))[1] == ""


def test_a_suspect_covariate_waits_for_the_users_word(wide: pd.DataFrame) -> None:
    wide["educ"] = np.resize(EDUCATION, len(wide))
    expected = nv.contrast(wide.drop(index=[7, 47]).reset_index(drop=True), **GROUPS, covariates=["educ"])
    wide.loc[[7, 47], "educ"] = 999
    with pytest.raises(nv.InputError, match=r"educ is 999 for 2 of 60, far from the others \(8 to 20\); where that"):
        nv.contrast(wide, **GROUPS, covariates=["educ"])
    for codes in ([999], "999", "educ=999", {"educ": 999}):
        found = nv.contrast(wide, **GROUPS, covariates=["educ"], missing_codes=codes, missing="drop")
        pd.testing.assert_frame_equal(found.map, expected.map)
    with pytest.raises(nv.InputError, match="column educ is empty for 2 of 60"):
        nv.contrast(wide, **GROUPS, covariates=["educ"], missing_codes=[999])
    with pytest.raises(nv.InputError, match="educ is 999"):
        nv.contrast(wide, **GROUPS, covariates=["educ"], missing_codes=[-9])
    as_value = nv.contrast(wide, **GROUPS, covariates=["educ"], missing_codes="educ=none")
    assert as_value.subjects.n_rows == 60
    # As a factor it is a level of its own.
    assert "educ[999]" in nv.contrast(wide, **GROUPS, covariates=["C(educ)"]).design.names


def test_a_group_may_be_called_minus_one(wide: pd.DataFrame) -> None:
    wide["arm"] = np.where(wide["diagnosis"] == "AD", 1, -1)
    found = nv.contrast(wide, group="arm", case=1, control=-1, missing_codes=[-1])
    pd.testing.assert_frame_equal(found.map, nv.contrast(wide, **GROUPS).map)


def test_codes_of_thickness_are_missing_and_told(wide: pd.DataFrame) -> None:
    wide = wide.astype({"L_insula": float, "R_cuneus": float})
    wide.loc[0, "L_insula"], wide.loc[1, "L_insula"], wide.loc[2, "R_cuneus"] = 0, -4, -1
    found = nv.read_subjects(wide)
    assert int(np.isnan(found.thickness).sum()) == 3
    for told in ("1 thicknesses of 0 (region absent) are missing", "2 thicknesses coded -4 or -1 are missing"):
        assert any(told in one for one in found.notices), told
    wide.loc[3, "L_insula"] = 99
    with pytest.raises(nv.InputError, match=r"thickness 99 is outside 0.5 to 6 mm .*--missing-codes for a code"):
        nv.read_subjects(wide)
    assert int(np.isnan(nv.read_subjects(wide, missing_codes=[99]).thickness).sum()) == 4
    assert int(np.isnan(nv.read_subjects(wide, missing_codes="L_insula=99").thickness).sum()) == 4


def test_thickness_on_a_free_scale_gives_the_same_effect(wide: pd.DataFrame) -> None:
    regions = [name for name in wide.columns if name[:2] in ("L_", "R_")]
    z = wide.copy()
    z[regions] = (wide[regions] - wide[regions].mean()) / wide[regions].std()
    with pytest.raises(nv.InputError, match=r"is outside 0.5 to 6 mm .* or say --scale free"):
        nv.contrast(z, **GROUPS)
    found = nv.contrast(z, **GROUPS, scale="free", covariates=["age"])
    expected = nv.contrast(wide, **GROUPS, covariates=["age"])
    pd.testing.assert_frame_equal(found.map, expected.map)
    assert found.settings["scale"] == "free"
    z.loc[4, "L_insula"] = -1.0
    assert not np.isnan(nv.read_subjects(z, scale="free").thickness).any()
    z.loc[[4, 5], "L_insula"] = -99
    with pytest.raises(nv.InputError, match=r"thickness of L_insula is -99 for 2 of 60"):
        nv.read_subjects(z, scale="free")
    assert int(np.isnan(nv.read_subjects(z, scale="free", missing_codes=[-99]).thickness).sum()) == 2
    with pytest.raises(nv.SettingsError, match="has no effect in mm"):
        nv.contrast(z, **GROUPS, scale="free", effect="mm", missing_codes=[-99])
    with pytest.raises(nv.SettingsError, match="scale is 'cm'"):
        nv.read_subjects(wide, scale="cm")
