"""The joint log density of the linear families in JAX, for NumPyro; a test holds it against the Pyro model."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from pyro_neurovae.models.algebra import map_covariance, wide_covariance
from pyro_neurovae.models.cross_scale import CrossScale
from pyro_neurovae.models.linear import LinearModel
from pyro_neurovae.models.smoothness import pc_scale
from pyro_neurovae.models.spiked import SpikedScale, spiked_log_density

from .coordinates import ProgramCoordinates

__all__ = ["log_density"]

Values = Mapping[str, Any]


def log_density(
    model: LinearModel, coordinates: ProgramCoordinates | None
) -> tuple[Callable[[Values], Any], Callable[[Values], dict[str, Any]]]:
    """Log density of white coordinates, and the map from these to the named quantities.

    The coordinates are ``scales`` (global, map), normal scores under their priors, and for a model with programs those
    of `ProgramCoordinates`; the second function gives each of `LinearModel.globals` (map,), and
    ``strength`` and ``smoothness`` (program,), ``expression_noise`` () and ``program_score`` (program, place).
    """
    import jax.numpy as jnp
    from jax.scipy.special import log_ndtr, ndtr

    priors = {name: model.scale_prior(name) for name in model.scale_names}
    rates = [_array(prior.rate)[0, 0] for prior in priors.values()]  # (map,) each
    corrections = {name: _correction(prior) for name, prior in priors.items() if isinstance(prior, SpikedScale)}
    thinning_part = _thinning_part(model)
    expression_part = None if coordinates is None else _expression_part(cast(CrossScale, model))

    def scales_of(white: Values) -> dict[str, Any]:
        own, others = white["scales"][: len(rates)], white["scales"][len(rates) :]
        scales = [-log_ndtr(-score) / rate for score, rate in zip(own, rates, strict=True)]
        return dict(zip(model.globals, [*scales, *(ndtr(score) for score in others)], strict=True))

    def decode(white: Values) -> dict[str, Any]:
        return scales_of(white) | ({} if coordinates is None else coordinates.decode(white)[0])

    def density(white: Values) -> Any:
        scales = scales_of(white)
        # Normal scores of an exponential prior are standard normal; another prior is that one times what it is over it.
        prior = -0.5 * (white["scales"] ** 2).sum() + sum(one(scales[name], jnp) for name, one in corrections.items())
        if coordinates is None or expression_part is None:
            return prior + thinning_part(scales)
        programs, moved = coordinates.decode(white)
        return prior + thinning_part(scales | programs) + expression_part(programs) + moved

    return density, decode


def _correction(prior: SpikedScale) -> Callable[[Any, Any], Any]:
    """Log density of a prior of scales (map,) less that of the exponential distribution of its rate, in all."""
    tip, width, rate = (_array(values)[0, 0] for values in (prior.tip, prior.width, prior.rate))

    def correction(scale: Any, library: Any) -> Any:
        own = spiked_log_density(scale, absent=prior.absent, tip=tip, width=width, library=library)
        return (own - library.log(rate) + rate * scale).sum()

    return correction


def _array(values: Tensor) -> np.ndarray:
    return np.asarray(values.detach().cpu().numpy())


def _thinning_part(model: LinearModel) -> Callable[[Values], Any]:
    """Density log p(y | scales, programs), `LinearModel.thinning_part` without its priors."""
    import jax.numpy as jnp

    data = model.data
    seen, sampling = _array(data.seen[0]), _array(data.sampling[0])
    wide = wide_covariance(_array(model.levels[0]), _array(model.wide))
    thinning = np.where(seen, _array(data.thinning[0]), 0.0)
    identity, both = np.eye(data.regions), seen[:, :, None] & seen[:, None, :]
    fixed = {name: _array(kernel[0, 0]) for name, kernel in model.fixed_kernels.items()}

    def density(named: Values) -> Any:
        kernels, amounts = model.program_kernels(named) | fixed, model.amounts(named)
        total = map_covariance(model.noise.covariance(sampling, named, identity), wide, amounts, kernels)
        blocks = jnp.where(both, total, identity * (~seen)[:, :, None])
        return sum(normal(block, row) for block, row in zip(blocks, thinning, strict=True)) + constant

    normal, constant = _normal_density(), -0.5 * seen.sum() * math.log(2 * math.pi)
    return density


def _normal_density() -> Callable[[Any, np.ndarray], Any]:
    """Log density of N(0, C) at y without its constant, by LAPACK through torch.

    JAX's triangular solves go through a threaded BLAS that takes 16 ms for 68 regions on two cores; this takes 0.2.
    """
    import jax
    import jax.numpy as jnp

    def both(covariance: Any, value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if torch.get_num_threads() > 1:
            torch.set_num_threads(1)  # JAX's own thread, whose setting is not the caller's; see switches.py
        root, failed = torch.linalg.cholesky_ex(torch.as_tensor(np.array(covariance)))
        bad = (failed > 0)[..., None, None]  # far out a covariance is singular by rounding: a divergence, not an error
        root = torch.where(bad, torch.eye(root.shape[-1], dtype=root.dtype), root)
        inverse, y = torch.cholesky_inverse(root), torch.as_tensor(np.array(value))
        weighted = (inverse @ y[..., None])[..., 0]
        density = -0.5 * (weighted * y).sum(-1) - root.diagonal(dim1=-2, dim2=-1).log().sum(-1)
        slope = 0.5 * (weighted[..., :, None] * weighted[..., None, :] - inverse)
        return density.masked_fill(failed > 0, -math.inf).numpy(), slope.masked_fill(bad, 0.0).numpy()

    def called(covariance: Any, value: Any) -> Any:
        shapes = jax.ShapeDtypeStruct((), jnp.float64), jax.ShapeDtypeStruct(covariance.shape, jnp.float64)
        return jax.pure_callback(both, shapes, covariance, value, vmap_method="broadcast_all")

    @jax.custom_vjp
    def density(covariance: Any, value: Any) -> Any:
        return called(covariance, value)[0]

    def backward(slope: Any, grad: Any) -> tuple[Any, None]:
        return grad * slope, None

    density.defvjp(called, backward)
    return density


def _expression_part(model: CrossScale) -> Callable[[Values], Any]:
    """Density log p(X, z, s, tau | phi), `CrossScale.expression_part` without the prior of phi."""
    import jax.numpy as jnp
    from jax.scipy.linalg import cho_solve

    places, prior = model.places, model.settings
    spectrum = places.spectrum.plain()
    weight = _array(places.expressed).astype(float)
    scatter, genes, free = _array(places.scatter), model.data.genes, weight.sum() - 1
    total = np.trace(scatter * weight) - weight @ scatter @ weight / weight.sum()
    strength_rate, noise_rate = (
        float(pc_scale(one.upper, one.alpha).rate) for one in (prior.strength, prior.expression_noise)
    )

    def density(named: Values) -> Any:
        s, phi, tau, z = (named[name] for name in ("strength", "smoothness", "expression_noise", "program_score"))
        variance = phi[:, None] * spectrum.icar + 1 - phi[:, None]
        field = -0.5 * (spectrum.rotate(z) ** 2 / variance + jnp.log(2 * math.pi * variance)).sum()
        scaled = z * s[:, None]
        scaled = (scaled - (scaled @ weight / weight.sum())[:, None]) * weight
        root = jnp.linalg.cholesky(scaled @ scaled.T + tau**2 * np.eye(len(s)))
        explained = jnp.trace(cho_solve((root, True), scaled @ scatter @ scaled.T))
        logdet = (free - len(s)) * jnp.log(tau**2) + 2 * jnp.log(jnp.diagonal(root)).sum()
        quadratic = (total - explained) / tau**2
        likelihood = -0.5 * genes * (free * math.log(2 * math.pi) + logdet + quadratic)
        scales = (math.log(strength_rate) - strength_rate * s).sum() + math.log(noise_rate) - noise_rate * tau
        return likelihood + field + scales

    return density
