"""The joint log density of the linear families in JAX, for NumPyro; a test holds it against the Pyro model."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from pyro_neurovae.models.cross_scale import CrossScale
from pyro_neurovae.models.linear import ThinningFamily
from pyro_neurovae.models.smoothness import pc_scale
from pyro_neurovae.models.spatial import spatial_root

from .coordinates import ProgramCoordinates

__all__ = ["log_density"]

Values = Mapping[str, Any]


def log_density(
    family: ThinningFamily, coordinates: ProgramCoordinates | None
) -> tuple[Callable[[Values], Any], Callable[[Values], dict[str, Any]]]:
    """Log density of white coordinates, and the map from these to the named quantities.

    The coordinates are ``scales`` (scale, map), normal scores under their priors, and for a family with programs those
    of `ProgramCoordinates`; the second function gives each scale of `ThinningFamily.scale_names` (map,), and
    ``strength`` and ``smoothness`` (program,), ``expression_noise`` () and ``program_score`` (program, region).
    """
    from jax.scipy.special import log_ndtr

    rates = [_array(family.scale_prior(name).rate)[0, 0] for name in family.scale_names]  # (map,) each
    thinning_half = _thinning_half(family)
    expression_half = None if coordinates is None else _expression_half(cast(CrossScale, family))

    def scales_of(white: Values) -> dict[str, Any]:
        scales = [-log_ndtr(-score) / rate for score, rate in zip(white["scales"], rates, strict=True)]
        return dict(zip(family.scale_names, scales, strict=True))

    def decode(white: Values) -> dict[str, Any]:
        return scales_of(white) | ({} if coordinates is None else coordinates.decode(white)[0])

    def density(white: Values) -> Any:
        prior = -0.5 * (white["scales"] ** 2).sum()
        if coordinates is None or expression_half is None:
            return prior + thinning_half(scales_of(white))
        programs, moved = coordinates.decode(white)
        return prior + thinning_half(scales_of(white) | programs) + expression_half(programs) + moved

    return density, decode


def _array(values: Tensor) -> np.ndarray:
    return np.asarray(values.detach().cpu().numpy())


def _thinning_half(family: ThinningFamily) -> Callable[[Values], Any]:
    """Density log p(y | scales, programs), `ThinningFamily.thinning_half` without its priors."""
    import jax.numpy as jnp

    data = family.data
    seen, sampling, level = _array(data.seen[0]), _array(data.sampling), _array(data.level[0])
    thinning = np.where(seen, _array(data.thinning[0]), 0.0)
    eye, both = np.eye(data.regions), seen[:, :, None] & seen[:, None, :]
    sharing, twins = getattr(family.settings, "homologue_sharing", 0.0), _array(data.homologue)
    fixed = {name: _array(value[0, 0]) for name, value in _fixed_kernels(family).items()}

    def density(named: Values) -> Any:
        kernels = dict(fixed)
        if "transcriptomic" not in fixed and "transcriptomic" in family.parts:
            share = named["strength"] / jnp.sqrt((named["strength"] ** 2).sum())
            scaled = named["program_score"] * share[:, None]
            tied = scaled + sharing * (scaled[:, twins] - scaled) / 2
            kernels["transcriptomic"] = tied.T @ tied
        total = sampling + level[:, None, None] ** 2 + named["unexplained_scale"][:, None, None] ** 2 * eye
        for part in family.parts:
            total = total + named[f"{part}_scale"][:, None, None] ** 2 * kernels[part]
        blocks = jnp.where(both, total, eye * (~seen)[:, :, None])
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
            torch.set_num_threads(1)  # JAX's own thread, whose setting is not the caller's; see threads.py
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


def _fixed_kernels(family: ThinningFamily) -> dict[str, Tensor]:
    """Kernels that no program enters."""
    if not isinstance(family, CrossScale):
        return family.kernels()
    root = spatial_root(family.data, family.settings.spatial_prior)
    return {"spatial": root.mT @ root}


def _expression_half(family: CrossScale) -> Callable[[Values], Any]:
    """Density log p(X, z, s, tau | phi), `CrossScale.expression_half` without the prior of phi."""
    import jax.numpy as jnp
    from jax.scipy.linalg import cho_solve

    data, prior = family.data, family.settings
    icar, vectors = _array(data.spectrum.icar), _array(data.spectrum.vectors)
    weight = _array(data.expressed).astype(float)
    scatter, genes, free = _array(data.scatter), data.genes, weight.sum() - 1
    total = np.trace(scatter * weight) - weight @ scatter @ weight / weight.sum()
    strength_rate, noise_rate = (
        float(pc_scale(one.upper, one.alpha).rate) for one in (prior.strength, prior.expression_noise)
    )

    def density(named: Values) -> Any:
        s, phi, tau, z = (named[name] for name in ("strength", "smoothness", "expression_noise", "program_score"))
        variance = phi[:, None] * icar + 1 - phi[:, None]
        field = -0.5 * ((z @ vectors) ** 2 / variance + jnp.log(2 * math.pi * variance)).sum()
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
