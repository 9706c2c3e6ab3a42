"""The No-U-Turn sampler on the linear families: a reference for the variational posterior, and slower."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from pyro_neurovae.errors import NeurovaeError
from pyro_neurovae.models.thinning import ThinningFamily

from .nuts_density import Whitening, log_density

__all__ = ["run_nuts"]


def run_nuts(
    family: ThinningFamily,
    whitening: Whitening | None,
    *,
    seed: int,
    chains: int,
    warm_up: int,
    draws: int,
) -> tuple[dict[str, np.ndarray], Mapping[str, np.ndarray]]:
    """Sample the first replicate's globals and programs with NumPyro (Hoffman & Gelman 2014), chains side by side.

    Chains begin at standard normal coordinates, which is about as wide as the posterior. Everything linear in the
    thinning is integrated out, as in the Pyro model.

    Returns
    -------
    dict, Mapping
        Named draws, each (chain, draw, ...), as `log_density` names them; and the sampler's own statistics
        ``diverging``, ``num_steps``, ``potential_energy`` (chain, draw).

    Raises
    ------
    NeurovaeError
        When NumPyro is not installed.
    """
    try:
        import jax
        from numpyro.infer import MCMC, NUTS
    except ImportError as error:
        raise NeurovaeError("method nuts needs NumPyro: install pyro_neurovae[nuts], or use method svi.") from error
    with jax.enable_x64(True):
        density, decode = log_density(family, whitening)
        kernel = NUTS(potential_fn=lambda white: -density(white), target_accept_prob=0.8)
        sampler = MCMC(
            kernel,
            num_warmup=warm_up,
            num_samples=draws,
            num_chains=chains,
            chain_method="vectorized",
            progress_bar=False,
        )
        rng = np.random.default_rng([seed, *b"nuts"])
        begin = {name: rng.standard_normal((chains, *shape)) for name, shape in _shapes(family, whitening).items()}
        sampler.run(
            jax.random.PRNGKey(int(rng.integers(2**31))),
            init_params=begin,
            extra_fields=("diverging", "num_steps", "potential_energy"),
        )
        white = sampler.get_samples(group_by_chain=True)
        named = jax.jit(jax.vmap(jax.vmap(decode)))(white)
        stats = sampler.get_extra_fields(group_by_chain=True)
        return _plain(named), _plain(stats)


def _shapes(family: ThinningFamily, whitening: Whitening | None) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {"scales": (len(family.scale_names), family.data.maps)}
    if whitening is not None:
        shapes |= {"globals": whitening.loc.shape, "score": whitening.mean.shape}
    return shapes


def _plain(values: Mapping[str, Any]) -> dict[str, np.ndarray]:
    return {name: np.asarray(value) for name, value in values.items()}
