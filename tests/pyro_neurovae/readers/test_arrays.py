"""Arrays with the names of their regions beside them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import pyro_neurovae as nv
from pyro_neurovae.errors import InputError
from pyro_neurovae.readers.arrays import with_labels

NAMES = ("a", "b", "c")


def test_arrays_become_tables_of_their_shape():
    series = with_labels(np.arange(3), NAMES, source="x")
    assert dict(series) == {"a": 0, "b": 1, "c": 2}
    frame = with_labels(np.arange(6).reshape(3, 2), np.array(NAMES), source="x")
    assert (list(frame.index), list(frame.columns)) == (list(NAMES), ["map_1", "map_2"])
    pd.testing.assert_frame_equal(with_labels(frame.to_numpy().T, NAMES, source="x"), frame)
    named = with_labels([[1, 2], [3, 4], [5, 6]], NAMES, source="x", columns=["APP", "MAPT"])
    assert named.loc["b", "MAPT"] == 4
    square = with_labels(np.eye(3), NAMES, source="x", square=True)
    assert list(square.columns) == list(square.index)
    assert with_labels({"m": [1, 2, 3]}, NAMES, source="x")["m"]["c"] == 3


@pytest.mark.parametrize("value", [None, "none", frame := pd.DataFrame({"d": [1.0]}), frame["d"]])
def test_what_has_labels_stays_as_it_is(value):
    assert with_labels(value, NAMES, source="x") is value
    assert with_labels(value, None, source="x") is value


@pytest.mark.parametrize(
    ("value", "names", "message"),
    [
        (np.ones(3), None, "x is an array, which has no labels; pass names, the regions in the order of its rows"),
        ({"m": np.ones(3)}, None, "x of m is an array, which has no labels"),
        (np.ones(4), NAMES, r"x has shape \(4,\) for 3 names; give one row for each"),
        (np.ones((4, 5)), NAMES, r"x has shape \(4, 5\) for 3 names"),
        (np.ones((3, 3)), NAMES, "x has 3 rows and columns, and either may be the regions; give a pandas table"),
        (np.ones(3), ("a", "a", "b"), "names has a 2 times; give each row a region of its own"),
        (1.0 * np.ones((3, 2, 2)), NAMES, r"x has shape \(3, 2, 2\)"),
    ],
)
def test_arrays_that_can_be_read_two_ways_or_none_are_refused(value, names, message):
    with pytest.raises(InputError, match=message):
        with_labels(value, names, source="x")
    with pytest.raises(InputError, match=r"x has shape \(3,\) for 3 names"):
        with_labels(np.ones(3), NAMES, source="x", square=True)


def test_a_study_of_arrays_is_that_of_frames():
    rng = np.random.default_rng(0)
    names = nv.RegionGraph.dk68().names
    genes = [f"G{k}" for k in range(5)]
    expression, thinning = rng.uniform(size=(68, 5)), rng.normal(-0.1, 0.1, 68)
    order = rng.permutation(68)
    labels = [names[k].replace("L_", "lh_").replace("R_", "rh_") for k in order]
    arrays = nv.Study.from_frames(
        expression[order], {"m": thinning[order]}, standard_error={"m": np.full(68, 0.05)}, genes=genes, names=labels
    )
    frames = nv.Study.from_frames(
        pd.DataFrame(expression, index=names, columns=genes),
        {"m": pd.Series(thinning, index=names)},
        standard_error={"m": pd.Series(0.05, index=names)},
    )
    assert arrays.same_as(frames)
    with pytest.raises(
        InputError, match="expression has 5 columns for 0 names of them; give one for each, of genes in"
    ):
        nv.Study.from_frames(expression, thinning, names=names)
