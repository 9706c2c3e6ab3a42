"""Tables whose rows are vertices."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import pyro_neurovae as nv
from pyro_neurovae.atlases.vertices import at_vertices, dk68_vertices
from pyro_neurovae.errors import InputError
from pyro_neurovae.readers.registry import read

NAMES = nv.RegionGraph.dk68().names
SIZE = 2_562
RNG = np.random.default_rng(0)
EFFECT = at_vertices(np.append(RNG.standard_normal(68), 0)[dk68_vertices()], SIZE)


def table() -> pd.DataFrame:
    number = np.tile(np.arange(SIZE), 2)
    sides = np.repeat(["L", "R"], SIZE)
    return pd.DataFrame({"map": "one", "hemisphere": sides, "vertex": number, "d": EFFECT, "se": 0.1})


def saved(folder, frame: pd.DataFrame, name: str = "map.csv"):
    frame.to_csv(folder / name, index=False)
    return folder / name


def test_rows_of_vertices_are_placed_by_their_numbers(tmp_path):
    frame = table()[EFFECT != 0].sample(frac=1, random_state=1)
    found = read("thinning", saved(tmp_path, frame), NAMES)
    assert found.vertices[0][EFFECT != 0] == pytest.approx(EFFECT[EFFECT != 0])
    assert found.value == pytest.approx([EFFECT[at_vertices(dk68_vertices(), SIZE) == k].mean() for k in range(68)])
    assert np.all(found.standard_error == pytest.approx(0.1))


def test_rows_without_numbers_are_in_order_left_first(tmp_path):
    found = read("thinning", saved(tmp_path, table()[["d", "se"]]), NAMES)
    assert found.vertices[0][EFFECT != 0] == pytest.approx(EFFECT[EFFECT != 0])


def test_the_table_that_a_fit_writes_is_read_back(tmp_path):
    frame = table().assign(region="L_insula", mean=0.3, p_negative=0.0)[EFFECT != 0]
    found = read("thinning", saved(tmp_path, frame, "vertices.csv"), NAMES)
    assert found.vertices[0][EFFECT != 0] == pytest.approx(EFFECT[EFFECT != 0])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"vertex": 1.5}, "row 4 is of vertex 1.5 of hemisphere L; give whole numbers from 0 and L or R"),
        ({"hemisphere": "both"}, "row 4 is of vertex 3 of hemisphere both"),
        ({"vertex": 200_000}, "there is no vertex 200000; give those of fsaverage5"),
        ({"vertex": 7}, "vertex 7 of hemisphere L stands twice; keep one row each"),
    ],
)
def test_rows_that_are_no_vertices_are_told(tmp_path, changed, message):
    frame = table().astype({"vertex": object})
    for column, value in changed.items():
        frame.loc[3, column] = value
    with pytest.raises(InputError, match=message):
        read("thinning", saved(tmp_path, frame), NAMES)


def test_rows_of_which_one_column_tells_the_vertex_are_in_order(tmp_path):
    frame = table()
    shuffled = frame.assign(vertex=np.arange(2 * SIZE)).drop(columns="hemisphere").sample(frac=1, random_state=0)
    turned = frame.drop(columns="vertex").sort_values("hemisphere", ascending=False, kind="stable")
    for wrong in (shuffled, turned):
        with pytest.raises(InputError, match="not those of all vertices in order"):
            read("thinning", saved(tmp_path, wrong), NAMES)
    found = read("thinning", saved(tmp_path, shuffled.sort_values("vertex")), NAMES)
    np.testing.assert_allclose(found.value, read("thinning", saved(tmp_path, frame), NAMES).value)


def test_vertices_that_are_numbered_from_one_are_refused(tmp_path):
    frame = table().assign(vertex=lambda rows: rows["vertex"] + 1)
    with pytest.raises(InputError, match="numbered from 1 to 2562; number them from 0"):
        read("thinning", saved(tmp_path, frame), NAMES)


def test_a_table_of_regions_with_the_vertex_of_a_peak_is_one_of_regions(tmp_path):
    effect = RNG.standard_normal(68)
    frame = pd.DataFrame({"region": NAMES, "hemisphere": "L", "vertex": 100 * np.arange(68), "d": effect, "se": 0.1})
    found = read("thinning", saved(tmp_path, frame), NAMES)
    assert found.vertices is None
    assert found.value == pytest.approx(effect)
