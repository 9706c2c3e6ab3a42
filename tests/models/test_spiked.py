"""Prior of a part that may not be there: its density, its draws and its upper tenth, against SciPy."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy import stats
from scipy.integrate import quad

from pyro_neurovae.models.spiked import SpikedScale, spiked_log_density

# Probability of the narrow part, its mean, and the width of the other.
CASES = pytest.mark.parametrize(("absent", "tip", "width"), [(0.5, 0.03, 1.2), (0.9, 0.2, 0.3), (0.05, 1e-3, 4.0)])


def spiked(absent, tip, width):
    return SpikedScale(absent, torch.tensor(tip, dtype=torch.float64), torch.tensor(width, dtype=torch.float64))


def below(x, absent, tip, width):
    """Distribution function of the mixture."""
    return absent * stats.expon(scale=tip).cdf(x) + (1 - absent) * stats.halfnorm(scale=width).cdf(x)


@CASES
def test_density_is_that_of_the_mixture_and_integrates_to_one(absent, tip, width):
    prior = spiked(absent, tip, width)
    at = torch.tensor([1e-6, tip, width, 3 * width], dtype=torch.float64)
    mixture = absent * stats.expon(scale=tip).pdf(at) + (1 - absent) * stats.halfnorm(scale=width).pdf(at)
    np.testing.assert_allclose(prior.log_prob(at).exp(), mixture, rtol=1e-12)
    ends = sorted([0, tip, 10 * tip, 50 * tip, width, 40 * (width + tip)])

    def density(x):
        return float(prior.log_prob(torch.tensor(x, dtype=torch.float64)).exp())

    whole = sum(quad(density, one, two)[0] for one, two in pairwise(ends))
    assert whole == pytest.approx(1, abs=1e-8)


@CASES
def test_draws_have_its_distribution(absent, tip, width, seeded):
    with seeded(1):
        drawn = spiked(absent, tip, width).sample((4000,)).numpy()
    assert (drawn >= 0).all()
    assert stats.kstest(drawn, below, (absent, tip, width)).pvalue > 1e-3


@CASES
def test_the_rate_is_of_the_exponential_distribution_with_the_same_upper_tenth(absent, tip, width):
    """Of the part where it is there."""
    tenth = stats.halfnorm(scale=width).isf(0.1)
    assert stats.expon(scale=1 / float(spiked(absent, tip, width).rate)).sf(tenth) == pytest.approx(0.1)


def test_a_batch_has_the_maps_own_units():
    unit = torch.tensor([[[0.5, 2.0]]], dtype=torch.float64)  # (replicate, 1, map)
    prior = SpikedScale(0.5, 0.03 * unit, 1.2 * unit)
    assert prior.batch_shape == (1, 1, 2)
    assert prior.expand((3, 4, 2)).sample((5,)).shape == (5, 3, 4, 2)
    one = spiked(0.5, 0.03, 1.2)
    at = torch.tensor(0.4, dtype=torch.float64)
    torch.testing.assert_close(prior.log_prob(unit * at), one.log_prob(at) - unit.log())
    torch.testing.assert_close(prior.expand((3, 4, 2)).log_prob(unit * at)[2, 3], prior.log_prob(unit * at)[0, 0])
    torch.testing.assert_close(prior.rate, one.rate / unit)


def test_the_gradient_is_that_of_the_density():
    at = torch.tensor([1e-3, 0.02, 0.1, 2.0], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(spiked(0.5, 0.03, 1.2).log_prob, (at,))


def test_jax_gives_the_numbers_of_torch():
    pytest.importorskip("numpyro")
    import jax.numpy as jnp

    from pyro_neurovae.inference.nuts.sampler import double_precision

    at = np.geomspace(1e-9, 30, 50)
    with double_precision():
        found = spiked_log_density(jnp.asarray(at), absent=0.5, tip=np.array(0.03), width=np.array(1.2), library=jnp)
    np.testing.assert_allclose(found, spiked(0.5, 0.03, 1.2).log_prob(torch.tensor(at)), rtol=1e-13)
