"""Joint draws: what was integrated out, values observed anew and their moments, and the prior."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest
import torch

import pyro_neurovae as nv
from pyro_neurovae.inference.engine import fit_model
from pyro_neurovae.inference.gaussian import draw_linear, leave_one_out, seen_root
from pyro_neurovae.inference.noise import NoiseStreams
from pyro_neurovae.inference.observation import observe
from pyro_neurovae.inference.sampler import draw_given_scales, draw_prior, linear_noise
from pyro_neurovae.inference.scales import chunks
from pyro_neurovae.models.families import family_of
from pyro_neurovae.models.linear import LinearModel
from pyro_neurovae.models.noise import Noise
from pyro_neurovae.models.options import fit_settings
from pyro_neurovae.models.settings import SpatialSettings
from pyro_neurovae.models.spiked import SpikedScale

NAMES = ("cross-scale", "expression", "spatial", "structural")
DRAWS = 6


def _ring(n):
    forward = np.roll(np.eye(n), 1, axis=1)
    return forward + forward.T


def _fading(n):
    return 0.6 * np.exp(-np.abs(np.subtract.outer(np.arange(n), np.arange(n))) / 4) + 0.4 * np.eye(n)


@pytest.fixture(scope="module")
def together(study):
    """The study, of which errors go together across regions."""
    se = np.where(np.isnan(study.standard_error), 0.05, study.standard_error)
    joint = se[:, :, None] * (0.6 + 0.4 * np.eye(study.n_regions)) * se[:, None, :]
    return study.with_thinning(study.thinning, study.standard_error, covariance=joint)


def given(model, streams, draws=DRAWS, seeds=(5,)):
    """Scales, programs and white numbers of a model."""
    noise, data = streams(*seeds), model.data
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
    root = seen_root(model, model.covariance(scales, model.kernels(programs)))
    linear = draw_linear(model, scales, roots, white, root)
    torch.testing.assert_close(drawn["thinning"], linear.predictable + linear.regional)
    torch.testing.assert_close(drawn["regional"], linear.regional)
    total = drawn["intercept"][..., None] + sum(drawn[part] for part in model.parts)
    torch.testing.assert_close(drawn["predictable"], total)
    density, below = leave_one_out(model, root)
    torch.testing.assert_close(drawn["log_likelihood"], density, equal_nan=True)
    torch.testing.assert_close(drawn["loo_pit"], below, equal_nan=True)
    assert ("program_weight" in drawn) == model.has_programs
    # The axis of the structure counts to the structural part, and its coefficient is kept.
    assert ("structural_axis" in drawn) == ("structural" in model.parts)
    if "structural_axis" in drawn:
        torch.testing.assert_close(drawn["structural_axis"], linear.wide[..., 1])
        field = scales["structural_scale"][..., None] * (linear.weights["structural"] @ roots["structural"])
        torch.testing.assert_close(drawn["structural"], field + drawn["structural_axis"][..., None] * model.data.axis)


@pytest.mark.parametrize("name", NAMES)
def test_values_observed_anew_have_errors_of_their_own_where_seen(models, streams, name):
    """The errors of the map's own people, drawn afresh, V with all that is off its diagonal."""
    model = models[name]
    scales, programs, white = given(model, streams)
    drawn = draw_given_scales(model, scales, programs, white)
    seen = model.data.seen[:, None].expand_as(drawn["thinning"])
    root = model.data.sampling_root
    torch.testing.assert_close(root @ root.mT, model.data.sampling)
    error = (root @ white["again"][..., None])[..., 0]
    torch.testing.assert_close(drawn["replicated"][seen], (drawn["thinning"] + error)[seen])
    torch.testing.assert_close(drawn["predicted_mean"][seen], drawn["thinning"][seen])
    spread = model.data.sampling.diagonal(dim1=-2, dim2=-1).sqrt().expand_as(error)
    torch.testing.assert_close(drawn["predicted_sd"].expand_as(error)[seen], spread[seen])


