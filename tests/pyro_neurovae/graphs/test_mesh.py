"""Boundaries of a labelled mesh, against lengths worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from pyro_neurovae.errors import GraphError
from pyro_neurovae.graphs.mesh import boundary_lengths, mesh_weights, region_centroids

# Two unit squares side by side, each cut along a diagonal:   3 - 4 - 5
#                                                             0 - 1 - 2
PLACE = np.array([[0, 0, 0], [1, 0, 0], [2, 0, 0], [0, 1, 0], [1, 1, 0], [2, 1, 0]], dtype=float)
FACES = np.array([[0, 1, 3], [1, 4, 3], [1, 2, 4], [2, 5, 4]])


def test_two_labels_meet_along_the_middle():
    # Four triangles, each with half a unit of the line y = 1/2.
    lengths = boundary_lengths(np.array([0, 0, 0, 1, 1, 1]), FACES, PLACE, 2)
    np.testing.assert_allclose(lengths, [[0, 2], [2, 0]])


def test_three_labels_meet_at_a_centroid():
    lengths = boundary_lengths(np.array([0, 0, 2, 1, 1, 2]), FACES, PLACE, 3)
    # Triangle 1-2-4 has labels 0, 2, 1; centroid (4/3, 1/3), midpoints (3/2, 0), (3/2, 1/2), (1, 1/2).
    outer, inner = np.hypot(1 / 6, 1 / 3), np.hypot(1 / 6, 1 / 6)
    expected = np.zeros((3, 3))
    expected[0, 1] = 1 + outer  # two triangles of the left square, and centroid to (1, 1/2)
    expected[0, 2] = outer
    expected[1, 2] = inner + 0.5  # and the triangle 2-5-4, whose labels are 2, 2, 1
    np.testing.assert_allclose(lengths, expected + expected.T)


def test_lengths_follow_the_metric():
    place = PLACE * [3.0, 1.0, 1.0]
    lengths = boundary_lengths(np.array([0, 0, 0, 1, 1, 1]), FACES, place, 2)
    assert lengths[0, 1] == pytest.approx(6)


def test_vertices_outside_bound_nothing():
    labels = np.array([0, 0, -1, 1, 1, -1])
    lengths = boundary_lengths(labels, FACES, PLACE, 2)
    # The left square as before; in triangle 1-2-4 only the stretch from (1, 1/2) to the centroid is shared.
    assert lengths[0, 1] == pytest.approx(1 + np.hypot(1 / 6, 1 / 3))
    np.testing.assert_allclose(region_centroids(labels, PLACE, 2), [[0.5, 0, 0], [0.5, 1, 0]])


def test_order_of_faces_and_of_their_vertices_changes_nothing():
    labels = np.array([0, 0, 2, 1, 1, 2])
    turned = np.roll(FACES[::-1], 1, axis=1)[:, ::-1]
    np.testing.assert_allclose(boundary_lengths(labels, turned, PLACE, 3), boundary_lengths(labels, FACES, PLACE, 3))


def test_weights_of_labels_that_do_not_touch():
    labels = np.array([0, -1, 1, 0, -1, 1])
    for kind in ("binary", "boundary"):
        assert not mesh_weights(kind, labels, FACES, PLACE, n_labels=2).any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": np.zeros((6, 1), dtype=int)}, "give one integer a vertex"),
        ({"labels": np.zeros(6)}, "labels are float64"),
        ({"labels": np.array([0, 0, 0, 0, 0, 3])}, "has label 3 and only 2 names"),
        ({"coordinates": PLACE[:5]}, r"6 labels has coordinates of shape \(5, 3\)"),
        ({"coordinates": PLACE * np.nan}, "finite numbers"),
        ({"faces": FACES + 2}, "not triangles of its vertices"),
        ({"faces": FACES[:, :2]}, "not triangles of its vertices"),
        ({"faces": FACES[:0]}, "not triangles of its vertices"),
        ({"faces": FACES.astype(float)}, "not triangles of its vertices"),
    ],
)
def test_arrays_that_do_not_fit(change, message):
    given = {"labels": np.array([0, 0, 0, 1, 1, 1]), "faces": FACES, "coordinates": PLACE, "n_labels": 2}
    with pytest.raises(GraphError, match=message):
        boundary_lengths(**(given | change))


def test_label_without_a_vertex():
    with pytest.raises(GraphError, match="label 1 has no vertex"):
        region_centroids(np.array([0, 0, 0, 2, 2, 2]), PLACE, 3)
