"""Errors of means over vertices: against dense algebra, and the same at every resolution."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import pyro_neurovae as nv
from pyro_neurovae.atlases.normative import region_weights, shared_correlation
from pyro_neurovae.atlases.vertices import at_vertices, dk68_vertices, surface_mesh, vertex_parcels
from pyro_neurovae.graphs.surface_field import cortical_field
from pyro_neurovae.readers.registry import read
from pyro_neurovae.studies.vertex_errors import errors_of_means, with_errors_of_means

SIZE = 642
FIELD, CORTEX = cortical_field(SIZE, 20.0)
GRAPH = nv.RegionGraph.cortex(200)
PARCEL = vertex_parcels(GRAPH.names)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A smooth map on fsaverage3, with errors, and expression."""
    folder, rng = tmp_path_factory.mktemp("map"), np.random.default_rng(0)
    d = np.zeros(2 * SIZE)
    d[CORTEX] = FIELD.draw(rng.standard_normal(int(CORTEX.sum())))
    np.savez(folder / "map.npz", d=d, se=np.full(2 * SIZE, 0.2))
    simulated = nv.simulate(seed=0, genes=20)
    table = pd.DataFrame(simulated.expression, index=list(simulated.regions), columns=list(simulated.genes))
    table.to_csv(folder / "x.csv")
    return folder


@pytest.fixture(scope="module")
def one(folder):
    return read("thinning", folder / "map.npz", GRAPH.names)


def test_covariances_are_those_of_dense_algebra(one):
    found = errors_of_means(one.vertices, PARCEL, 200)
    dense = FIELD.with_range(found.range_mm).covariance_with(np.eye(int(CORTEX.sum())))
    place = np.concatenate([surface_mesh(side, SIZE)[0] for side in ("left", "right")])[CORTEX]
    sides = np.repeat(["L", "R"], SIZE)[CORTEX]
    weights = region_weights(place, sides)
    shared = weights @ shared_correlation() @ weights.T
    rest = np.sqrt(1 - shared.diagonal())
    member = at_vertices(PARCEL, SIZE)[CORTEX] == np.arange(200)[:, None]
    means = member / member.sum(1, keepdims=True)
    expected = means @ (shared + rest[:, None] * dense * rest) @ means.T
    deviation = np.sqrt(expected.diagonal())
    assert found.correlation == pytest.approx(expected / np.outer(deviation, deviation))
    assert found.size == pytest.approx(np.minimum(deviation, 1))
    assert (deviation > 1.05).any()  # at the edge of a coarse surface, where no mean errs more than its vertices
    assert np.linalg.eigvalsh(found.correlation)[0] > 0


def test_the_range_is_that_of_the_map(one):
    assert errors_of_means(one.vertices, PARCEL, 200).range_mm == pytest.approx(20, rel=0.35)


def test_what_estimating_the_sd_adds_is_not_made_smaller(one):
    found = errors_of_means(one.vertices, PARCEL, 200)
    after = with_errors_of_means(one, found)
    spread = one.spread_share * one.standard_error**2
    assert after.spread_share * after.standard_error**2 == pytest.approx(spread)
    assert after.standard_error**2 - spread == pytest.approx((one.standard_error**2 - spread) * found.size**2)
    assert "errs less than its vertices" in after.notices[-1]


def test_errors_of_the_same_regions_are_as_large_at_every_resolution(folder):
    region, found = at_vertices(dk68_vertices(), SIZE), {}
    for name in ("dk68", "cortex200"):
        study = nv.Study.from_files(folder / "x.csv", folder / "map.npz", graph=name, expression_graph="dk68")
        parcel, shared = at_vertices(vertex_parcels(study.regions), SIZE), np.zeros((68, study.n_regions))
        both = (region >= 0) & (parcel >= 0)
        np.add.at(shared, (region[both], parcel[both]), 1)
        shared /= shared.sum(1, keepdims=True)
        found[name] = (shared @ study.covariance[0] @ shared.T).diagonal()
    # Patches that reach beyond a region make its mean one over more of the cortex.
    assert np.mean(found["cortex200"] / found["dk68"]) == pytest.approx(1, abs=0.15)


def test_errors_that_someone_says_go_together_otherwise_are_left_as_they_are(folder, one):
    study = nv.Study.from_files(
        folder / "x.csv",
        folder / "map.npz",
        graph="cortex200",
        expression_graph="dk68",
        sampling_correlation="independent",
    )
    assert study.standard_error[0] == pytest.approx(one.standard_error)


def test_a_map_without_errors_gets_none(folder):
    study = nv.Study.from_files(
        folder / "x.csv", folder / "map.npz", graph="cortex200", expression_graph="dk68", standard_error="none"
    )
    assert not study.standard_error.any()
    assert not any("errs less" in notice for notice in study.notices)
