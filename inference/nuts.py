"""The No-U-Turn sampler on the linear families: a reference for the variational posterior, and slower."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from pyro_neurovae.errors import NeurovaeError, SettingsError
from pyro_neurovae.models.cross_scale import CrossScale
from pyro_neurovae.models.thinning import ThinningFamily
from pyro_neurovae.settings import NutsTraining, TrainingSettings

from .expression_half import ProgramSource
from .noise import NoiseStreams
from .nuts_density import Whitening, log_density
from .posterior import LinearSampler, Quantities, between, draw_given_scales, linear_noise, tied_roots
from .scale_guide import ScaleGuide, ScaleNoise
from .thinning_half import draw_scales, fit_thinning_half
from .train import Progress, TrainingRecord

__all__ = ["NutsSampler", "double_precision", "run_nuts", "sample_nuts"]

# Draws at a time, where what was integrated out is drawn.
_CHUNK = 20

# Proposals of a map's scales for every draw of the programs.
_PROPOSALS = 32

# Draws of the programs that the training of the scales' guide cycles through.
_TRAINING_KERNELS = 64


def sample_nuts(
    family: ThinningFamily,
    training: NutsTraining,
    *,
    seed: int,
    draws: int,
    progress: Progress | None = None,
) -> tuple[NutsSampler, TrainingRecord]:
    """Sample a family whose replicates are the chains; a guide of the programs is trained to precondition them."""
    chains, whitening, guide = family.data.replicates, None, None
    elbo, guided = torch.zeros((chains, 1), dtype=torch.float64), TrainingSettings()
    if isinstance(family, CrossScale):
        source = ProgramSource.trained(family, (seed,) * chains, guided, progress=progress)
        whitening, elbo = Whitening.of(family, source.half), source.half.elbo.expand(chains, -1)
        kernels = family.kernels(source.draw_tied(source.streams("kernels"), _TRAINING_KERNELS))
        guide, _ = fit_thinning_half(family, kernels, (seed,) * chains, guided, progress=progress)
    named, stats = run_nuts(family, whitening, training, seed=seed, chains=chains, draws=draws)
    nothing = torch.full((chains,), torch.nan, dtype=torch.float64)
    sampler = NutsSampler(family, {name: torch.as_tensor(value) for name, value in named.items()}, stats, seed, guide)
    return sampler, TrainingRecord(elbo, nothing, nothing, best_step=None)


def run_nuts(
    family: ThinningFamily,
    whitening: Whitening | None,
    training: NutsTraining,
    *,
    seed: int,
    chains: int,
    draws: int,
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Sample globals and programs with NumPyro (Hoffman & Gelman 2014), all chains side by side.

    Chains begin at standard normal coordinates, which is about as wide as the posterior. Everything linear in the
    thinning is integrated out, as in the Pyro model.

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
        For programs under another prior than BYM2.
    """
    try:
        import jax
        from numpyro.infer import MCMC, NUTS
    except ImportError as error:
        raise NeurovaeError("method nuts needs NumPyro: install pyro_neurovae[nuts], or use method svi.") from error
    if whitening is not None and family.settings.program_prior != "bym2":
        raise SettingsError('method nuts knows programs under "bym2" only; leave out program_prior, or use method svi.')
    with double_precision():
        density, decode = log_density(family, whitening)
        kernel = NUTS(
            potential_fn=lambda white: -density(white),
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
        begin = {name: rng.standard_normal((chains, *shape)) for name, shape in _shapes(family, whitening).items()}
        begin = begin if chains > 1 else {name: value[0] for name, value in begin.items()}
        sampler.run(
            jax.random.PRNGKey(int(rng.integers(2**31))),
            init_params=begin,
            extra_fields=("diverging", "num_steps", "potential_energy"),
        )
        named = jax.jit(jax.vmap(jax.vmap(decode)))(sampler.get_samples(group_by_chain=True))
        return _plain(named), _plain(sampler.get_extra_fields(group_by_chain=True))


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


def _shapes(family: ThinningFamily, whitening: Whitening | None) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {"scales": (len(family.scale_names), family.data.maps)}
    if whitening is not None:
        shapes |= {"globals": whitening.loc.shape, "score": whitening.mean.shape}
    return shapes


def _plain(values: Mapping[str, Any]) -> dict[str, np.ndarray]:
    return {name: np.array(value) for name, value in values.items()}


@dataclass(frozen=True)
class NutsSampler(LinearSampler):
    """Draws of a NUTS run, completed by exact draws of what was integrated out; tensors are (chain, draw, ...).

    Attributes
    ----------
    family
        The family, one replicate a chain.
    named
        Draws of scales and programs.
    stats
        What the sampler says of itself.
    seed
        Seed of the whole.
    guide
        Trained guide of the scales, for a family with programs. The chains move in short steps along the programs'
        ridges, and the scales with them; drawn anew from their conditional given the programs, which leaves the
        posterior as it is, they mix as fast as the programs' kernel.
    """

    family: ThinningFamily
    named: Quantities
    stats: dict[str, np.ndarray]
    seed: int
    guide: ScaleGuide | None

    @torch.no_grad()
    def draw(self, draws: int) -> Quantities:
        """Complete the first draws of every chain."""
        family, data = self.family, self.family.data
        scales = {name: self.named[name] for name in family.scale_names}
        programs = {name: value for name, value in self.named.items() if name not in scales}
        seeds = [self.seed + chain for chain in range(data.replicates)]
        streams = NoiseStreams(seeds, "nuts", dtype=data.thinning.dtype)
        noise = linear_noise(family, tied_roots(family, between(programs, 0, 1)), streams, draws)
        noise |= {"again": streams.normal(draws, data.maps, data.regions), "pick": streams.uniform(draws, data.maps)}
        proposals = ScaleNoise.draw(streams, draws, _PROPOSALS, data.maps, len(scales), defensive=True)
        pieces = []
        for start in range(0, draws, _CHUNK):
            stop = start + _CHUNK
            now = [between(part, start, stop) for part in (scales, programs, noise)]
            roots = tied_roots(family, now[1])
            kernels = {part: root.mT @ root for part, root in roots.items()}
            if self.guide is not None:
                own = proposals.between(start * _PROPOSALS, stop * _PROPOSALS)
                now[0] = draw_scales(family, self.guide, kernels, own, now[2]["pick"]).scales
            pieces.append(draw_given_scales(family, now[0], now[1], roots, kernels, now[2]))
        log_p = torch.as_tensor(-self.stats["potential_energy"][..., None]).expand(-1, -1, data.maps) / data.maps
        drawn = {name: torch.cat([piece[name] for piece in pieces], 1) for name in pieces[0]}
        return programs | drawn | {"log_p": log_p}

    def notices(self) -> tuple[str, ...]:
        """Count the draws where the sampler diverged."""
        diverged = int(self.stats["diverging"].sum())
        return (f"NUTS diverged in {diverged} draws: raise target_accept.",) if diverged else ()
