"""Noise about the noise-free thinning: density, draws and conditionals against dense Gaussians, in three libraries."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal

from pyro_neurovae.models.noise import GaussianNoise, Noise

REGIONS, MAPS, DRAWS = 6, 2, 3
NOISE = GaussianNoise()
RNG = np.random.default_rng(0)
ROOT = RNG.standard_normal((MAPS, REGIONS, REGIONS))
FULL = ROOT @ ROOT.transpose(0, 2, 1) / REGIONS + 0.1 * np.eye(REGIONS)
DIAGONAL = FULL * np.eye(REGIONS)
SIGMA = RNG.uniform(0.2, 1, (DRAWS, MAPS))
RESIDUAL, WHITE = RNG.standard_normal((2, DRAWS, MAPS, REGIONS))
SEEN = np.array([[True, False, True, True, False, True], [True, True, True, False, True, True]])
EYE = np.eye(REGIONS)

SAMPLING = pytest.mark.parametrize("sampling", [FULL, DIAGONAL], ids=["full", "diagonal"])


def covariance_of(sampling, s, m):
    return sampling[m] + SIGMA[s, m] ** 2 * EYE


def everything(sampling, convert):
    """Every method, on arrays of one library."""
    known, scales, eye = convert(sampling), {"unexplained_scale": convert(SIGMA)}, convert(EYE)
    residual, white, seen = convert(RESIDUAL), convert(WHITE), convert(SEEN)
    learnt = NOISE.of_unseen(residual, seen, known, scales, eye)
    return {
        "covariance": NOISE.covariance(known, scales, eye),
        "unexplained": NOISE.unexplained(scales),
        "spread": NOISE.spread(known, scales),
        "draw": NOISE.draw(known, scales, eye, white),
        "draw_again": NOISE.draw_again(residual, seen, known, scales, eye, white),
        "log_density": NOISE.log_density(residual, known, scales, eye),
        **({} if learnt is None else {"mean of unseen": learnt[0], "variance of unseen": learnt[1]}),
    }


def plain(sampling):
    return everything(sampling, np.asarray)


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
    assert_close(everything(sampling, torch.as_tensor), plain(sampling), TOLERANCE)


@SAMPLING
def test_jax_gives_the_numbers_of_numpy(sampling):
    pytest.importorskip("numpyro")
    import jax.numpy as jnp

    from pyro_neurovae.inference.nuts.sampler import double_precision

    with double_precision():
        assert_close(everything(sampling, jnp.asarray), plain(sampling), TOLERANCE)


@SAMPLING
def test_covariance_spread_and_density_are_those_of_the_dense_gaussian(sampling):
    found = plain(sampling)
    for s, m in np.ndindex(DRAWS, MAPS):
        dense = covariance_of(sampling, s, m)
        np.testing.assert_allclose(found["covariance"][s, m], dense)
        np.testing.assert_allclose(found["spread"][s, m], np.sqrt(dense.diagonal()))
        np.testing.assert_allclose(found["unexplained"][s, m], SIGMA[s, m] ** 2)
        normal = multivariate_normal(np.zeros(REGIONS), dense)
        assert found["log_density"][s, m] == pytest.approx(normal.logpdf(RESIDUAL[s, m]), rel=1e-12)


def responses(function):
    """Responses (white number, draw, map, region) of what is made from white numbers to each of these, and at zero."""
    zero = function(np.zeros_like(WHITE))
    unit = [function(np.broadcast_to(EYE[i], WHITE.shape)) - zero for i in range(REGIONS)]
    return np.stack(unit), zero


@SAMPLING
def test_draws_have_the_covariance(sampling):
    # Draws are linear in the white numbers: the responses are a root of the covariance.
    response, zero = responses(lambda white: NOISE.draw(sampling, {"unexplained_scale": SIGMA}, EYE, white))
    assert not zero.any()
    for s, m in np.ndindex(DRAWS, MAPS):
        root = response[:, s, m]
        np.testing.assert_allclose(root.T @ root, covariance_of(sampling, s, m), atol=1e-14)


def test_independent_errors_say_nothing_of_each_other():
    scales = {"unexplained_scale": SIGMA}
    assert NOISE.of_unseen(RESIDUAL, SEEN, DIAGONAL, scales, EYE) is None
    assert NOISE.of_unseen(torch.tensor(RESIDUAL), torch.tensor(SEEN), torch.tensor(DIAGONAL), scales, EYE) is None
    response, zero = responses(lambda white: NOISE.draw_again(RESIDUAL, SEEN, DIAGONAL, scales, EYE, white))
    assert not zero.any()
    np.testing.assert_array_equal(response, responses(lambda white: NOISE.draw(DIAGONAL, scales, EYE, white))[0])


def conditional(s, m):
    """Mean and covariance of the unseen noise given that of the seen values, by dense algebra."""
    dense, o, u = covariance_of(FULL, s, m), SEEN[m], ~SEEN[m]
    gain = dense[np.ix_(u, o)] @ np.linalg.inv(dense[np.ix_(o, o)])
    return gain @ RESIDUAL[s, m, o], dense[np.ix_(u, u)] - gain @ dense[np.ix_(o, u)]


def test_unseen_noise_given_the_seen_is_the_dense_conditional():
    hidden = np.where(SEEN, RESIDUAL, np.nan)  # what stands in unseen places is not read
    mean, variance = NOISE.of_unseen(hidden, SEEN, FULL, {"unexplained_scale": SIGMA}, EYE)
    for s, m in np.ndindex(DRAWS, MAPS):
        expected, covariance = conditional(s, m)
        np.testing.assert_allclose(mean[s, m, ~SEEN[m]], expected)
        np.testing.assert_allclose(variance[s, m, ~SEEN[m]], covariance.diagonal())
        assert not mean[s, m, SEEN[m]].any()
        np.testing.assert_allclose(variance[s, m, SEEN[m]], covariance_of(FULL, s, m).diagonal()[SEEN[m]])


def test_values_observed_anew_are_fresh_where_seen_and_conditional_where_not():
    scales = {"unexplained_scale": SIGMA}
    response, centre = responses(lambda white: NOISE.draw_again(RESIDUAL, SEEN, FULL, scales, EYE, white))
    for s, m in np.ndindex(DRAWS, MAPS):
        o, u = SEEN[m], ~SEEN[m]
        mean, covariance = conditional(s, m)
        np.testing.assert_allclose(centre[s, m, u], mean)
        assert not centre[s, m, o].any()
        drawn = response[:, s, m].T @ response[:, s, m]
        np.testing.assert_allclose(drawn[np.ix_(u, u)], covariance, atol=1e-14)
        np.testing.assert_allclose(drawn[np.ix_(o, o)], covariance_of(FULL, s, m)[np.ix_(o, o)], atol=1e-14)
        np.testing.assert_allclose(drawn[np.ix_(o, u)], 0, atol=1e-14)  # fresh noise says nothing of the old


def test_densities_of_all_values_are_a_chain_of_conditionals():
    """log p(e) = log p(e_seen) + log p(e_unseen | e_seen), by the noise's own methods for one unseen value."""
    scales, seen = {"unexplained_scale": SIGMA[:, :1]}, np.arange(REGIONS) != 2
    whole = NOISE.log_density(RESIDUAL[:, :1], FULL[:1], scales, EYE)
    some = NOISE.log_density(RESIDUAL[:, :1, seen], FULL[:1][:, seen][:, :, seen], scales, EYE[seen][:, seen])
    mean, variance = NOISE.of_unseen(RESIDUAL[:, :1], seen, FULL[:1], scales, EYE)
    rest = RESIDUAL[:, :1, 2] - mean[..., 2]
    given = -0.5 * (rest**2 / variance[..., 2] + np.log(2 * np.pi * variance[..., 2]))
    np.testing.assert_allclose(whole, some + given)


