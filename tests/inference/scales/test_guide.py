"""The guide of a map's scales: its density is that of the mixture that it draws from."""

from __future__ import annotations

import pytest
import torch
from pyro import poutine

from pyro_neurovae.inference.elbo import site_densities
from pyro_neurovae.inference.scales.guide import COMPONENTS, ScaleGuide, ScaleNoise


def mixture_of(guide, m, *, wide):
    """The mixture that a guide claims for map m, as torch's own distribution over normal scores."""
    roots = (guide.lower.tril(-1) + torch.diag_embed(guide.log_diagonal.exp()))[0, m].detach()
    loc, weight = guide.loc[0, m].detach(), torch.ones(COMPONENTS)
    if wide:
        loc, roots, weight = (
            loc.repeat(2, 1),
            torch.cat([roots, 2 * roots]),
            torch.tensor([4.0, 1.0]).repeat_interleave(COMPONENTS),
        )
    return torch.distributions.MixtureSameFamily(
        torch.distributions.Categorical(weight.to(loc)), torch.distributions.MultivariateNormal(loc, scale_tril=roots)
    )


@pytest.mark.parametrize("wide", [False, True])
def test_density_is_that_of_the_mixture(models, streams, randomise, wide):
    model = models["cross-scale"]
    guide = ScaleGuide(model, streams())
    randomise(guide)
    noise = ScaleNoise.draw(streams(2), 3, 2, model.data.maps, len(model.scale_names), defensive=wide)
    scale, density = guide.transform(noise)
    for m in range(scale.shape[2]):
        rate = guide.rate[0, 0, m]
        at = scale[0, :, m].detach().requires_grad_()
        score = -torch.special.ndtri((-rate * at).exp())  # sigma = F^-1(Phi(x)), solved for x
        (slope,) = torch.autograd.grad(score.sum(), at)
        expected = mixture_of(guide, m, wide=wide).log_prob(score.detach()) + slope.log().sum(-1)
        torch.testing.assert_close(density[0, :, m].sum(-1), expected)


def test_noise_takes_the_components_in_turn(streams):
    component = ScaleNoise.draw(streams(3), 50, COMPONENTS, 2, 3).component.unflatten(1, (50, COMPONENTS))
    assert bool((component.sort(2).values == torch.arange(COMPONENTS)[:, None]).all())
    first = component[0, :, 0, 0]
    assert len(first.unique()) > COMPONENTS // 2  # each group begins with a component of its own


def test_some_numbers_are_those_of_the_whole(streams):
    noise = ScaleNoise.draw(streams(3), 4, 2, 2, 3, defensive=True)
    some = noise.between(3, 6)
    assert torch.equal(some.white, noise.white[:, 3:6])
    assert torch.equal(some.component, noise.component[:, 3:6])
    assert torch.equal(some.wide, noise.wide[:, 3:6])
    assert ScaleNoise.draw(streams(3), 4, 2, 2, 3).between(3, 6).wide is None


def test_draws_have_the_moments_of_the_mixture(models, streams, randomise):
    guide = ScaleGuide(models["spatial"], streams())
    randomise(guide)
    draws = 40_000
    noise = ScaleNoise.draw(streams(4), draws // 4, 4, models["spatial"].data.maps, 2)
    scale, _ = guide.transform(noise)
    score = -torch.special.ndtri((-guide.rate * scale).exp())[0].detach()
    for m in range(score.shape[1]):
        mixture = mixture_of(guide, m, wide=False)
        error = (mixture.variance / draws).sqrt()
        assert bool(((score[:, m].mean(0) - mixture.mean).abs() < 5 * error).all())


@pytest.mark.parametrize("name", ["cross-scale", "expression", "spatial", "structural"])
def test_sites_are_the_models_scales(models, streams, name):
    model = models[name]
    guide = ScaleGuide(model, streams())
    noise = ScaleNoise.draw(streams(2), 2, 3, model.data.maps, len(model.scale_names))
    trace = poutine.trace(guide).get_trace({}, noise)
    sites = site_densities(trace)
    assert tuple(sites) == model.scale_names
    scale, density = guide.transform(noise)
    for j, site in enumerate(model.scale_names):
        assert torch.equal(trace.nodes[site]["value"], scale[..., j])
        torch.testing.assert_close(sites[site], density[..., j])
