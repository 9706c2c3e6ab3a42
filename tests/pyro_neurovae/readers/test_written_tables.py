"""Tables that are written and read again, with names as odd as data have them."""

from __future__ import annotations

import csv

import numpy as np
import pandas as pd
import pytest

from pyro_neurovae.readers.written_tables import read_written, write_table

FORMULAS = ["=1+1", "=cmd|' /C calc'!A0", "@SUM(A1)", "+x", "-x", "\t=1", "'=1", "''+x", "=1", "@2"]
PLAIN = ["L_insula", "'quoted'", "-0.25", "+1e5", "-", "a=b", "", "NA", "1", "true"]


@pytest.mark.parametrize("name", FORMULAS)
def test_no_text_is_a_formula(name, tmp_path):
    path = tmp_path / "t.csv"
    write_table(pd.DataFrame({"map": [name], name: [-0.5]}), path)
    with path.open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows == [["map", f"'{name}"], [f"'{name}", "-0.5"]]
    write_table(pd.DataFrame({name: [-0.5]}, index=pd.Index([name], name="region")), path, index=True)
    with path.open(newline="") as file:
        assert list(csv.reader(file)) == [["region", f"'{name}"], [f"'{name}", "-0.5"]]


def test_what_is_no_formula_stays(tmp_path):
    path = tmp_path / "t.csv"
    write_table(pd.DataFrame({"map": PLAIN, "value": -1.123456789, "sure": True}), path)
    with path.open(newline="") as file:
        rows = list(csv.reader(file))[1:]
    assert rows == [[name, "-1.1234568", "True"] for name in PLAIN]
    write_table(pd.DataFrame({"value": [-1.123456789]}), path, digits=10)
    assert path.read_text() == "value\n-1.123456789\n"


def test_names_and_numbers_come_back(tmp_path):
    names = [*FORMULAS, *(name for name in PLAIN if name)]
    table = pd.DataFrame({"map": names, "gene": "NA", "=x": [np.nan, *np.arange(1.0, len(names))], "sure": True})
    write_table(table, tmp_path / "t.csv")
    pd.testing.assert_frame_equal(read_written(tmp_path / "t.csv"), table, check_dtype=False)
