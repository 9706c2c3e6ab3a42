"""Triangular algebra of many matrices: against NumPy's dense one."""

from __future__ import annotations

import numpy as np
import pytest

from pyro_neurovae.posterior.roots import cholesky_roots, inverse_roots, times_symmetric


@pytest.fixture
def covariances() -> np.ndarray:
    wide = np.random.default_rng(0).standard_normal((3, 7, 20))
    return wide @ wide.mT


def test_roots_their_inverses_and_products_are_those_of_dense_algebra(covariances):
    kept = covariances.copy()
    roots = cholesky_roots(covariances)
    np.testing.assert_allclose(roots, np.linalg.cholesky(covariances), rtol=1e-10)
    inverses = inverse_roots(roots)
    np.testing.assert_allclose(inverses, np.linalg.inv(roots), atol=1e-12)
    np.testing.assert_allclose(times_symmetric(inverses, covariances), inverses @ covariances, rtol=1e-8, atol=1e-10)
    np.testing.assert_array_equal(covariances, kept)


def test_what_is_no_covariance_is_refused(covariances):
    covariances[1, 0, 0] = -1
    with pytest.raises(np.linalg.LinAlgError, match="number 1 is not positive definite"):
        cholesky_roots(covariances)
