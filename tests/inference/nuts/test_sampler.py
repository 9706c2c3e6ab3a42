"""NUTS: chains of one seed, completed by exact draws, with a posterior that is the exact one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

import pyro_neurovae as nv
from pyro_neurovae.errors import SettingsError
from pyro_neurovae.inference.engine import fit_model
from pyro_neurovae.inference.observation import observe
from pyro_neurovae.models.options import fit_settings

pytest.importorskip("numpyro")
import jax

from pyro_neurovae.inference.nuts.sampler import double_precision


@pytest.mark.slow
@pytest.mark.parametrize("name", ["spatial", "structural"])
def test_the_sampler_agrees_with_the_guide_where_that_is_near_exact_ci_selection(name):
    study = nv.simulate(4, genes=12, programs=3)
    sampled = nv.fit(study, name, method="nuts", warm_up=200, draws=300)
    guided = nv.fit(study, name, draws=1200)
    one, other = sampled.regions(), guided.regions()
    # Monte Carlo error of 1,200 draws is 0.03 sd, of the largest of 68 differences of two such about 0.13.
    assert np.abs((one["mean"] - other["mean"]) / other["sd"]).max() < 0.2
    assert sampled.idata.posterior.sizes["chain"] == 4
    assert "log_p" in sampled.idata.sample_stats
    assert "loss" not in sampled.idata.sample_stats  # nothing was trained
    assert float(np.abs(np.diff(sampled.idata.posterior["thinning"].mean(("draw", "map")), axis=0)).max()) > 0


def test_its_sampler_can_be_asked_everything(study, sampled, conforms):
    """Of the spatial baseline: tests/test_conformance.py fits every family that declares the method."""
    assert sampled.fitted.record is None  # nothing was trained
    conforms(study, sampled.fit.settings, sampled.fitted.sampler)


def test_the_same_seed_gives_the_same_draws(study, sampled):
    settings = sampled.fit.settings
    again = fit_model(observe(study, replicates=2), settings, (settings.seed,) * 2)
    one, other = (fitted.sampler.draw(5)["thinning"] for fitted in (sampled.fitted, again))
    assert torch.equal(one, other)
    assert not torch.equal(one[0], one[1])


@pytest.mark.parametrize("draws", [3, 5])
def test_the_first_draws_are_completed_by_what_is_linear(sampled, draws):
    """Scales are the sampler's own; what was integrated out is drawn given these."""
    sampler = sampled.fitted.sampler
    drawn = sampler.draw(draws)
    for name in sampler.model.scale_names:
        assert torch.equal(drawn[name], sampler.named[name][:, :draws])
    np.testing.assert_allclose(drawn["log_p"].sum(-1), -sampler.stats["potential_energy"][:, :draws])
    assert {values.shape[1] for values in drawn.values()} == {draws}


def test_a_fit_is_saved_and_told(sampled, tmp_path):
    fitted = sampled.fit
    for table in (fitted.regions(), fitted.variance(), fitted.predict()):
        assert np.isfinite(table.select_dtypes("number").drop(columns=["observed", "se"], errors="ignore")).all().all()
    fitted.save(tmp_path / "fit.nc")
    assert nv.load(tmp_path / "fit.nc").settings == fitted.settings
    assert "spatial" in fitted.summary()


@pytest.mark.parametrize(
    ("diverging", "told"),
    [([[True, False], [True, True]], ("NUTS diverged in 3 draws: raise target_accept.",)), ([[False]], ())],
)
def test_divergences_are_told(sampled, diverging, told):
    sampler = replace(sampled.fitted.sampler, stats={"diverging": np.array(diverging)})
    assert sampler.notices() == told


def test_precision_is_double_for_a_block():
    before = jax.config.jax_enable_x64
    with double_precision():
        assert jax.config.jax_enable_x64
    assert jax.config.jax_enable_x64 == before


def test_what_nuts_can_not_do_is_said(study):
    with pytest.raises(SettingsError, match="the model paper is fitted by svi only"):
        nv.fit(study, "paper", method="nuts")
    with pytest.raises(SettingsError, match="unknown method 'gibbs': the known ones are svi, nuts, exact"):
        nv.fit(study, method="gibbs")
    with pytest.raises(SettingsError, match="knows programs under"):
        nv.fit(study, method="nuts", program_prior="leroux", n_programs=3)
    assert fit_settings("spatial", method="nuts").training.warm_up == 500
