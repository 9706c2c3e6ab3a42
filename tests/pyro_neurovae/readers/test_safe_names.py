"""Names from data as names of files."""

from __future__ import annotations

from pathlib import PureWindowsPath

import pytest

from pyro_neurovae.readers.safe_names import file_names

ODD = [
    *("../../x", "..", ".", "", "/etc/passwd", "~", "~root", "a/b", r"a\b", "C:x", "a\0b", "a\nb", "-rf", ".hidden"),
    *("CON", "nul", "com1.csv", "LPT9.txt", "x" * 300, "é" * 150, "\N{GRINNING FACE}" * 90, "\u202eabc", "\x1b[31mred"),
    *("a b ", "a.", "$HOME", "`id`", "a;b", "*", "a?b", '"a"', "<a>", "a|b", "\udcff"),
]


@pytest.mark.parametrize("name", ["enigma_ad", "AD-2020.1", "maladie d Alzheimer", "größe", "脳"])
def test_names_that_people_have_stay(name):
    assert file_names([name]) == [name]


@pytest.mark.parametrize("name", ODD)
def test_no_name_leaves_its_folder_or_is_refused_by_a_system(name, tmp_path):
    (safe,) = file_names([name])
    path = tmp_path / "out" / f"{safe}_transcriptomic_share.L.func.gii"
    path.parent.mkdir()
    path.write_text("inside")
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    assert path.resolve().parent == path.parent.resolve()
    assert safe[0] not in ".-~ "
    assert safe[-1] not in ". "
    assert len(path.name.encode()) <= 200
    assert not PureWindowsPath(safe).is_reserved()
    assert not set(safe) & set('/\\:*?"<>|\0\n$`;')


def test_no_two_names_share_a_file():
    names = [*ODD, "A", "a", "a_b", "a/b", "a:b", "x" * 301, "e\u0301", "\u00e9"]
    found = [one.casefold() for one in file_names(names)]
    assert len(set(found)) == len(names)
    assert file_names(names) == file_names(names)
    assert file_names(["a/b", "a_b"])[0] == "a_b"
    assert file_names(["same", "same"])[0] == "same"


def test_a_checksum_ends_a_name_that_is_too_long_or_stands_twice():
    fits, longer = file_names(["x" * 120, "x" * 121])
    assert fits == "x" * 120
    assert longer[:112] == "x" * 111 + "-"
    assert len(longer) == 120
    first, second, third = file_names(["same"] * 3)
    assert (first, third) == ("same", f"{second}_")
    assert second.startswith("same-")
