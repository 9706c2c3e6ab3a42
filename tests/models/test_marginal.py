"""The two likelihoods against dense Gaussians: density, gradient, what is not seen, samples."""

from __future__ import annotations

import math

import numpy as np
import pyro
import pytest
import torch
from pyro import poutine
from scipy.linalg import null_space
from scipy.stats import multivariate_normal
from torch.autograd import gradcheck
from torch.distributions import MultivariateNormal

from pyro_neurovae.models.marginal import PartlySeenNormal, ProgramExpression, centre

REGIONS, GENES = 7, 5
EXPRESSED = torch.tensor([True, True, False, True, True, True, False])
MEASURED = EXPRESSED.numpy()


def normal(*shape, seed=0):
    return torch.tensor(np.random.default_rng(seed).standard_normal(shape))


def scatter_of(genes):
    """Scatter of genes (region, gene) centred over the measured regions, zero where unmeasured."""
    centred = np.where(MEASURED[:, None], genes - genes[MEASURED].mean(0), 0.0)
    return torch.tensor(centred @ centred.T / genes.shape[1])


def contrasts():
    """Orthonormal contrasts (measured region, contrast): a basis of what the gene means leave."""
    return null_space(np.ones((1, MEASURED.sum())))


def dense_density(genes, programs, noise):
    """Sum over genes of the density of a gene's contrasts, programs (program, region)."""
    basis, z = contrasts(), programs[:, MEASURED]
    covariance = basis.T @ (z.T @ z + noise**2 * np.eye(z.shape[1])) @ basis
    return multivariate_normal(np.zeros(len(covariance)), covariance).logpdf((basis.T @ genes[MEASURED]).T).sum()


@pytest.mark.parametrize("programs", [1, 3, 6])  # 6 is more than the 4 contrasts of the 5 measured regions
def test_expression_density_is_the_sum_over_genes(programs):
    genes = normal(REGIONS, GENES).numpy()
    z, noise = normal(2, 3, programs, REGIONS, seed=1), normal(3, seed=2).exp()
    expression = ProgramExpression(z, noise, genes=GENES, expressed=EXPRESSED)
    assert (expression.batch_shape, expression.event_shape) == ((2, 3), (REGIONS, REGIONS))
    density = expression.log_prob(scatter_of(genes))
    for index in np.ndindex(2, 3):
        expected = dense_density(genes, z[index].numpy(), float(noise[index[1]]))
        assert float(density[index]) == pytest.approx(expected, rel=1e-10)


def test_expression_density_is_the_limit_of_a_wide_prior_on_gene_means():
    # A mean with prior N(0, wide) adds its own factor, which tends to a normal density with variance n wide at 0.
    wide, genes = 1e6, normal(REGIONS, GENES).numpy()
    z, noise = normal(2, REGIONS, seed=1), torch.tensor(0.7, dtype=torch.float64)
    seen = z.numpy()[:, MEASURED]
    n = int(MEASURED.sum())
    covariance = seen.T @ seen + 0.49 * np.eye(n) + wide
    full = multivariate_normal(np.zeros(n), covariance).logpdf(genes[MEASURED].T).sum()
    expression = ProgramExpression(z, noise, genes=GENES, expressed=EXPRESSED).log_prob(scatter_of(genes))
    factor = -0.5 * GENES * math.log(2 * math.pi * n * wide)
    assert float(expression) == pytest.approx(full - factor, abs=1e-4)  # the limit is left by terms of y^2 / (n wide)


def test_expression_of_unmeasured_regions_and_gene_means_reach_nothing():
    genes, z = normal(REGIONS, GENES), normal(3, REGIONS, seed=1)
    noise = torch.tensor(0.5, dtype=torch.float64)
    expected = ProgramExpression(z, noise, genes=GENES, expressed=EXPRESSED).log_prob(scatter_of(genes.numpy()))
    shifted, other = genes + 3.0 * normal(1, GENES, seed=2), z.clone()
    other[:, ~EXPRESSED] = 100.0
    changed = shifted @ shifted.T / GENES  # not centred
    changed[~EXPRESSED], changed[:, ~EXPRESSED] = 9.0, 9.0
    again = ProgramExpression(other + 5.0, noise, genes=GENES, expressed=EXPRESSED).log_prob(changed)
    torch.testing.assert_close(again, expected)


