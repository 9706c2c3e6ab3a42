"""Statistics of residuals, against their definitions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from pyro_neurovae.posterior.residuals import residual_statistics, two_sided


def test_statistics_of_known_residuals(small_study):
    seen = small_study.thinning_observed[0]
    assert seen.sum() == 65
    found = residual_statistics(small_study, seen)
    e = np.random.default_rng(1).standard_normal((3, seen.sum()))
    np.testing.assert_allclose(found["spread"](e), np.sqrt((e**2).mean(1)))
    np.testing.assert_allclose(found["extremes"](e), np.abs(e).max(1))

    full = np.full((3, 68), np.nan)
    full[:, seen] = e
    pairs = [full[:, left] - full[:, right] for left, right in small_study.graph.homologues]
    np.testing.assert_allclose(found["asymmetry"](e), np.nanmean(pairs, axis=0))

    centred, weights = e - e.mean(1, keepdims=True), small_study.graph.weights[np.ix_(seen, seen)]
    edges = np.einsum("ij,di,dj->d", weights, centred, centred)
    np.testing.assert_allclose(found["moran"](e), 65 / weights.sum() * edges / (centred**2).sum(1))

    measured = small_study.expression_observed
    expression = small_study.normalised_expression()[measured]
    axis = np.full(68, np.nan)
    axis[measured] = np.linalg.svd(expression - expression.mean(0))[0][:, 0]
    both = seen & measured
    for draw, correlation in enumerate(found["expression_pc1"](e)):
        assert abs(correlation) == pytest.approx(abs(stats.pearsonr(full[draw, both], axis[both])[0]))


def test_white_noise_has_no_agreement_with_expression(small_study):
    statistic = residual_statistics(small_study, small_study.thinning_observed[0])["expression"]
    e = np.random.default_rng(2).standard_normal((20_000, 65))
    assert statistic(e).mean() == pytest.approx(1, abs=0.01)
    assert statistic(e + 3) == pytest.approx(statistic(e))


def test_two_sided_probabilities():
    replicated = np.arange(100.0).reshape(1, 100)
    assert two_sided(np.array([49.5, 49.5]), replicated) == 1
    assert two_sided(np.array([97.5]), replicated) == pytest.approx(0.04)
    assert two_sided(np.array([-1.0]), replicated) == 0
    # Each draw is held against its own replicates.
    assert two_sided(np.array([0.0, 10.0]), np.array([[-1.0, 1.0], [9.0, 11.0]])) == 1
