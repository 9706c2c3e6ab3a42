"""Training of the paper's model and draws from it: batches, folds, seeds, what is learned, whole fits."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import norm
from torch.distributions import MultivariateNormal, kl_divergence

import pyro_neurovae as nv
from pyro_neurovae.errors import NeurovaeError
from pyro_neurovae.inference.engine import fit_model
from pyro_neurovae.inference.normal_draw import least_divergence
from pyro_neurovae.inference.observation import observe
from pyro_neurovae.inference.paper import sampler as home
from pyro_neurovae.inference.paper.early_stopping import EarlyStopping, held_back
from pyro_neurovae.models.gmrf import GMRF
from pyro_neurovae.models.options import fit_settings
from pyro_neurovae.models.settings import PCPrior
from pyro_neurovae.models.spectrum import Spectrum
from pyro_neurovae.posterior.groups import fit_groups

# Sizes and a schedule that run every step of a fit in a moment.
TINY = {"n_latent": 3, "width": 12}
QUICK = TINY | {"steps": 50, "learning_rate": 0.01, "warm_up": 10, "patience": 20, "validation": 0.3, "draws": 30}


def test_values_that_stop_the_training_reach_no_gradient(pairs):
    settings = fit_settings("paper", **QUICK | {"patience": 1000})
    back = held_back(observe(pairs), (0,), settings.training.validation)[0].numpy()
    changed = np.where(back, -pairs.thinning, pairs.thinning)  # their correlation with anything changes sign
    other = pairs.with_thinning(changed, pairs.standard_error)
    before, after = (fit_model(observe(one), settings, (0,)) for one in (pairs, other))
    assert np.array_equal(before.sampler.held_back[0], back)
    assert before.record.elbo.shape == (1, settings.training.steps)
    assert torch.equal(before.record.elbo, after.record.elbo)
    assert before.record.best_step.tolist() != after.record.best_step.tolist()


def test_the_best_state_is_put_back(pairs, monkeypatch):
    made = []

    class Kept(EarlyStopping):
        def __init__(self, *args, **options):
            super().__init__(*args, **options)
            made.append(self)

    monkeypatch.setattr(home, "EarlyStopping", Kept)
    settings = fit_settings("paper", **QUICK)
    trained = fit_model(observe(pairs, replicates=2), settings, (0, 4))
    assert torch.equal(made[0].score(), made[0].best)
    best = trained.record.best_step
    assert torch.equal(best, made[0].best_step)
    assert bool((best >= settings.training.warm_up).all())
    # It is the state of a training that ends there.
    for b, seed in enumerate((0, 4)):
        short = replace(settings, training=replace(settings.training, steps=int(best[b])))
        ended = fit_model(observe(pairs), short, (seed,)).sampler.guide
        for one, other in zip(trained.sampler.guide.parameters(), ended.parameters(), strict=True):
            torch.testing.assert_close(one[b], other[0], rtol=1e-6, atol=1e-8)


# Batches, folds, seeds


@pytest.mark.parametrize("validation", [0.0, 0.3])
def test_a_batch_of_fits_gives_each_fits_own_numbers(pairs, same_draws, validation):
    prior = PCPrior(0.1, 0.5)
    settings = fit_settings("paper", **QUICK | {"validation": validation, "patience": 10, "lam": prior})
    seeds = (0, 5, 9)
    batch = fit_model(observe(pairs, replicates=3), settings, seeds)
    drawn = batch.sampler.draw(20)
    taken = []
    for b, seed in enumerate(seeds):
        single = fit_model(observe(pairs), settings, (seed,))
        same_draws({name: values[b : b + 1] for name, values in drawn.items()}, single.sampler.draw(20), exact=False)
        taken.append(single.record.elbo.shape[1])
        torch.testing.assert_close(batch.record.elbo[b : b + 1, : taken[-1]], single.record.elbo)
    assert batch.record.elbo.shape[1] == max(taken)
    assert (min(taken) < settings.training.steps) == bool(validation)


@pytest.mark.parametrize("validation", [0.0, 0.3])
def test_folds_are_replicates_and_hidden_values_reach_nothing(pairs, hidden, same_draws, validation):
    settings = fit_settings("paper", **QUICK | {"validation": validation})
    changed = pairs.thinning.copy()
    changed[:, 1] = 9.0
    other = pairs.with_thinning(changed, pairs.standard_error)
    before, after = (fit_model(observe(one, hidden=hidden), settings, (0, 0)).sampler for one in (pairs, other))
    first, second = before.draw(20), after.draw(20)
    same_draws(*({name: values[:1] for name, values in drawn.items()} for drawn in (first, second)))
    assert not torch.equal(first["thinning"][1], second["thinning"][1])  # fold 1 sees the region that changed
    assert not bool((before.held_back & torch.as_tensor(hidden)).any())


def test_the_same_seed_gives_the_same_groups(pairs):
    settings = fit_settings("paper", **QUICK, restarts=2)
    first, second = fit_groups(pairs, settings).groups, fit_groups(pairs, settings).groups
    for group, variables in first.items():
        for name, (_, values) in variables.items():
            np.testing.assert_array_equal(values, second[group][name][1], err_msg=f"{group}/{name}")
    chains = first["posterior"]["thinning"][1]
    assert not np.array_equal(chains[0], chains[1])


# What is learned, and what collapses


@pytest.mark.parametrize("lam", [0.3, PCPrior(0.1, 0.5)])
@pytest.mark.parametrize("sigma", [0.3, PCPrior(1.0, 0.1)])
def test_what_is_learned_is_drawn_and_what_is_fixed_stays(pairs, lam, sigma):
    settings = fit_settings("paper", **QUICK, lam=lam, unexplained_scale=sigma)
    groups = fit_groups(pairs, settings).groups
    for group in ("posterior", "prior"):
        assert ("lam" in groups[group]) == isinstance(lam, PCPrior)
        if "lam" in groups[group]:
            values = groups[group]["lam"][1]
            assert np.isfinite(values).all()
            assert values.min() > 0
            assert len(np.unique(values)) == values.size
        scale = groups[group]["unexplained_scale"][1]
        assert np.isfinite(scale).all()
        if isinstance(sigma, PCPrior):
            assert len(np.unique(scale)) == scale.size
        else:  # in units of what the gradient saw
            seen = pairs.thinning_observed & ~groups["guide"]["held_back"][1][0]
            unit = [y[s].std() for y, s in zip(pairs.thinning, seen, strict=True)]
            np.testing.assert_allclose(scale, np.broadcast_to(sigma * np.array(unit), scale.shape))
    assert all(np.isfinite(values).all() for _, values in groups["posterior"].values())


LONG = {"steps": 300, "learning_rate": 0.02, "validation": 0.0, "width": 8, "standard_errors": False}


def test_noise_that_drowns_the_map_collapses_the_posterior(pairs):
    sampler = fit_model(observe(pairs), fit_settings("paper", **LONG, n_latent=4, unexplained_scale=50.0), (0,)).sampler
    assert sampler.notices() == (
        "posterior collapse: 4 of 4 latent dimensions say nothing of the expression; the decoder can only give the "
        "mean map: lower unexplained_scale, the noise.",
    )
    draws = 1000
    thinning, unit = sampler.draw(draws)["thinning"][0], sampler.model.data.unit[0]
    # The regions' means are the map's, up to their Monte Carlo error and what 300 steps leave of the decoder's start.
    error = thinning.std(0) / math.sqrt(draws)
    off = (thinning.mean(0) - sampler.model.centre[0, :, None]).abs()
    assert bool((off < 4 * error + 0.05 * unit[:, None]).all())
    assert bool((thinning.mean(0).std(-1) < 0.02 * unit).all())


def test_a_latent_dimension_that_the_map_needs_does_not_collapse(pairs):
    settings = fit_settings("paper", **LONG, n_latent=2, unexplained_scale=0.1)
    sampler = fit_model(observe(pairs), settings, (0,)).sampler
    assert sampler.notices() == ()
    mean, sd = sampler.guide.moments()
    target = MultivariateNormal(torch.zeros_like(mean), sampler.model.latent_prior(0.1).covariance())
    whole = kl_divergence(MultivariateNormal(mean, scale_tril=torch.diag_embed(sd)), target)
    least = least_divergence(GMRF(Spectrum.of(pairs.graph), "paper", lam=0.1))
    torch.testing.assert_close(sampler.divergence(), (whole - least).detach())


# Whole fits


def test_log_likelihood_is_the_density_about_what_is_decoded(pairs):
    fitted = nv.fit(pairs, "paper", **QUICK)
    posterior, density = fitted.idata.posterior, fitted.idata.log_likelihood["thinning"].values
    sigma = posterior["unexplained_scale"].values[..., None]
    spread = np.sqrt(sigma**2 + pairs.standard_error**2)
    decoded = posterior["intercept"].values[..., None] + posterior["transcriptomic"].values
    expected = norm(decoded, spread).logpdf(pairs.thinning)
    np.testing.assert_allclose(density, expected)  # NaN where thinning is missing
    assert np.isnan(density[..., 0, 7]).all()


def test_standard_errors_count_where_the_settings_say_so(pairs):
    options = QUICK | {"unexplained_scale": 0.2, "draws": 500}
    for counted in (True, False):
        settings = fit_settings("paper", **options, standard_errors=counted)
        sampler = fit_model(observe(pairs), settings, (0,)).sampler
        drawn = sampler.draw_prior(0, settings.draws)
        noise = (drawn["replicated"] - drawn["predictable"])[0]
        error = np.where(
            np.isnan(pairs.standard_error), np.nanmedian(pairs.standard_error, 1)[:, None], pairs.standard_error
        )
        variance = (0.2 * sampler.model.data.unit[0, :, None]) ** 2 + counted * torch.as_tensor(error) ** 2
        # The variance of 500 normal numbers is known to sqrt(2 / 500) of itself; the largest of 24 stays under 4.
        assert bool((noise.square().mean(0) / variance - 1).abs().max() < 4 * math.sqrt(2 / settings.draws))


@pytest.mark.parametrize("counted", [True, False])
def test_what_is_a_regions_own_is_drawn_given_its_value(pairs, counted):
    """By Bayes's rule for one number: r ~ N(0, sigma^2), y - f(z) ~ N(r, se^2); nothing is known of an unseen one."""
    settings = fit_settings("paper", **QUICK | {"draws": 2000, "unexplained_scale": 0.6}, standard_errors=counted)
    sampler = fit_model(observe(pairs), settings, (0,)).sampler
    drawn = {name: values[0].numpy() for name, values in sampler.draw(settings.draws).items()}
    own = drawn["unexplained_scale"][0, :, None] ** 2  # fixed: the same in every draw; (map, 1)
    if not counted:  # then theta can't be told from its predictable part
        np.testing.assert_array_equal(drawn["thinning"], drawn["predictable"])
        return
    np.testing.assert_allclose(drawn["thinning"], drawn["predictable"] + drawn["regional"])
    seen, error = pairs.thinning_observed, pairs.standard_error**2
    share = np.where(seen, own / (own + error), 0.0)
    residual = np.where(seen, pairs.thinning - drawn["predictable"], 0.0)
    white = (drawn["regional"] - share * residual) / np.sqrt(own * (1 - share))
    # Independent standard normal numbers, 24 of 2,000 draws each.
    assert np.abs(white.mean(0)).max() < 4.5 / math.sqrt(2000)
    assert np.abs(white.var(0) - 1).max() < 4.5 * math.sqrt(2 / 2000)
    # A value observed anew has an error alone where it was seen; an unseen one is decoded.
    mean, sd = (values[0].numpy() for values in sampler.predictive(sampler.draw(settings.draws)))
    np.testing.assert_array_equal(mean[:, seen], drawn["thinning"][:, seen])
    np.testing.assert_array_equal(mean[:, ~seen], drawn["predictable"][:, ~seen])
    np.testing.assert_allclose(sd[:, seen], np.broadcast_to(np.sqrt(error[seen]), sd[:, seen].shape))