def test_expression_gradients():
    scatter = scatter_of(normal(REGIONS, GENES).numpy())
    z, noise = normal(2, 3, REGIONS, seed=1).requires_grad_(), torch.tensor([0.4, 1.2]).double().requires_grad_()

    def density(z, noise):
        return ProgramExpression(z, noise, genes=GENES, expressed=EXPRESSED).log_prob(scatter)

    assert gradcheck(density, (z, noise))
    (gradient,) = torch.autograd.grad(density(z, noise).sum(), z)
    assert not gradient[..., ~EXPRESSED].any()


def test_expression_samples_have_the_expected_scatter(seeded):
    genes, draws = 40, 2000
    z, noise = 0.5 * normal(2, 2, REGIONS, seed=1), torch.tensor([0.4, 1.2]).double()
    expression = ProgramExpression(z, noise, genes=genes, expressed=EXPRESSED)
    with seeded(0):
        sample = expression.sample((draws,))
    assert sample.shape == (draws, 2, REGIONS, REGIONS)
    h = EXPRESSED.double().diag() - torch.outer(EXPRESSED.double(), EXPRESSED.double()) / EXPRESSED.sum()
    expected = h @ (z.mT @ z + noise[:, None, None].square() * torch.eye(REGIONS)) @ h
    error = sample.std(0) / math.sqrt(draws)
    assert ((sample.mean(0) - expected).abs() <= 4.5 * error + 1e-12).all()  # of 2 x 25 entries that vary
    # The scatter of Gaussian genes is Wishart: the variance of a diagonal entry is 2 C_ii^2 / genes.
    variance = 2 * expected.diagonal(dim1=-2, dim2=-1).square() / genes
    ratio = sample.diagonal(dim1=-2, dim2=-1).var(0)[:, EXPRESSED] / variance[:, EXPRESSED]
    # A variance estimated from draws is off by sqrt((kurtosis - 1) / draws), its kurtosis 3 + 12 / genes here.
    assert ((ratio - 1).abs() < 4.5 * math.sqrt((2 + 12 / genes) / draws)).all()


def test_expression_expands_and_is_observed_in_plates():
    scatter = scatter_of(normal(REGIONS, GENES).numpy())
    z, noise = normal(4, 1, 1, 2, REGIONS, seed=1), torch.full((4, 3, 1), 0.6, dtype=torch.float64)
    single = ProgramExpression(z[0, 0, 0], noise[0, 0, 0], genes=GENES, expressed=EXPRESSED)
    torch.testing.assert_close(single.expand((2, 3)).log_prob(scatter), single.log_prob(scatter).expand(2, 3))

    def model():
        with pyro.plate("replicate", 4, dim=-3), pyro.plate("draw", 3, dim=-2):
            likelihood = ProgramExpression(z, noise, genes=GENES, expressed=EXPRESSED)
            pyro.sample("expression", likelihood, obs=scatter)

    trace = poutine.trace(model).get_trace()
    trace.compute_log_prob()
    assert trace.nodes["expression"]["log_prob"].shape == (4, 3, 1)
    with pytest.raises(ValueError, match=r"parameter noise .* to satisfy the constraint GreaterThan"):
        ProgramExpression(z, -noise, genes=GENES, expressed=EXPRESSED)


def test_centre_is_over_what_has_weight():
    x, weight = normal(3, REGIONS), EXPRESSED.double()
    centred = centre(x, weight)
    torch.testing.assert_close(centred.sum(-1), torch.zeros(3, dtype=torch.float64))
    torch.testing.assert_close(centred[:, EXPRESSED], x[:, EXPRESSED] - x[:, EXPRESSED].mean(1, keepdim=True))
    assert not centred[:, ~EXPRESSED].any()


def covariances(*shape, seed=3):
    root = normal(*shape, REGIONS, REGIONS, seed=seed)
    return root @ root.mT + 0.3 * torch.eye(REGIONS)


# Region patterns: some seen, all, none, one.
SEEN = torch.tensor(
    [[True, False, True, True, False, True, True], [True] * 7, [False] * 7, [False, False, True] + [False] * 4]
)


def seen_density(value, covariance, seen):
    if not seen.any():
        return value.new_zeros(())
    inner = covariance[seen][:, seen]
    return MultivariateNormal(torch.zeros_like(inner[0]), inner).log_prob(value[seen])


