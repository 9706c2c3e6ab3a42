"""Graphs, dense Gaussians built from their Laplacians, and small studies that the model tests share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace

import numpy as np
import pytest
import torch
from pyro import poutine
from pyro.poutine.util import site_is_subsample
from scipy.sparse.csgraph import connected_components

import pyro_neurovae as nv
from pyro_neurovae.inference.observation import observe
from pyro_neurovae.models.families import family_of
from pyro_neurovae.models.linear import LinearModel


def ring(n: int) -> np.ndarray:
    forward = np.roll(np.eye(n), 1, axis=1)
    return forward + forward.T


def path(n: int) -> np.ndarray:
    return np.eye(n, k=1) + np.eye(n, k=-1)


def interleaved(*blocks: np.ndarray, seed: int = 0) -> np.ndarray:
    """Components as blocks, their regions shuffled among each other."""
    n = sum(len(block) for block in blocks)
    weights, start = np.zeros((n, n)), 0
    for block in blocks:
        weights[start : start + len(block), start : start + len(block)] = block
        start += len(block)
    order = np.random.default_rng(seed).permutation(n)
    return weights[np.ix_(order, order)]


def random_weights(n: int, seed: int = 1) -> np.ndarray:
    """Positive weights over two orders of magnitude on a ring with a third of all chords."""
    rng = np.random.default_rng(seed)
    joined = np.triu(np.maximum(ring(n), rng.uniform(size=(n, n)) < 0.3), 1) > 0
    half = np.where(joined, rng.lognormal(sigma=1.2, size=(n, n)), 0.0)
    return half + half.T


def fading(n: int) -> np.ndarray:
    """Correlation that falls with the distance of two regions' numbers; its leading axis is no level."""
    return 0.6 * np.exp(-np.abs(np.subtract.outer(np.arange(n), np.arange(n))) / 4) + 0.4 * np.eye(n)


def named(weights: np.ndarray) -> nv.RegionGraph:
    return nv.RegionGraph.from_adjacency(weights, [f"r{i}" for i in range(len(weights))])


ISLAND = np.zeros((1, 1))
GRAPHS = {
    "connected": named(ring(7) + interleaved(path(2), np.zeros((5, 5)))),
    "two": named(interleaved(ring(5), path(4))),
    "islands": named(interleaved(ring(9), 0.7 * path(8), ISLAND, ISLAND, ISLAND)),  # 20 regions, three islands
    "weighted": named(random_weights(10)),
    "dk68": nv.RegionGraph.dk68(homologues=False),
}


@pytest.fixture(params=GRAPHS)
def graph(request: pytest.FixtureRequest) -> nv.RegionGraph:
    return GRAPHS[request.param]


@pytest.fixture(scope="session")
def graphs() -> dict[str, nv.RegionGraph]:
    """All the graphs by name, and one of a thousand regions: two tori of 25 x 20."""
    torus = np.kron(ring(25), np.eye(20)) + np.kron(np.eye(25), ring(20))
    return GRAPHS | {"thousand": named(interleaved(torus, 0.5 * torus))}


def components(graph: nv.RegionGraph) -> list[np.ndarray]:
    """Regions of each connected component, by SciPy."""
    count, label = connected_components(graph.weights > 0, directed=False)
    return [np.flatnonzero(label == c) for c in range(count)]


def dense_covariance(graph: nv.RegionGraph, kind: str, smoothness: float = 0.0) -> np.ndarray:
    """Covariance of unit scale (region, region), by inverting the Laplacian's matrices block by block."""
    laplacian = np.diag(graph.weights.sum(1)) - graph.weights
    n = len(laplacian)
    if kind == "iid":
        return np.eye(n)
    if kind == "paper":
        return np.linalg.inv(np.eye(n) + 2 * smoothness * laplacian)
    if kind == "bym2":
        return smoothness * dense_covariance(graph, "icar") + (1 - smoothness) * np.eye(n)
    covariance = np.eye(n)
    for inside in components(graph):
        if len(inside) > 1:
            block = laplacian[np.ix_(inside, inside)]
            if kind == "icar":
                block = np.linalg.pinv(block, hermitian=True)
            else:
                block = np.linalg.inv(smoothness * block + (1 - smoothness) * np.eye(len(inside)))
            covariance[np.ix_(inside, inside)] = block / np.exp(np.log(block.diagonal()).mean())
    return covariance


