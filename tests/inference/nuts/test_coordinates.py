"""Coordinates of the programs: where they begin, what they mean, and what they can not do."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats

from pyro_neurovae.errors import SettingsError
from pyro_neurovae.inference.observation import observe
from pyro_neurovae.inference.programs.pca import pca_start
from pyro_neurovae.models.families import family_of

pytest.importorskip("numpyro")
import jax

from pyro_neurovae.inference.nuts.coordinates import ProgramCoordinates
from pyro_neurovae.inference.nuts.sampler import double_precision


@pytest.fixture(scope="module")
def coordinates(models):
    return ProgramCoordinates.of(models["cross-scale"])


def test_the_score_of_smoothness_is_its_priors(models, coordinates):
    uniform = (np.arange(2000) + 0.5) / 2000
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        drawn = models["cross-scale"].smoothness_prior.sample((20_000,)).logit().numpy()
    assert stats.kstest(np.interp(drawn, coordinates.logit, coordinates.score), "norm").pvalue > 1e-3
    assert bool((np.diff(coordinates.score) > 0).all())
    # And back: the prior's quantiles.
    logit = np.interp(stats.norm.ppf(uniform), coordinates.score, coordinates.logit)
    assert np.abs(np.searchsorted(np.sort(drawn), logit) / 20_000 - uniform).max() < 0.02


def test_at_zero_they_are_principal_components(study, models, coordinates):
    """Without rotation and away from what expression does not see, F is D U' of probabilistic PCA."""
    zero = {name: np.zeros(shape) for name, shape in coordinates.shapes.items()}
    with double_precision():
        named, _ = jax.jit(coordinates.decode)(zero | {"turn": np.eye(3)})
        named = {name: np.array(values) for name, values in named.items()}
    scaled = named["program_score"] * named["strength"][:, None]
    start = pca_start(models["cross-scale"].data, 3)
    measured = study.expression_observed
    found = scaled[:, measured] - scaled[:, measured].mean(1, keepdims=True)
    np.testing.assert_allclose(np.abs(found), np.abs(start.score.T.numpy()[:, measured]), rtol=1e-6, atol=1e-8)
    assert named["expression_noise"] == pytest.approx(float(start.noise))


def test_unseen_directions_are_the_mean_and_what_was_not_measured(study, coordinates):
    unseen, measured = coordinates.unseen, study.expression_observed
    np.testing.assert_allclose(unseen @ unseen.T, np.eye(2), atol=1e-12)
    np.testing.assert_allclose(unseen[0], measured / np.sqrt(measured.sum()))
    np.testing.assert_array_equal(unseen[1], ~measured)
    np.testing.assert_allclose(coordinates.inside @ unseen.T, 0, atol=1e-8)
    np.testing.assert_allclose(coordinates.outside @ unseen.T, 0, atol=1e-8)


def test_chains_begin_at_standard_normal_coordinates_without_rotation(coordinates):
    begun = coordinates.begin(np.random.default_rng(0))
    assert {name: values.shape for name, values in begun.items() if name != "turn"} == {
        name: shape for name, shape in coordinates.shapes.items() if name != "turn"
    }
    turn = begun["turn"]
    assert not np.tril(turn, -1).any()
    assert (turn.diagonal() > 0).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"program_prior": "leroux", "n_programs": 3}, "method nuts knows programs under .bym2. only"),
        ({"n_programs": 11}, "n_programs is 11, and 11 measured regions have 10 dimensions: give at most 10"),
    ],
)
def test_what_they_can_not_do_is_said(study, options, message):
    family = family_of("cross-scale")
    with pytest.raises(SettingsError, match=message):
        ProgramCoordinates.of(family.build(observe(study), family.settings(**options)))
