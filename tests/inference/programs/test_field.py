"""Draws of a field: the dense Gaussian they claim, and the gradient written out."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import pyro_neurovae as nv
from pyro_neurovae.inference.programs.field import Field, draw_field
from pyro_neurovae.models.spectrum import Spectrum, covariance_spectrum

REGIONS = 8
KINDS = ("bym2", "leroux")


@pytest.fixture(params=KINDS)
def field(request):
    """Field on a ring of five regions, a pair and an island; the third region has no site."""
    weights = np.zeros((REGIONS, REGIONS))
    for i, j in ((0, 1), (1, 2), (2, 3), (3, 4), (4, 0), (5, 6)):
        weights[i, j] = weights[j, i] = 1.0
    graph = nv.RegionGraph.from_adjacency(weights, [f"r{i}" for i in range(REGIONS)])
    sites = torch.ones(REGIONS, dtype=torch.bool)
    sites[2] = False
    return Field(Spectrum.of(graph), request.param, sites)


@pytest.fixture
def parts():
    """Smoothness, sites and noise of a batch of (2, 3) fields."""
    generator = torch.Generator().manual_seed(1)

    def numbers(*shape):
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    precision = numbers(2, 3, REGIONS).exp() * 3
    return numbers(2, 3).sigmoid(), precision, numbers(2, 3, REGIONS), numbers(2, 3, 2, REGIONS)


def dense(field, smoothness, precision, mean):
    precision = torch.where(torch.arange(REGIONS) == 2, 0.0, precision)
    prior = field.spectrum.matrix(1 / covariance_spectrum(field.spectrum, field.kind, smoothness))
    sites = torch.diag(precision) - torch.outer(precision, precision) / precision.sum()
    whole = prior + sites
    centre = torch.linalg.solve(whole, sites @ mean)
    return torch.distributions.MultivariateNormal(centre, precision_matrix=(whole + whole.T) / 2)


def test_density_is_that_of_the_dense_gaussian(field, parts):
    draw, density = draw_field(field, *parts)
    for i, k in torch.cartesian_prod(torch.arange(2), torch.arange(3)).tolist():
        gaussian = dense(field, *(part[i, k] for part in parts[:3]))
        torch.testing.assert_close(density[i, k], gaussian.log_prob(draw[i, k]))


def test_draws_have_the_covariance_of_the_dense_gaussian(field, parts):
    # Draws are affine in the noise: the responses to unit noise are a root of the covariance.
    smoothness, precision, mean = (part[0, 0] for part in parts[:3])
    unit = torch.eye(2 * REGIONS, dtype=torch.float64).reshape(-1, 2, REGIONS)
    many = [part.expand(2 * REGIONS, *part.shape) for part in (smoothness, precision, mean)]
    centre, _ = draw_field(field, *many, torch.zeros_like(unit))
    response = draw_field(field, *many, unit)[0] - centre
    gaussian = dense(field, smoothness, precision, mean)
    torch.testing.assert_close(centre[0], gaussian.mean)
    torch.testing.assert_close(response.T @ response, gaussian.covariance_matrix)


def test_a_constant_added_to_the_sites_changes_nothing(field, parts):
    # Gene means are free, so the level of a program's sites says nothing.
    smoothness, precision, mean, white = parts
    first, second = draw_field(field, *parts)[0], draw_field(field, smoothness, precision, mean + 5.0, white)[0]
    torch.testing.assert_close(first, second)


def test_sites_of_very_unequal_precision_keep_the_density(field, parts):
    smoothness, _, mean, white = parts
    precision = torch.logspace(-5, 6, REGIONS, dtype=torch.float64).expand_as(mean)
    draw, density = draw_field(field, smoothness, precision, mean, white)
    gaussian = dense(field, smoothness[1, 2], precision[1, 2], mean[1, 2])
    torch.testing.assert_close(density[1, 2], gaussian.log_prob(draw[1, 2]), rtol=1e-6, atol=1e-6)


def test_gradients(field, parts):
    inputs = [part.clone().requires_grad_() for part in parts]
    assert torch.autograd.gradcheck(lambda *given: draw_field(field, *given), inputs)
