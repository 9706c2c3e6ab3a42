"""Held-out predictions: nothing of a value reaches its own, and every number by hand from the draws."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from scipy.spatial.distance import pdist
from scipy.special import logsumexp
from scipy.stats import norm

import pyro_neurovae as nv
from pyro_neurovae.inference.engine import fit_model
from pyro_neurovae.inference.held_out import HeldOut, predict_held_out
from pyro_neurovae.inference.observation import observe
from pyro_neurovae.models.gmrf import GMRF
from pyro_neurovae.models.options import fit_settings
from pyro_neurovae.models.settings import SpatialSettings

DRAWS, SEED = 15, 4
SHORT = {"steps": 6, "map_steps": 6, "program_sweeps": 2}
OPTIONS = {
    "cross-scale": {"n_programs": 3, **SHORT},
    "expression": {"map_steps": 10},
    "spatial": {"map_steps": 10},
    "structural": {"map_steps": 10},
    "stacked": {"members": ["cross-scale", "spatial"], "folds": 2, **SHORT},
    "paper": {
        **{"n_latent": 3, "width": 8, "steps": 30, "learning_rate": 0.01},
        **{"warm_up": 10, "patience": 10, "validation": 0.3},
    },
}
MODELS = pytest.mark.parametrize("model", OPTIONS)
NAMES = [field.name for field in fields(HeldOut)]
PREDICTION = ["mean", "sd", "lower90", "upper90"]

# Two ways of folding the ring: every third region, and arcs of three; the numbers of the second have gaps.
THIRDS, ARCS = np.arange(12) % 3, 10 * (np.arange(12) // 3)


def settings_of(model, **more):
    return fit_settings(model, seed=SEED, draws=DRAWS, **OPTIONS[model] | more)


@pytest.fixture(scope="module")
def predictions(study):
    """Each model's predictions of both ways of folding, as one batch."""
    return {model: predict_held_out(study, settings_of(model), [THIRDS, ARCS]) for model in OPTIONS}


@MODELS
def test_a_held_out_value_reaches_nothing_of_its_own_prediction(study, predictions, model):
    region = 6
    changed = study.thinning.copy()
    changed[:, region] = 9.0
    other = study.with_thinning(changed, study.standard_error, covariance=study.covariance)
    found = predict_held_out(other, settings_of(model), [THIRDS, ARCS])
    for fold, before, after in zip((THIRDS, ARCS), predictions[model], found, strict=True):
        together = fold == fold[region]
        for name in PREDICTION:
            first, second = getattr(before, name), getattr(after, name)
            np.testing.assert_array_equal(first[:, together], second[:, together], err_msg=name)
        assert (before.log_density[:, region] > after.log_density[:, region]).all()
        # Every other fold sees the region, and heeds it.
        assert not (before.sd[:, ~together] == after.sd[:, ~together]).any()


@MODELS
def test_every_number_by_hand_from_the_draws_of_the_fold(study, predictions, model):
    numbers = np.unique(ARCS)
    hidden = np.repeat((numbers[:, None] == ARCS)[:, None], 2, axis=1)
    sampler = fit_model(observe(study, hidden=hidden), settings_of(model), (SEED,) * len(numbers)).sampler
    drawn = {name: values.numpy() for name, values in sampler.draw(DRAWS).items()}
    found = predictions[model][1]
    for m, region in np.argwhere(study.thinning_observed):
        at = int(np.searchsorted(numbers, ARCS[region])), slice(None), m
        if model == "paper":  # what is decoded, with an error of its own
            mean, sigma = drawn["predictable"][*at, region], drawn["unexplained_scale"][at]
            noise = np.hypot(sigma, study.standard_error[m, region])
        else:  # tests/inference/test_gaussian.py has these by dense algebra
            mean, noise = drawn["predicted_mean"][*at, region], drawn["predicted_sd"][*at, region]
        again, y = drawn["replicated"][*at, region], study.thinning[m, region]
        expected = {
            "mean": mean.mean(),
            "sd": np.sqrt(mean.var(ddof=1) + (noise**2).mean()),
            "lower90": np.quantile(again, 0.05),
            "upper90": np.quantile(again, 0.95),
            "log_density": logsumexp(norm.logpdf(y, mean, noise)) - np.log(DRAWS),
            "crps": np.abs(again - y).mean() - pdist(again[:, None]).mean() / 2,
        }
        for name, value in expected.items():
            assert getattr(found, name)[m, region] == pytest.approx(value, rel=1e-6, abs=1e-9), name


