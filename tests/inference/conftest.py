"""Small studies and models that the inference tests share."""

from __future__ import annotations

import numpy as np
import pytest

import pyro_neurovae as nv
from pyro_neurovae.inference.engine import build_family
from pyro_neurovae.inference.observation import observe
from pyro_neurovae.models.settings import FitSettings, fit_settings


def ring_study(regions: int = 12, genes: int = 30, maps: int = 2, seed: int = 3) -> nv.Study:
    """A ring of regions, one of them without expression and one without thinning."""
    weights = np.roll(np.eye(regions), 1, axis=1)
    graph = nv.RegionGraph.from_adjacency(weights + weights.T, [f"r{i}" for i in range(regions)])
    study = nv.simulate(seed, genes=genes, maps=maps, programs=3, graph=graph, missing_expression=["r4"])
    thinning = study.thinning.copy()
    thinning[0, 7] = np.nan
    return study.with_thinning(thinning, study.standard_error)


@pytest.fixture(scope="session")
def study() -> nv.Study:
    return ring_study()


@pytest.fixture(scope="session")
def quick() -> FitSettings:
    return fit_settings("cross-scale", n_programs=3, steps=15, map_steps=15, draws=40)


@pytest.fixture(scope="session")
def families(study: nv.Study) -> dict:
    """Each family on the ring study, one replicate."""
    data = observe(study)
    options = {"cross-scale": {"n_programs": 3}, "expression": {}, "spatial": {}}
    return {name: build_family(data, fit_settings(name, **given)) for name, given in options.items()}
