"""Visits: their spellings, a column that is filled in some rows only, and what is left out by name."""

from __future__ import annotations

import pandas as pd
import pytest

import pyro_neurovae as nv
from pyro_neurovae.cohort.sheet import Sheet
from pyro_neurovae.cohort.visits import keep_visit, plain_visit, split_sessions, visit_codes


@pytest.mark.parametrize(
    ("code", "plain"),
    [
        ("bl", "bl"), ("sc", "bl"), ("SCMRI", "bl"), ("m00", "bl"), ("ses-M000", "bl"), ("M0", "bl"),
        ("Baseline", "bl"), ("Month 0", "bl"), ("screening", "bl"), ("m06", "m06"), ("M6", "m06"), ("ses-M006", "m06"),
        ("m012", "m12"), ("ses-M120", "m120"), ("Month 24", "m24"), ("v03", "v03"), ("ses-01", "01"),
        ("", ""), (None, ""), (float("nan"), ""), ("NA", ""),
    ],
)  # fmt: skip
def test_one_visit_has_one_code(code: object, plain: str) -> None:
    assert plain_visit(code) == plain


def test_an_empty_viscode2_falls_back_to_viscode_row_by_row() -> None:
    frame = pd.DataFrame({"RID": [1, 2, 3, 4], "VISCODE": ["bl", "v01", "bl", ""], "VISCODE2": ["", "sc", None, "m06"]})
    assert visit_codes(Sheet("x", frame)) == ["bl", "sc", "bl", "m06"]
    assert visit_codes(Sheet("x", frame[["RID"]])) is None


def test_sixty_of_a_hundred_and_twenty_baselines_stay(wide: pd.DataFrame) -> None:
    wide["VISCODE"], wide["VISCODE2"] = "bl", ["bl", ""] * (len(wide) // 2)
    found = nv.read_subjects(wide)
    assert found.n_rows == len(wide)


def test_visits_that_are_left_out_are_named_with_their_counts() -> None:
    kept, notices = keep_visit("scans.csv", ["bl", "sc", "m12", "M12", "ses-M024", ""], None)
    assert list(kept) == [True, True, False, False, False, False]
    assert notices == ["scans.csv: visit bl kept, 2 of 6 scans; left out: m12 (2), m24 (1), no code (1)."]
    assert keep_visit("x", ["", ""], None)[1] == []
    assert keep_visit("x", ["v1", "v2"], None)[0].all()
    assert list(keep_visit("x", ["ses-M000", "ses-M012"], "m12")[0]) == [False, True]
    with pytest.raises(nv.InputError, match="x: no scan at visit m99; the visits are bl, m12"):
        keep_visit("x", ["bl", "m12"], "m99")
    with pytest.raises(nv.InputError, match="x has no column of visits"):
        keep_visit("x", (), "bl")


def test_ids_that_hold_a_session_are_subject_and_visit(wide: pd.DataFrame) -> None:
    assert split_sessions(["/fs/sub-1_ses-M000/", "sub-2_ses-M012.long.sub-2_x"]) == (
        ["sub-1", "sub-2"],
        ["ses-M000", "ses-M012"],
    )
    assert split_sessions(["sub-1_ses-1", "s2"]) == (["sub-1_ses-1", "s2"], None)
    names = wide["subject"].str.replace("-", "").str.replace("sub", "sub-")
    regions = wide[[name for name in wide if name[:2] in ("L_", "R_")]]
    scans = pd.concat(
        [(regions + 0.1).assign(subject=names + "_ses-M012"), regions.assign(subject=names + "_ses-M000")]
    )
    people = wide[["diagnosis", "age"]].assign(participant_id=names, session_id="ses-M000")
    expected = nv.contrast(wide, group="diagnosis", case="AD", control="CN", covariates=["age"]).map
    for table in (people, people.drop(columns="session_id"), people.assign(participant_id=names + "_ses-M000")):
        options = {"thickness": scans.reset_index(drop=True), "group": "diagnosis", "case": "AD", "control": "CN"}
        found = nv.contrast(table, **options, covariates=["age"])
        pd.testing.assert_frame_equal(found.map, expected)
        assert any("visit bl kept, 60 of 120 scans; left out: m12 (60)" in one for one in found.notices)
