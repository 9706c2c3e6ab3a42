"""Whole fits: batches equal single fits, hidden values stay hidden, lent programs save their training."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.special import logsumexp
from scipy.stats import norm

import pyro_neurovae as nv
from pyro_neurovae.inference.engine import (
    FittedModel,
    carried_settings,
    draw_fit,
    fit_model,
    held_out_density,
    restart_seeds,
)
from pyro_neurovae.inference.observation import observe
from pyro_neurovae.inference.training import TrainingRecord
from pyro_neurovae.models.families import family_of
from pyro_neurovae.models.options import fit_settings
from pyro_neurovae.posterior.groups import fit_groups


def drawn(data, settings, seeds, draws=20, **options):
    return fit_model(data, settings, seeds, **options).sampler.draw(draws)


@pytest.mark.parametrize("model", ["cross-scale", "expression", "spatial", "structural"])
def test_a_batch_of_fits_gives_each_fits_own_numbers(study, model):
    # A chain of sweeps that turn the programs magnifies rounding, threefold at each, so it is kept short here.
    options = {"n_programs": 3, "steps": 12, "program_sweeps": 2} if model == "cross-scale" else {}
    settings = fit_settings(model, map_steps=12, **options)
    seeds = (0, 5, 9)
    batch = drawn(observe(study, replicates=3), settings, seeds)
    for b, seed in enumerate(seeds):
        single = drawn(observe(study), settings, (seed,))
        for name, values in single.items():
            torch.testing.assert_close(batch[name][b], values[0], rtol=1e-6, atol=1e-8, equal_nan=True, msg=name)


def test_fits_of_one_seed_share_their_programs(study, quick):
    hidden = np.zeros((3, 2, study.n_regions), dtype=bool)
    hidden[1, :, 2] = True
    trained = fit_model(observe(study, hidden=hidden), quick, (4, 4, 6))
    source = trained.sampler.programs
    assert source.seeds == (4, 6)
    assert source.index.tolist() == [0, 0, 1]
    pool = source.draw("posterior programs", 5 * quick.training.program_proposals)["program_score"]
    assert torch.equal(pool[0], pool[1])
    assert not torch.equal(pool[0], pool[2])
    kept = trained.sampler.draw(5)["program_score"]  # each fit keeps the draws that its own thinning speaks for
    for b in range(3):
        assert all(any(torch.equal(one, other) for other in pool[b]) for one in kept[b])


def test_folds_are_replicates_and_hidden_values_reach_nothing(study, quick):
    hidden = np.zeros((2, 2, study.n_regions), dtype=bool)
    hidden[0, :, 1], hidden[1, :, 5] = True, True
    changed = study.thinning.copy()
    changed[:, 1] = 9.0
    other = study.with_thinning(changed, study.standard_error, covariance=study.covariance)
    before = drawn(observe(study, hidden=hidden), quick, (0, 0))
    after = drawn(observe(other, hidden=hidden), quick, (0, 0))
    for name, values in before.items():
        assert torch.equal(values[0].nan_to_num(7.0), after[name][0].nan_to_num(7.0)), name
    assert not torch.equal(before["thinning"][1], after["thinning"][1])  # fold 1 sees the region that changed


def test_the_same_seed_gives_the_same_groups(study, quick):
    first, second = fit_groups(study, quick).groups, fit_groups(study, quick).groups
    for group, variables in first.items():
        for name, (_, values) in variables.items():
            np.testing.assert_array_equal(values, second[group][name][1], err_msg=f"{group}/{name}")


def test_lent_programs_give_the_full_fits_numbers(study, quick, fitted):
    data, calls = observe(study), []
    lent = fitted.sampler.trained
    again = fit_model(data, quick, (0,), programs=lent, progress=lambda label, *_: calls.append(label))
    assert set(calls) == {"thinning"}
    torch.testing.assert_close(again.sampler.draw(10)["thinning"], fitted.sampler.draw(10)["thinning"])


def test_restarts_are_chains(study, quick):
    groups = fit_groups(study, replace(quick, restarts=3)).groups
    score = groups["posterior"]["program_score"][1]  # (chain, draw, region, program)
    assert score.shape == (3, quick.draws, study.n_regions, 3)
    first = score.mean(1)
    for chain in first[1:]:
        for k in range(3):
            assert np.corrcoef(first[0][:, k], chain[:, k])[0, 1] > 0
    assert restart_seeds(11, 3)[0] == 11
    assert len(set(restart_seeds(11, 3))) == 3


def test_too_many_programs_are_lowered_with_a_notice(study):
    result = fit_groups(study, fit_settings("cross-scale", steps=3, map_steps=3, draws=4))
    assert result.groups["posterior"]["strength"][1].shape[-1] == 3
    assert any("n_programs lowered from 14 to 3" in notice for notice in result.notices)


def test_settings_are_lowered_to_what_a_study_carries(study):
    settings = fit_settings("cross-scale", seed=5)
    carried, notices = carried_settings(study, settings)
    assert (carried.family.n_programs, carried.seed) == (3, 5)
    assert len(notices) == 1
    assert carried_settings(study, fit_settings("spatial")) == (fit_settings("spatial"), ())


def test_a_training_that_ended_too_soon_is_told(study, monkeypatch):
    settings = fit_settings("spatial", map_steps=20, draws=5)
    assert draw_fit(study, settings).notices == ()
    monkeypatch.setattr(FittedModel, "settled", False)
    (told,) = draw_fit(study, settings).notices
    assert told.startswith("the ELBO was still rising when training ended: results may improve with more steps (")
    assert told.endswith("map_steps=40).")


def test_settled_is_both_the_programs_and_the_maps(fitted):
    def record(drift):
        return TrainingRecord(torch.zeros(1, 1), torch.tensor([drift]), torch.zeros(1))

    sampler = replace(fitted.sampler, programs=None)
    assert FittedModel(sampler, record(0.0)).settled
    assert not FittedModel(sampler, record(1.0)).settled
    assert FittedModel(sampler, None).settled  # where nothing was trained
    rising = replace(fitted.sampler.programs.trained, settled=torch.tensor([False]))
    source = replace(fitted.sampler.programs, trained=rising)
    assert not FittedModel(replace(fitted.sampler, programs=source), record(0.0)).settled


def test_held_out_density_is_of_the_mean_of_densities(streams):
    mean, sd = streams(1).normal(6, 2, 3), 0.1 + streams(2).uniform(6, 2, 3)
    observed = streams(3).normal(2, 3)
    found = held_out_density(mean, sd, observed)
    expected = logsumexp(norm(mean, sd).logpdf(observed[:, None]), axis=1) - math.log(6)
    np.testing.assert_allclose(found, expected)


def test_variance_shares_and_region_shares_sum_to_one(study, quick):
    posterior = fit_groups(study, quick).groups["posterior"]
    for name in ("variance_share", "region_share"):
        np.testing.assert_allclose(posterior[name][1].sum(-1), 1.0)


def test_loadings_recover_the_genes_own_programs():
    # With little noise loadings rebuild expression from the scores, and means from means where no sweeps rotate them.
    study = nv.simulate(2, genes=60, programs=4, expression_noise=0.1)
    fitted = nv.fit(study, n_programs=4, steps=60, map_steps=20, draws=50, program_sweeps=0)
    score = fitted.idata.posterior["program_score"].values[0].mean(0)
    loading = fitted.idata["loadings"]["mean"].values[0]
    rebuilt = (score - score.mean(0)) @ loading
    residual = study.normalised_expression() - rebuilt
    assert residual.var() < 0.03


def test_the_spatial_baseline_agrees_with_quadrature():
    """Region means of the posterior against a dense grid over both scales, given the same priors."""
    weights = np.roll(np.eye(24), 1, axis=1)
    graph = nv.RegionGraph.from_adjacency(weights + weights.T, [f"r{i}" for i in range(24)])
    study = nv.simulate(4, genes=12, programs=3, graph=graph)
    found = draw_fit(study, fit_settings("spatial", draws=1000)).drawn
    model = family_of("spatial").build(observe(study), family_of("spatial").settings())
    grid = torch.linspace(-7, 1.2, 60, dtype=torch.float64).exp() * model.data.unit[0, 0]
    t, s = (axis.reshape(1, -1, 1) for axis in torch.meshgrid(grid, grid, indexing="ij"))
    scales = {"spatial_scale": t, "unexplained_scale": s}
    kernels = model.kernels({})
    covariance = model.covariance(scales, kernels)[0, :, 0]
    y = model.data.thinning[0, 0]
    log_weight = torch.distributions.MultivariateNormal(torch.zeros_like(y), covariance).log_prob(y)
    for name, value in scales.items():  # the grid is even in the logarithm: density times the scale
        log_weight = log_weight + (model.scale_prior(name).log_prob(value) + value.log()).flatten()
    weight = log_weight.softmax(0)
    effect = scales["spatial_scale"].square()[..., None] * kernels["spatial"] + model.data.level[0, 0] ** 2
    effect = effect + scales["unexplained_scale"].square()[..., None] * model.data.identity
    mean = (effect[0] @ torch.linalg.solve(covariance, y.expand(len(weight), -1))[..., None])[..., 0]
    expected = (weight[:, None] * mean).sum(0)
    thinning = found["thinning"][0, :, 0]
    # 1,000 draws: Monte Carlo error 0.032 sd; the largest of 24 stays under 4 of these.
    assert float(((thinning.mean(0) - expected) / thinning.std(0)).abs().max()) < 0.13
    share = float((weight * t.flatten()).sum())
    draws = found["spatial_scale"][0, :, 0]
    assert abs(float(draws.mean()) - share) < 4 * float(draws.std()) / np.sqrt(500)


@pytest.mark.slow
def test_intervals_hold_the_truth_ci_selection():
    """Twenty simulated studies: 90% intervals of the effect hold it 87 to 93% of the time."""
    held = []
    for seed in range(20):
        study = nv.simulate(seed)
        table, truth = nv.fit(study, seed=seed, draws=500).regions(), study.truth["thinning"].ravel()
        held.append(((table["lower90"] <= truth) & (truth <= table["upper90"])).mean())
    assert 0.87 <= np.mean(held) <= 0.93
