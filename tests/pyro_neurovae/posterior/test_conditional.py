"""Exact conditionals from a fit's draws: against what inference computed, and against dense Gaussian algebra."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

import pyro_neurovae as nv
from pyro_neurovae import inferencedata
from pyro_neurovae.posterior import conditional
from pyro_neurovae.posterior.conditional import LeftOut, MapConditional


@pytest.fixture(scope="module")
def expression_fit(small_study) -> nv.Fit:
    return nv.fit(small_study, "expression", map_steps=20, draws=60)


@pytest.fixture(scope="module")
def covariance_fit(small_study) -> nv.Fit:
    """Sampling errors that are correlated within a hemisphere, and a spatial part without a graph."""
    left = np.arange(68) < 34
    shared = 0.4 * (left[:, None] == left) + 0.6 * np.eye(68)
    error = small_study.standard_error
    joint = error[:, :, None] * error[:, None, :] * shared
    study = small_study.with_thinning(small_study.thinning, error, covariance=joint)
    return nv.fit(study, map_steps=20, steps=20, n_programs=3, draws=60, spatial_prior="iid")


FITS = ["small_fit", "baseline_fit", "expression_fit", "covariance_fit"]


def of(fitted: nv.Fit, number: int) -> MapConditional:
    found = MapConditional.of(fitted.posterior, fitted.study, fitted.settings, number)
    assert found is not None
    return found


@pytest.mark.parametrize("name", FITS)
@pytest.mark.parametrize("number", [0, 1])
def test_densities_are_those_that_inference_stored(request, name, number):
    fitted = request.getfixturevalue(name)
    seen = fitted.study.thinning_observed[number]
    stored = inferencedata.group(fitted.idata, "log_likelihood")["thinning"].values[:, :, number, seen]
    density = of(fitted, number).log_density()
    np.testing.assert_allclose(density, stored.reshape(-1, seen.sum()), rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("name", FITS)
def test_the_fits_draws_have_the_exact_conditionals_moments(request, name):
    standard = of(request.getfixturevalue(name), 1).standardised_draws()
    draws = len(standard)
    # Every draw has its own independent noise, so that a region's mean over draws has an sd of 1 / draws^(1/2).
    assert np.abs(standard.mean(0)).max() < 4.5 / draws**0.5
    assert (standard**2).mean() == pytest.approx(1, abs=0.2)


def test_left_out_residuals_are_those_of_the_gaussian_conditional(small_fit):
    given = of(small_fit, 0)
    residual = given.left_out(given.observed[None, None])[:, 0]
    transform = np.zeros(len(given.observed))
    for region in (0, 17, 64):
        others = np.arange(len(given.observed)) != region
        below, weight = [], []
        for draw in range(0, len(given.covariance)):
            cross = given.covariance[draw][region, others]
            gain = np.linalg.solve(given.covariance[draw][np.ix_(others, others)], cross)
            mean, variance = gain @ given.observed[others], given.covariance[draw][region, region] - gain @ cross
            away = given.observed[region] - mean
            assert residual[draw, region] == pytest.approx(away / variance**0.5)
            below.append(stats.norm.cdf(away / variance**0.5))
            weight.append(1 / stats.norm.pdf(away, scale=variance**0.5))
        transform[region] = np.average(below, weights=weight)
    found = LeftOut.of([given], np.random.default_rng(0), draws=len(given.covariance), total=1).transforms()
    for region in (0, 17, 64):
        assert found[region] == pytest.approx(transform[region])


@pytest.mark.parametrize("name", FITS)
def test_blocks_of_draws_say_what_all_at_once_do(request, name):
    fitted = request.getfixturevalue(name)
    given = fitted.posterior, fitted.study, fitted.settings, 1
    whole, draws = of(fitted, 1), len(of(fitted, 1).covariance)
    blocks = list(MapConditional.blocks(*given, numbers=7 * whole.covariance[0].size))
    assert [len(one.covariance) for one in blocks][:2] == [7, 7]
    once, parts = (LeftOut.of(some, np.random.default_rng(0), draws=draws) for some in ([whole], blocks))
    np.testing.assert_allclose(parts.residuals.replicated, once.residuals.replicated, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(parts.standardised, once.standardised, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(parts.transforms(), once.transforms(), rtol=1e-8)


def test_replicates_have_the_marginal_covariance(small_fit):
    given = of(small_fit, 0)
    given = replace(given, covariance=given.covariance[:1])
    drawn = given.replicate(np.random.default_rng(0), 40_000)[0]
    scale = np.sqrt(np.diagonal(given.covariance[0]))
    np.testing.assert_allclose(
        np.cov(drawn.T) / np.outer(scale, scale), given.covariance[0] / np.outer(scale, scale), atol=0.03
    )
    white = given.left_out(drawn[None])
    assert (white**2).mean() == pytest.approx(1, abs=0.01)


def test_the_paper_family_has_no_linear_conditional(small_study):
    fitted = nv.fit(small_study, "paper", steps=5, warm_up=2, draws=5)
    assert MapConditional.of(fitted.posterior, fitted.study, fitted.settings, 0) is None


def test_drawn_residuals_are_from_the_predictable_part(small_fit, small_study):
    found = conditional.drawn_residuals(small_fit.posterior, small_study, small_fit.settings, 1)
    posterior = inferencedata.group(small_fit.idata, "posterior").isel(map=1)
    sigma = posterior["unexplained_scale"].values.reshape(-1, 1)
    spread = np.sqrt(sigma**2 + small_study.standard_error[1] ** 2)
    part = posterior["predictable"].values.reshape(-1, 68)
    np.testing.assert_allclose(found.observed, (small_study.thinning[1] - part) / spread)
    assert found.replicated.shape == (1, 120, 68)
    assert found.replicated.std() == pytest.approx(1, abs=0.05)


def test_replicated_residuals_go_together_as_the_errors_do(covariance_fit):
    found = conditional.drawn_residuals(covariance_fit.posterior, covariance_fit.study, covariance_fit.settings, 1)
    drawn, error = found.replicated[0], covariance_fit.study.standard_error[1]
    sigma = covariance_fit.posterior.draws("unexplained_scale", 1)
    share = np.mean(error**2 / (error**2 + sigma[:, None] ** 2))  # of a residual's variance that is sampling error
    side = [drawn[:, :34].mean(1), drawn[:, 34:].mean(1)]
    # A mean over 34 values of variance one that go together by 0.4 of that share; of 120 draws its sd is 13% wide.
    expected = (1 + 33 * 0.4 * share) / 34
    assert np.mean([one.var() for one in side]) == pytest.approx(expected, rel=0.3)


def test_values_anew_are_the_predictable_part_with_all_noise(small_fit, small_study):
    found = conditional.values_anew(small_fit.posterior, small_study, small_fit.settings, 1)
    part, sigma = small_fit.posterior.predictable(1), small_fit.posterior.draws("unexplained_scale", 1)
    white = (found - part) / np.sqrt(sigma[:, None] ** 2 + small_study.standard_error[1] ** 2)
    assert white.mean() == pytest.approx(0, abs=0.05)
    assert white.std() == pytest.approx(1, abs=0.03)
