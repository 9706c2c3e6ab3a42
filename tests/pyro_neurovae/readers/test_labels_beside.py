"""Files of labels found beside a table, in any case."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyro_neurovae.errors import InputError
from pyro_neurovae.readers.labels_beside import file_beside, plain_stem


def test_a_file_of_another_case_or_ending_is_found(tmp_path):
    table = tmp_path / "SC_Matrix.csv"
    assert file_beside(table, ["SC_labels"]) is None
    (tmp_path / "sc_labels.TXT").write_text("a")
    assert file_beside(table, ["SC_Labels", "other"]).name == "sc_labels.TXT"
    (tmp_path / "SC_labels.csv").write_text("a")
    assert file_beside(table, ["other", "SC_Labels"]).name == "SC_labels.csv"
    assert file_beside(tmp_path / "sc_labels.csv", ["SC_Labels"]) is None


def test_two_that_may_be_meant_are_refused(tmp_path):
    for name in ("a_labels.csv", "A_LABELS.csv"):
        (tmp_path / name).write_text("a")
    if len(list(tmp_path.iterdir())) < 2:
        pytest.skip("this file system does not tell cases apart")
    with pytest.raises(InputError, match=r"a\.csv: A_LABELS\.csv and a_labels\.csv may both be its labels; keep one"):
        file_beside(tmp_path / "a.csv", ["a_Labels"])
    assert file_beside(tmp_path / "a.csv", ["a_labels"]).name == "a_labels.csv"


def test_stems():
    assert plain_stem(Path("f/a.b.tsv.gz")) == ("a.b", ".tsv")
