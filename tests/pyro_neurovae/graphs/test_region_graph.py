"""RegionGraph: the Desikan-Killiany graph, tables, meshes, components and the eigenbasis."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pyro_neurovae.atlases.atlas import dk68_edges
from pyro_neurovae.atlases.vertices import dk68_vertices, vertex_parcels
from pyro_neurovae.errors import GraphError, SettingsError
from pyro_neurovae.graphs.region_graph import RegionGraph
from pyro_neurovae.models.gmrf import GMRF


def ring(n, weight=1.0):
    return weight * (np.eye(n, k=1) + np.eye(n, k=-1) + np.eye(n, k=n - 1) + np.eye(n, k=1 - n))


def named(weights, **options):
    return RegionGraph.from_adjacency(weights, [f"r{i}" for i in range(len(weights))], **options)


def with_islands():
    """Twenty regions: a ring of eleven, a path of six and the islands 3, 10 and 19, interleaved."""
    order = np.random.default_rng(0).permutation([i for i in range(20) if i not in (3, 10, 19)])
    weights = np.zeros((20, 20))
    weights[np.ix_(order[:11], order[:11])] = ring(11, 0.7)
    weights[np.ix_(order[11:], order[11:])] = np.eye(6, k=1) + np.eye(6, k=-1)
    return named(weights), order


def test_dk68_without_homologues():
    graph = RegionGraph.dk68(homologues=False)
    assert (graph.n_regions, graph.n_edges, graph.n_components) == (68, 175, 2)
    assert (graph.degree.min(), graph.degree.max()) == (2, 9)
    assert graph.components.tolist() == [0] * 34 + [1] * 34
    assert set(graph.weights.ravel()) == {0.0, 1.0}


def test_dk68_with_homologues():
    graph = RegionGraph.dk68(homologue_weight=0.5)
    assert (graph.n_edges, graph.n_components, len(graph.homologues)) == (175 + 34, 1, 34)
    for left, right in graph.homologues:
        assert graph.names[left][2:] == graph.names[right][2:]
        assert (graph.hemispheres[left], graph.hemispheres[right]) == ("L", "R")
        assert graph.weights[left, right] == 0.5
    assert RegionGraph.dk68(False).homologues == graph.homologues


def test_boundary_weights_are_the_table_over_its_mean():
    graph, table = RegionGraph.dk68(False, weights="boundary"), dk68_edges()
    joined = graph.edges().merge(table, on=["first", "second"])
    assert len(joined) == 175
    np.testing.assert_allclose(joined["weight"], joined["boundary_mm"] / table["boundary_mm"].mean())


def test_distance_weights_fall_with_distance():
    graph = RegionGraph.dk68(False, weights="distance")
    first, second = np.nonzero(np.triu(graph.weights))
    apart = np.linalg.norm(graph.centroids[first] - graph.centroids[second], axis=1)
    weight = graph.weights[first, second]
    assert weight.mean() == pytest.approx(1)
    np.testing.assert_allclose(np.diff(np.log(weight)), -np.diff(apart) / apart.mean(), atol=1e-12)


def test_homologues_and_pairs_are_numbered():
    graph = RegionGraph.from_adjacency(ring(4), list("abcd"))
    graph = replace(graph, homologues=((0, 2),))
    np.testing.assert_array_equal(graph.homologue, [2, 1, 0, 3])  # its own where there is none
    np.testing.assert_array_equal(graph.pair, [0, 1, 0, 3])


def test_unknown_weights():
    with pytest.raises(GraphError, match="unknown weights 'area': the known ones are binary, boundary, distance"):
        RegionGraph.dk68(weights="area")


def broken(change):
    weights = ring(4)
    change(weights)
    return weights


def at(*places):
    def change(weights):
        for i, j, value in places:
            weights[i, j] = value

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (at((0, 1, 2.0)), r"not symmetric: a to b is 2 and back 1; use \(W \+ W'\) / 2"),
        (at((1, 2, -1.0), (2, 1, -1.0)), "weight -1 of b to c is negative"),
        (at((2, 2, 1.0)), "weight 1 of c to c is a self-loop: set the diagonal to 0"),
        (at((0, 3, np.nan), (3, 0, np.nan)), "weight nan of a to d is not a finite number"),
        (at((0, 3, np.inf), (3, 0, np.inf)), "weight inf of a to d is not a finite number"),
    ],
)
def test_faults_of_an_adjacency_name_the_regions(change, message):
    with pytest.raises(GraphError, match=message):
        RegionGraph.from_adjacency(broken(change), list("abcd"))


@pytest.mark.parametrize(
    ("weights", "names", "message"),
    [
        (ring(4), list("abca"), "region a appears twice"),
        (ring(4), list("abc"), r"shape \(4, 4\) for 3 names"),
        (np.ones((3, 4)), list("abc"), r"shape \(3, 4\) for 3 names"),
        (np.ones(3), list("abc"), r"shape \(3,\) for 3 names"),
        (ring(4), None, "has no labels: pass names"),
        (np.zeros((0, 0)), [], r"shape \(0, 0\) for 0 names"),
        (np.array([["0", "x"], ["x", "0"]]), list("ab"), "holds something that is no number"),
    ],
)
def test_faults_of_names_and_shape(weights, names, message):
    with pytest.raises(GraphError, match=message):
        RegionGraph.from_adjacency(weights, names)
    if names is not None:
        with pytest.raises(GraphError):
            RegionGraph.from_connectivity(weights, names)


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"centroids": np.zeros((3, 3))}, r"centroids have shape \(3, 3\): give \(4, 3\)"),
        ({"sphere": np.zeros((4, 2))}, r"sphere have shape \(4, 2\)"),
        ({"hemispheres": ("L", "R")}, "2 hemispheres for 4 regions"),
        ({"lobes": ("frontal",)}, "1 lobes for 4 regions"),
        ({"homologues": ((0, 4),)}, r"homologues \(0, 4\) are not two of the graph's 4 regions"),
    ],
)
def test_attributes_have_one_entry_a_region(attributes, message):
    with pytest.raises(GraphError, match=message):
        RegionGraph(tuple("abcd"), ring(4), **attributes)


def test_frame_is_aligned_by_name():
    rng = np.random.default_rng(1)
    half = np.triu(rng.uniform(0, 1, (6, 6)), 1)
    table = pd.DataFrame(half + half.T, index=list("abcdef"), columns=list("abcdef"))
    shuffled = table[list("fbdace")]
    assert np.array_equal(RegionGraph.from_adjacency(shuffled).weights, table)
    both = table.loc[list("cafdbe"), list("fbdace")]
    graph = RegionGraph.from_adjacency(both)
    assert graph.names == tuple("cafdbe")
    assert np.array_equal(graph.subset("abcdef").weights, table)
    assert np.array_equal(RegionGraph.from_adjacency(both, list("abcdef")).weights, table)


def test_frame_whose_labels_disagree():
    table = pd.DataFrame(ring(3), index=list("abc"), columns=list("abx"))
    with pytest.raises(GraphError, match="rows and columns don't agree on c: label both alike"):
        RegionGraph.from_adjacency(table)
    with pytest.raises(GraphError, match="labels and the names given don't agree on d"):
        RegionGraph.from_adjacency(table.set_axis(list("abc"), axis=1), list("abcd"))
    with pytest.raises(GraphError, match="rows and columns don't agree on a"):
        RegionGraph.from_adjacency(pd.DataFrame(ring(3), index=list("aab"), columns=list("aab")))


def test_threshold_and_binary():
    weights = np.array([[0, 0.2, 0.5], [0.2, 0, 0.9], [0.5, 0.9, 0]])
    kept = named(weights, threshold=0.2)
    assert kept.edges()["weight"].tolist() == [0.5, 0.9]
    assert named(weights, threshold=0.2, binary=True).edges()["weight"].tolist() == [1, 1]


@pytest.mark.parametrize("own", [3.0, np.inf, np.nan])
def test_connectivity_of_a_region_with_itself_is_no_edge(own):
    graph = RegionGraph.from_connectivity(ring(4, 2.0) + np.diag([own] * 4), list("abcd"))
    assert np.array_equal(graph.weights, ring(4))


def test_arrays_are_copies_and_read_only():
    weights = ring(4)
    graph = named(weights)
    weights[0, 1] = 9
    assert graph.weights[0, 1] == 1
    for array in (graph.weights, graph.components, graph.eigenbasis().vectors):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_components_are_numbered_by_first_appearance():
    graph, order = with_islands()
    assert graph.n_components == 5
    assert sorted(np.bincount(graph.components)) == [1, 1, 1, 6, 11]
    first = [int(np.argmax(graph.components == c)) for c in range(5)]
    assert first == sorted(first)
    assert len(set(graph.components[order[:11]])) == len(set(graph.components[order[11:]])) == 1
    assert graph.degree[[3, 10, 19]].tolist() == [0, 0, 0]


GRAPHS = {
    "connected": RegionGraph.dk68(weights="distance"),
    "two": RegionGraph.dk68(False, weights="boundary"),
    "islands": with_islands()[0],
    "none": named(np.zeros((4, 4))),
    # Two rings joined so weakly that the joint eigenvalue is of the order of rounding.
    "weak": named(np.block([[ring(6), 1e-15 * np.eye(6)], [1e-15 * np.eye(6), ring(6)]])),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_eigenbasis(name):
    graph = GRAPHS[name]
    basis, n = graph.eigenbasis(), graph.n_regions
    assert graph.eigenbasis() is basis
    rebuilt = basis.vectors @ np.diag(basis.values) @ basis.vectors.T
    np.testing.assert_allclose(rebuilt, graph.laplacian(), atol=1e-12)
    np.testing.assert_allclose(basis.vectors.T @ basis.vectors, np.eye(n), atol=1e-12)
    assert (basis.values == 0).sum() == graph.n_components
    for c in range(graph.n_components):
        inside, columns = graph.components == c, np.flatnonzero(basis.component == c)
        assert (np.diff(columns) == 1).all()
        assert len(columns) == inside.sum()
        assert (basis.vectors[np.ix_(~inside, columns)] == 0).all()
        assert (basis.vectors[inside, columns[0]] == inside.sum() ** -0.5).all()
        assert (np.diff(basis.values[columns]) >= 0).all()


def test_laplacian_gives_the_weighted_sum_of_squares():
    graph = GRAPHS["connected"]
    z = np.random.default_rng(2).normal(size=68)
    edges = [
        w * (z[graph.names.index(a)] - z[graph.names.index(b)]) ** 2
        for a, b, w in graph.edges().itertuples(index=False)
    ]
    assert z @ graph.laplacian() @ z == pytest.approx(sum(edges))


def test_subset_takes_everything_along():
    graph = RegionGraph.dk68()
    names = ["R_insula", "L_precuneus", "L_insula", "R_precuneus", "L_cuneus"]
    part = graph.subset(names)
    where = [graph.names.index(name) for name in names]
    assert part.names == tuple(names)
    assert np.array_equal(part.weights, graph.weights[np.ix_(where, where)])
    assert np.array_equal(part.centroids, graph.centroids[where])
    assert np.array_equal(part.sphere, graph.sphere[where])
    assert part.hemispheres == ("R", "L", "L", "R", "L")
    assert part.lobes == ("insula", "parietal", "insula", "parietal", "occipital")
    assert set(part.homologues) == {(2, 0), (1, 3)}
    assert part.n_components == 2
    with pytest.raises(GraphError, match="the graph dk68 has no region L_nowhere"):
        graph.subset(["L_insula", "L_nowhere"])
    with pytest.raises(GraphError, match="L_insula appears twice"):
        graph.subset(["L_insula", "L_insula"])


def test_a_thousand_regions():
    rng = np.random.default_rng(3)
    place = rng.uniform(size=(1000, 2))
    near = np.linalg.norm(place[:, None] - place[None], axis=-1) < 0.06
    graph = named((near & ~np.eye(1000, dtype=bool)).astype(float))
    basis = graph.eigenbasis()
    rebuilt = (basis.vectors * basis.values) @ basis.vectors.T
    np.testing.assert_allclose(rebuilt, graph.laplacian(), atol=1e-10)


# Two squares side by side on vertices 0-5, each cut along a diagonal; the row y = 1 belongs to region b.
PLACE = np.array([[0, 0, 0], [1, 0, 0], [2, 0, 0], [0, 1, 0], [1, 1, 0], [2, 1, 0]], dtype=float)
FACES = np.array([[0, 1, 3], [1, 4, 3], [1, 2, 4], [2, 5, 4]])


def test_from_mesh():
    graph = RegionGraph.from_mesh(np.array([0, 0, 2, 1, 1, 2]), FACES, PLACE, ["a", "b", "c"])
    assert graph.names == ("a", "b", "c")
    assert np.array_equal(graph.weights, 1 - np.eye(3))
    np.testing.assert_allclose(graph.centroids, [[0.5, 0, 0], [0.5, 1, 0], [2, 0.5, 0]])
    weighted = RegionGraph.from_mesh(np.array([0, 0, 0, 1, 1, 1]), FACES, PLACE, ["a", "b"], weights="boundary")
    assert weighted.weights[0, 1] == 1
    with pytest.raises(GraphError, match="unknown weights 'area'"):
        RegionGraph.from_mesh(np.zeros(6, dtype=int), FACES, PLACE, ["a"], weights="area")


def over_regions(graph: RegionGraph, covariance: np.ndarray) -> np.ndarray:
    """Covariance of means over the 68 Desikan-Killiany regions, by shared vertices."""
    parcel, region = vertex_parcels(graph.names), dk68_vertices()
    both, shared = (parcel >= 0) & (region >= 0), np.zeros((68, graph.n_regions))
    np.add.at(shared, (region[both], parcel[both]), 1)
    shared /= shared.sum(1, keepdims=True)
    return shared @ covariance @ shared.T


def test_finer_patches_leave_what_is_said_of_the_cortex_as_it_is():
    """A field's prior, read over the same 68 regions: as smooth, as wide and as symmetric on 200 and 400 patches."""
    found = []
    for graph in (RegionGraph.cortex(200), RegionGraph.cortex(400), RegionGraph.dk68()):
        found.append(over_regions(graph, GMRF(graph, "icar").covariance().numpy()))
    deviation = [np.sqrt(np.diag(one)) for one in found]
    coarse, fine, regions = (one / np.outer(sd, sd) for one, sd in zip(found, deviation, strict=True))
    pairs = np.triu_indices(68, 1)
    assert np.corrcoef(coarse[pairs], fine[pairs])[0, 1] > 0.98
    assert np.mean(deviation[1] / deviation[0]) == pytest.approx(1, abs=0.08)
    homologues = tuple(np.array(RegionGraph.dk68().homologues).T)
    across = [one[homologues].mean() for one in (coarse, fine, regions)]
    assert across[0] == pytest.approx(across[1], abs=0.03)
    assert across[0] == pytest.approx(across[2], abs=0.06)


def test_patches_have_homologues_lobes_and_one_size():
    graph = RegionGraph.cortex(400)
    counts = np.bincount(vertex_parcels(graph.names)[vertex_parcels(graph.names) >= 0])
    assert counts.min() > 0.5 * counts.mean()
    assert counts.max() < 1.5 * counts.mean()
    assert graph.homologues == tuple((i, i + 200) for i in range(200))
    assert set(graph.lobes) == set(RegionGraph.dk68().lobes)
    assert graph.n_components == 1
    with pytest.raises(SettingsError, match="no parcellation cortex300 is here; give schaefer100"):
        RegionGraph.cortex(300)
