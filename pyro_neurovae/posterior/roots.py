"""Cholesky roots of many covariances: LAPACK's triangular routines, which NumPy lacks and which halve the work."""

from __future__ import annotations

import numpy as np
from scipy.linalg import blas, lapack

__all__ = ["cholesky_roots", "inverse_roots", "times_symmetric"]

# LAPACK reads columns where NumPy has rows, so that the transpose of a lower root is what it takes for an upper one, in
# place and without a copy.


def cholesky_roots(covariances: np.ndarray) -> np.ndarray:
    """Lower Cholesky root L of each covariance; (covariance, n, n). LinAlgError where one is not positive definite."""
    roots = np.array(covariances, dtype=float, order="C")
    for number, root in enumerate(roots):
        upper, fault = lapack.dpotrf(root.T, lower=0, clean=1, overwrite_a=1)
        if fault:
            raise np.linalg.LinAlgError(f"covariance number {number} is not positive definite")
        root[:] = upper.T
    return roots


def inverse_roots(roots: np.ndarray) -> np.ndarray:
    """Inverse of each lower root (root, n, n), lower too: of its own product it whitens what has the covariance."""
    inverses = roots.copy()
    for inverse in inverses:
        inverse[:] = lapack.dtrtri(inverse.T, lower=0, overwrite_c=1)[0].T
    return inverses


def times_symmetric(lower: np.ndarray, symmetric: np.ndarray) -> np.ndarray:
    """Product of each lower triangular matrix with a symmetric one; both and the result (matrix, n, n)."""
    products = np.array(symmetric, dtype=float, order="C")
    for triangle, product in zip(lower, products, strict=True):
        product[:] = blas.dtrmm(1.0, triangle.T, product.T, side=1, lower=0, overwrite_b=1).T
    return products
