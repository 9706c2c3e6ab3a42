"""Draws of a field: the dense Gaussian they claim, and the gradient written out."""

from __future__ import annotations

import pytest
import torch

from pyro_neurovae.inference.field import draw_field

REGIONS = 7


@pytest.fixture
def parts():
    """Eigenvectors, prior, sites and noise of a batch of (2, 3) fields, one region without a site."""
    generator = torch.Generator().manual_seed(1)

    def numbers(*shape):
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    vectors = torch.linalg.qr(numbers(REGIONS, REGIONS))[0]
    prior, precision = numbers(2, 3, REGIONS).exp(), numbers(2, 3, REGIONS).exp() * 3
    precision[..., 2] = 0.0
    return vectors, prior, precision, numbers(2, 3, REGIONS), numbers(2, 3, 2, REGIONS)


def dense(vectors, prior, precision, mean):
    sites = torch.diag(precision) - torch.outer(precision, precision) / precision.sum()
    whole = vectors @ torch.diag(prior) @ vectors.T + sites
    centre = torch.linalg.solve(whole, sites @ mean)
    return torch.distributions.MultivariateNormal(centre, precision_matrix=(whole + whole.T) / 2)


def test_density_is_that_of_the_dense_gaussian(parts):
    draw, density = draw_field(*parts)
    vectors, *batched, _ = parts
    for i, k in torch.cartesian_prod(torch.arange(2), torch.arange(3)).tolist():
        gaussian = dense(vectors, *(part[i, k] for part in batched))
        torch.testing.assert_close(density[i, k], gaussian.log_prob(draw[i, k]))


def test_draws_have_the_covariance_of_the_dense_gaussian(parts):
    # Draws are affine in the noise: the responses to unit noise are a root of the covariance.
    vectors, prior, precision, mean = parts[0], *(part[0, 0] for part in parts[1:4])
    unit = torch.eye(2 * REGIONS, dtype=torch.float64).reshape(-1, 2, REGIONS)
    many = [part.expand(2 * REGIONS, REGIONS) for part in (prior, precision, mean)]
    centre, _ = draw_field(vectors, *many, torch.zeros_like(unit))
    response = draw_field(vectors, *many, unit)[0] - centre
    gaussian = dense(vectors, prior, precision, mean)
    torch.testing.assert_close(centre[0], gaussian.mean)
    torch.testing.assert_close(response.T @ response, gaussian.covariance_matrix)


def test_a_constant_added_to_the_sites_changes_nothing(parts):
    # Gene means are free, so the level of a program's sites says nothing.
    vectors, prior, precision, mean, white = parts
    first, second = draw_field(*parts)[0], draw_field(vectors, prior, precision, mean + 5.0, white)[0]
    torch.testing.assert_close(first, second)


def test_gradients(parts):
    vectors, prior, precision, mean, white = parts
    precision = precision + 0.1  # the square root of a precision of 0 has no gradient
    inputs = [part.clone().requires_grad_() for part in (prior, precision, mean, white)]
    assert torch.autograd.gradcheck(lambda *given: draw_field(vectors, *given), inputs)
