"""Scores against NumPy, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pyro_neurovae.evidence.scores import correlation, coverage, r_squared

Y = np.random.default_rng(1).normal(-0.2, 0.1, 68)
F = Y + np.random.default_rng(2).normal(0.02, 0.05, 68)


def holed(values, *holes):
    values = values.copy()
    values[list(holes)] = np.nan
    return values


def test_r_squared_is_one_minus_the_unexplained_share():
    assert r_squared(Y, F) == pytest.approx(1 - np.mean((Y - F) ** 2) / np.var(Y))
    assert r_squared(np.array([0.0, 1.0, 2.0]), np.array([1.0, 1.0, 1.0])) == 0.0
    assert r_squared(np.array([0.0, 1.0, 2.0]), np.array([2.0, 1.0, 0.0])) == -3.0
    assert r_squared(Y, Y) == 1.0


def test_correlation_is_pearsons():
    assert correlation(Y, F) == pytest.approx(np.corrcoef(Y, F)[0, 1])
    assert correlation(Y, -3 * Y + 7) == pytest.approx(-1.0)


@pytest.mark.parametrize("value", [0.0, 0.5, -0.2])
def test_a_constant_prediction_has_no_correlation_and_explains_nothing(value):
    constant = np.full(68, value)
    assert r_squared(Y, constant) == pytest.approx(-((Y.mean() - value) ** 2) / Y.var())
    # The mean of 68 equal numbers differs from them by a rounding error, which must not count as a pattern.
    assert math.isnan(correlation(Y, constant))


def test_coverage_counts_the_ends_in():
    observed, lower = np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 0.0, 0.0, 5.0])
    assert coverage(observed, lower, np.array([5.0, 2.0, 2.0, 9.0])) == 0.5


@pytest.mark.parametrize("score", [r_squared, correlation], ids=lambda score: score.__name__)
def test_what_is_missing_on_either_side_is_left_out(score):
    kept = np.delete(np.arange(68), [3, 20, 21])
    assert score(holed(Y, 3, 20), holed(F, 20, 21)) == pytest.approx(score(Y[kept], F[kept]))


def test_coverage_leaves_out_what_is_missing():
    low, high = F - 0.05, F + 0.05
    inside = (low <= Y) & (high >= Y)
    kept = np.delete(np.arange(68), [3, 20, 21])
    assert 0 < inside[kept].sum() < 65
    assert coverage(holed(Y, 3, 20), holed(low, 20, 21), holed(high, 20, 21)) == pytest.approx(inside[kept].mean())
