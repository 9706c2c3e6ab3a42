"""Fits of many maps: each as if alone, with the programs of a fit or one of its own."""

from __future__ import annotations

import numpy as np
import pytest

import pyro_neurovae as nv
from pyro_neurovae.evidence.null_tests import null_fit_settings
from pyro_neurovae.inference.null_fits import fit_maps
from pyro_neurovae.models.options import fit_settings

QUICK = {"n_programs": 3, "steps": 15, "map_steps": 15, "draws": 40}


@pytest.fixture(scope="module")
def maps(study):
    """Three sets of two maps; one value of the second set is missing elsewhere than in the study."""
    made = np.random.default_rng(0).normal(-0.2, 0.1, (3, 2, 12))
    made[1, 0, 2] = np.nan
    return made


@pytest.mark.parametrize("joint", [True, False])
@pytest.mark.parametrize("model", ["cross-scale", "expression"])
def test_every_number_is_that_of_a_fit_of_the_map_alone(study, maps, model, joint):
    """Of a value that is missing a study knows no error that goes with others: there errors are independent here."""
    covariance = study.sampling_covariance() if joint else None
    study, maps = study.with_thinning(study.thinning, study.standard_error, covariance=covariance), maps[joint * 2 :]
    own = {name: value for name, value in QUICK.items() if model == "cross-scale" or name in ("map_steps", "draws")}
    found = fit_maps(study, fit_settings(model, **own), maps)
    for number, values in enumerate(maps):
        given = study.with_thinning(values, _typical(study, values), covariance=covariance)
        fitted = nv.fit(given, model, **own)
        posterior = fitted.idata["posterior"]
        part = posterior["transcriptomic"].values[0].mean(0)  # (map, region)
        weights = posterior["gene_weight"].values[0]
        for m in range(2):
            seen = np.isfinite(values[m])
            r = np.corrcoef(_all(part[m], fitted, values[m]), values[m, seen])[0, 1]
            assert found["correlation"][number, m] == pytest.approx(r, abs=1e-4)
            share = posterior["variance_share"].sel(source="transcriptomic").values[0, :, m].mean()
            assert found["share"][number, m] == pytest.approx(share, abs=1e-4)
            np.testing.assert_allclose(found["weight"][number, m], weights[:, m].mean(0), atol=1e-5)
            z = np.abs(weights[:, m].mean(0)) / weights[:, m].std(0)  # of a normal interval of 90%
            clear = np.abs(z - 1.6449) > 1e-3
            np.testing.assert_array_equal(found["excludes"][number, m][clear], (z > 1.6449)[clear])


def _typical(study, values):
    """Standard errors that a fit of these maps has: the study's own, its median where it has none."""
    typical = np.nanmedian(study.standard_error, axis=1, keepdims=True)
    filled = np.where(np.isnan(study.standard_error), typical, study.standard_error)
    return np.where(np.isnan(values), np.nan, filled)


def _all(part, fitted, values):
    """Of regions that the fit reports, those that the map has a value in."""
    reported = fitted.idata["posterior"]["region"].values.tolist()
    return np.array([part[reported.index(f"r{i}")] for i in np.flatnonzero(np.isfinite(values))])


def test_programs_that_are_lent_are_those_it_would_train(study, maps):
    fitted = nv.fit(study, **QUICK)
    settings, programs = null_fit_settings(fitted, draws=40, map_steps=15)
    lent, own = (fit_maps(study, settings, maps, one) for one in (programs, None))
    for name in ("share", "correlation", "weight"):
        np.testing.assert_allclose(lent[name], own[name], rtol=1e-5, atol=1e-7)
    np.testing.assert_array_equal(lent["excludes"], own["excludes"])


def test_a_map_is_fitted_the_same_in_any_batch(study, maps):
    settings = fit_settings("cross-scale", **QUICK)
    batch, alone = fit_maps(study, settings, maps), fit_maps(study, settings, maps[2:])
    for name in ("share", "correlation", "weight"):
        np.testing.assert_allclose(batch[name][2:], alone[name], rtol=1e-5, atol=1e-7)