@MODELS
def test_two_ways_of_folding_in_one_batch_are_each_alone(study, predictions, model):
    for way, batch in zip((THIRDS, ARCS), predictions[model], strict=True):
        (alone,) = predict_held_out(study, settings_of(model), [way])
        for name in NAMES:
            np.testing.assert_allclose(getattr(batch, name), getattr(alone, name), rtol=1e-6, atol=1e-9, err_msg=name)


@MODELS
def test_a_prediction_wherever_there_is_a_value_and_nowhere_else(study, predictions, model):
    for found in predictions[model]:
        for name in NAMES:
            values = getattr(found, name)
            assert values.shape == study.thinning.shape
            np.testing.assert_array_equal(np.isfinite(values), study.thinning_observed, err_msg=name)
            assert np.isnan(values[0, 7])
        assert (found.sd[study.thinning_observed] > 0).all()
        assert (found.lower90 < found.upper90)[study.thinning_observed].all()


def test_too_many_programs_are_lowered(study):
    many, most = (
        predict_held_out(study, settings_of("cross-scale", steps=2, map_steps=2, n_programs=n), [THIRDS])[0]
        for n in (16, 3)
    )
    np.testing.assert_array_equal(many.mean, most.mean)


@pytest.mark.parametrize("model", ["expression", "spatial", "structural"])
def test_a_hidden_region_is_a_missing_one(study, model):
    """With all else Gaussian, predictions are those of a fit of the study that never had the value."""
    region = 5
    fold = np.where(np.arange(12) == region, 2, np.arange(12) % 2)  # in a fold of its own
    # A value that was never there has an error that goes with no other: so have all here.
    alone = study.with_thinning(study.thinning, study.standard_error)
    (found,) = predict_held_out(alone, settings_of(model), [fold])
    thinning = study.thinning.copy()
    thinning[1, region] = np.nan
    missing = study.with_thinning(thinning, study.standard_error)
    sampler = fit_model(observe(missing), settings_of(model), (SEED,)).sampler
    mean, _ = sampler.predictive(sampler.draw(DRAWS))
    assert found.mean[1, region] == pytest.approx(float(mean[0, :, 1, region].mean()), rel=1e-6)


# Errors that go together across regions


REGIONS = 24


@pytest.fixture(scope="module")
def shared() -> nv.Study:
    """A smooth map of which all regions were measured in the same people: their errors go together."""
    forward = np.roll(np.eye(REGIONS), 1, axis=1)
    graph = nv.RegionGraph.from_adjacency(forward + forward.T, [f"r{i}" for i in range(REGIONS)])
    sizes = {"transcriptomic_scale": 0.0, "spatial_scale": 0.1, "unexplained_scale": 0.03}
    study = nv.simulate(5, genes=4, programs=1, graph=graph, **sizes)
    apart = np.abs(np.subtract.outer(np.arange(REGIONS), np.arange(REGIONS)))
    correlation = 0.5 * np.exp(-np.minimum(apart, REGIONS - apart) / 3) + 0.3 + 0.2 * np.eye(REGIONS)
    errors = 0.1 * np.linalg.cholesky(correlation) @ np.random.default_rng(5).standard_normal(REGIONS)
    se = np.full((1, REGIONS), 0.1)
    return study.with_thinning(study.truth["thinning"] + errors, se, covariance=0.01 * correlation[None])


