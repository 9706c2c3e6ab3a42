"""Draws in short: equal-tailed intervals, and the columns that tables are made of."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
from scipy import stats

from pyro_neurovae.errors import SettingsError
from pyro_neurovae.posterior.intervals import asked_columns, highest_density, interval, normal_columns, summary_columns


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


def test_the_shortest_interval_is_arviz_own():
    draws = np.random.default_rng(1).gamma(2.0, size=(400, 3))
    ours = highest_density(draws, 0.89)
    for place in range(3):
        theirs = np.sort(draws[:, place])
        within = int(np.floor(0.89 * 400))
        start = int((theirs[within:] - theirs[: 400 - within]).argmin())
        np.testing.assert_array_equal((ours[0][place], ours[1][place]), (theirs[start], theirs[start + within]))
        arviz = pytest.importorskip("arviz")
        word = "prob" if "prob" in inspect.signature(arviz.hdi).parameters else "hdi_prob"
        np.testing.assert_allclose(arviz.hdi(draws[:, place], **{word: 0.89}), (ours[0][place], ours[1][place]))
    lower, upper = interval(draws, 0.89)
    assert (ours[1] - ours[0] <= upper - lower).all()


def test_an_interval_asked_for_has_its_own_columns():
    draws = np.random.default_rng(0).standard_normal((200, 3))
    assert asked_columns(draws, None) == {}
    assert list(asked_columns(draws, 0.89)) == ["lower89", "upper89"]
    assert list(asked_columns(draws, 0.955, hdi=True)) == ["hdi_lower95.5", "hdi_upper95.5"]
    assert list(asked_columns(draws, None, hdi=True)) == ["hdi_lower90", "hdi_upper90"]
    np.testing.assert_array_equal(asked_columns(draws, 0.89)["lower89"], interval(draws, 0.89)[0])
    for wrong in (0, 1, 89, float("nan")):
        with pytest.raises(SettingsError, match=r"give a probability between 0 and 1, such as 0\.89"):
            asked_columns(draws, wrong)