def test_seen_density_is_that_of_the_seen_block():
    covariance, value = covariances(3, 1), normal(4, REGIONS, seed=4)
    partly = PartlySeenNormal(covariance, SEEN)
    assert (partly.batch_shape, partly.event_shape) == ((3, 4), (REGIONS,))
    density = partly.log_prob(value)
    for i, j in np.ndindex(3, 4):
        torch.testing.assert_close(density[i, j], seen_density(value[j], covariance[i, 0], SEEN[j]))


def test_seen_density_where_all_is_seen():
    covariance, value = covariances(2), normal(5, 2, REGIONS, seed=4)
    seen = torch.ones(REGIONS, dtype=torch.bool)
    density = PartlySeenNormal(covariance, seen).log_prob(value)
    dense = MultivariateNormal(torch.zeros(REGIONS, dtype=torch.float64), covariance).log_prob(value)
    torch.testing.assert_close(density, dense)


def test_unseen_values_reach_neither_density_nor_gradient():
    covariance, value = covariances(4).requires_grad_(), normal(4, REGIONS, seed=4)
    hidden = torch.where(SEEN, value, math.nan).requires_grad_()
    density = PartlySeenNormal(covariance, SEEN).log_prob(hidden)
    ours = torch.autograd.grad(density.sum(), (covariance, hidden))
    value.requires_grad_()
    dense = sum(seen_density(value[j], covariance[j], SEEN[j]) for j in range(4))
    expected = torch.autograd.grad(dense, (covariance, value))
    # A gradient of a symmetric matrix is told by its symmetric part.
    torch.testing.assert_close(ours[0] + ours[0].mT, expected[0] + expected[0].mT)
    torch.testing.assert_close(ours[1], expected[1])
    assert not ours[1][~SEEN].any()


@pytest.mark.parametrize("seen", [SEEN[:2], SEEN[0], SEEN[1]])
@pytest.mark.parametrize("shape", [(2,), (3, 2), (1,), ()])
def test_seen_gradients_by_finite_differences(seen, shape):
    root, value = normal(2, REGIONS, REGIONS).requires_grad_(), normal(*shape, REGIONS, seed=4).requires_grad_()

    def density(root, value):
        return PartlySeenNormal(root @ root.mT + torch.eye(REGIONS), seen).log_prob(value)

    assert density(root, value).shape == torch.broadcast_shapes((2,), shape)
    assert gradcheck(density, (root, value), fast_mode=True)


def test_samples_of_seen_and_unseen_entries(seeded):
    covariance, draws = covariances(), 20_000
    with seeded(1):
        sample = PartlySeenNormal(covariance, SEEN).sample((draws,))
    assert sample.shape == (draws, 4, REGIONS)
    variance = covariance.diagonal()
    error = ((torch.outer(variance, variance) + covariance.square()) / draws).sqrt()
    for j in range(4):
        deviation = (sample[:, j].mT @ sample[:, j] / draws - covariance) / error
        assert deviation.abs().max() < 4.5  # the largest of 4 x 28 entries


def test_seen_normal_expands():
    covariance, value = covariances(), normal(REGIONS, seed=4)
    single = PartlySeenNormal(covariance, SEEN[0])
    wide = single.expand((2, 3))
    assert wide.batch_shape == (2, 3)
    torch.testing.assert_close(wide.log_prob(value), single.log_prob(value).expand(2, 3))
    assert wide.sample((5,)).shape == (5, 2, 3, REGIONS)


def test_a_covariance_singular_by_rounding_has_a_density_of_nought_and_no_gradient():
    good = torch.eye(4, dtype=torch.float64)
    far = 1e30 * torch.ones(4, 4, dtype=torch.float64) + good  # as a scale far out makes it
    covariance = torch.stack([good, far]).requires_grad_()
    seen = torch.ones(4, dtype=torch.bool)
    density = PartlySeenNormal(covariance, seen, validate_args=False).log_prob(torch.ones(4, dtype=torch.float64))
    assert density[0].item() == pytest.approx(-2 - 2 * math.log(2 * math.pi))
    assert density[1].item() < -500
    density.sum().backward()
    assert covariance.grad[1].abs().max() < 1e-100
    assert covariance.grad[0].abs().max() > 0.1
