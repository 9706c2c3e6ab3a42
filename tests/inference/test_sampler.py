"""Joint draws: what was integrated out, values observed anew and their moments, and the prior."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest
import torch

from pyro_neurovae.inference import sampler as home
from pyro_neurovae.inference.engine import fit_model
from pyro_neurovae.inference.gaussian import draw_linear, leave_one_out, seen_root
from pyro_neurovae.inference.observation import observe
from pyro_neurovae.inference.sampler import draw_given_scales, draw_prior, linear_noise, predictive_moments
from pyro_neurovae.models.families import family_of
from pyro_neurovae.models.linear import LinearModel
from pyro_neurovae.models.noise import Noise
from pyro_neurovae.models.options import fit_settings
from pyro_neurovae.models.settings import SpatialSettings

NAMES = ("cross-scale", "expression", "spatial")
DRAWS = 6


@pytest.fixture(scope="module")
def together(study):
    """The study, of which errors go together across regions."""
    se = np.where(np.isnan(study.standard_error), 0.05, study.standard_error)
    joint = se[:, :, None] * (0.6 + 0.4 * np.eye(study.n_regions)) * se[:, None, :]
    return study.with_thinning(study.thinning, study.standard_error, covariance=joint)


def given(model, streams, draws=DRAWS):
    """Scales, programs and white numbers of a model."""
    noise, data = streams(5), model.data
    scales = {name: 0.02 + 0.1 * noise.uniform(draws, data.maps) for name in model.scale_names}
    programs = {}
    if model.has_programs:
        programs = {"program_score": noise.normal(draws, 3, data.regions), "strength": 0.5 + noise.uniform(draws, 3)}
    white = linear_noise(model, model.roots(programs), noise, draws)
    return scales, programs, white | {"again": noise.normal(draws, data.maps, data.regions)}


@pytest.mark.parametrize("name", NAMES)
def test_what_was_integrated_out_is_drawn_from_its_conditional(models, streams, name):
    model = models[name]
    scales, programs, white = given(model, streams)
    drawn = draw_given_scales(model, scales, programs, white)
    roots = model.roots(programs)
    root = seen_root(model, scales, model.kernels(programs))
    linear = draw_linear(model, scales, roots, white, root)
    torch.testing.assert_close(drawn["thinning"], linear.thinning)
    torch.testing.assert_close(drawn["intercept"], linear.intercept)
    total = drawn["intercept"][..., None] + sum(drawn[part] for part in model.parts)
    torch.testing.assert_close(drawn["thinning"], total)
    density, below = leave_one_out(model, root)
    torch.testing.assert_close(drawn["log_likelihood"], density, equal_nan=True)
    torch.testing.assert_close(drawn["loo_pit"], below, equal_nan=True)
    # Values observed anew, their errors being independent.
    spread = (model.data.sampling.diagonal(dim1=-2, dim2=-1) + scales["unexplained_scale"][..., None] ** 2).sqrt()
    torch.testing.assert_close(drawn["replicated"], drawn["thinning"] + spread * white["again"])
    assert ("program_weight" in drawn) == model.has_programs


def test_a_programs_weight_is_its_effect_on_thinning(models, streams):
    """The transcriptomic part is the sum over programs of their scores times their weights, homologues apart."""
    model = models["cross-scale"]
    scales, programs, white = given(model, streams)
    drawn = draw_given_scales(model, scales, programs, white)
    part = torch.einsum("rsmk,rski->rsmi", drawn["program_weight"], programs["program_score"])
    torch.testing.assert_close(drawn["transcriptomic"], part)  # a ring has no homologues


def test_moments_of_values_are_those_of_independent_errors(models, streams):
    model = models["spatial"]
    scales, programs, white = given(model, streams)
    drawn = draw_given_scales(model, scales, programs, white)
    mean, sd = predictive_moments(model, drawn)
    assert mean is drawn["thinning"]
    torch.testing.assert_close(sd, model.noise.spread(model.data.sampling, scales))


@pytest.mark.parametrize("chunk", [None, 1])
def test_moments_of_unseen_values_are_given_the_errors_of_the_seen(together, hidden, streams, monkeypatch, chunk):
    """Against dense algebra, in chunks of any size."""
    if chunk is not None:
        monkeypatch.setattr(home, "_CACHED", chunk)
    family = family_of("spatial")
    model = family.build(observe(together, hidden=hidden), family.settings())
    noise = streams(5, 6)
    drawn = {
        "thinning": noise.normal(DRAWS, 2, 12),
        "unexplained_scale": 0.02 + 0.1 * noise.uniform(DRAWS, 2),
    }
    mean, sd = predictive_moments(model, drawn)
    for b, s, m in np.ndindex(2, DRAWS, 2):
        o = model.data.seen[b, m].numpy()
        theta = drawn["thinning"][b, s, m].numpy()
        dense = model.data.sampling[m].numpy() + float(drawn["unexplained_scale"][b, s, m]) ** 2 * np.eye(12)
        gain = dense[np.ix_(~o, o)] @ np.linalg.inv(dense[np.ix_(o, o)])
        residual = together.thinning[m, o] - theta[o]
        np.testing.assert_allclose(mean[b, s, m, ~o], theta[~o] + gain @ residual)
        left = dense[np.ix_(~o, ~o)] - gain @ dense[np.ix_(o, ~o)]
        np.testing.assert_allclose(sd[b, s, m, ~o], np.sqrt(left.diagonal()))
        np.testing.assert_allclose(mean[b, s, m, o], theta[o])
        np.testing.assert_allclose(sd[b, s, m, o], np.sqrt(dense.diagonal()[o]))


def test_values_observed_anew_have_these_moments(together, hidden, streams):
    """Given scales, replicated values of unseen regions have the moments of the exact conditional."""
    family, draws = family_of("spatial"), 4000
    model = family.build(observe(together, hidden=hidden[:1]), family.settings())
    scales = {name: torch.full((1, draws, 2), 0.08, dtype=torch.float64) for name in model.scale_names}
    noise = streams(5)
    white = linear_noise(model, model.roots({}), noise, draws) | {"again": noise.normal(draws, 2, 12)}
    drawn = draw_given_scales(model, scales, {}, white)["replicated"][0]
    whole = model.covariance({name: values[:, :1] for name, values in scales.items()}, model.kernels({}))[0, 0]
    for m in range(2):
        o = model.data.seen[0, m].numpy()
        dense = whole[m].numpy()
        gain = dense[np.ix_(~o, o)] @ np.linalg.inv(dense[np.ix_(o, o)])
        mean = gain @ together.thinning[m, o]
        sd = np.sqrt((dense[np.ix_(~o, ~o)] - gain @ dense[np.ix_(o, ~o)]).diagonal())
        found = drawn[:, m, ~o].numpy()
        assert np.abs((found.mean(0) - mean) / sd).max() < 4.5 / np.sqrt(draws)
        assert np.abs(found.std(0) / sd - 1).max() < 4.5 / np.sqrt(2 * draws)


def test_draws_do_not_hang_on_how_they_are_batched(fitted, monkeypatch, same_draws):
    whole = fitted.sampler.draw(8)
    monkeypatch.setattr(home, "_CACHED", 1)  # one draw at a time
    same_draws(whole, fitted.sampler.draw(8), exact=False)


def test_a_fit_says_what_it_drew(fitted, study):
    drawn, n = fitted.sampler.draw(8), study.n_regions
    shapes = {name: tuple(values.shape[2:]) for name, values in drawn.items() if values.ndim > 1}
    assert {shapes[name] for name in ("thinning", "replicated", "log_likelihood", "spatial")} == {(2, n)}
    assert shapes["program_score"] == (3, n)
    assert shapes["program_weight"] == (2, 3)
    assert shapes["log_weight"] == (4, 2)  # proposals of each map
    assert drawn["programs_k"].shape == drawn["programs_ess"].shape == (1,)
    assert torch.isnan(drawn["log_likelihood"][..., 0, 7]).all()
    assert set(fitted.sampler.log_prior(drawn)) < set(drawn)


def test_more_programs_are_proposed_than_kept(study):
    settings = fit_settings("cross-scale", n_programs=3, steps=3, map_steps=3, program_proposals=3, program_sweeps=2)
    sampler = fit_model(observe(study), settings, (0,)).sampler
    assert sampler.program_proposals == 3
    drawn = sampler.draw(7)
    assert drawn["thinning"].shape[1] == drawn["log_p"].shape[1] == 7
    assert drawn["log_weight"].shape[1] == 21  # ratios of all of them
    assert replace(sampler, programs=None).program_proposals == 1


@pytest.mark.parametrize("name", NAMES)
def test_prior_draws_have_the_priors_moments(models, name):
    model, draws = models[name], 3000
    drawn = draw_prior(model, 3, draws)
    for scale in model.scale_names:
        prior = model.scale_prior(scale)
        found = drawn[scale][0].mean(0)
        assert bool(((found - prior.mean[0, 0]).abs() < 5 * prior.stddev[0, 0] / draws**0.5).all())
    level = model.data.level[0]
    assert bool((drawn["intercept"][0].mean(0).abs() < 5 * level / draws**0.5).all())
    assert bool(((drawn["intercept"][0].std(0) / level - 1).abs() < 5 / (2 * draws) ** 0.5).all())
    left = drawn["thinning"] - drawn["intercept"][..., None] - sum(drawn[part] for part in model.parts)
    assert float(left.abs().max()) < 1e-12
    noise = (drawn["replicated"] - drawn["thinning"]) / model.noise.spread(model.data.sampling, drawn)
    assert abs(float(noise.std()) - 1) < 0.02
    assert "program_score" not in drawn


def test_prior_draws_leave_the_callers_random_state_alone(models):
    before = torch.get_rng_state()
    one, other = (draw_prior(models["spatial"], 3, 4)["thinning"] for _ in range(2))
    assert torch.equal(one, other)
    assert torch.equal(torch.get_rng_state(), before)


# A noise that goes together across regions whatever the sampling covariance


class SharedNoise(Noise):
    """Known sampling error, what all regions of a map share, and their own."""

    scales: ClassVar[tuple[str, ...]] = ("shared_scale", "unexplained_scale")

    def covariance(self, sampling, scales, identity):
        shared, own = (scales[name][..., None, None] ** 2 for name in self.scales)
        return sampling + shared + own * identity

    def unexplained(self, scales):
        return sum(scales[name][..., None] ** 2 for name in self.scales)


@dataclass(frozen=True)
class BandSettings(SpatialSettings):
    """Priors of the scales."""

    noise: ClassVar[Noise] = SharedNoise()


class Band(LinearModel):
    """Every third region goes with the others of its kind."""

    parts: ClassVar[tuple[str, ...]] = ("band",)

    def fixed_roots(self):
        kind = torch.arange(self.data.regions) % 3
        return {"band": torch.nn.functional.one_hot(kind).mT.to(self.data.thinning)[None, None]}


def test_another_noise_is_in_draws_and_in_values_observed_anew(study, hidden):
    """Means of the noise-free thinning and of hidden values, by dense algebra given the scales."""
    model = Band(observe(study, hidden=hidden[:1]), BandSettings())
    assert model.scale_names == ("band_scale", "shared_scale", "unexplained_scale")
    scales = {name: torch.full((1, 1, 2), 0.1, dtype=torch.float64) for name in model.scale_names}
    shapes = {"intercept": (2,), "data": (2, 12), "band": (2, 3), "again": (2, 12)}
    zero = {name: torch.zeros(1, 1, *shape, dtype=torch.float64) for name, shape in shapes.items()}
    drawn = draw_given_scales(model, scales, {}, zero)
    for m in range(2):
        o, y = model.data.seen[0, m].numpy(), study.thinning[m]
        free = float(model.data.level[0, m]) ** 2 + 0.01 * model.kernels({})["band"][0, 0].numpy()
        noise = model.data.sampling[m].numpy() + 0.01 + 0.01 * np.eye(12)
        weighted = np.linalg.solve((free + noise)[np.ix_(o, o)], y[o])
        np.testing.assert_allclose(drawn["thinning"][0, 0, m], free[:, o] @ weighted)
        # A hidden value observed anew: thinning, and the error that goes with those of the seen.
        np.testing.assert_allclose(drawn["replicated"][0, 0, m, ~o], (free + noise)[np.ix_(~o, o)] @ weighted)
