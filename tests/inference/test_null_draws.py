"""Null maps from the model: what they keep of a map, what is drawn afresh, what a fit of them is told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import pyro_neurovae as nv
from pyro_neurovae.inference import null_draws
from pyro_neurovae.inference.null_draws import draw_null_maps, null_settings
from pyro_neurovae.inference.null_fits import fit_maps
from pyro_neurovae.models.options import fit_settings

QUICK = {"map_steps": 30, "steps": 20, "n_programs": 3}


@pytest.fixture(scope="module")
def study():
    plain = nv.simulate(3, genes=30, maps=2, programs=3, n_case=200, n_control=200)
    thinning = plain.thinning.copy()
    thinning[0, 7] = np.nan
    return plain.with_thinning(thinning, plain.standard_error, covariance=plain.covariance)


@pytest.fixture(scope="module")
def maps(study):
    return draw_null_maps(study, fit_settings(**QUICK), number=300, seed=4)


def test_settings_that_both_families_have_are_the_fits_own():
    prior = nv.PCPrior(0.2, 0.3)
    settings = fit_settings(spatial_prior="iid", structural_scale=prior, map_steps=17, n_programs=3)
    found = null_settings(settings, draws=9, seed=2)
    assert (found.model, found.draws, found.seed) == ("structural", 9, 2)
    assert found.family.spatial_prior == "iid"
    assert found.family.structural_scale == prior
    assert found.training == settings.training
    by_hand = fit_settings("expression", method="exact", unexplained_scale=prior)
    assert null_settings(by_hand, draws=9, seed=2).method == "svi"
    assert null_settings(by_hand, draws=9, seed=2).family.unexplained_scale == prior


def test_null_maps_have_the_maps_level_spread_and_missing_values(study, maps):
    assert maps.shape == (300, 2, 68)
    np.testing.assert_array_equal(np.isnan(maps), np.repeat(np.isnan(study.thinning)[None], 300, 0))
    level = np.nanmean(study.thinning, 1)
    assert (np.abs(np.nanmean(maps, (0, 2)) - level) < 3 * np.nanstd(np.nanmean(maps, 2), 0)).all()
    spread = np.nanstd(maps, 2).mean(0) / np.nanstd(study.thinning, 1)
    assert ((spread > 0.7) & (spread < 1.4)).all()
    # Apart from level and axis they have nothing to do with the map.
    centred = maps - np.nanmean(maps, (0, 2), keepdims=True)
    assert abs(np.corrcoef(centred[0, 1], centred[1, 1])[0, 1]) < 0.9
    assert not np.allclose(maps[0], maps[1], equal_nan=True)


def test_errors_go_together_as_the_covariance_says(study, monkeypatch):
    """Where scales are next to nothing, null maps are levels and errors."""
    nought = nv.PCPrior(1e-6, 0.1)
    scales = dict.fromkeys(("spatial_scale", "structural_scale", "unexplained_scale"), nought)
    alone = replace(study.select(maps=[study.maps[1]]), structure=None)
    fixed = [(alone.sampling_covariance(), None)] * 2000
    monkeypatch.setattr(null_draws.CorrelationDraws, "draws", lambda *_: iter(fixed))
    found = draw_null_maps(alone, fit_settings(**QUICK, **scales), number=2000, seed=1)[:, 0]
    centre = np.eye(68) - 1 / 68
    expected = centre @ alone.sampling_covariance()[0] @ centre
    reached = centre @ np.cov(found.T) @ centre
    off = np.triu_indices(68, 1)
    assert np.corrcoef(expected[off], reached[off])[0, 1] > 0.95
    np.testing.assert_allclose(np.trace(reached), np.trace(expected), rtol=0.1)


def test_the_seed_decides_and_no_global_state_is_touched(study):
    settings = fit_settings(**QUICK)
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    first, again, other = (draw_null_maps(study, settings, number=3, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other, equal_nan=True)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_null_maps_are_fitted_with_the_covariance_of_the_study(study, maps):
    """Were errors taken for independent, the shares of the same maps would be others."""
    settings = fit_settings(**QUICK, draws=60)
    own = fit_maps(study, settings, maps[:3])["share"]
    apart = fit_maps(study.with_thinning(study.thinning, study.standard_error), settings, maps[:3])["share"]
    again = fit_maps(replace(study, thinning=study.thinning + 0.0), settings, maps[:3])["share"]
    np.testing.assert_array_equal(own, again)
    assert np.abs(own - apart).max() > 0.003
