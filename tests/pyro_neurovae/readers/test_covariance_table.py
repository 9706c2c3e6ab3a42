"""Sampling covariances: the file that belongs to a map, and squares placed by their labels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pyro_neurovae.errors import InputError
from pyro_neurovae.readers.covariance_table import covariance_files, covariance_from_frames, read_covariance
from pyro_neurovae.readers.thinning_table import ThinningMap

NAMES = ["one", "two", "three"]
JOINT = np.array([[4.0, 1.0, 0.5], [1.0, 9.0, 2.0], [0.5, 2.0, 16.0]])


def frame(order=(2, 0, 1)):
    return pd.DataFrame(JOINT, index=NAMES, columns=NAMES).iloc[list(order)].iloc[:, list(order[::-1])]


def maps(*names):
    return [ThinningMap(name, np.array([0.1, 0.2, 0.3]), np.array([2.0, 3.0, 4.0])) for name in names]


def test_the_file_of_each_map(tmp_path):
    paths = [tmp_path / "ad.csv", tmp_path / "pd.csv.gz"]
    for name in ("ad_covariance.csv.gz", "other_covariance.csv"):
        (tmp_path / name).write_text("")
    names = ["ad", "pd"]
    assert covariance_files("auto", paths, names) == {"ad": tmp_path / "ad_covariance.csv.gz"}
    assert covariance_files("none", paths, names) == {}
    assert covariance_files([tmp_path / "pd_covariance.csv"], paths, names) == {"pd": tmp_path / "pd_covariance.csv"}
    alone = tmp_path / "other_covariance.csv"
    assert covariance_files(alone, paths[:1], names[:1]) == {"ad": alone}
    with pytest.raises(
        InputError, match=r"x/pd_covariance\.csv and y/pd_covariance\.csv would both be the cov.* of pd"
    ):
        covariance_files(["x/pd_covariance.csv", "y/pd_covariance.csv"], paths, names)
    with pytest.raises(InputError, match=r"other_covariance\.csv goes with none of the maps ad, pd; name each MAP_cov"):
        covariance_files([alone], paths, names)


def test_squares_are_placed_by_their_labels(tmp_path):
    frame().to_csv(tmp_path / "ad_covariance.csv")
    found = covariance_from_frames({"ad": read_covariance(tmp_path / "ad_covariance.csv")}, maps("ad", "pd"), NAMES)
    assert list(found) == ["ad"]  # a map without one is left out
    np.testing.assert_array_equal(found["ad"], JOINT)
    assert covariance_from_frames(None, maps("ad"), NAMES) == {}


def test_a_square_of_another_map_is_refused():
    with pytest.raises(InputError, match="covariance of pd, which is no map; the maps are ad"):
        covariance_from_frames({"pd": frame()}, maps("ad"), NAMES)
    with pytest.raises(InputError, match="one covariance for 2 maps; give a mapping"):
        covariance_from_frames(frame(), maps("ad", "pd"), NAMES)
    assert list(covariance_from_frames(frame(), maps("ad"), NAMES, files={"ad": "ad_covariance.csv"})) == ["ad"]
    with pytest.raises(InputError, match=r"here/ad_covariance.csv, region one: the root of the variance is 4 and"):
        covariance_from_frames(4 * frame(), maps("ad"), NAMES, files={"ad": "here/ad_covariance.csv"})
    correlation = JOINT / np.sqrt(np.outer(np.diag(JOINT), np.diag(JOINT)))
    with pytest.raises(InputError, match=r"variance is 1 and .*; correlations are given with --sampling-correlation"):
        covariance_from_frames(pd.DataFrame(correlation, NAMES, NAMES), maps("ad"), NAMES)
    with pytest.raises(InputError, match=r"ad_covariance.csv: no row or column of three, which the map has; add it"):
        covariance_from_frames(frame().loc[NAMES[:2], NAMES[:2]], maps("ad"), NAMES, files={"ad": "ad_covariance.csv"})
