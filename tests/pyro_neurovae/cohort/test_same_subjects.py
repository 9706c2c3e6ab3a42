"""Subjects under two spellings are matched where that is unique, and it is told."""

from __future__ import annotations

import pytest

import pyro_neurovae as nv
from pyro_neurovae.cohort.same_subjects import match_subjects


def _match(subjects: list[str], scanned: list[str]) -> tuple[list[str], list[str]]:
    notices: list[str] = []
    return match_subjects(subjects, scanned, "people.csv", "scans.csv", notices), notices


@pytest.mark.parametrize(
    ("subjects", "scanned", "told"),
    [
        (["7", "8"], ["0007", "0008"], "as numbers"),
        (["7", "0008"], ["0007", "0008"], "as numbers"),  # also where some match as text
        (["011_S_0007", "023_S_0008"], ["7", "8"], "as numbers"),
        (["7", "8"], ["sub-ADNI011S0007", "sub-ADNI023S0008"], "as numbers"),
        (["sub-01", "sub-02"], ["1", "2"], "as numbers"),
        (["s1", "s2"], ["/data/fs/s1", "/data/fs/s2"], "without folders"),
        (["s1", "s2"], ["s1/", "s2/"], "without folders"),
        (["s1_t1", "s2_t1"], ["s1_t1.long.s1_base", "s2_t1.long.s2_base"], "by their time points"),
        (["s1", "s2"], ["s1_t1.long.s1_base", "fs/s2_t1.long.s2_base/"], "by their templates"),
        (["PAT1", "pat2"], ["sub-pat1", "sub-pat2"], "but for sub- and letter case"),
    ],
)
def test_spellings_of_one_subject(subjects: list[str], scanned: list[str], told: str) -> None:
    found, notices = _match(subjects, scanned)
    assert found == scanned
    assert told in notices[-1]
    assert f"({next(one for one in subjects if one not in scanned)} is " in notices[-1]


def test_what_is_not_unique_is_not_matched() -> None:
    assert _match(["s", "7", "007"], ["s", "07"]) == (["s", "7", "007"], [])  # two people are no one scan
    assert _match(["s", "7"], ["s", "07", "007"]) == (["s", "7"], [])
    assert _match(["s", "s1"], ["s", "s1_a.long.s1", "s1_b.long.s1"])[0] == ["s", "s1"]
    assert _match(["7", "8", "8"], ["7", "08"])[0] == ["7", "08", "08"]
    with pytest.raises(nv.InputError, match=r"no subject of people.csv is among those of scans.csv \(the first are a"):
        _match(["a"], ["b"])
