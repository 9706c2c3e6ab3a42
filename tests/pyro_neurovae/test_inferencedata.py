"""InferenceData built from named arrays, to bytes and back; the Pareto tail of importance ratios."""

from __future__ import annotations

import numpy as np
import pytest

from pyro_neurovae import inferencedata

VALUES = np.arange(24.0).reshape(1, 2, 3, 4)


@pytest.fixture
def made():
    groups = {
        "posterior": {"x": (("chain", "draw", "map", "region"), VALUES)},
        "observed_data": {"y": (("map", "region"), VALUES[0, 0]), "name": (("region",), np.array(list("abcd")))},
    }
    return inferencedata.build(groups, {"region": list("pqrs"), "gene": ["unused"]}, {"seed": 3, "note": "two words"})


def check(idata):
    assert inferencedata.group_names(idata) == ("posterior", "observed_data")
    posterior = inferencedata.group(idata, "posterior")
    np.testing.assert_array_equal(posterior["x"], VALUES)
    assert posterior["x"].dims == ("chain", "draw", "map", "region")
    assert list(posterior["region"].values) == list("pqrs")
    assert list(posterior["draw"].values) == [0, 1]
    assert "gene" not in posterior.coords
    assert list(inferencedata.group(idata, "observed_data")["name"].values) == list("abcd")
    assert (idata.attrs["seed"], idata.attrs["note"]) == (3, "two words")
    with pytest.raises(KeyError):
        inferencedata.group(idata, "prior")


def test_groups_have_labelled_dimensions(made):
    check(made)


def test_bytes_are_a_file_that_reads_back(made, tmp_path):
    (tmp_path / "made.nc").write_bytes(inferencedata.netcdf_bytes(made))
    check(inferencedata.read_netcdf(str(tmp_path / "made.nc")))


@pytest.mark.parametrize("k", [0.2, 0.6, 1.0])
def test_pareto_k_is_the_shape_of_the_tail(k):
    # Ratios exp(k E) with E standard exponential are Pareto with shape k; the tail of 20,000 ratios that PSIS
    # fits has 3 sqrt(20,000) = 424 of them, for a standard error of (1 + k)/sqrt(424), a tenth at most.
    ratios = k * np.random.default_rng(0).standard_exponential(20_000)
    assert inferencedata.pareto_k(ratios) == pytest.approx(k, abs=0.25)
