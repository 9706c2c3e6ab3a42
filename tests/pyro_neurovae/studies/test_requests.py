"""Requests that no memory holds are refused before anything starts, and those that people make are not."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

import pyro_neurovae as nv
from pyro_neurovae.errors import SettingsError
from pyro_neurovae.readers.limits import MEMORY_VARIABLE
from pyro_neurovae.studies.requests import check_draws, check_rows, check_workers, memory_of

DK68 = {"region": 68, "gene": 910, "map": 1}


@pytest.fixture(autouse=True)
def eight_gigabytes(monkeypatch):
    """A laptop's memory."""
    monkeypatch.setenv(MEMORY_VARIABLE, "8")


def test_what_people_ask_for_is_not_refused():
    check_draws(DK68, draws=10_000, replicates=4, steps=100_000)
    check_draws({"region": 1000, "gene": 15_000, "map": 2}, draws=2000, fitted=True)
    check_draws({"region": 400, "gene": 1600, "map": 5}, draws=1000, replicates=2, fitted=True)
    check_draws(DK68 | {"map": 10}, draws=1000)
    check_rows(10_000 * 68, "10,000 null maps")
    check_workers(8)


@pytest.mark.parametrize(
    ("more", "asked"),
    [
        ({}, {"draws": 10**9}),
        ({}, {"draws": 1000, "replicates": 10**5}),
        ({}, {"draws": 10, "steps": 10**12}),
        ({"map": 10**12}, {"draws": 1}),
        ({"region": 10**9}, {"draws": 1}),
        ({"region": 20_000}, {"draws": 1, "fitted": True}),
    ],
)
def test_absurd_draws_are_refused_until_allowed(more, asked, monkeypatch):
    with pytest.raises(
        SettingsError, match=r"draws of .* would take about .* GB of memory, and 8 GB may be had; ask for"
    ):
        check_draws(DK68 | more, **asked)
    monkeypatch.setenv(MEMORY_VARIABLE, "1e12")
    check_draws(DK68 | more, **asked)


PEAK = """
import resource, sys
import numpy as np
import pandas as pd
import pyro_neurovae as nv
regions, draws, maps = map(int, sys.argv[1:])
rng = np.random.default_rng(0)
place = rng.normal(size=(regions, 3)) * 30
names = [f"r{i}" for i in range(regions)]
graph = nv.RegionGraph.from_regions(pd.DataFrame(place, columns=list("xyz")).assign(region=names))
study = nv.simulate(0, genes=50, maps=maps, programs=4, graph=graph)
nv.fit(study.select(maps=[study.maps[0]]), draws=2, steps=1)  # what imports and the study take is no draw's
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
nv.fit(study, draws=draws)
print(1024 * before, 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.slow
@pytest.mark.parametrize(("regions", "draws", "maps"), [(68, 4000, 1), (400, 50, 1), (400, 200, 4)])
def test_the_estimate_is_near_the_measured_peak(regions, draws, maps):
    command = [sys.executable, "-W", "ignore", "-c", PEAK, *map(str, (regions, draws, maps))]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    before, peak = map(int, done.stdout.split())
    needed = memory_of({"region": regions, "gene": 50, "map": maps}, draws=draws, fitted=True)
    assert peak - before < 2 * needed
    assert needed < 2 * peak


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda study: nv.fit(study, draws=10**9), r"1 x 1,000,000,000 draws of 2 x 68 values would take"),
        (lambda study: nv.fit(study, restarts=10**6), r"1,000,000 x 1,000 draws"),
        (lambda study: nv.fit(study, steps=10**12), "steps is 1000000000000; give at most 10,000,000"),
        (lambda study: nv.fit(study, n_programs=10**6), "n_programs is 1000000; give at most 10,000"),
        (lambda study: nv.fit(study, "paper", layers=10**6), "layers is 1000000; give at most 100"),
        (lambda study: nv.fit(study, "stacked", folds=10**6), "folds is 1000000; give at most 1,000"),
        (lambda study: nv.fit(study, proposals=10**9), "proposals is 1000000000; give at most 10,000"),
        (lambda study: nv.validate(study, ["ridge"], repeats=10**9), r"1000000000 repeats of 1 models would take"),
        (lambda study: nv.validate(study, ["ridge"], workers=10**6), r"1,000,000 workers would take"),
        (lambda study: nv.validate(study, ["ridge"], device="nonsense"), "device 'nonsense' is not to be had here"),
        (lambda study: nv.validate(study, ["ridge"], device="meta"), "device 'meta' is not to be had here"),
        (lambda study: nv.fit(study, device="meta"), "device 'meta' is not to be had here"),
        (lambda study: nv.simulate(maps=10**12), "would take about"),
        (lambda study: nv.simulate(genes=10**12), "would take about"),
    ],
)
def test_nothing_starts(small_study, ask, message):
    start = time.monotonic()
    with pytest.raises(SettingsError, match=message):
        ask(small_study)
    assert time.monotonic() - start < 15


def test_absurd_null_maps_are_refused(small_fit):
    with pytest.raises(SettingsError, match=r"1,000,000,000,000 null maps would take"):
        nv.nulls(small_fit, number=10**12)