@pytest.fixture(scope="session")
def dense() -> Callable[..., np.ndarray]:
    return dense_covariance


def structural_covariance(study: nv.Study) -> np.ndarray:
    """Unit covariance of the structural part (region, region): R R without R's leading axis, of mean variance 1."""
    values, vectors = np.linalg.eigh(study.structure)
    left = study.structure - values[-1] * np.outer(vectors[:, -1], vectors[:, -1])
    return left @ left / np.trace(left @ left) * len(left)


@pytest.fixture(scope="session")
def structural() -> Callable[[nv.Study], np.ndarray]:
    return structural_covariance


@pytest.fixture(scope="session")
def regions_of_components() -> Callable[[nv.RegionGraph], list[np.ndarray]]:
    return components


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


@pytest.fixture(scope="session")
def seeded() -> Callable[[int], AbstractContextManager[None]]:
    """Seed torch inside a block and put its state back afterwards."""
    return _seeded


@pytest.fixture(autouse=True)
def _same_draws_every_run() -> Iterator[None]:
    with _seeded(0):
        yield


@pytest.fixture(scope="session")
def study() -> nv.Study:
    """Twelve regions in two components, two maps; one region without expression and one without thinning.

    Errors go together across regions, and so does thickness across people.
    """
    graph = named(interleaved(ring(7), path(5)))
    study = nv.simulate(3, genes=12, maps=2, programs=2, graph=graph, missing_expression=["r4"])
    thinning = study.thinning.copy()
    thinning[0, 7] = np.nan
    incomplete = study.with_thinning(thinning, study.standard_error, covariance=study.covariance)
    return replace(incomplete, structure=fading(12))


@pytest.fixture(scope="session")
def build() -> Callable[..., LinearModel]:
    """Build a family's model on a study; ``hidden`` (replicate, map, region) makes the replicates."""

    def build(name: str, study: nv.Study, hidden: np.ndarray | None = None, **options: object) -> LinearModel:
        family = family_of(name)
        # The sharing of homologues is fixed unless it is what a test is about: most graphs here have none.
        options = ({"n_programs": 2, "homologue_sharing": 0.25} if family.programs else {}) | options
        return family.build(observe(study, hidden=hidden), family.settings(**options))

    return build


@pytest.fixture(scope="session")
def hidden(study: nv.Study) -> np.ndarray:
    """Two folds: each hides another region in every map."""
    hidden = np.zeros((2, 2, study.n_regions), dtype=bool)
    hidden[0, :, 1], hidden[1, :, 5] = True, True
    return hidden


@pytest.fixture(scope="session")
def models(study: nv.Study, hidden: np.ndarray, build: Callable[..., LinearModel]) -> dict[str, LinearModel]:
    """The model of each linear family on the study, two replicates."""
    return {name: build(name, study, hidden) for name in ("cross-scale", "expression", "spatial", "structural")}


def sites_of(model: LinearModel, draws: int, values: dict[str, torch.Tensor] | None = None) -> dict[str, dict]:
    """Sites of the whole model with their densities, on the given values or on draws from the prior."""
    run = model.model if values is None else poutine.condition(model.model, values)
    with _seeded(0):
        trace = poutine.trace(run).get_trace(draws)
    trace.compute_log_prob()
    return {name: s for name, s in trace.nodes.items() if s["type"] == "sample" and not site_is_subsample(s)}


@pytest.fixture(scope="session")
def traced() -> Callable[..., dict[str, dict]]:
    return sites_of
