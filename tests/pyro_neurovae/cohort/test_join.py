"""Tables joined to scans: rows of a visit under two codes, and what has no row."""

from __future__ import annotations

import pandas as pd
import pytest

import pyro_neurovae as nv


@pytest.fixture
def scans(wide: pd.DataFrame) -> pd.DataFrame:
    """Thickness at the baseline under a RID."""
    regions = [name for name in wide if name[:2] in ("L_", "R_")]
    return wide[regions].assign(RID=range(1, len(wide) + 1), VISCODE="sc")


def test_screening_and_baseline_of_a_diagnosis_are_one_row(scans: pd.DataFrame, wide: pd.DataFrame) -> None:
    codes = wide["diagnosis"].map({"CN": "1", "AD": "3"})
    bl = pd.DataFrame({"RID": scans["RID"], "VISCODE": "bl", "DXCURREN": codes, "note": ""})
    sc = bl.assign(VISCODE="sc", DXCURREN="2", note="seen")
    bl.loc[0, "DXCURREN"] = ""
    found = nv.read_subjects(pd.concat([sc, bl], ignore_index=True), scans)
    assert list(found.table["diagnosis"])[1:] == list(wide["diagnosis"])[1:]
    assert found.table["diagnosis"][0] == "MCI"  # an empty cell of the baseline is filled from the screening
    assert set(found.table["note"]) == {"seen"}
    assert any("60 subjects have several rows of one visit" in one for one in found.notices)


def test_rows_that_say_the_same_are_one_and_others_are_refused(scans: pd.DataFrame, wide: pd.DataFrame) -> None:
    people = pd.DataFrame({"RID": scans["RID"], "dx": wide["diagnosis"]})
    twice = pd.concat([people, people.iloc[:3]], ignore_index=True)
    assert list(nv.read_subjects(twice, scans).table["dx"]) == list(wide["diagnosis"])
    twice.loc[len(people), "dx"] = "other"
    with pytest.raises(nv.InputError, match="subject 1 has 2 rows by column RID; keep one"):
        nv.read_subjects(twice, scans)


def test_scans_without_a_row_are_the_reason_of_what_is_empty(scans: pd.DataFrame, wide: pd.DataFrame) -> None:
    people = pd.DataFrame({"RID": scans["RID"], "VISCODE": "bl", "dx": wide["diagnosis"]})
    people.loc[5:14, "VISCODE"] = "m12"
    found = nv.read_subjects(people.iloc[:-3], scans.assign(VISCODE="bl"))
    told = "no row for 13 of the 60 scans of thickness, 6 the first; for 10 subjects it has other visits only"
    assert any(told in one for one in found.notices)
    with pytest.raises(nv.InputError, match=r"dx is empty for 13 .*no row for 13 of .* or keep the other 47 with"):
        nv.contrast(found, group="dx", case="AD", control="CN")
