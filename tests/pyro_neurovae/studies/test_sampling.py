"""Sampling errors that go together: the algebra against dense formulas."""

from __future__ import annotations

import numpy as np
import pytest

from pyro_neurovae.readers.standard_errors import cohens_d_error
from pyro_neurovae.studies.sampling import COMMON_SHARE, exchangeable, mixed_correlation, sampling_covariance


@pytest.fixture
def correlation():
    rows = np.random.default_rng(1).normal(size=(40, 5)) + np.random.default_rng(2).normal(size=(40, 1))
    return np.corrcoef(rows.T)


def test_the_covariance_against_dense_matrices(correlation):
    se, share = np.array([0.1, 0.2, 0.15, 0.3, 0.1]), np.array([0.0, 0.1, 0.02, 0.4, 1.0])
    means, spreads = np.diag(se * np.sqrt(1 - share)), np.diag(share * se**2)
    np.testing.assert_allclose(sampling_covariance(se, share, correlation), means @ correlation @ means + spreads)
    np.testing.assert_allclose(
        sampling_covariance(se, 0.0, correlation), np.diag(se) @ correlation @ np.diag(se), atol=1e-15
    )


def test_a_missing_region_is_missing(correlation):
    found = sampling_covariance(np.array([0.1, np.nan, 0.15, 0.3, 0.1]), 0.0, correlation)
    assert np.isnan(found[1]).all()
    assert np.isnan(found[:, 1]).all()
    assert np.isfinite(np.delete(np.delete(found, 1, 0), 1, 1)).all()


def test_the_mixture(correlation):
    dense = (1 - COMMON_SHARE) * correlation + COMMON_SHARE * np.ones((5, 5))
    np.testing.assert_allclose(mixed_correlation(correlation), dense)
    np.testing.assert_allclose(exchangeable(3, 0.25), [[1, 0.25, 0.25], [0.25, 1, 0.25], [0.25, 0.25, 1]])
    np.testing.assert_allclose(np.diagonal(mixed_correlation(exchangeable(6, 0.3))), 1.0)


@pytest.mark.slow
def test_errors_of_cohens_d_go_together_as_said():
    """Groups of people drawn with known effects: the covariance of their d over many studies."""
    rng, effect, mean, n = np.random.default_rng(3), np.array([-1.5, -1.5, 0.0, 0.5]), 0.6, 60
    root = np.linalg.cholesky(exchangeable(4, mean))
    found = []
    for _ in range(6000):
        cases, controls = rng.normal(size=(n, 4)) @ root.T + effect, rng.normal(size=(n, 4)) @ root.T
        found.append((cases.mean(0) - controls.mean(0)) / np.sqrt((cases.var(0, ddof=1) + controls.var(0, ddof=1)) / 2))
    observed = np.cov(np.array(found).T)
    se = cohens_d_error(effect, n, n)
    share = effect**2 / (4 * n) / se**2
    said = sampling_covariance(se, share, exchangeable(4, mean))
    naive = sampling_covariance(se, 0.0, exchangeable(4, mean))
    # The errors of standard deviations go together too, by the square of the correlation: d1 d2 r^2 / 2N. What is left
    # out of regions with large effects is small beside what putting them through C would add.
    pair = np.array([(0, 2), (0, 3), (2, 3)]).T
    np.testing.assert_allclose(np.diag(said), np.diag(observed), rtol=0.06)
    np.testing.assert_allclose(said[*pair], observed[*pair], rtol=0.1, atol=0.0006)
    assert np.abs(said[0, 2] - observed[0, 2]) < np.abs(naive[0, 2] - observed[0, 2])