def test_a_map_of_unknown_error_reports_its_predictable_part(study, streams):
    """What is a region's own can't be told from error there: theta is what programs and fields give."""
    se = np.where([[False], [True]], 0.0, study.standard_error)  # of the second map nothing is known
    se[1] = 0.0
    covariance = study.covariance.copy()
    covariance[1] = 0.0
    unknown = study.with_thinning(study.thinning, se, covariance=covariance)
    family = family_of("structural")
    model = family.build(observe(unknown), family.settings())
    scales, programs, white = given(model, streams)
    drawn = draw_given_scales(model, scales, programs, white)
    assert model.data.error_known.tolist() == [True, False]
    torch.testing.assert_close(drawn["thinning"][:, :, 1], drawn["predictable"][:, :, 1])
    torch.testing.assert_close(drawn["thinning"][:, :, 0], (drawn["predictable"] + drawn["regional"])[:, :, 0])
    assert bool((drawn["regional"][:, :, 1] != 0).all())
    # Values observed anew have what is a region's own afresh.
    sigma = scales["unexplained_scale"][:, :, 1, None].expand(-1, -1, 12)
    torch.testing.assert_close(drawn["predicted_sd"][:, :, 1], sigma)
    torch.testing.assert_close(
        drawn["replicated"][:, :, 1], drawn["predictable"][:, :, 1] + sigma * white["again"][:, :, 1]
    )
    prior = draw_prior(model, 3, 5)
    assert torch.equal(prior["thinning"][:, :, 1], prior["predictable"][:, :, 1])


@pytest.mark.parametrize("name", NAMES)
def test_a_precise_observation_is_never_three_standard_errors_from_its_effect(name):
    """One region of a smooth map stands out by ten standard errors: reported as it is, though nothing predicts it."""
    graph = nv.RegionGraph.from_adjacency(_ring(16), [f"r{i}" for i in range(16)])
    study = nv.simulate(1, genes=20, programs=2, graph=graph)
    angle = 2 * np.pi * np.arange(16) / 16
    thinning, se = -0.3 + 0.1 * np.cos(angle), np.full(16, 0.05)
    thinning[5] -= 0.5
    covariance = se[0] ** 2 * (0.3 + 0.7 * np.eye(16))[None]
    alone = replace(study.with_thinning(thinning, se, maps=["precise"], covariance=covariance), structure=_fading(16))
    options = {"steps": 20, "n_programs": 3} if name == "cross-scale" else {}
    drawn = fit_model(observe(alone), fit_settings(name, map_steps=100, **options), (0,)).sampler.draw(400)
    effect, predictable = (drawn[part].mean(1)[0, 0].numpy() for part in ("thinning", "predictable"))
    assert np.abs((effect - thinning) / se).max() < 3
    assert abs((predictable[5] - thinning[5]) / se[5]) > 3


def test_a_programs_weight_is_its_effect_on_thinning(models, streams):
    """The transcriptomic part is the sum over programs of their scores times their weights, homologues apart."""
    data = models["cross-scale"].data
    options = {"n_programs": 3, "homologue_sharing": 0.25, "beyond_programs": False}
    model = family_of("cross-scale").build(data, family_of("cross-scale").settings(**options))
    scales, programs, white = given(model, streams)
    drawn = draw_given_scales(model, scales, programs, white)
    part = torch.einsum("rsmk,rski->rsmi", drawn["program_weight"], programs["program_score"])
    torch.testing.assert_close(drawn["transcriptomic"], part)  # a ring has no homologues


@pytest.mark.parametrize("name", NAMES)
def test_moments_of_unseen_values_are_given_the_errors_of_the_seen(together, hidden, streams, name):
    """Against the dense conditional Gaussian of values given values."""
    family = family_of(name)
    model = family.build(
        observe(together, hidden=hidden),
        family.settings(**({"n_programs": 3, "homologue_sharing": 0.25} if family.programs else {})),
    )
    scales, programs, white = given(model, streams, seeds=(5, 6))
    drawn = draw_given_scales(model, scales, programs, white)
    whole = model.covariance(scales, model.kernels(programs))
    for b, s, m in np.ndindex(2, DRAWS, 2):
        o, dense = model.data.seen[b, m].numpy(), whole[b, s, m].numpy()
        gain = dense[np.ix_(~o, o)] @ np.linalg.inv(dense[np.ix_(o, o)])
        mean, sd = drawn["predicted_mean"][b, s, m], drawn["predicted_sd"][b, s, m]
        np.testing.assert_allclose(mean[~o], gain @ together.thinning[m, o], rtol=1e-9)
        left = dense[np.ix_(~o, ~o)] - gain @ dense[np.ix_(o, ~o)]
        np.testing.assert_allclose(sd[~o], np.sqrt(left.diagonal()), rtol=1e-9)
        torch.testing.assert_close(mean[o], drawn["thinning"][b, s, m, o])
        np.testing.assert_allclose(sd[o], model.data.sampling[0, m].diagonal()[o].sqrt())


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
    monkeypatch.setattr(chunks, "_CACHED", 1)  # one draw at a time
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


def moments(prior):
    """Mean and standard deviation of a scale's prior."""
    if not isinstance(prior, SpikedScale):
        return prior.mean, prior.stddev
    mean = prior.absent * prior.tip + (1 - prior.absent) * prior.width * (2 / np.pi) ** 0.5
    square = 2 * prior.absent * prior.tip**2 + (1 - prior.absent) * prior.width**2
    return mean, (square - mean**2).sqrt()


