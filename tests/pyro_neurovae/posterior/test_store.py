"""Fits on disk: the same after loading, in this process and the next, and nothing in the file that runs."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings

import h5py
import numpy as np
import pandas as pd
import pytest

import pyro_neurovae as nv
from pyro_neurovae import inferencedata
from pyro_neurovae.errors import InputError

TABLES = ("regions", "genes", "programs", "variance", "predict")


@pytest.fixture(scope="module")
def saved(small_fit, tmp_path_factory):
    path = tmp_path_factory.mktemp("store") / "fit.nc"
    small_fit.save(path)
    return path


def test_a_loaded_fit_tabulates_as_before(small_fit, saved):
    loaded = nv.load(saved)
    for name in TABLES:
        pd.testing.assert_frame_equal(getattr(loaded, name)(), getattr(small_fit, name)(), check_exact=True)
    assert loaded.summary() == small_fit.summary()
    assert loaded.settings == small_fit.settings
    assert loaded.notices == small_fit.notices


def test_every_group_comes_back(small_fit, saved):
    loaded = nv.load(saved)
    assert inferencedata.group_names(loaded.idata) == inferencedata.group_names(small_fit.idata)
    for name in inferencedata.group_names(loaded.idata):
        read, kept = (inferencedata.group(one.idata, name) for one in (loaded, small_fit))
        assert read.equals(kept), name
        assert read.dtypes == kept.dtypes


def test_the_study_comes_back(small_fit, saved):
    read, kept = nv.load(saved).study, small_fit.study
    for name in ("expression", "thinning", "standard_error", "expression_observed"):
        np.testing.assert_array_equal(getattr(read, name), getattr(kept, name))
    assert (read.genes, read.maps, read.normalise, read.notices) == (
        kept.genes,
        kept.maps,
        kept.normalise,
        kept.notices,
    )
    for name in ("names", "hemispheres", "lobes", "homologues", "label"):
        assert getattr(read.graph, name) == getattr(kept.graph, name)
    for name in ("weights", "centroids", "sphere"):
        np.testing.assert_array_equal(getattr(read.graph, name), getattr(kept.graph, name))


def test_truth_and_covariance_come_back(tmp_path):
    drawn = nv.simulate(1, genes=10, programs=2)
    nv.fit(drawn, "spatial", map_steps=2, draws=2).save(tmp_path / "truth.nc")
    truth = nv.load(tmp_path / "truth.nc").study.truth
    assert truth is not None
    assert truth.keys() == drawn.truth.keys()
    for name, values in drawn.truth.items():
        np.testing.assert_array_equal(truth[name], values)
    joint = np.diag(drawn.standard_error[0] ** 2)[None] + 1e-4
    with_covariance = drawn.with_thinning(drawn.thinning, drawn.standard_error, covariance=joint)
    nv.fit(with_covariance, "spatial", map_steps=2, draws=2).save(tmp_path / "covariance.nc")
    np.testing.assert_array_equal(nv.load(tmp_path / "covariance.nc").study.covariance, joint)


def test_another_process_reads_the_same(small_fit, saved):
    code = (
        "import sys, pyro_neurovae as nv\n"
        "fitted = nv.load(sys.argv[1])\n"
        "print(fitted.summary())\n"
        "print(fitted.predict().to_csv(float_format='%.17g'))\n"
        "assert 'torch' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(saved)], capture_output=True, text=True, check=True)
    expected = f"{small_fit.summary()}\n{small_fit.predict().to_csv(float_format='%.17g')}\n"
    assert done.stdout == expected


def test_the_file_holds_numbers_and_text_only(saved):
    kinds = set()

    def visit(name, item):
        if isinstance(item, h5py.Dataset):
            text = h5py.check_string_dtype(item.dtype) is not None
            kinds.add("text" if text else item.dtype.kind)

    with h5py.File(saved) as file:
        file.visititems(visit)
        attributes = dict(file.attrs)
    assert kinds <= {"text", "f", "i", "u"}
    assert b"pickle" not in saved.read_bytes()
    assert json.loads(attributes["settings"])["model"] == "cross-scale"
    assert json.loads(attributes["versions"]).keys() >= {"python", "torch", "pyro-ppl", "numpy", "pyro_neurovae"}
    assert attributes["seed"] == 5


def test_arviz_reads_the_file_and_reckons_with_it(small_fit, saved):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import arviz as az
    for idata in (small_fit.idata, az.from_netcdf(saved)):
        summary = az.summary(idata, var_names=["intercept", "strength"])
        assert len(summary) == 2 + 3
        interval = az.hdi(idata, var_names=["thinning"], hdi_prob=0.9)["thinning"]
        assert interval.sizes == {"map": 2, "region": 68, "hdi": 2}
        complete = idata.sel(map=[small_fit.study.maps[1]])  # the map that has thinning in every region
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # so short a fit has a large Pareto k
            scores = az.loo(complete)
        assert scores.n_data_points == 68
        assert np.isfinite(scores.elpd_loo)


# Damage


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, r"fit\.nc: no such file; give the fit\.nc that a fit wrote"),
        (b"", r"fit\.nc is not a netCDF file that can be read; give the fit\.nc"),
        (b"region,d\nL_cuneus,1\n", r"fit\.nc is not a netCDF file that can be read"),
        ("half", r"fit\.nc is not a netCDF file that can be read"),
        ("other", r"fit\.nc holds no fit of pyro_neurovae"),
        ("incomplete", r"fit\.nc holds no fit of pyro_neurovae that is whole"),
    ],
)
def test_what_is_no_fit_is_said(saved, tmp_path, content, message):
    path = tmp_path / "fit.nc"
    if content == "half":
        path.write_bytes(saved.read_bytes()[: saved.stat().st_size // 2])
    elif content == "other":
        h5py.File(path, "w").close()
    elif content == "incomplete":
        path.write_bytes(saved.read_bytes())
        with h5py.File(path, "a") as file:
            del file["constant_data"]
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        nv.load(path)


def test_a_fit_that_cannot_be_written_leaves_nothing(small_fit, tmp_path, monkeypatch):
    with pytest.raises(InputError, match=r"can't write there .*; choose a folder that exists and is writable"):
        small_fit.save(tmp_path / "absent" / "fit.nc")
    path = tmp_path / "fit.nc"
    path.write_text("earlier")

    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(inferencedata, "netcdf_bytes", interrupted)
    with pytest.raises(KeyboardInterrupt):
        small_fit.save(path)
    assert path.read_text() == "earlier"
    assert list(tmp_path.iterdir()) == [path]
