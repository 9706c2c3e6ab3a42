"""Small studies, models and fits that the inference tests share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

import pyro_neurovae as nv
from pyro_neurovae.inference.engine import FittedModel, fit_model
from pyro_neurovae.inference.methods import method_of
from pyro_neurovae.inference.noise import NoiseStreams
from pyro_neurovae.inference.observation import observe
from pyro_neurovae.inference.sampler import Sampler
from pyro_neurovae.models.families import family_of
from pyro_neurovae.models.linear import LinearModel
from pyro_neurovae.models.options import FitSettings, fit_settings


def ring(n: int) -> np.ndarray:
    forward = np.roll(np.eye(n), 1, axis=1)
    return forward + forward.T


def chords(n: int) -> np.ndarray:
    """Positive weights on a ring and a third of all chords."""
    rng = np.random.default_rng(1)
    joined = np.triu(np.maximum(ring(n), rng.uniform(size=(n, n)) < 0.3), 1) > 0
    half = np.where(joined, rng.lognormal(size=(n, n)), 0.0)
    return half + half.T


def fading(n: int) -> np.ndarray:
    """Correlation that falls with the distance of two regions' numbers; its leading axis is no level."""
    return 0.6 * np.exp(-np.abs(np.subtract.outer(np.arange(n), np.arange(n))) / 4) + 0.4 * np.eye(n)


def incomplete(study: nv.Study) -> nv.Study:
    """Without the thinning of one region in the first map; with errors, and thickness of people, that go together."""
    thinning = study.thinning.copy()
    thinning[0, 7] = np.nan
    own = study.with_thinning(thinning, study.standard_error, covariance=study.covariance)
    return replace(own, structure=fading(study.n_regions))


def ring_study(regions: int = 12, genes: int = 30, maps: int = 2, seed: int = 3) -> nv.Study:
    """A ring of regions, one of them without expression and one without thinning."""
    graph = nv.RegionGraph.from_adjacency(ring(regions), [f"r{i}" for i in range(regions)])
    return incomplete(nv.simulate(seed, genes=genes, maps=maps, programs=3, graph=graph, missing_expression=["r4"]))


def paired_study(weights: np.ndarray) -> nv.Study:
    """Homologues half way round, three lobes, two maps; one region lacks expression, another thinning in one map."""
    n = len(weights)
    graph = nv.RegionGraph(
        names=tuple(f"r{i}" for i in range(n)),
        weights=weights,
        lobes=tuple("abc"[i % 3] for i in range(n)),
        homologues=tuple((i, i + n // 2) for i in range(n // 2)),
    )
    return incomplete(nv.simulate(3, genes=20, maps=2, programs=3, graph=graph, missing_expression=["r4"]))


@pytest.fixture(scope="session")
def study() -> nv.Study:
    return ring_study()


@pytest.fixture(scope="session")
def pairs() -> nv.Study:
    """A ring with homologues and lobes."""
    return paired_study(ring(12))


@pytest.fixture(scope="session")
def weighted() -> nv.Study:
    """Weighted chords, with homologues and lobes."""
    return paired_study(chords(12))


@pytest.fixture(scope="session")
def apart() -> nv.RegionGraph:
    """Thirteen regions in three components, of seven, five and one, among each other."""
    weights = np.zeros((13, 13))
    weights[:7, :7], weights[7:12, 7:12] = ring(7), chords(5)
    order = np.random.default_rng(0).permutation(13)
    return nv.RegionGraph.from_adjacency(weights[np.ix_(order, order)], [f"r{i}" for i in range(13)])


@pytest.fixture(scope="session")
def hidden() -> np.ndarray:
    """Two folds of twelve regions: each hides another region in both maps."""
    hidden = np.zeros((2, 2, 12), dtype=bool)
    hidden[0, :, 1], hidden[1, :, 5] = True, True
    return hidden


@pytest.fixture(scope="session")
def quick() -> FitSettings:
    return fit_settings("cross-scale", n_programs=3, steps=15, map_steps=15, draws=40)


@pytest.fixture(scope="session")
def models(study: nv.Study) -> dict[str, LinearModel]:
    """The model of each linear family on the ring study, one replicate."""
    data = observe(study)
    options = {
        "cross-scale": {"n_programs": 3, "homologue_sharing": 0.25},
        "expression": {},
        "spatial": {},
        "structural": {},
    }
    return {name: family_of(name).build(data, family_of(name).settings(**own)) for name, own in options.items()}


@pytest.fixture(scope="session")
def fitted(study: nv.Study, quick: FitSettings) -> FittedModel:
    """The default family fitted to the ring study, seed 0."""
    return fit_model(observe(study), quick, (0,))


@pytest.fixture(scope="session")
def conforms() -> Callable[[nv.Study, FitSettings, Sampler], None]:
    """A sampler can be asked everything that a fit asks, whatever its family and method."""

    def conforms(study: nv.Study, settings: FitSettings, sampler: Sampler) -> None:
        family, chains, n = family_of(settings.model), settings.restarts, study.n_regions
        drawn, prior = sampler.draw(settings.draws), sampler.draw_prior(settings.seed, 4)
        for quantities, draws in ((drawn, settings.draws), (prior, 4)):
            assert quantities["thinning"].shape == quantities["replicated"].shape == (chains, draws, 2, n)
            for name, dims in family.dims.items():
                if name in quantities:
                    assert quantities[name].ndim == 2 + len(dims), name
                    assert bool(torch.isfinite(quantities[name]).all()), name
        mean, sd = sampler.predictive(drawn)
        assert mean.shape == (chains, settings.draws, 2, n)
        assert bool((sd > 0).all())
        assert bool(torch.isfinite(drawn["log_p"]).all())
        seen = torch.as_tensor(study.thinning_observed)
        assert bool(torch.isfinite(drawn["log_likelihood"][..., seen]).all())
        log_prior = sampler.log_prior(drawn)
        assert set(log_prior) <= set(family.dims)
        assert all(drawn[name].shape == density.shape for name, density in log_prior.items())
        keeps = method_of(settings.training).keeps_programs
        assert (sampler.trained is not None) == (family.programs and keeps)
        assert all(len(values) == chains for values in sampler.kept().values())
        assert all(notice.endswith(".") for notice in sampler.notices())

    return conforms


@pytest.fixture(scope="session")
def streams() -> Callable[..., NoiseStreams]:
    """Random numbers, one stream for each of the seeds."""

    def streams(*seeds: int, name: str = "test") -> NoiseStreams:
        return NoiseStreams(seeds or (0,), name, dtype=torch.float64)

    return streams


@pytest.fixture(scope="session")
def randomise() -> Callable[..., None]:
    """Move every parameter of a module off where it begins."""

    def randomise(module: torch.nn.Module, seed: int = 1, size: float = 0.3) -> None:
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for parameter in module.parameters():
                parameter += size * torch.randn(parameter.shape, generator=generator, dtype=parameter.dtype)

    return randomise


@pytest.fixture(scope="session")
def same_draws() -> Callable[..., None]:
    """Draws of two fits of the same replicates are the same, NaN in the same places."""

    def same_draws(first: dict, second: dict, *, exact: bool = True) -> None:
        tolerance = {"rtol": 0, "atol": 0} if exact else {"rtol": 1e-6, "atol": 1e-8}
        assert set(first) == set(second)
        for name, values in first.items():
            torch.testing.assert_close(values, second[name], **tolerance, equal_nan=True, msg=name)

    return same_draws
