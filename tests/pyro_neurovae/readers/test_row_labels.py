"""Rows labelled from the columns that name their regions, however many other columns there are."""

from __future__ import annotations

import pandas as pd
import pytest

from pyro_neurovae.atlases.atlas import dk68_names, parcel_table
from pyro_neurovae.errors import InputError
from pyro_neurovae.readers.row_labels import label_columns, label_rows

DK = dk68_names()
BARE = ["cuneus", "insula"]
WHOLE = ["L_cuneus", "R_insula"]


@pytest.mark.parametrize(
    ("columns", "labels"),
    [
        ({"Hem": ["L", "right"], "ROI": BARE}, ["L cuneus", "R insula"]),
        ({"hemisphere": ["LH", "RH"], "label": BARE}, ["L cuneus", "R insula"]),
        ({"ROI": WHOLE, "Hem": ["?", "?"]}, WHOLE),
        ({"thing": WHOLE}, WHOLE),
        ({"ROI": [1, 2], "name": WHOLE}, WHOLE),
        ({"label": ["7", "8"], "region": BARE, "hemisphere": ["L", "R"]}, ["L cuneus", "R insula"]),
        ({"structure": ["cortex", "cortex"], "label": BARE, "hemisphere": ["L", "R"]}, ["L cuneus", "R insula"]),
        ({"region": BARE, "label": ["lh_cuneus", "rh_insula"]}, ["lh_cuneus", "rh_insula"]),
        ({"region": [1003, 2035]}, ["1003", "2035"]),
        ({"region": ["cuneus", "brainstem"], "hemisphere": ["L", "B"]}, ["L cuneus", "brainstem"]),
    ],
)
def test_labels_are_in_the_column_that_names_regions(columns, labels):
    table = pd.DataFrame(columns | {"d": [0.1, 0.2]}, dtype=object)
    assert list(label_rows(table, DK, source="m.csv").index) == labels


@pytest.mark.parametrize("rows", [1, 2])
def test_labels_in_a_column_of_any_name_after_numbers(rows):
    table = pd.DataFrame({"d": [-0.25, 1.5], "note": ["a", "b"], "thing": WHOLE})[:rows]
    assert list(label_rows(table, DK, source="m.csv").index) == WHOLE[:rows]
    assert label_columns(table[:0], DK) == (0, None)


def test_numbers_of_regions_in_a_column_of_any_name():
    assert label_columns(pd.DataFrame({"d": [-0.25, 1.5], "id": [1003, 2035]}), DK) == (1, None)


def test_codes_that_tell_the_hemisphere_go_before_bare_names():
    table = pd.DataFrame({"label": [1003, 2035], "thing": BARE, "d": [0.1, 0.2]})
    assert label_columns(table, DK) == (0, None)
    assert label_columns(table.drop(columns="label").set_axis(["1003", "2035"]), DK) == (None, None)


def test_names_go_before_numbers_of_rows():
    """Row numbers of a sorted table are numbers of Schaefer's parcels as well."""
    names = parcel_table("schaefer100")["region"].to_list()
    rows = [str(row) for row in range(1, 101)]
    for word in ("where", "name"):
        table = pd.DataFrame({"label": rows, word: names[::-1], "n": 29, "d": 0.1})
        assert label_columns(table, names) == (1, None)
        assert label_columns(table.set_axis(rows).drop(columns="label"), names) == (0, None)
    assert label_columns(table[["n", "d"]].set_axis(rows), names) == (None, None)


def test_numbers_that_stand_twice_are_no_labels():
    """Of 400 parcels on the graph of 100, which names most of them wrongly."""
    table = pd.DataFrame({"parcel": range(1, 401), "d": 0.1, "se": "1"})
    assert label_columns(table, parcel_table("schaefer100")["region"].to_list()) == (0, None)


def test_labels_in_the_index():
    table = pd.DataFrame({"d": [1.0, 2.0]}, index=WHOLE)
    assert list(label_rows(table, DK, source="m.csv").index) == WHOLE
    numbered = pd.DataFrame({"name": WHOLE, "d": [1.0, 2.0]}, index=["4", "5"])
    assert list(label_rows(numbered, DK, source="m.csv").index) == WHOLE
    described = pd.DataFrame({"structure": ["cortex"] * 2, "d": [1.0, 2.0]}, index=WHOLE)
    assert list(label_rows(described, DK, source="m.csv").index) == WHOLE
    assert label_columns(pd.DataFrame({"d": [1.0], "side": ["L"]}, index=["cuneus"]), DK) == (None, 1)


@pytest.mark.parametrize(("sides", "shown"), [(["both", "both"], "both"), ([0, 1], "0"), (["", "R"], "")])
def test_a_hemisphere_that_can_be_read_two_ways_is_refused(sides, shown):
    table = pd.DataFrame({"Hem": sides, "ROI": BARE, "d": [1, 2]})
    message = f"m.csv, row cuneus: hemisphere '{shown}' in column Hem is neither left nor right; write L or R"
    with pytest.raises(InputError, match=message):
        label_rows(table, DK, source="m.csv")