def test_gradients_of_the_density_and_of_what_is_learnt():
    sampling, eye, seen = torch.tensor(FULL), torch.tensor(EYE), torch.tensor(SEEN)
    sigma, residual = torch.tensor(SIGMA).requires_grad_(), torch.tensor(RESIDUAL).requires_grad_()

    def density(sigma, residual):
        return NOISE.log_density(residual, sampling, {"unexplained_scale": sigma}, eye)

    def learnt(sigma, residual):
        return NOISE.of_unseen(residual, seen, sampling, {"unexplained_scale": sigma}, eye)

    assert torch.autograd.gradcheck(density, (sigma, residual), fast_mode=True)
    assert torch.autograd.gradcheck(learnt, (sigma, residual), fast_mode=True)


class Shared(Noise):
    """Another noise: what all regions of a map share, and their own."""

    scales: ClassVar[tuple[str, ...]] = ("shared_scale", "unexplained_scale")

    def covariance(self, sampling, scales, identity):
        shared, own = (scales[name][..., None, None] ** 2 for name in self.scales)
        return sampling + shared + own * identity

    def unexplained(self, scales):
        return sum(scales[name][..., None] ** 2 for name in self.scales)


@SAMPLING
def test_another_noise_says_its_covariance_and_has_all_else(sampling):
    """Shared errors go together across regions even where the known ones do not."""
    scales = {"shared_scale": SIGMA[::-1], "unexplained_scale": SIGMA}
    dense = sampling[0] + SIGMA[-1, 0] ** 2 + SIGMA[0, 0] ** 2 * EYE
    density = Shared().log_density(RESIDUAL, sampling, scales, EYE)
    assert density[0, 0] == pytest.approx(multivariate_normal(np.zeros(REGIONS), dense).logpdf(RESIDUAL[0, 0]))
    response, _ = responses(lambda white: Shared().draw(sampling, scales, EYE, white))
    np.testing.assert_allclose(response[:, 0, 0].T @ response[:, 0, 0], dense, atol=1e-14)
    np.testing.assert_allclose(Shared().spread(sampling, scales)[0, 0], np.sqrt(dense.diagonal()))
    mean, variance = Shared().of_unseen(RESIDUAL, SEEN, sampling, scales, EYE)
    o, u = SEEN[0], ~SEEN[0]
    gain = dense[np.ix_(u, o)] @ np.linalg.inv(dense[np.ix_(o, o)])
    np.testing.assert_allclose(mean[0, 0, u], gain @ RESIDUAL[0, 0, o])
    np.testing.assert_allclose(variance[0, 0, u], (dense[np.ix_(u, u)] - gain @ dense[np.ix_(o, u)]).diagonal())