@pytest.mark.parametrize("name", NAMES)
def test_prior_draws_have_the_priors_moments(models, name):
    model, draws = models[name], 3000
    drawn = draw_prior(model, 3, draws)
    for scale in model.scale_names:
        mean, sd = moments(model.scale_prior(scale))
        assert bool(((drawn[scale][0].mean(0) - mean[0, 0]).abs() < 5 * sd[0, 0] / draws**0.5).all())
    level = model.data.level[0]
    assert bool((drawn["intercept"][0].mean(0).abs() < 5 * level / draws**0.5).all())
    assert bool(((drawn["intercept"][0].std(0) / level - 1).abs() < 5 / (2 * draws) ** 0.5).all())
    predictable = drawn["intercept"][..., None] + sum(drawn[part] for part in model.parts)
    torch.testing.assert_close(drawn["predictable"], predictable)
    torch.testing.assert_close(drawn["thinning"], predictable + drawn["regional"])
    own = drawn["regional"] / drawn["unexplained_scale"][..., None]
    assert abs(float(own.std()) - 1) < 0.02
    if "structural_axis" in drawn:
        axis = drawn["structural_axis"][0].std(0) / (model.data.unit[0] / 2)
        assert bool(((axis - 1).abs() < 5 / (2 * draws) ** 0.5).all())
    # Errors have the covariance V: an entry of it is known to its size over the root of the number of draws.
    error = (drawn["replicated"] - drawn["thinning"])[0]
    for m in range(2):
        found, known = error[:, m].T @ error[:, m] / draws, model.data.sampling[0, m]
        assert float((found - known).abs().max()) < 5 * float(known.max()) * (2 / draws) ** 0.5
    assert "program_score" not in drawn


def test_prior_draws_leave_the_callers_random_state_alone(models):
    before = torch.get_rng_state()
    one, other = (draw_prior(models["spatial"], 3, 4)["thinning"] for _ in range(2))
    assert torch.equal(one, other)
    assert torch.equal(torch.get_rng_state(), before)


# A noise that is not of one size


class UnevenNoise(Noise):
    """What is a region's own is larger in every other region."""

    scales: ClassVar[tuple[str, ...]] = ("uneven_scale", "unexplained_scale")

    def unexplained(self, scales):
        more, own = (scales[name][..., None] ** 2 for name in self.scales)
        return own + more * (torch.arange(12) % 2)


@dataclass(frozen=True)
class BandSettings(SpatialSettings):
    """Priors of the scales."""

    noise: ClassVar[Noise] = UnevenNoise()


class Band(LinearModel):
    """Every third region goes with the others of its kind."""

    parts: ClassVar[tuple[str, ...]] = ("band",)

    def fixed_roots(self):
        kind = torch.arange(self.data.regions) % 3
        return {"band": torch.nn.functional.one_hot(kind).mT.to(self.data.thinning)[None, None]}


def test_another_noise_is_in_effects_and_in_values_observed_anew(study, hidden):
    """Means of the effect, of its predictable part and of hidden values, by dense algebra given the scales."""
    model = Band(observe(study, hidden=hidden[:1]), BandSettings())
    assert model.scale_names == ("band_scale", "uneven_scale", "unexplained_scale")
    scales = {name: torch.full((1, 1, 2), 0.1, dtype=torch.float64) for name in model.scale_names}
    white = linear_noise(model, model.roots({}), NoiseStreams([0], "zero", dtype=torch.float64), 1)
    zero = {name: torch.zeros_like(values) for name, values in white.items()}
    drawn = draw_given_scales(model, scales, {}, zero | {"again": torch.zeros(1, 1, 2, 12, dtype=torch.float64)})
    for m in range(2):
        o, y = model.data.seen[0, m].numpy(), study.thinning[m]
        free = float(model.data.level[0, m]) ** 2 + 0.01 * model.kernels({})["band"][0, 0].numpy()
        own = np.diag(0.01 + 0.01 * (np.arange(12) % 2))
        whole = free + own + model.data.sampling[0, m].numpy()
        weighted = np.linalg.solve(whole[np.ix_(o, o)], y[o])
        np.testing.assert_allclose(drawn["predictable"][0, 0, m], free[:, o] @ weighted)
        np.testing.assert_allclose(drawn["thinning"][0, 0, m], (free + own)[:, o] @ weighted)
        # A hidden value observed anew: the effect, and the error that goes with those of the seen.
        for name in ("replicated", "predicted_mean"):
            np.testing.assert_allclose(drawn[name][0, 0, m, ~o], whole[np.ix_(~o, o)] @ weighted)
