"""The No-U-Turn sampler on the linear families: a reference for the variational posterior, and slower."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch

from pyro_neurovae.errors import NeurovaeError
from pyro_neurovae.models.cross_scale import CrossScale
from pyro_neurovae.models.linear import LinearModel
from pyro_neurovae.models.training_settings import NutsTraining

from ..noise import NoiseStreams
from ..programs.trained import TrainedPrograms
from ..sampler import LinearSampler, Quantities, between, draw_given_scales, linear_noise
from ..training import Progress
from .coordinates import ProgramCoordinates
from .density import log_density

__all__ = ["NutsSampler", "double_precision", "run_nuts", "sample_nuts"]

# Draws at a time, where what was integrated out is drawn.
_CHUNK = 20


def sample_nuts(
    model: LinearModel,
    training: NutsTraining,
    seeds: Sequence[int],
    *,
    draws: int,
    programs: TrainedPrograms | None = None,
    progress: Progress | None = None,
) -> tuple[NutsSampler, None]:
    """Sample a model whose replicates are the chains, all from the first seed; nothing is trained.

    See `methods.Method.fit` for the parameters.
    """
    del programs, progress
    named, stats = run_nuts(model, training, seed=seeds[0], chains=model.data.replicates, draws=draws)
    device = model.data.thinning.device
    tensors = {name: torch.as_tensor(value).to(device) for name, value in named.items()}
    return NutsSampler(model, tensors, stats, seeds[0]), None


def run_nuts(
    model: LinearModel, training: NutsTraining, *, seed: int, chains: int, draws: int
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Sample globals and programs with NumPyro (Hoffman & Gelman 2014), all chains side by side.

    Chains begin at standard normal coordinates, which is about as wide as the posterior (`ProgramCoordinates`).
    Everything linear in the thinning is integrated out, as in the Pyro model.

    Returns
    -------
    dict, dict
        Named draws, each (chain, draw, ...), as `log_density` names them; and the sampler's own ``diverging``,
        ``num_steps`` and ``potential_energy`` (chain, draw).

    Raises
    ------
    NeurovaeError
        When NumPyro is not installed.
    SettingsError
        What `ProgramCoordinates.of` refuses.
    """
    try:
        import jax
        from numpyro.infer import MCMC, NUTS
    except ImportError as error:
        raise NeurovaeError("method nuts needs NumPyro: pip install numpyro, or use method svi.") from error
    coordinates = ProgramCoordinates.of(cast(CrossScale, model)) if model.has_programs else None
    with double_precision(), jax.default_device(_jax_device(model.data.thinning.device)):
        density, decode = log_density(model, coordinates)
        kernel = NUTS(
            potential_fn=jax.jit(lambda white: -density(white)),  # the first look would compile every operation alone
            target_accept_prob=training.target_accept,
            max_tree_depth=training.max_tree_depth,
        )
        sampler = MCMC(
            kernel,
            num_warmup=training.warm_up,
            num_samples=draws,
            num_chains=chains,
            chain_method="vectorized",
            progress_bar=False,
        )
        rng = np.random.default_rng([seed, *b"nuts"])
        each = [_begin(model, coordinates, rng) for _ in range(chains)]
        begin = {name: np.stack([one[name] for one in each]) for name in each[0]} if chains > 1 else each[0]
        sampler.run(
            jax.random.PRNGKey(int(rng.integers(2**31))),
            init_params=begin,
            extra_fields=("diverging", "num_steps", "potential_energy"),
        )
        named = jax.jit(jax.vmap(jax.vmap(decode)))(sampler.get_samples(group_by_chain=True))
        return _plain(named), _plain(sampler.get_extra_fields(group_by_chain=True))


def _jax_device(device: torch.device) -> Any:
    """JAX's device for torch's: a CPU for a CPU, an accelerator where JAX has one, else its CPU."""
    import jax

    if device.type != "cpu":
        accelerators = [one for one in jax.devices() if one.platform != "cpu"]
        if accelerators:
            return accelerators[(device.index or 0) % len(accelerators)]
    return jax.devices("cpu")[0]


@contextmanager
def double_precision() -> Iterator[None]:
    """Switch JAX to 64 bits, in all threads since its callbacks have their own, and back afterwards."""
    import jax

    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    try:
        yield
    finally:
        jax.config.update("jax_enable_x64", before)


def _begin(
    model: LinearModel, coordinates: ProgramCoordinates | None, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Coordinates where a chain begins."""
    scales = rng.standard_normal((len(model.globals), model.data.maps))
    return {"scales": scales} | ({} if coordinates is None else coordinates.begin(rng))


def _plain(values: Mapping[str, Any]) -> dict[str, np.ndarray]:
    return {name: np.array(value) for name, value in values.items()}


@dataclass(frozen=True)
class NutsSampler(LinearSampler):
    """Draws of a NUTS run, completed by exact draws of what was integrated out; tensors are (chain, draw, ...).

    Attributes
    ----------
    model
        The model, one replicate a chain.
    named
        Draws of scales and programs.
    stats
        What the sampler says of itself.
    seed
        Seed of the whole.
    """

    model: LinearModel
    named: Quantities
    stats: dict[str, np.ndarray]
    seed: int

    @torch.no_grad()
    def draw(self, draws: int) -> Quantities:
        """Complete the first draws of every chain."""
        model, data = self.model, self.model.data
        first = between(self.named, 0, draws)
        scales = {name: first[name] for name in model.globals}
        programs = {name: value for name, value in first.items() if name not in scales}
        seeds = [self.seed + chain for chain in range(data.replicates)]
        streams = NoiseStreams(seeds, "nuts", dtype=data.thinning.dtype, device=data.thinning.device)
        noise = linear_noise(model, model.roots(between(programs, 0, 1)), streams, draws)
        noise["again"] = streams.normal(draws, data.maps, data.regions)
        pieces = []
        for start in range(0, draws, _CHUNK):
            stop = start + _CHUNK
            now = [between(part, start, stop) for part in (scales, programs, noise)]
            pieces.append(draw_given_scales(model, *now))
        energy = torch.as_tensor(self.stats["potential_energy"][:, :draws, None]).to(data.thinning)
        log_p = -energy.expand(-1, -1, data.maps) / data.maps
        drawn = {name: torch.cat([piece[name] for piece in pieces], 1) for name in pieces[0]}
        return programs | drawn | {"log_p": log_p}

    def notices(self) -> tuple[str, ...]:
        """Count the draws where the sampler diverged."""
        diverged = int(self.stats["diverging"].sum())
        return (f"NUTS diverged in {diverged} draws: raise target_accept.",) if diverged else ()
