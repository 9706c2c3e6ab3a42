"""Stacking: weights against an optimiser, draws in proportion to them, and nothing of a hidden value."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

import pyro_neurovae as nv
from pyro_neurovae.inference.engine import fit_model
from pyro_neurovae.inference.observation import observe
from pyro_neurovae.inference.stacking import inner_folds, joined_records, mix_members, stacking_weights
from pyro_neurovae.inference.training import TrainingRecord
from pyro_neurovae.models.options import fit_settings

QUICK = {"map_steps": 10, "members": ["expression", "spatial"], "folds": 3, "draws": 30}


def by_optimiser(density):
    """Weights of members (member, region) by a general method, over the softmax of free numbers."""

    def loss(free):
        weight = np.exp(np.append(free, 0))
        return -np.log((weight / weight.sum()) @ density).mean()

    free = minimize(loss, np.zeros(len(density) - 1), method="BFGS", options={"gtol": 1e-9}).x
    weight = np.exp(np.append(free, 0))
    return weight / weight.sum()


def test_weights_maximise_the_density_of_the_mixture():
    log_density = np.random.default_rng(2).normal(0, 1, (2, 3, 40)) + np.array([0.2, 0.0, -0.1])[:, None]
    seen = np.ones((2, 40), bool)
    seen[1, 30:] = False
    log_density[1, :, 30:] = 1e3  # of hidden regions, which must not count
    found = stacking_weights(torch.as_tensor(log_density), torch.as_tensor(seen)).numpy()
    np.testing.assert_allclose(found.sum(-1), 1)
    for one, density, kept in zip(found, np.exp(np.clip(log_density, -50, 50)), seen, strict=True):
        np.testing.assert_allclose(one, by_optimiser(density[:, kept]), atol=2e-3)


def test_a_member_that_is_always_worse_gets_nothing():
    log_density = torch.stack([torch.zeros(20), torch.full((20,), -0.5)]).double()
    torch.testing.assert_close(stacking_weights(log_density, torch.ones(20, dtype=torch.bool))[1].item(), 0.0)


def test_densities_far_below_the_smallest_number_still_weigh():
    log_density = torch.tensor([[-2000.0, -1.0], [-2010.0, -1.5]], dtype=torch.float64)
    assert stacking_weights(log_density, torch.ones(2, dtype=torch.bool))[0] > 0.99


def test_inner_folds_hide_homologues_together_and_each_region_once():
    study = nv.simulate(0, genes=5)
    hidden = inner_folds(observe(study, replicates=2), (3, 4), 5).unflatten(0, (5, 2))[:, :, 0].numpy()
    np.testing.assert_array_equal(hidden.sum(0), 1)
    np.testing.assert_array_equal(hidden, hidden[..., study.graph.homologue])
    assert (hidden[:, 0] != hidden[:, 1]).any()


def test_draws_are_mixed_map_by_map():
    first = {"thinning": torch.zeros(1, 4, 2, 3), "spatial": torch.full((1, 4, 2, 3), 5.0)}
    second = {"thinning": torch.ones(1, 4, 2, 3)}
    member = torch.tensor([[[0, 1], [1, 1], [0, 0], [1, 0]]])
    mixed = mix_members([first, second], member)
    torch.testing.assert_close(mixed["thinning"], member[..., None].expand(-1, -1, -1, 3).float())
    torch.testing.assert_close(mixed["spatial"], 5.0 * (1 - member)[..., None].expand(-1, -1, -1, 3))  # lacking: nought


def test_draws_come_in_proportion_to_the_weights(study):
    sampler = fit_model(observe(study), fit_settings("stacked", **QUICK), (0,)).sampler
    sampler = replace(sampler, weight=torch.tensor([[[0.25, 0.75], [1.0, 0.0]]], dtype=torch.float64))
    drawn = sampler.draw(40)
    assert drawn["member"].double().mean(1)[0].tolist() == [0.75, 0.0]
    spatial = drawn["spatial"].abs().sum(-1)[0]
    assert ((spatial > 0) == (drawn["member"][0] == 1)).all()
    structural = drawn["structural"].abs().sum(-1)[0]  # which the spatial member lacks
    assert ((structural > 0) == (drawn["member"][0] == 0)).all()


def test_the_default_members_are_mixed(study):
    """Of the structural member a draw has no transcriptomic part, of the one on expression no spatial part."""
    settings = fit_settings("stacked", folds=2, steps=4, map_steps=4, program_sweeps=2, draws=30)
    assert settings.family.members == ("cross-scale", "expression", "structural")
    sampler = fit_model(observe(study), settings, (0,)).sampler
    assert list(sampler.members) == list(settings.family.members)
    assert sampler.weight.shape == (1, 2, 3)
    third = torch.full((1, 2, 3), 1 / 3, dtype=torch.float64)
    drawn = replace(sampler, weight=third).draw(30)
    for part, member in (("transcriptomic", 2), ("spatial", 1)):
        there = drawn[part].abs().sum(-1) > 0
        assert torch.equal(there, drawn["member"] != member)
    assert bool((drawn["structural"].abs().sum(-1) > 0).all())
    known = drawn["intercept"][..., None] + sum(drawn[part] for part in ("transcriptomic", "spatial", "structural"))
    torch.testing.assert_close(drawn["predictable"], known)
    torch.testing.assert_close(drawn["thinning"], known + drawn["regional"])


def test_a_fit_is_saved_with_its_members_and_weights(study, tmp_path):
    fitted = nv.fit(study, "stacked", **QUICK)
    assert any("stacking weights: expression " in notice for notice in fitted.notices)
    fitted.save(tmp_path / "fit.nc")
    again = nv.load(tmp_path / "fit.nc")
    assert again.settings.family.members == ("expression", "spatial")
    assert set(np.unique(again.idata["posterior"]["member"])) <= {0, 1}
    assert len(again.regions()) == 2 * study.n_regions
    assert np.isfinite(again.genes()["weight"]).all()
    assert set(again.check()["status"]) <= {"pass", "fail"}


def test_the_better_member_gets_the_weight():
    """A smooth map, by nothing that the genes say."""
    forward = np.roll(np.eye(24), 1, axis=1)
    graph = nv.RegionGraph.from_adjacency(forward + forward.T, [f"r{i}" for i in range(24)])
    scales = {"transcriptomic_scale": 0.0, "spatial_scale": 0.2, "unexplained_scale": 0.01}
    smooth = nv.simulate(4, genes=60, graph=graph, **scales)
    settings = fit_settings("stacked", members=["expression", "spatial"], folds=4, map_steps=60)
    sampler = fit_model(observe(smooth), settings, (0,)).sampler
    assert float(sampler.weight[0, 0, 1]) > 0.6


@pytest.mark.parametrize("seeds", [(0, 1)])
def test_restarts_are_weighed_each_alone(study, seeds):
    batch = fit_model(observe(study, replicates=2), fit_settings("stacked", **QUICK), seeds).sampler.weight
    for number, seed in enumerate(seeds):
        alone = fit_model(observe(study), fit_settings("stacked", **QUICK), (seed,)).sampler.weight
        torch.testing.assert_close(batch[number], alone[0], rtol=1e-5, atol=1e-6)


def test_a_member_that_was_done_in_fewer_rounds_keeps_its_last_loss():
    short, long = (
        TrainingRecord(torch.tensor([elbo]), torch.tensor([drift]), torch.tensor([0.1]))
        for elbo, drift in (([1.0, 2.0], 0.5), ([3.0, 4.0, 5.0], 0.2))
    )
    joined = joined_records([short, long])
    assert joined.elbo.tolist() == [[2.0, 3.0, 3.5]]
    assert joined.drift.tolist() == [0.5]
