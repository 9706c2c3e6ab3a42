"""Noise about what programs and fields give: covariance and density against dense Gaussians, in three libraries."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal

from pyro_neurovae.models.noise import GaussianNoise, Noise, is_diagonal

REGIONS, MAPS, DRAWS = 6, 2, 3
NOISE = GaussianNoise()
RNG = np.random.default_rng(0)
ROOT = RNG.standard_normal((MAPS, REGIONS, REGIONS))
FULL = ROOT @ ROOT.transpose(0, 2, 1) / REGIONS + 0.1 * np.eye(REGIONS)
DIAGONAL = FULL * np.eye(REGIONS)
SIGMA = RNG.uniform(0.2, 1, (DRAWS, MAPS))
RESIDUAL = RNG.standard_normal((DRAWS, MAPS, REGIONS))
EYE = np.eye(REGIONS)

SAMPLING = pytest.mark.parametrize("sampling", [FULL, DIAGONAL], ids=["full", "diagonal"])


def everything(noise, sampling, convert, scales):
    """Every method, on arrays of one library."""
    known, eye, residual = convert(sampling), convert(EYE), convert(RESIDUAL)
    scales = {name: convert(values) for name, values in scales.items()}
    return {
        "covariance": noise.covariance(known, scales, eye),
        "unexplained": noise.unexplained(scales),
        "spread": noise.spread(known, scales),
        "log_density": noise.log_density(residual, known, scales, eye),
    }


def plain(sampling):
    return everything(NOISE, sampling, np.asarray, {"unexplained_scale": SIGMA})


def assert_close(found, expected, tolerance):
    """Equal but for the order of sums."""
    assert set(found) == set(expected)
    for name, values in found.items():
        size = np.abs(expected[name]).max()
        np.testing.assert_allclose(np.asarray(values), expected[name], rtol=0, atol=tolerance * size, err_msg=name)


# Solves with a matrix of condition up to 30 magnify rounding by as much.
TOLERANCE = 3e-15


@SAMPLING
def test_torch_gives_the_numbers_of_numpy(sampling):
    found = everything(NOISE, sampling, torch.as_tensor, {"unexplained_scale": SIGMA})
    assert_close(found, plain(sampling), TOLERANCE)


@SAMPLING
def test_jax_gives_the_numbers_of_numpy(sampling):
    pytest.importorskip("numpyro")
    import jax.numpy as jnp

    from pyro_neurovae.inference.nuts.sampler import double_precision

    with double_precision():
        found = everything(NOISE, sampling, jnp.asarray, {"unexplained_scale": SIGMA})
        assert_close(found, plain(sampling), TOLERANCE)


@SAMPLING
def test_covariance_spread_and_density_are_those_of_the_dense_gaussian(sampling):
    found = plain(sampling)
    for s, m in np.ndindex(DRAWS, MAPS):
        dense = sampling[m] + SIGMA[s, m] ** 2 * EYE
        np.testing.assert_allclose(found["covariance"][s, m], dense)
        np.testing.assert_allclose(found["spread"][s, m], np.sqrt(dense.diagonal()))
        np.testing.assert_allclose(found["unexplained"][s, m], SIGMA[s, m] ** 2)
        normal = multivariate_normal(np.zeros(REGIONS), dense)
        assert found["log_density"][s, m] == pytest.approx(normal.logpdf(RESIDUAL[s, m]), rel=1e-12)


@SAMPLING
def test_gradients_of_the_density(sampling):
    known, eye = torch.tensor(sampling), torch.tensor(EYE)
    sigma, residual = torch.tensor(SIGMA).requires_grad_(), torch.tensor(RESIDUAL).requires_grad_()

    def density(sigma, residual):
        return NOISE.log_density(residual, known, {"unexplained_scale": sigma}, eye)

    assert torch.autograd.gradcheck(density, (sigma, residual), fast_mode=True)


def test_errors_are_independent_where_nothing_is_off_the_diagonal():
    for convert in (np.asarray, torch.as_tensor):
        assert is_diagonal(convert(DIAGONAL))
        assert is_diagonal(convert(np.zeros_like(FULL)))
        assert not is_diagonal(convert(FULL))
        assert not is_diagonal(convert(np.stack([DIAGONAL[0], FULL[1]])))  # one map is enough


class Uneven(Noise):
    """Another noise: what is a region's own is larger in every other region."""

    scales: ClassVar[tuple[str, ...]] = ("uneven_scale", "unexplained_scale")

    def unexplained(self, scales):
        more, own = (scales[name][..., None] ** 2 for name in self.scales)
        return own + more * (np.arange(REGIONS) % 2)


@SAMPLING
def test_another_noise_says_its_variance_and_has_all_else(sampling):
    scales = {"uneven_scale": SIGMA[::-1], "unexplained_scale": SIGMA}
    found = everything(Uneven(), sampling, np.asarray, scales)
    for s, m in np.ndindex(DRAWS, MAPS):
        own = SIGMA[s, m] ** 2 + SIGMA[DRAWS - 1 - s, m] ** 2 * (np.arange(REGIONS) % 2)
        dense = sampling[m] + np.diag(own)
        np.testing.assert_allclose(found["covariance"][s, m], dense)
        np.testing.assert_allclose(found["spread"][s, m], np.sqrt(dense.diagonal()))
        expected = multivariate_normal(np.zeros(REGIONS), dense).logpdf(RESIDUAL[s, m])
        assert found["log_density"][s, m] == pytest.approx(expected)
