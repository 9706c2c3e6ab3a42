"""Null maps that a user brings: places, orders, and what is wrong with a table."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pyro_neurovae.errors import InputError
from pyro_neurovae.readers.null_map_table import read_null_maps

NAMES = ("a", "b", "c")


@pytest.fixture
def table():
    """Two null maps of three regions, rows in disorder, one value missing and one row that is no region."""
    return pd.DataFrame(
        {
            "null": [7, 7, 2, 2, 7, 2],
            "region": ["b", "a", "a", "c", "unknown", "b"],
            "value": [0.5, 0.25, 1.0, np.nan, 9.0, 2.0],
        }
    )


def test_values_are_placed_by_name(table, tmp_path):
    expected = [[0.25, 0.5, np.nan], [1.0, 2.0, np.nan]]
    np.testing.assert_array_equal(read_null_maps(table, NAMES, ["m"])[:, 0], expected)
    table.to_csv(tmp_path / "m_permuted.csv", index=False)
    np.testing.assert_array_equal(read_null_maps(tmp_path / "m_permuted.csv", NAMES, ["m"])[:, 0], expected)


def test_several_maps_have_a_column(table):
    both = pd.concat([table.assign(map="one"), table.assign(map="two", value=-table["value"])])
    found = read_null_maps(both, NAMES, ["two", "one"])
    assert found.shape == (2, 2, 3)
    np.testing.assert_array_equal(found[:, 0], -found[:, 1])
    with pytest.raises(InputError, match="null maps has no null maps of three; add rows"):
        read_null_maps(both, NAMES, ["one", "three"])
    with pytest.raises(InputError, match="has no column map, and the fit has 2 maps"):
        read_null_maps(table, NAMES, ["one", "two"])


def test_what_is_wrong_is_said(table, tmp_path):
    with pytest.raises(InputError, match="null maps has no column value; null maps have the columns null, region"):
        read_null_maps(table.rename(columns={"value": "d"}), NAMES, ["m"])
    for name in ("region", "value", "null"):
        with pytest.raises(InputError, match=f"null maps has 2 columns {name}; keep one of them"):
            read_null_maps(pd.concat([table, table[[name]]], axis=1), NAMES, ["m"])
    with pytest.raises(InputError, match="null map 7 of m has two rows for one region"):
        read_null_maps(pd.concat([table, table[:1]]), NAMES, ["m"])
    both = pd.concat([table.assign(map="one"), table[:2].assign(map="two")])
    with pytest.raises(InputError, match="null maps has 2 null maps of one and 1 of two; give each map as many"):
        read_null_maps(both, NAMES, ["one", "two"])
    table.astype(object).replace({0.5: "half"}).to_csv(tmp_path / "bad.csv", index=False)
    with pytest.raises(InputError, match=r"bad\.csv"):
        read_null_maps(tmp_path / "bad.csv", NAMES, ["m"])
    with pytest.raises(InputError, match=r"null maps, row unknown: value 1e\+200 is beyond 1e\+30"):
        read_null_maps(table.replace({9.0: 1e200}), NAMES, ["m"])
