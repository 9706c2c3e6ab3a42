"""Tables of folds."""

from __future__ import annotations

import numpy as np
import pytest

from pyro_neurovae.errors import InputError
from pyro_neurovae.readers.fold_table import read_folds

NAMES = ["one", "two", "three"]


def test_folds_are_placed_by_name(tmp_path):
    (tmp_path / "folds.csv").write_text("fold,region,note\n1,three,x\n0,one,y\n")
    folds = read_folds(tmp_path / "folds.csv", NAMES)
    assert folds.dtype.kind == "i"
    np.testing.assert_array_equal(folds, [0, -1, 1])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("region,group\none,1\n", r"folds\.csv has no column fold; a table of folds has the columns region and fold"),
        ("area,fold\none,1\n", r"folds\.csv has no column region"),
        ("region,fold,fold\none,1,2\n", r"folds\.csv has 2 columns fold; keep one of them"),
        ("region,region,fold\none,one,2\n", r"folds\.csv has 2 columns region; keep one of them"),
        ("region,fold\none,0.5\n", r"folds\.csv, row one: the fold is 0\.5; number folds with whole numbers from 0"),
        ("region,fold\none,2e300\n", r"row one: the fold is 2e\+300"),
        ("region,fold\none,-1\n", "row one: the fold is -1"),
        ("region,fold\none,\n", "row one: the fold is nan"),
        ("region,fold\none,a\n", "row one, column fold: 'a' is not a number"),
        ("region,fold\none,1\none,2\n", "region one has 2 rows"),
    ],
)
def test_faults_of_folds(tmp_path, text, message):
    (tmp_path / "folds.csv").write_text(text)
    with pytest.raises(InputError, match=message):
        read_folds(tmp_path / "folds.csv", NAMES)
