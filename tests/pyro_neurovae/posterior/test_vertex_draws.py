"""Effects at vertices: means over regions are kept, intervals hold what was drawn."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import pyro_neurovae as nv
from pyro_neurovae.atlases.vertices import HEMISPHERE, at_vertices, dk68_vertices, vertex_parcels
from pyro_neurovae.errors import NeurovaeError, SettingsError
from pyro_neurovae.graphs.surface_field import cortical_field
from pyro_neurovae.posterior.vertex_draws import draw_vertices
from pyro_neurovae.studies.vertices import Vertices

SIZE = 642


def parcels(name: str = "cortex200") -> np.ndarray:
    graph = nv.RegionGraph.cortex(200) if name == "cortex200" else nv.RegionGraph.dk68()
    return at_vertices(vertex_parcels(graph.names), SIZE)


def vertices_with(values: np.ndarray, error: float = 0.3, parcel: np.ndarray | None = None) -> Vertices:
    parcel = parcels() if parcel is None else parcel
    values = np.where(parcel >= 0, values, np.nan)
    return Vertices("fsaverage3", parcel, values[None], np.where(np.isnan(values), np.nan, error)[None])


def over_parcels(draws: np.ndarray, parcel: np.ndarray, measured: np.ndarray) -> np.ndarray:
    member = (parcel[measured] == np.unique(parcel[measured])[:, None]).astype(float)
    return draws[:, measured] @ (member / member.sum(1, keepdims=True)).T


def test_means_over_regions_are_the_regions_draws():
    rng = np.random.default_rng(0)
    values = rng.standard_normal(2 * SIZE)
    values[rng.random(2 * SIZE) < 0.05] = np.nan
    vertices, effect = vertices_with(values), rng.standard_normal((20, 200))
    draws, measured = draw_vertices(vertices, 0, effect, seed=1), vertices.measured(0)
    assert draws.shape == (20, 2 * SIZE)
    assert np.array_equal(~np.isnan(draws), np.broadcast_to(measured, draws.shape))
    present = np.unique(vertices.parcel[measured]).astype(int)
    assert over_parcels(draws, vertices.parcel, measured) == pytest.approx(effect[:, present], abs=1e-5)


def test_the_same_seed_gives_the_same_draws_and_another_others():
    vertices, effect = vertices_with(np.random.default_rng(1).standard_normal(2 * SIZE)), np.zeros((5, 200))
    first, again, other = (draw_vertices(vertices, 0, effect, seed=seed) for seed in (3, 3, 4))
    assert np.array_equal(first, again, equal_nan=True)
    assert not np.array_equal(first, other, equal_nan=True)


def test_without_error_the_detail_is_the_maps_own():
    rng = np.random.default_rng(2)
    vertices = vertices_with(rng.standard_normal(2 * SIZE), error=1e-6)
    measured = vertices.measured(0)
    parcel = vertices.parcel[measured].astype(int)
    means = np.bincount(parcel, vertices.thinning[0][measured], 200) / np.bincount(parcel, minlength=200)
    draws = draw_vertices(vertices, 0, np.tile(means, (4, 1)), seed=0)
    assert draws[:, measured] == pytest.approx(np.tile(vertices.thinning[0][measured], (4, 1)), abs=1e-3)


def test_intervals_hold_effects_of_any_share_of_the_detail():
    """Smooth fields: regions as they are known, detail of which a uniform share is effect."""
    rng, held = np.random.default_rng(3), []
    vertices = vertices_with(np.zeros(2 * SIZE))
    for seed in range(25):
        share, parcel = rng.random(), parcels()
        effect, error = (smooth(rng) * np.sqrt(part) for part in (share, 1 - share))
        measured = vertices.measured(0)
        own = parcel[measured]
        count = np.bincount(own, minlength=200)
        truth = np.bincount(own, effect[measured], 200) / count
        noise = np.bincount(own, error[measured], 200) / count
        observed = effect + error - noise[parcel]  # the regions' own errors are not what is tested
        draws = draw_vertices(vertices_with(observed, error=5.0), 0, np.tile(truth, (200, 1)), seed=seed)[:, measured]
        held.append((draws < effect[measured]).mean(0))
    below = np.concatenate(held)
    assert (np.abs(below - 0.5) < 0.45).mean() == pytest.approx(0.90, abs=0.035)
    assert (np.abs(below - 0.5) < 0.25).mean() == pytest.approx(0.50, abs=0.06)


def smooth(rng: np.random.Generator) -> np.ndarray:
    """A field of range 15 mm on the cortex, 0 elsewhere."""
    field, cortex = cortical_field(SIZE, 15.0)
    values = np.zeros(2 * SIZE)
    values[cortex] = field.draw(rng.standard_normal(int(cortex.sum())))
    return values


@pytest.fixture(scope="module")
def fit(tmp_path_factory) -> nv.Fit:
    folder, rng = tmp_path_factory.mktemp("vertices"), np.random.default_rng(4)
    place = dk68_vertices()
    effect = np.append(rng.standard_normal(68), 0)[place] + 0.3 * rng.standard_normal(2 * HEMISPHERE)
    np.savez(folder / "one.npz", d=at_vertices(effect, SIZE), se=np.full(2 * SIZE, 0.1))
    simulated = nv.simulate(seed=0, genes=20)
    table = pd.DataFrame(simulated.expression, index=list(simulated.regions), columns=list(simulated.genes))
    table.to_csv(folder / "x.csv")
    whole = pd.DataFrame({"region": simulated.regions, "d": rng.standard_normal(68), "se": 0.1})
    whole.to_csv(folder / "two.csv", index=False)
    study = nv.Study.from_files(folder / "x.csv", [folder / "one.npz", folder / "two.csv"])
    return nv.fit(study, "spatial", draws=40, progress=False)


def test_the_table_has_a_row_a_vertex(fit):
    table, given = fit.vertices(prob=0.8), fit.study.vertices
    pd.testing.assert_frame_equal(fit.vertices("one", prob=0.8), table)
    assert len(table) == given.measured(0).sum()
    assert {"map", "hemisphere", "vertex", "region", "observed", "se", "mean", "p_negative", "lower80"} <= set(table)
    row = table[(table["hemisphere"] == "R")].iloc[0]
    number = SIZE + row["vertex"]
    assert row["observed"] == given.thinning[0][number]
    assert row["region"] == fit.study.regions[int(given.parcel[number])]
    assert row["mean"] == pytest.approx(fit.vertex_draws("one")[:, number].mean(), rel=1e-5)


def test_a_map_of_regions_has_no_vertices(fit):
    with pytest.raises(NeurovaeError, match="two was given by regions; for effects at vertices give a map of them"):
        fit.vertices(["two"])
    with pytest.raises(SettingsError, match="no map 'three'"):
        fit.vertex_draws("three")


def test_vertices_are_kept_with_the_fit(fit, tmp_path):
    fit.save(tmp_path / "fit.nc")
    again = nv.load(tmp_path / "fit.nc")
    pd.testing.assert_frame_equal(again.vertices(), fit.vertices())


def test_the_vertices_of_regions_and_maps_that_are_kept(fit):
    study = fit.study.select(regions=fit.study.regions[5:], maps=["one"])
    kept = study.vertices.measured(0)
    assert kept.sum() == (fit.study.vertices.parcel[fit.study.vertices.measured(0)] >= 5).sum()
    assert np.array_equal(study.vertices.parcel[kept], fit.study.vertices.parcel[kept] - 5)
    assert fit.study.with_thinning(fit.study.thinning, fit.study.standard_error).vertices is None


def test_parcels_of_another_atlas_are_means_over_vertices(fit):
    table = nv.aggregate(fit, "schaefer100")
    one = table[table["map"] == "one"].set_index("region")
    parcel = at_vertices(vertex_parcels(nv.RegionGraph.schaefer(100).names), SIZE)
    number = nv.RegionGraph.schaefer(100).names.index(one.index[7])
    draws = fit.vertex_draws("one")[:, (parcel == number) & fit.study.vertices.measured(0)].mean(1)
    assert one["mean"].iloc[7] == pytest.approx(draws.mean(), rel=1e-5)
    assert one["sd"].iloc[7] == pytest.approx(draws.std(ddof=1), rel=0.05)
    assert len(table[table["map"] == "two"]) == 100


def test_draws_of_one_map_are_held_and_tables_of_all(fit):
    tables = fit.vertices()
    assert len(fit._vertex_draws) == 1
    again = fit.vertices()
    pd.testing.assert_frame_equal(again, tables)
    again["mean"] = 0.0  # what a caller does to a table is nobody else's
    pd.testing.assert_frame_equal(fit.vertices(), tables)
