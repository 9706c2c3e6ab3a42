"""Where null maps come from: each kind of the maps it says, those of a user placed and checked."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import pyro_neurovae as nv
from pyro_neurovae.errors import InputError, SettingsError
from pyro_neurovae.evidence.null_sources import (
    NULL_METHODS,
    described_nulls,
    given_null_maps,
    limits_of_nulls,
    source_null_maps,
    with_null_covariance,
)
from pyro_neurovae.inference.null_draws import draw_null_maps


def test_each_kind_is_what_it_says(small_fit):
    study, settings = small_fit.study, small_fit.settings
    made = source_null_maps(study, settings, method="moran", number=4, seed=3)
    expected = nv.make_null_maps(study.thinning[1], study.graph, method="moran", number=4, seed=3 + 1000003)
    np.testing.assert_array_equal(made[:, 1], expected)
    drawn = source_null_maps(study, settings, method="model", number=4, seed=3)
    np.testing.assert_array_equal(drawn, draw_null_maps(study, settings, number=4, seed=3))


def test_every_kind_is_described_and_its_limits_are_said():
    for method in (*NULL_METHODS, "given"):
        assert described_nulls(method)
        assert limits_of_nulls(method).endswith(".")
    for method in ("moran", "laplacian", "spin", "variogram", "shuffle"):
        assert "correlation of errors that comes of measuring all regions in the same people" in limits_of_nulls(method)
    assert described_nulls("other") == "null maps (other)"


def test_what_can_not_be_drawn_is_said(small_fit, baseline_fit):
    study = small_fit.study
    with pytest.raises(SettingsError, match="unknown null maps 'magic': the known ones are model, moran"):
        source_null_maps(study, small_fit.settings, method="magic", number=3, seed=0)
    with pytest.raises(SettingsError, match="0 null maps; give at least 1"):
        source_null_maps(study, small_fit.settings, method="model", number=0, seed=0)
    with pytest.raises(SettingsError, match="the model spatial has none without expression"):
        source_null_maps(study, baseline_fit.settings, method="model", number=3, seed=0)


def test_given_maps_are_tables_files_or_arrays(small_study, tmp_path):
    maps = np.random.default_rng(0).standard_normal((3, 2, 68))
    maps[1, 0, 5] = np.nan
    np.testing.assert_array_equal(given_null_maps(small_study, maps), maps)
    labels = pd.MultiIndex.from_product([[1, 2, 3], small_study.maps, small_study.regions])
    table = pd.DataFrame({"value": maps.ravel()}, index=labels.set_names(["null", "map", "region"])).reset_index()
    np.testing.assert_array_equal(given_null_maps(small_study, table), maps)
    np.testing.assert_array_equal(given_null_maps(small_study, table, 2), maps[:2])
    table.to_csv(tmp_path / "permuted.csv", index=False)
    np.testing.assert_allclose(given_null_maps(small_study, tmp_path / "permuted.csv"), maps)
    alone = small_study.select(maps=[small_study.maps[1]])
    np.testing.assert_array_equal(given_null_maps(alone, maps[:, 1]), maps[:, 1:])


def test_maps_that_are_given_bring_their_covariance(small_study, tmp_path):
    """With the table, in the file beside its own, or named; and the fit's own where that is asked for."""
    alone = small_study.select(maps=[small_study.maps[1]])
    joint = pd.DataFrame(0.01 * np.eye(68) + 0.002, small_study.regions, small_study.regions)
    table = pd.DataFrame({"null": 1, "region": alone.regions, "value": 0.1})
    assert with_null_covariance(alone, table, "auto") is alone
    table.attrs["covariance"] = joint.to_dict()
    table.to_csv(tmp_path / "permuted.csv", index=False)
    assert with_null_covariance(alone, tmp_path / "permuted.csv", "auto") is alone
    joint.to_csv(tmp_path / "permuted_covariance.csv")
    for maps, named in (
        (table, "auto"),
        (tmp_path / "permuted.csv", "auto"),
        (table, tmp_path / "permuted_covariance.csv"),
    ):
        found = with_null_covariance(alone, maps, named)
        seen = np.ix_(alone.thinning_observed[0], alone.thinning_observed[0])
        np.testing.assert_allclose(found.covariance[0][seen], joint.to_numpy()[seen])
        np.testing.assert_array_equal(found.thinning, alone.thinning)
    assert with_null_covariance(alone, table, "fit") is alone
    assert with_null_covariance(alone, ".", "auto") is alone  # no file, as its reader says
    with pytest.raises(SettingsError, match="null_covariance is of null maps that are given; give null_maps too"):
        with_null_covariance(alone, None, joint)
    with pytest.raises(InputError, match="a covariance of null maps, and the fit has 2 maps; fit them one by one"):
        with_null_covariance(small_study, table, "auto")


def test_given_maps_that_can_not_be_used(small_study):
    maps = np.zeros((3, 2, 68))
    with pytest.raises(
        InputError, match=r"null_maps has the shape \(3, 68\); give numbers \(null, map, region\), here"
    ):
        given_null_maps(small_study, maps[:, 0])
    with pytest.raises(InputError, match="4 null maps were asked for and 3 are given"):
        given_null_maps(small_study, maps, 4)
    with pytest.raises(InputError, match="no null map is given; give at least one"):
        given_null_maps(small_study, maps[:0])
    maps[:, 1, 4:] = np.nan
    assert given_null_maps(small_study, maps).shape == maps.shape
    maps[2, 1, 3:] = np.nan
    with pytest.raises(InputError, match="null map 3 of simulated2 has fewer than four values"):
        given_null_maps(small_study, maps)
