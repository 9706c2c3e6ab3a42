"""The model written a second time, in JAX: both densities agree, and the gradient is the density's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from pyro import poutine
from scipy import stats

import pyro_neurovae as nv
from pyro_neurovae.inference.elbo import log_joint
from pyro_neurovae.inference.observation import observe
from pyro_neurovae.models.families import family_of

pytest.importorskip("numpyro")
import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from pyro_neurovae.inference.nuts.coordinates import ProgramCoordinates
from pyro_neurovae.inference.nuts.density import log_density
from pyro_neurovae.inference.nuts.sampler import double_precision

BASELINES = ("expression", "spatial", "structural")


def in_torch(values):
    return torch.as_tensor(np.array(values))


def pyro_density(model, named):
    """Log joint of the Pyro model at named values."""
    values = {name: in_torch(value)[None, None] for name, value in named.items()}
    if "expression_noise" in values:
        values["expression_noise"] = values["expression_noise"][..., None]
    with torch.no_grad():
        trace = poutine.trace(poutine.condition(model.model, values)).get_trace()
        return float(log_joint(trace).sum())


@pytest.fixture(scope="module")
def densities(models):
    """Density and decoding of each baseline, compiled."""
    with double_precision():
        yield {name: tuple(map(jax.jit, log_density(models[name], None))) for name in BASELINES}


@pytest.mark.parametrize("name", BASELINES)
def test_both_densities_agree_for_the_baselines(models, densities, name):
    model, rng = models[name], np.random.default_rng(0)
    density, decode = densities[name]
    for point in rng.standard_normal((2, len(model.scale_names), model.data.maps)):
        named = decode({"scales": point})
        # Scores are those of exponential distributions, whatever the priors: a spiked one keeps the part it differs by.
        exponential = {scale: torch.distributions.Exponential(model.scale_prior(scale).rate) for scale in named}
        moved = sum(float(exponential[scale].log_prob(in_torch(named[scale])).sum()) for scale in named)
        expected = pyro_density(model, named) - moved - 0.5 * (point**2).sum()
        assert float(density({"scales": point})) == pytest.approx(expected, abs=1e-8)
        for scale, score in zip(model.scale_names, point, strict=True):
            below = exponential[scale].cdf(in_torch(named[scale])).numpy()[0, 0]
            assert below == pytest.approx(stats.norm.cdf(score))


@pytest.mark.parametrize("name", ["expression", "spatial"])
def test_the_gradient_is_that_of_the_density(models, densities, name):
    """One prior of the first is spiked."""
    density, model = densities[name][0], models[name]
    point = np.random.default_rng(1).standard_normal((len(model.scale_names), model.data.maps))
    gradient = jax.grad(lambda scales: density({"scales": scales}))(point)
    step = 1e-6
    for index in np.ndindex(point.shape):
        moved = np.zeros_like(point)
        moved[index] = step
        slope = (density({"scales": point + moved}) - density({"scales": point - moved})) / (2 * step)
        assert float(gradient[index]) == pytest.approx(float(slope), abs=1e-6)


def test_a_covariance_that_is_singular_by_rounding_is_no_error(densities):
    """Far out the density is minus infinity, which NUTS takes for a divergence."""
    density, _ = densities["spatial"]
    far = float(density({"scales": np.full((2, 2), -38.0)}))
    assert far < -1e3
    assert not np.isnan(far)


@pytest.mark.parametrize("unmeasured", [(), ("r2", "r5")])
def test_both_densities_agree_for_cross_scale(unmeasured):
    """Completed by r, of known density, the map from coordinates to quantities is square: its Jacobian is computed."""
    forward = np.roll(np.eye(12), 1, axis=1)
    graph = nv.RegionGraph.from_adjacency(forward + forward.T, [f"r{i}" for i in range(12)])
    study = nv.simulate(1, genes=40, programs=3, graph=graph, missing_expression=unmeasured)
    apart = np.abs(np.subtract.outer(np.arange(12), np.arange(12)))
    study = replace(study, structure=0.6 * np.exp(-apart / 4) + 0.4 * np.eye(12))
    family = family_of("cross-scale")
    model = family.build(observe(study), family.settings(n_programs=3))
    coordinates, rng, constants = ProgramCoordinates.of(model), np.random.default_rng(0), []
    with double_precision():
        density, decode = log_density(model, coordinates)

        def spare(white):
            return jnp.linalg.qr(coordinates.turn * white["turn"])[1][np.triu_indices(3)]

        def quantities(flat):
            white = unravel(flat)
            return ravel_pytree((decode(white) | {"smoothness": white["smooth"]}, spare(white)))[0]

        @jax.jit
        def everything(flat):
            white = unravel(flat)
            return density(white), decode(white), spare(white), jax.jacobian(quantities)(flat)

        for turned in (0.0, 2.0, 4.0):
            white = coordinates.begin(rng) | {"scales": rng.standard_normal((len(model.globals), 1))}
            white["turn"] = white["turn"] + turned * rng.standard_normal((3, 3))
            flat, unravel = ravel_pytree(white)
            ours, named, rest, jacobian = everything(flat)
            log_size = np.linalg.slogdet(jacobian)[1]
            length, above = np.abs(rest[np.array([0, 3, 5])]), rest[np.array([1, 2, 4])]
            of_spare = stats.lognorm.logpdf(length, 0.25, scale=4.0).sum() + stats.norm.logpdf(above).sum()
            # The prior of phi is standard normal in its score.
            of_phi = float(model.smoothness_prior.log_prob(in_torch(named["smoothness"])).sum())
            expected = pyro_density(model, named) - of_phi + stats.norm.logpdf(white["smooth"]).sum()
            constants.append(float(ours) - expected - log_size - of_spare)
    assert np.ptp(constants) < 1e-7
