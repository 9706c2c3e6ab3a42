"""Rows of tables of effects: which column tells several of one region apart, and which numbers might be maps."""

from __future__ import annotations

import pandas as pd
import pytest

from pyro_neurovae.errors import InputError
from pyro_neurovae.readers.placed_effects import contrast_of, place_effects, unread_columns

NAMES = [f"r{k}" for k in range(12)]


def table(**columns):
    return pd.DataFrame({"region": NAMES, "d": -0.1} | columns)


def test_rows_are_placed_and_columns_chosen():
    placed, columns = place_effects(table(se=0.1).iloc[::-1], NAMES, source="m.csv")
    assert (columns.value, columns.error) == ("d", "se")
    assert list(placed.positions) == [*range(11, -1, -1)]


@pytest.mark.parametrize("beside", [{"se": 0.1}, {"p": 0.1}, {"n0": 10, "n1": 9}, {"": range(12)}, {"x": 1.0, "id": 3}])
def test_a_letter_is_an_effect_beside_what_maps_do_not_have(beside):
    assert place_effects(table(**beside), NAMES, source="m.csv")[1].value == "d"


def test_a_letter_beside_other_maps_is_asked_for():
    with pytest.raises(
        InputError, match=r"m\.csv: d may be an effect or the name of a map, as b, AD, MCI may be; name th"
    ):
        place_effects(table(AD=-0.2, b=0.1, MCI=-0.1), NAMES, source="m.csv")
    assert place_effects(table(AD=-0.2), NAMES, source="m.csv", value_column="d")[1].value == "d"


def test_several_rows_of_a_region_are_told_apart():
    both = pd.concat([table(visit="bl", se=0.1), table(visit="m12", se=0.2)])
    with pytest.raises(
        InputError, match=r"m\.csv: r0 has 2 rows, told apart by visit \(bl, m12\); keep the rows of one"
    ):
        place_effects(both, NAMES, source="m.csv")
    with pytest.raises(InputError, match="region r0 has 2 rows; keep one row"):
        place_effects(pd.concat([table(), table()]), NAMES, source="m.csv")


def test_the_contrast_of_all_rows():
    placed, _ = place_effects(table(se=0.1, contrast="HC - AD"), NAMES, source="m.csv")
    assert contrast_of(placed) == "HC - AD"
    mixed, _ = place_effects(table(se=0.1, contrast=[*["a"] * 6, *["b"] * 6]), NAMES, source="m.csv")
    assert contrast_of(mixed) is None


def test_columns_that_are_not_read():
    more = {"AD": -0.2, "df": 118, "n0": 9, "n1": 8, "x": 1.0, "id": 3, "note": "a", "p": 0.1, "b": 0.1}
    placed, columns = place_effects(table(se=0.1, **more), NAMES, source="m.csv")
    assert unread_columns(placed.frame, columns) == ["AD"]
    placed, columns = place_effects(table(se=0.1, **more), NAMES, source="m.csv", value_column="AD")
    assert unread_columns(placed.frame, columns) == []
