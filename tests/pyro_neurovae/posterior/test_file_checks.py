"""Fits of another's making: one sentence before memory is taken, and no file but the one named is read."""

from __future__ import annotations

import os

import h5py
import numpy as np
import pytest

import pyro_neurovae as nv
from pyro_neurovae.errors import NeurovaeError
from pyro_neurovae.readers.limits import MEMORY_VARIABLE


@pytest.fixture(scope="module")
def saved(small_fit, tmp_path_factory):
    path = tmp_path_factory.mktemp("checks") / "fit.nc"
    small_fit.save(path)
    return path


def replace_array(file, name, **how):
    """Another array in the place of one, without its labels."""
    del file[name]
    return file.create_dataset(name, **how)


def nested(file):
    file.attrs["settings"] = "[" * 100_000 + "]" * 100_000


def objects(file):
    replace_array(file, "posterior/intercept", shape=(2, 60, 2), dtype=h5py.special_dtype(ref=h5py.Reference))


def elsewhere(file):
    del file["posterior/intercept"]
    file["posterior/intercept"] = h5py.ExternalLink("/etc/passwd", "/x")


def outside(file):
    replace_array(
        file, "posterior/intercept", shape=(2, 60, 2), dtype="f8", external=[("/etc/passwd", 0, h5py.h5f.UNLIMITED)]
    )


def circle(file):
    file["posterior/again"] = file["posterior"]


def deep(file):
    file["posterior/below/self"] = 1.0


def twice(file):
    file["posterior/again"] = file["posterior/intercept"]


def soft(file):
    file["posterior/again"] = h5py.SoftLink("/constant_data/expression")


def absurd(file):
    replace_array(file, "posterior/intercept", shape=(10**6, 10**6, 100), dtype="f8", chunks=(1, 1000, 100))


def edit(name, change):
    def made(file):
        file[name][...] = change(file[name][...])

    return made


def attribute(name, value):
    def made(file):
        file.attrs[name] = value

    return made


def lose(name):
    def made(file):
        del file[name]

    return made


def words(file):
    replace_array(file, "posterior/intercept", data=np.full((2, 60, 2), "x", dtype=h5py.string_dtype()))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (objects, r"/posterior/intercept holds neither numbers nor text"),
        (elsewhere, r"/posterior/intercept lies elsewhere"),
        (circle, r"/posterior/again is a group within a group"),
        (deep, r"/posterior/below is a group within a group"),
        (twice, r"is a group within a group, or an array twice"),
        (soft, r"/posterior/again lies elsewhere"),
        (outside, r"/posterior/intercept lies in another file"),
        (absurd, r"reading .*fit\.nc would take about 2\.4e\+06 GB of memory, and .* GB may be had"),
        (words, r"posterior"),
        (nested, r"holds no fit of pyro_neurovae that is whole"),
        (lose("posterior/thinning"), r"the posterior lacks thinning"),
        (lose("predictions"), r"it lacks predictions"),
        (lose("constant_data/adjacency"), r"holds no fit of pyro_neurovae that is whole"),
        (
            edit("posterior/thinning", lambda old: old * np.nan),
            r"the posterior.s thinning is no number throughout",
        ),
        (edit("posterior/region", lambda old: old[::-1]), r"the labels of posterior's regions are not the study's"),
        (edit("posterior/map", lambda old: [b"a", b"b"]), r"the labels of posterior's maps are not the study's"),
        (edit("constant_data/adjacency", lambda old: -old), r"holds no fit of pyro_neurovae that is whole"),
        (attribute("format", "pyro_neurovae fit 7"), r"written by a later version .* \(format 7, .* reads 1\); update"),
        (attribute("format", "other"), r"holds no fit of pyro_neurovae; give the fit\.nc"),
        (attribute("format", np.zeros(3)), r"holds no fit of pyro_neurovae; give the fit\.nc"),
        (attribute("format", 3), r"holds no fit of pyro_neurovae; give the fit\.nc"),
        (attribute("settings", "{}"), r"holds no fit of pyro_neurovae that is whole"),
        (attribute("settings", '{"model": "none"}'), r"holds no fit of pyro_neurovae that is whole"),
        (attribute("versions", "[]"), r"its versions are no record"),
        (attribute("notices", "7"), r"its notices are no texts"),
        (
            edit("posterior/gene_weight", lambda old: np.where(old == old.max(), np.inf, old)),
            r"gene_weight is no number",
        ),
        (
            edit("posterior/thinning", lambda old: 1e200 * old),
            r"thinning is no number throughout, or beyond all measure",
        ),
    ],
)
def test_what_is_no_fit_is_one_sentence(saved, tmp_path, change, message):
    path = tmp_path / "fit.nc"
    path.write_bytes(saved.read_bytes())
    with h5py.File(path, "a") as file:
        change(file)
    with pytest.raises(NeurovaeError, match=message) as caught:
        nv.load(path)
    assert len(str(caught.value)) < 420


def test_a_fit_cut_short_anywhere_is_one_sentence(saved, tmp_path):
    content, path = saved.read_bytes(), tmp_path / "fit.nc"
    for share in (0.001, 0.1, 0.5, 0.9, 0.999):
        path.write_bytes(content[: int(share * len(content))])
        with pytest.raises(NeurovaeError, match=r"fit\.nc"):
            nv.load(path)


def test_a_fit_larger_than_the_memory_is_refused_until_more_is_allowed(saved, monkeypatch):
    monkeypatch.setenv(MEMORY_VARIABLE, "0.0001")
    with pytest.raises(NeurovaeError, match=rf"reading .* may be had; .* or set {MEMORY_VARIABLE}"):
        nv.load(saved)
    monkeypatch.setenv(MEMORY_VARIABLE, "1")
    nv.load(saved)


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "fit.nc")
    with pytest.raises(NeurovaeError, match=r"fit\.nc is a pipe or a device, no file; give the fit\.nc"):
        nv.load(tmp_path / "fit.nc")
    with pytest.raises(NeurovaeError, match=r"is a folder; give the fit\.nc"):
        nv.load(tmp_path)
