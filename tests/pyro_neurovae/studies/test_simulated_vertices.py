"""Simulated maps of vertices."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import pyro_neurovae as nv
from pyro_neurovae.atlases.vertices import dk68_vertices
from pyro_neurovae.errors import InputError, SettingsError


@pytest.fixture(scope="module")
def study():
    return nv.simulate(seed=0, genes=20)


def test_its_means_over_regions_are_the_studys(study, tmp_path):
    table = nv.simulate_vertices(study, seed=1, surface="fsaverage4")
    table.drop(columns="effect").to_csv(tmp_path / "map.csv", index=False)
    found = nv.Study.from_files(_expression(study, tmp_path), tmp_path / "map.csv", sampling_correlation="independent")
    assert found.thinning[0] == pytest.approx(study.thinning[0], abs=1e-6)
    assert found.standard_error[0] == pytest.approx(study.standard_error[0])
    assert found.vertices.surface == "fsaverage4"


def test_the_detail_is_half_effect_and_half_error(study):
    table = nv.simulate_vertices(study, seed=1, surface="fsaverage4", detail=0.2)
    assert (table["d"] - table["effect"]).std() == pytest.approx(0.2, rel=0.1)
    smooth = nv.simulate_vertices(study, seed=1, surface="fsaverage4", detail=0.0)
    assert (table["effect"] - smooth["d"]).std() == pytest.approx(0.2, rel=0.1)
    assert np.array_equal(table, nv.simulate_vertices(study, seed=1, surface="fsaverage4", detail=0.2))


def test_what_can_not_be_drawn_is_told(study):
    with pytest.raises(SettingsError, match="unknown surface 'fsLR'; give fsaverage3, fsaverage4, fsaverage5"):
        nv.simulate_vertices(study, surface="fsLR")
    with pytest.raises(SettingsError, match="detail is -1"):
        nv.simulate_vertices(study, detail=-1)
    graph = nv.RegionGraph.from_adjacency(np.ones((12, 12)) - np.eye(12), [f"r{k}" for k in range(12)])
    with pytest.raises(InputError, match="vertices of the graph table are not known; simulate on dk68"):
        nv.simulate_vertices(nv.simulate(seed=0, genes=20, graph=graph))


def _expression(study, folder):
    table = pd.DataFrame(study.expression, index=list(study.regions), columns=list(study.genes))
    table.to_csv(folder / "x.csv", index_label="region")
    return folder / "x.csv"


def test_a_surface_too_coarse_for_a_region_leaves_it_out():
    study = nv.simulate(seed=0, genes=20, graph=nv.RegionGraph.schaefer(400))
    table = nv.simulate_vertices(study, surface="fsaverage3")
    assert np.isfinite(table[["d", "se", "effect"]]).all().all()


def test_regions_that_the_map_misses_have_no_vertices(study):
    lacking = study.with_thinning(np.where(np.arange(68) == 3, np.nan, study.thinning), np.zeros((1, 68)))
    table = nv.simulate_vertices(lacking, surface="fsaverage3", detail=0.0)
    assert np.isfinite(table["d"]).all()
    left = table[table["hemisphere"] == "L"]["vertex"]
    assert not (dk68_vertices()[left] == 3).any()
    assert (dk68_vertices()[left] == 4).any()
