"""Draws in short: equal-tailed intervals, and the columns that tables are made of."""

from __future__ import annotations

import numpy as np
from scipy import stats

from pyro_neurovae.posterior.intervals import interval, normal_columns, summary_columns


def test_interval_is_equal_tailed():
    lower, upper = interval(np.arange(1001.0), 0.9)
    np.testing.assert_allclose((lower, upper), (50, 950))
    lower, upper = interval(np.arange(22.0).reshape(11, 2), 0.5)
    np.testing.assert_allclose((lower, upper), [[5, 6], [15, 16]])


def test_columns_are_moments_and_ends_over_the_draws():
    draws = np.random.default_rng(0).standard_normal((200, 3, 2))
    columns = summary_columns(draws, (50, 95))
    assert list(columns) == ["mean", "sd", "lower50", "upper50", "lower95", "upper95"]
    np.testing.assert_array_equal(columns["mean"], draws.mean(0))
    np.testing.assert_array_equal(columns["sd"], draws.std(0))
    np.testing.assert_allclose(columns["upper95"], np.quantile(draws, 0.975, axis=0))


def test_columns_of_a_mean_and_an_sd_are_a_normal_distributions():
    mean, sd = np.array([0.0, 2.0]), np.array([1.0, 0.5])
    columns = normal_columns(mean, sd)
    np.testing.assert_allclose(columns["lower90"], stats.norm(mean, sd).ppf(0.05))
    np.testing.assert_allclose(columns["upper90"], stats.norm(mean, sd).ppf(0.95))
