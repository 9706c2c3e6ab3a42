"""Null maps: what each method promises to keep, and what it says when it can't."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest

import pyro_neurovae as nv
from pyro_neurovae.errors import GraphError, InputError, NeurovaeError, SettingsError
from pyro_neurovae.graphs.null_maps import METHODS, make_null_maps, moran_randomised


@pytest.fixture(scope="module")
def graph():
    return nv.RegionGraph.dk68()


@pytest.fixture(scope="module")
def smooth(graph):
    values, vectors = np.linalg.eigh(nv.GMRF(graph, "icar").covariance().numpy())
    return -0.2 + 0.1 * vectors @ (np.sqrt(values.clip(min=0)) * np.random.default_rng(0).standard_normal(68))


def moran(values, weights):
    e = values - values.mean()
    return len(e) / weights.sum() * (e @ weights @ e) / (e @ e)


@pytest.mark.parametrize("method", METHODS)
def test_the_seed_decides(graph, smooth, method):
    first, again, other = (make_null_maps(smooth, graph, method=method, number=4, seed=s) for s in (3, 3, 4))
    assert first.shape == (4, 68)
    np.testing.assert_array_equal(first, again)
    assert not np.isclose(first, other).all(1).any()
    assert len(np.unique(first.round(9), axis=0)) == 4


@pytest.mark.parametrize("method", METHODS)
def test_no_global_random_state(graph, smooth, method):
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    make_null_maps(smooth, graph, method=method, number=2)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_moran_keeps_mean_variance_and_morans_i_exactly(graph, smooth):
    nulls = make_null_maps(smooth, graph, method="moran", number=50, seed=1)
    np.testing.assert_allclose(nulls.mean(1), smooth.mean())
    np.testing.assert_allclose(nulls.std(1), smooth.std())
    np.testing.assert_allclose([moran(one, graph.weights) for one in nulls], moran(smooth, graph.weights), rtol=1e-9)
    assert not np.allclose(nulls, make_null_maps(smooth, graph, number=50, seed=1))  # it is not the default
    # Random signs: with the map itself they go together no more than chance has it.
    r = np.corrcoef(np.vstack([smooth, nulls]))[0, 1:]
    assert abs(r.mean()) < 4 * r.std() / np.sqrt(50)


def test_maps_of_a_draw_are_randomised_by_one_pattern_of_signs(graph, smooth):
    other = np.random.default_rng(5).standard_normal(68)
    maps = np.stack([np.stack([smooth, other, smooth + other], 1)] * 4)  # (draw, region, map)
    found = moran_randomised(maps, graph, seed=2)
    for column, one in enumerate((smooth, other)):
        nulls = make_null_maps(one, graph, method="moran", number=4, seed=2)
        np.testing.assert_allclose(found[..., column], nulls, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found[..., 2], found[..., 0] + found[..., 1], rtol=1e-9, atol=1e-12)


def test_laplacian_keeps_mean_variance_and_differences_along_edges_exactly(graph, smooth):
    nulls = make_null_maps(smooth, graph, method="laplacian", number=50, seed=1)
    np.testing.assert_allclose(nulls.mean(1), smooth.mean())
    np.testing.assert_allclose(nulls.std(1), smooth.std())
    laplacian = graph.laplacian()
    np.testing.assert_allclose(
        np.einsum("nr,rs,ns->n", nulls, laplacian, nulls), smooth @ laplacian @ smooth, rtol=1e-9
    )
    missing = np.where(np.isin(np.arange(68), [2, 40]), np.nan, smooth)
    made = make_null_maps(missing, graph, method="laplacian", number=5)
    np.testing.assert_array_equal(np.isnan(made), np.repeat(np.isnan(missing)[None], 5, 0))


def test_moran_keeps_missing_regions_in_place_and_joins_homologues(graph, smooth):
    missing = np.where(np.isin(np.arange(68), [2, 40]), np.nan, smooth)
    nulls = make_null_maps(missing, graph, method="moran", number=5)
    np.testing.assert_array_equal(np.isnan(nulls), np.repeat(np.isnan(missing)[None], 5, 0))
    apart = nv.RegionGraph.dk68(homologues=False)
    sides = np.tile(smooth[:34], 2)  # both hemispheres alike

    def alike(on):
        made = make_null_maps(sides, on, method="moran", number=40)
        return np.mean([np.corrcoef(one[:34], one[34:])[0, 1] for one in made])

    assert alike(apart) > 0.8  # its homologues are neighbours even where no edge says so
    assert alike(replace(apart, homologues=())) < 0.8


def test_spins_move_values_homologues_together(graph, smooth):
    missing = np.where(np.arange(68) == 5, np.nan, smooth)
    for one in make_null_maps(missing, graph, method="spin", number=20, seed=2):
        np.testing.assert_allclose(np.sort(one), np.sort(missing))  # a permutation, the missing value along
        source = [int(np.flatnonzero(np.isclose(missing, value, equal_nan=True))[0]) for value in one]
        np.testing.assert_array_equal(np.array(source[34:]), np.array(source[:34]) + 34)  # mirrored
    spun = make_null_maps(smooth, graph, method="spin", number=60)
    shuffled = make_null_maps(smooth, graph, method="shuffle", number=60)
    smoothness = [np.mean([moran(one, graph.weights) for one in nulls]) for nulls in (spun, shuffled)]
    assert smoothness[0] > 0.5 * moran(smooth, graph.weights) > 5 * abs(smoothness[1])


def test_spins_go_to_the_nearest_region(graph):
    """The value that a region gets lies, after the rotation, no further off than a few regions' width."""
    place = make_null_maps(np.arange(68.0), graph, method="spin", number=30, seed=5).astype(int)
    sphere = graph.sphere[:34] / np.linalg.norm(graph.sphere[:34], axis=1, keepdims=True)
    for one in place:
        moved = sphere[one[:34]]
        u, _, v = np.linalg.svd(moved.T @ sphere)
        rotation = u @ np.diag([1, 1, np.linalg.det(u @ v)]) @ v  # the rotation nearest to the assignment
        assert np.einsum("ij,ij->i", moved @ rotation, sphere).mean() > 0.75  # of a shuffle, 0.2


