"""The graph drawn: every region, edge and weight, and values as colours."""

from __future__ import annotations

from dataclasses import replace

import matplotlib
import matplotlib.figure
import numpy as np
import pandas as pd
import pytest

import pyro_neurovae as nv
from pyro_neurovae import plots
from pyro_neurovae.errors import GraphError, InputError


def test_graph_shows_every_edge(small_study, drawn):
    figure = drawn(plots.graph(small_study))
    left, above, right = figure.axes
    counts = [[len(one.get_segments()) for one in axis.collections[:2]] for axis in (left, above, right)]
    graph = small_study.graph
    within = np.array([side == "L" for side in graph.hemispheres])
    assert counts == [[int(graph.weights[np.ix_(within, within)].sum() / 2), 0], [175, 34], [175 - counts[0][0], 0]]
    np.testing.assert_allclose(above.collections[2].get_offsets(), graph.centroids[:, :2])
    np.testing.assert_allclose(left.collections[2].get_offsets(), graph.centroids[:34, 1:] * [-1, 1])
    np.testing.assert_allclose(right.collections[2].get_offsets(), graph.centroids[34:, 1:])
    assert above.collections[1].get_linestyle() != above.collections[0].get_linestyle()
    assert figure.get_suptitle() == "dk68: 68 regions, 209 edges"


def test_graph_shows_values_and_weights(small_study, drawn):
    graph = nv.RegionGraph.dk68(weights="boundary", homologues=False)
    given = pd.Series({"lh_bankssts": -0.4, "R_insula": 0.1})
    figure = drawn(plots.graph(graph, given, label="shift (mm)"))
    left, above, right, bar = figure.axes
    colours = above.collections[2].get_facecolors()
    scale = matplotlib.colormaps["RdBu"]
    np.testing.assert_allclose(colours[0], scale(0.0))  # limits are -0.4 and 0.4
    np.testing.assert_allclose(colours[67], scale(0.625), atol=0.01)
    np.testing.assert_allclose(colours[1:67, :3], 0.66)
    assert bar.get_xlabel() == "shift (mm)"
    assert bar.get_xlim() == (-0.4, 0.4)
    first, second = np.nonzero(np.triu(graph.weights))
    np.testing.assert_allclose(
        np.argsort(above.collections[0].get_linewidths()), np.argsort(graph.weights[first, second])
    )
    assert above.get_legend() is None  # no edge joins homologues
    assert len(right.collections[0].get_segments()) + len(left.collections[0].get_segments()) == 175


def test_graph_of_another_atlas():
    place = np.random.default_rng(0).normal(size=(4, 3))
    ring = nv.RegionGraph.from_adjacency(np.roll(np.eye(4), 1, 0) + np.roll(np.eye(4), -1, 0), "abcd", centroids=place)
    figure = plots.graph(ring, [1.0, 2.0, 3.0, 4.0])
    side, above, bar = figure.axes
    np.testing.assert_allclose(side.collections[2].get_offsets(), place[:, 1:] * [-1, 1])
    np.testing.assert_allclose(above.collections[2].get_facecolors()[3], matplotlib.colormaps["viridis"](1.0))
    assert bar.get_xlim() == (1, 4)
    with pytest.raises(GraphError, match="graph table has no positions to draw it at"):
        plots.graph(replace(ring, centroids=None))
    with pytest.raises(InputError, match=r"values have shape \(3,\); give one for each of the 4 regions"):
        plots.graph(ring, [1.0, 2.0, 3.0])
