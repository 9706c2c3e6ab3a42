"""Rows placed on a graph by name, and names found among those of a study."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pyro_neurovae.atlases.atlas import dk68_names
from pyro_neurovae.errors import InputError
from pyro_neurovae.readers.placement import place_rows, positions_of

DK = dk68_names()


def test_rows_go_to_their_regions_and_the_rest_is_missing():
    table = pd.DataFrame({"d": [3.0, 1.0, 9.0]}, index=["ctx-rh-insula", "lh_cuneus_thickness", "Left-Hippocampus"])
    placed = place_rows(table, DK, source="m.csv")
    np.testing.assert_array_equal(placed.positions, [DK.index("R_insula"), DK.index("L_cuneus")])
    values = placed.numbers("d", source="m.csv")
    assert (values[DK.index("R_insula")], values[DK.index("L_cuneus")]) == (3.0, 1.0)
    assert np.isnan(values).sum() == 66
    assert placed.notices == ("m.csv: rows that are not regions are set aside: Left-Hippocampus.",)
    assert placed.labels(DK)[DK.index("R_insula")] == "ctx-rh-insula"
    assert placed.labels(DK)[0] == DK[0]


def test_values_of_any_shape_are_scattered():
    placed = place_rows(pd.DataFrame(index=["b", "a"]), ["a", "b", "c"], source="m.csv")
    np.testing.assert_array_equal(placed.scatter(np.array([[1, 2], [3, 4]])), [[3, 4], [1, 2], [np.nan, np.nan]])


def test_labels_without_a_hemisphere():
    table = pd.DataFrame({"d": np.arange(34.0)}, index=[name[2:] for name in DK[:34]])
    with pytest.raises(InputError, match=r"m\.csv.*hemisphere"):
        place_rows(table, DK, source="m.csv")
    right = place_rows(table, DK, source="m.csv", unlabelled="R")
    np.testing.assert_array_equal(right.positions, np.arange(34, 68))
    assert right.notices == ("m.csv: labels without a hemisphere were read as the right one.",)


def test_faults_of_rows_and_columns():
    twice = pd.DataFrame({"d": [1, 2, 3]}, index=["a", "b", "a"])
    with pytest.raises(InputError, match=r"m\.csv: region a has 2 rows"):
        place_rows(twice, ["a", "b"], source="m.csv")
    columns = pd.DataFrame([[1, 2]], index=["a"], columns=["d", "d"])
    with pytest.raises(InputError, match=r"m\.csv: two columns are called d; rename one of them"):
        place_rows(columns, ["a"], source="m.csv").numbers("d", source="m.csv")


def test_positions_of_names():
    assert positions_of("map", ["first", "second"], None) == [0, 1]
    assert positions_of("map", ["first", "second"], ["second", "first"]) == [1, 0]
    with pytest.raises(InputError, match="the study has no map third; it has first, second"):
        positions_of("map", ["first", "second"], ["third"])
    with pytest.raises(InputError, match=r"the study has no gene h; it has g0, g1, .*\(900 in all\)"):
        positions_of("gene", [f"g{k}" for k in range(900)], ["h"])


def test_regions_of_dkt_are_told():
    word = {name: name[2:] for name in DK}
    three = ("bankssts", "frontalpole", "temporalpole")
    rows = [name for name in DK if word[name] not in three]
    table = pd.DataFrame({"d": np.arange(68.0), "n": 60, "side": [name[0] for name in DK]}, index=list(DK))
    told = r"m.csv: no values of bankssts, frontalpole and temporalpole, as in DKT labels: read as Desikan-Killiany"
    emptied = table.astype(object)
    emptied.loc[[name for name in DK if word[name] in three], "d"] = ""
    for dkt in (table.loc[rows], table.loc[rows[:31]], emptied):
        (notice,) = place_rows(dkt, DK, source="m.csv").notices
        assert notice.startswith(told)
    some = emptied.copy()
    some.loc["L_insula", "d"] = ""
    for other in (table, some, table.loc[rows[1:]], table.iloc[:34]):
        assert place_rows(other, DK, source="m.csv").notices == ()
    assert place_rows(table.loc[rows], rows, source="m.csv").notices == ()