def test_a_fit_from_end_to_end(study, tmp_path):
    fitted = nv.fit(study, "paper", **QUICK | {"restarts": 2, "seed": 3})
    draws = 2 * QUICK["draws"]
    regions, genes, predicted, shares = fitted.regions(), fitted.genes(), fitted.predict(), fitted.variance()
    assert list(regions["region"]) == 2 * list(study.regions)
    thinning = fitted.idata.posterior["thinning"].values.reshape(draws, -1)
    np.testing.assert_allclose(regions["mean"], thinning.mean(0))
    assert np.isfinite(regions[["mean", "sd", "lower90", "upper90"]].to_numpy()).all()
    assert (predicted["sd"] > regions["sd"]).mean() > 0.9
    assert len(genes) == 2 * len(study.genes)
    assert np.isfinite(genes["weight"]).all()
    np.testing.assert_allclose(shares.groupby("map")["mean"].sum(), 1.0)
    assert (shares.loc[shares["source"] == "spatial", "mean"] == 0).all()
    assert fitted.summary().startswith("Fit: paper, seed 3, 2 x 30 draws")
    with pytest.raises(NeurovaeError, match="has no programs"):
        fitted.programs()
    fitted.save(tmp_path / "fit.nc")
    loaded = nv.load(tmp_path / "fit.nc")
    assert loaded.settings == fitted.settings
    for name in ("regions", "genes", "predict", "variance"):
        pd.testing.assert_frame_equal(getattr(loaded, name)(), getattr(fitted, name)(), check_exact=True)
    assert loaded.summary() == fitted.summary()


def test_log_p_and_log_q_are_the_joint_whatever_the_number_of_maps(study):
    stats = nv.fit(study, "paper", **QUICK).idata.sample_stats
    difference = (stats["log_p"] - stats["log_q"]).values
    np.testing.assert_allclose(difference, stats["log_evidence"].values[..., 0])
