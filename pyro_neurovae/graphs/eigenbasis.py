"""Connected components of a weighted graph, and the eigenvectors of its Laplacian within each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..cards import Introduced

__all__ = ["Eigenbasis", "connected_components", "laplacian_eigenbasis"]


@dataclass(frozen=True, eq=False, repr=False)
class Eigenbasis(Introduced):
    """Eigenvectors of a graph's Laplacian, each within one component.

    Attributes
    ----------
    values
        Eigenvalues, ascending within each component, which begins with an exact 0; (eigenvector,).
    vectors
        Orthonormal eigenvectors as columns, zero outside their component; (region, eigenvector).
    component
        Component of each eigenvector; (eigenvector,).
    """

    values: np.ndarray
    vectors: np.ndarray
    component: np.ndarray

    def _title(self) -> str:
        return f"Eigenbasis of {len(self.values)} eigenvalues, {self.values.min():.3g} to {self.values.max():.3g}"

    def __post_init__(self) -> None:
        for array in (self.values, self.vectors, self.component):
            array.setflags(write=False)


def connected_components(weights: np.ndarray) -> np.ndarray:
    """Label every region with its component, numbered in order of first appearance; (region,) int."""
    component, count = np.full(len(weights), -1), 0
    for start in range(len(weights)):
        if component[start] < 0:
            reached = np.zeros(len(weights), dtype=bool)
            reached[start] = True
            front = reached
            while front.any():
                front = (weights[front] > 0).any(0) & ~reached
                reached = reached | front
            component[reached] = count
            count += 1
    return component


def laplacian_eigenbasis(laplacian: np.ndarray, components: np.ndarray) -> Eigenbasis:
    """Decompose a Laplacian (region, region) component by component.

    The constant vector of a component and its eigenvalue 0 are exact; every other eigenvalue is above 0.
    """
    n, column = len(laplacian), 0
    values, vectors, owner = np.zeros(n), np.zeros((n, n)), np.zeros(n, dtype=int)
    for c in range(int(components.max()) + 1):
        members = np.flatnonzero(components == c)
        columns = np.arange(column, column + len(members))
        values[columns], vectors[np.ix_(members, columns)] = _decompose(laplacian[np.ix_(members, members)])
        owner[columns] = c
        column += len(members)
    return Eigenbasis(values, vectors, owner)


def _decompose(laplacian: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues and eigenvectors of a connected graph's Laplacian, the constant vector first."""
    m, bound = len(laplacian), 2 * float(laplacian.diagonal().max())  # no eigenvalue is above the bound
    # The constant is lifted beyond the spectrum, so that weak edges can't mix it with another vector.
    values, vectors = np.linalg.eigh(laplacian + 2 * bound / m)
    values = np.maximum(np.roll(values, 1), np.finfo(float).eps * bound)
    vectors = np.roll(vectors, 1, axis=1)
    values[0], vectors[:, 0] = 0.0, m**-0.5
    largest = vectors[np.abs(vectors).argmax(0), np.arange(m)]
    return values, vectors * np.where(largest < 0, -1.0, 1.0)