def by_quadrature(study, fold, points=30):
    """Mean, variance and log density of each value given the other folds, averaged over a grid of both scales."""
    y, sampling, settings = study.thinning[0], study.sampling_covariance()[0], SpatialSettings()
    kernel = GMRF(study.graph, "icar").covariance().numpy()
    mean, variance, density = np.empty((3, REGIONS))
    for number in np.unique(fold):
        u, o = fold == number, fold != number
        unit, level = y[o].std(), 2 * np.sqrt((y[o] ** 2).mean())
        axis = unit * np.exp(np.linspace(np.log(1e-3), np.log(5), points))
        log_weight, means, variances = [], [], []
        for t, sigma in ((t, sigma) for t in axis for sigma in axis):
            whole = level**2 + t**2 * kernel + sampling + sigma**2 * np.eye(REGIONS)
            inner = whole[np.ix_(o, o)]
            gain = np.linalg.solve(inner, whole[np.ix_(o, u)]).T
            # The priors: P(scale > upper x unit) = 0.1; the grid is even in the logarithm.
            sizes = t / settings.spatial_scale.upper + sigma / settings.unexplained_scale.upper
            prior = np.log(t * sigma) + np.log(0.1) * sizes / unit
            quadratic = y[o] @ np.linalg.solve(inner, y[o])
            log_weight.append(prior - 0.5 * (np.linalg.slogdet(inner)[1] + quadratic))
            means.append(gain @ y[o])
            variances.append(whole[np.ix_(u, u)].diagonal() - (gain * whole[np.ix_(u, o)]).sum(1))
        log_weight, means, variances = log_weight - logsumexp(log_weight), np.array(means), np.array(variances)
        weight = np.exp(log_weight)
        mean[u] = weight @ means
        variance[u] = weight @ (variances + means**2) - mean[u] ** 2
        density[u] = logsumexp(log_weight[:, None] + norm.logpdf(y[u], means, np.sqrt(variances)), axis=0)
    return mean, np.sqrt(variance), density


def test_errors_that_go_together_are_predicted_together(shared):
    """The exact conditional, y* | y with covariance between hidden and seen errors, and better than the diagonal."""
    fold, draws = np.arange(REGIONS) % 4, 400
    settings = fit_settings("spatial", draws=draws, map_steps=60)
    alone = shared.with_thinning(shared.thinning, shared.standard_error)
    (found,), (diagonal,) = (predict_held_out(study, settings, [fold]) for study in (shared, alone))
    mean, sd, density = by_quadrature(shared, fold)
    # A mean of 400 draws is known to 0.05 sd; 24 of them stay within 4 such.
    assert np.abs((found.mean[0] - mean) / sd).max() < 4 * 0.05
    np.testing.assert_allclose(found.sd[0], sd, rtol=0.1)
    assert found.log_density.mean() == pytest.approx(density.mean(), abs=0.02)
    # The predictive draws are of the same distribution: their 90% interval is 2 x 1.645 sd wide.
    np.testing.assert_allclose(found.upper90[0] - found.lower90[0], 3.29 * sd, rtol=0.25)
    assert np.isclose(by_quadrature(alone, fold)[2].mean(), diagonal.log_density.mean(), atol=0.02)
    assert found.log_density.mean() > diagonal.log_density.mean() + 0.1


@pytest.mark.parametrize("model", ["expression", "spatial"])
def test_a_diagonal_covariance_is_the_standard_errors(study, model):
    joint = np.where(np.isnan(study.standard_error), 0.01, study.standard_error)[:, None] ** 2 * np.eye(12)
    (found,), (plain,) = (
        predict_held_out(
            study.with_thinning(study.thinning, study.standard_error, covariance=one), settings_of(model), [THIRDS]
        )
        for one in (joint, None)
    )
    for name in NAMES:
        np.testing.assert_allclose(getattr(found, name), getattr(plain, name), rtol=1e-10, err_msg=name)
