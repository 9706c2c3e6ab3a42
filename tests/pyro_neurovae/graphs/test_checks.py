"""Weights that are distances, with and without positions, and weights that are none."""

from __future__ import annotations

import numpy as np
import pytest

import pyro_neurovae as nv
from pyro_neurovae.errors import GraphError
from pyro_neurovae.graphs.checks import check_joined, check_nearness

RNG = np.random.default_rng(4)
POINTS = RNG.normal(0, 30, (30, 3))
FAR = np.linalg.norm(POINTS[:, None] - POINTS[None], axis=-1)
HALVES = np.kron(np.eye(2), FAR[:15, :15])


def check(weights, *, positions=False):
    check_nearness(weights, centroids=POINTS if positions else None, hemispheres=None)


@pytest.mark.parametrize("far", [FAR, FAR**2, FAR + np.triu(RNG.normal(0, 3, FAR.shape), 1), np.log1p(FAR)])
def test_weights_that_grow_with_distance_are_refused(far):
    far = (far + far.T) / 2
    with pytest.raises(
        GraphError, match=r"the weights grow with the distance .*\(rank correlation (0\.9|1\.0).*--graph-kind"
    ):
        check(far, positions=True)
    near = np.argsort(far, axis=1)[:, :6]
    sparse = np.zeros_like(far)
    np.put_along_axis(sparse, near, np.take_along_axis(far, near, 1), 1)
    with pytest.raises(GraphError, match="the weights grow with the distance"):
        check(np.maximum(sparse, sparse.T), positions=True)


@pytest.mark.parametrize("far", [FAR, FAR.round(2), HALVES, np.sqrt(FAR)])
def test_a_metric_is_refused_where_no_position_is_known(far):
    with pytest.raises(
        GraphError, match=r"no two regions have a weight of 0 and no weight is above .*graph_kind=.distance"
    ):
        check(far)
    with pytest.raises(GraphError, match="as distances do"):
        nv.RegionGraph.from_connectivity(far, [f"r{k}" for k in range(30)])
    with pytest.raises(GraphError, match="as distances do"):
        nv.RegionGraph.from_adjacency(far, [f"r{k}" for k in range(30)])


@pytest.mark.parametrize(
    "weights",
    [
        np.exp(-FAR / 30) - np.eye(30),
        1 / (1 + FAR) - np.eye(30),
        1.0 - np.eye(30),
        (FAR < 40) * 1.0,
        0.5 + 0.4 * np.abs(np.corrcoef(POINTS)) - 0.9 * np.eye(30),
        np.abs(np.corrcoef(RNG.normal(size=(30, 9)))) - np.eye(30),
        np.zeros((30, 30)),
    ],
)
def test_nearness_is_not_taken_for_distance(weights):
    check(weights)
    check(weights, positions=True)


def test_public_connectivity_is_nearness(data_dir):
    for kind in ("struct", "func"):
        weights = np.loadtxt(data_dir / f"connectivity/hcp_{kind}_dk68_matrix.csv", delimiter=",")
        graph = nv.RegionGraph.dk68()
        check_nearness(weights, centroids=graph.centroids, hemispheres=graph.hemispheres)
        check_nearness(weights, centroids=None, hemispheres=None)


def test_parts_joined_by_next_to_nothing_are_named():
    weights = np.kron(np.eye(2), 1.0 - np.eye(3))
    names = list("abcdef")
    check_joined(weights, names)
    weights[1, 4] = weights[4, 1] = 1e-6
    check_joined(weights, names)
    weights[1, 4] = weights[4, 1] = 1e-20
    with pytest.raises(
        GraphError, match=r"b and e are joined by the weight 1e-20 alone, .* the largest weight is 1: write 0"
    ):
        nv.RegionGraph.from_connectivity(weights, names)
    check_joined(np.exp(-FAR * 2) - np.eye(30) + 1e-3 * (FAR < 60) * (1 - np.eye(30)), [str(k) for k in range(30)])
    check_joined(np.zeros((6, 6)), names)
