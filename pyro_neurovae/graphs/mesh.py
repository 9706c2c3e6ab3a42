"""A triangle mesh: areas of its vertices; of its labels which touch, along how many mm, and where they lie."""

from __future__ import annotations

import numpy as np

from ..errors import GraphError

__all__ = ["boundary_lengths", "mesh_weights", "region_centroids", "vertex_areas"]


def mesh_weights(
    kind: str, labels: np.ndarray, faces: np.ndarray, coordinates: np.ndarray, *, n_labels: int
) -> np.ndarray:
    """Weights between the labels that touch: 1 ("binary"), or boundary over mean boundary ("boundary").

    Raises
    ------
    GraphError
        For another kind, and as `boundary_lengths`.
    """
    if kind not in ("binary", "boundary"):
        raise GraphError(f"unknown weights {kind!r}: the known ones of a mesh are binary, boundary.")
    lengths = boundary_lengths(labels, faces, coordinates, n_labels)
    touching = lengths > 0
    if kind == "binary":
        return touching.astype(float)
    return lengths / lengths[touching].mean() if touching.any() else lengths


def boundary_lengths(labels: np.ndarray, faces: np.ndarray, coordinates: np.ndarray, n_labels: int) -> np.ndarray:
    """Length of the boundary between every two labels of a triangle mesh; (label, label), in mm.

    The boundary runs through the midpoints of the edges whose ends differ in label. In a triangle of two
    labels that is the segment between two midpoints; in one of three, the segments from its centroid to each
    midpoint. Two labels touch where the length is above zero.

    Parameters
    ----------
    labels
        Label of every vertex, 0 to ``n_labels - 1``, negative outside every region; (vertex,) int.
    faces
        Vertices of every triangle; (face, 3) int.
    coordinates
        Position of every vertex in mm; (vertex, 3).

    Raises
    ------
    GraphError
        When the arrays do not fit each other.
    """
    labels, faces, coordinates = np.asarray(labels), np.asarray(faces), np.asarray(coordinates, dtype=float)
    _check(labels, faces, coordinates, n_labels)
    at = labels[faces]  # (face, 3)
    lengths = np.zeros((n_labels, n_labels))
    three = (at[:, 0] != at[:, 1]) & (at[:, 1] != at[:, 2]) & (at[:, 0] != at[:, 2])
    centre = coordinates[faces].mean(1)
    for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        crossing = (at[:, i] != at[:, j]) & (at[:, i] >= 0) & (at[:, j] >= 0)
        middle = (coordinates[faces[:, i]] + coordinates[faces[:, j]]) / 2
        third = np.where((at[:, k] == at[:, i])[:, None], coordinates[faces[:, j]], coordinates[faces[:, i]])
        other = (coordinates[faces[:, k]] + third) / 2
        # A two-label triangle has two crossing edges: each carries half of the segment.
        segment = np.linalg.norm(middle - np.where(three[:, None], centre, other), axis=1)
        segment = np.where(three, segment, segment / 2)
        np.add.at(lengths, (at[crossing, i], at[crossing, j]), segment[crossing])
    return lengths + lengths.T


def vertex_areas(coordinates: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Area that belongs to each vertex, a third of its triangles'; (vertex,), in the square of the unit."""
    a, b, c = (coordinates[corner] for corner in faces.T)
    triangle = np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2
    return np.bincount(faces.ravel(), np.repeat(triangle / 3, 3), len(coordinates))


def region_centroids(labels: np.ndarray, coordinates: np.ndarray, n_labels: int) -> np.ndarray:
    """Mean position of every label's vertices; (label, 3), in the units of the coordinates.

    Raises
    ------
    GraphError
        For a label without a vertex.
    """
    counts = np.bincount(labels[labels >= 0], minlength=n_labels)
    if (counts == 0).any():
        raise GraphError(f"label {int(np.argmin(counts))} has no vertex on the mesh: name only the labels there are.")
    sums = np.stack(
        [np.bincount(labels[labels >= 0], weights=axis[labels >= 0], minlength=n_labels) for axis in coordinates.T],
        1,
    )
    return sums / counts[:, None]


def _check(labels: np.ndarray, faces: np.ndarray, coordinates: np.ndarray, n_labels: int) -> None:
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise GraphError(f"the mesh's labels are {labels.dtype} of shape {labels.shape}: give one integer a vertex.")
    if coordinates.shape != (len(labels), 3) or not np.isfinite(coordinates).all():
        raise GraphError(
            f"a mesh of {len(labels)} labels has coordinates of shape {coordinates.shape}: "
            "give finite numbers (vertex, 3)."
        )
    triangles = faces.ndim == 2 and faces.shape[1] == 3 and faces.size > 0 and faces.dtype.kind in "iu"
    if not triangles or faces.min() < 0 or faces.max() >= len(labels):
        raise GraphError("the mesh's faces are not triangles of its vertices: give (face, 3) vertex numbers from 0.")
    if labels.max() >= n_labels:
        raise GraphError(f"the mesh has label {int(labels.max())} and only {n_labels} names: name every label.")