def test_variogram_is_matched_over_pairs_and_between_them(graph, smooth):
    missing = np.where(np.arange(68) == 5, np.nan, smooth)
    nulls = make_null_maps(missing, graph, method="variogram", number=80, seed=1)
    assert np.isnan(nulls[:, 5]).all()
    assert np.isfinite(np.delete(nulls, 5, 1)).all()
    nulls = make_null_maps(smooth, graph, method="variogram", number=80, seed=1)
    shared, apart = (nulls[:, :34] + nulls[:, 34:]) / 2, (nulls[:, :34] - nulls[:, 34:]) / 2
    np.testing.assert_allclose(shared.std(1), ((smooth[:34] + smooth[34:]) / 2).std())
    np.testing.assert_allclose(apart.std(1), ((smooth[:34] - smooth[34:]) / 2).std())
    folded = graph.centroids[:34]
    distance = np.linalg.norm(folded[:, None] - folded, axis=-1)
    near = np.triu(distance < np.quantile(distance, 0.2), 1)
    far = np.triu(distance > np.quantile(distance, 0.6), 1)

    def ratio(values):
        gaps = (values[..., :, None] - values[..., None, :]) ** 2
        return gaps[..., near].mean(-1) / gaps[..., far].mean(-1)

    own = ratio((smooth[:34] + smooth[34:]) / 2)
    shuffled = ratio(np.random.default_rng(0).permuted(np.repeat(shared[:1], 200, 0), axis=1)).mean()
    assert abs(ratio(shared).mean() - own) < 0.5 * abs(shuffled - own)


def test_shuffles_are_permutations(graph, smooth):
    for one in make_null_maps(smooth, graph, method="shuffle", number=3):
        np.testing.assert_allclose(np.sort(one), np.sort(smooth))


def test_a_region_without_homologue_is_its_own(graph, smooth):
    lone = graph.subset([name for name in graph.names if name != "R_insula"])
    values = np.delete(smooth, graph.names.index("R_insula"))
    for method in METHODS:
        assert np.isfinite(make_null_maps(values, lone, method=method, number=3)).all()


def test_faults(graph, smooth, monkeypatch):
    bare = nv.RegionGraph.from_adjacency(graph.weights, graph.names)
    with pytest.raises(SettingsError, match="unknown null maps 'magic': the known ones are moran, laplacian, spin"):
        make_null_maps(smooth, graph, method="magic")
    with pytest.raises(SettingsError, match="0 null maps; give at least 1"):
        make_null_maps(smooth, graph, number=0)
    with pytest.raises(GraphError, match="the graph table has no positions on the sphere, so that maps can't be spun"):
        make_null_maps(smooth, bare, method="spin")
    with pytest.raises(GraphError, match="the graph table has no positions, so that there is no variogram"):
        make_null_maps(smooth, bare, method="variogram")
    with pytest.raises(InputError, match="a map of fewer than four values has no null maps"):
        make_null_maps(np.where(np.arange(68) < 3, smooth, np.nan), graph)
    monkeypatch.setitem(sys.modules, "neuromaps.nulls.spins", None)
    monkeypatch.setitem(sys.modules, "brainsmash.mapgen.base", None)
    for method in ("spin", "variogram"):
        with pytest.raises(NeurovaeError, match=r"install it by: pip install (neuromaps|brainsmash)$"):
            make_null_maps(smooth, graph, method=method)
