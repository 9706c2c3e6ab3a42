"""The guide's normal over a field: its divergence from a GMRF, and the least that there can be."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch.distributions import MultivariateNormal, Normal, kl_divergence

import pyro_neurovae as nv
from pyro_neurovae.inference.normal_draw import NormalDraw, least_divergence
from pyro_neurovae.inference.observation import observe
from pyro_neurovae.models.gmrf import GMRF
from pyro_neurovae.models.paper import Paper
from pyro_neurovae.models.settings import PaperSettings

# Limits of lambda, for the distribution and for the prior that a model makes of it


def of_distribution(graph, lam):
    return GMRF(graph, "paper", lam=lam)


def of_model(graph, lam):
    study = nv.simulate(1, genes=5, programs=2, graph=graph)
    return Paper(observe(study), PaperSettings(n_latent=3, width=12, lam=lam)).latent_prior(lam)


PRIORS = pytest.mark.parametrize("prior", [of_distribution, of_model], ids=["GMRF", "model"])


@PRIORS
def test_without_smoothness_regions_are_independent(prior, apart, streams):
    independent = prior(apart, 0.0)
    torch.testing.assert_close(independent.covariance(), torch.eye(13, dtype=torch.float64))
    mean, sd = streams(1).normal(4, 13)[0], streams(1).uniform(4, 13)[0] + 0.1
    each = kl_divergence(Normal(mean, sd), Normal(0.0, 1.0)).sum(-1)
    torch.testing.assert_close(kl_divergence(NormalDraw(mean, sd, torch.zeros_like(sd)), independent), each)
    assert float(least_divergence(independent)) == pytest.approx(0.0, abs=1e-13)


@PRIORS
def test_without_end_smoothness_leaves_one_value_a_component(prior, apart):
    lam, component = 1e8, apart.components
    smooth = prior(apart, lam)
    same = component[:, None] == component
    values = np.linalg.eigvalsh(apart.laplacian())
    largest = 1 / (2 * lam * values[values > 1e-9].min())  # what is left of the variance within components
    torch.testing.assert_close(smooth.covariance(), torch.as_tensor(same / same.sum(1)), rtol=1e-9, atol=largest)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        drawn = smooth.sample((20,)).numpy()
    assert apart.n_components == 3
    for c in range(3):
        within = drawn[:, component == c]
        assert np.abs(within - within.mean(1, keepdims=True)).max() < 6 * math.sqrt(largest)
        assert within.mean(1).std() > 0.1


@pytest.fixture
def normals(streams):
    """q of three dimensions, and p of every kind of smoothness for it; batches (2, 1, 3) and (2, 4, 1)."""

    def normals(graph):
        n, noise = graph.n_regions, streams(1, 2)
        mean, sd = noise.normal(1, 3, n), 0.1 + noise.uniform(1, 3, n)
        smoothness, scale = noise.uniform(4, 1), 0.5 + noise.uniform(4, 1)
        kinds = (("paper", "lam"), ("leroux", "rho"), ("bym2", "phi"))
        return mean, sd, [GMRF(graph, kind, scale=scale, **{name: smoothness}) for kind, name in kinds]

    return normals


@pytest.mark.parametrize("name", ["apart", "weighted"])
def test_divergence_is_that_of_dense_gaussians(normals, apart, weighted, name):
    mean, sd, priors = normals(apart if name == "apart" else weighted.graph)
    dense = MultivariateNormal(mean, scale_tril=torch.diag_embed(sd))
    for p in priors:
        ours = kl_divergence(NormalDraw(mean, sd, torch.zeros_like(sd)), p)
        target = MultivariateNormal(p.mean, p.covariance())
        torch.testing.assert_close(ours, kl_divergence(dense.expand((2, 4, 3)), target.expand((2, 4, 3))))


def test_a_normal_draw_is_the_draw_that_its_numbers_make(normals, apart, streams):
    mean, sd, _ = normals(apart)
    white = streams(3, 4).normal(5, 3, 13)
    drawn = NormalDraw(mean, sd, white)
    assert (drawn.batch_shape, drawn.event_shape) == ((2, 5, 3), (13,))
    z = drawn.rsample()
    torch.testing.assert_close(z, mean + sd * white, rtol=0, atol=0)
    torch.testing.assert_close(drawn.log_prob(z), Normal(mean, sd).log_prob(z).sum(-1))
    assert drawn.expand((6, 2, 5, 3)).rsample().shape == (6, 2, 5, 3, 13)
    with pytest.raises(ValueError, match="the random numbers make one draw"):
        drawn.rsample((2,))


def test_least_divergence_is_attained_and_never_beaten(normals, apart):
    p = GMRF(apart, "paper", lam=0.7)
    least = least_divergence(p)
    _, sd, _ = normals(apart)
    for mean in (torch.zeros_like(sd), 0.01 * torch.ones_like(sd)):
        assert bool((kl_divergence(NormalDraw(mean, sd, sd), p) > least).all())
    free = torch.zeros(2, 13, dtype=torch.float64, requires_grad=True)  # mean and log sd
    optimiser = torch.optim.LBFGS([free], max_iter=100, tolerance_grad=1e-10, line_search_fn="strong_wolfe")

    def divergence():
        optimiser.zero_grad()
        value = kl_divergence(NormalDraw(free[0] + 0.5, free[1].exp(), free[1]), p)
        value.backward()
        return value

    optimiser.step(divergence)
    torch.testing.assert_close(divergence().detach(), least)
    torch.testing.assert_close(free[1].detach().exp(), p.precision().diagonal().rsqrt(), rtol=1e-6, atol=0)
