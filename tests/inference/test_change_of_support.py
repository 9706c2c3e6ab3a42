"""Programs on 100 parcels, thinning on 68 regions: against dense algebra, and against itself on one support."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

import pyro_neurovae as nv
from pyro_neurovae.inference.gaussian import draw_linear, seen_root
from pyro_neurovae.inference.observation import observe
from pyro_neurovae.models.families import family_of
from pyro_neurovae.models.observations import ExpressionPlaces
from pyro_neurovae.models.spectrum import Spectrum

SCALES = {"transcriptomic_scale": 0.13, "spatial_scale": 0.07, "structural_scale": 0.05, "unexplained_scale": 0.04}
SHARING, PROGRAMS = 0.6, 3


def moved(study, places):
    """A family whose expression was measured elsewhere; expression itself is random."""
    graph, support = places
    rng = np.random.default_rng(0)
    x = rng.standard_normal((graph.n_regions, 40))
    x -= x.mean(0)
    ends = np.argwhere(graph.weights > 0)
    elsewhere = ExpressionPlaces(
        Spectrum.of(graph),
        torch.as_tensor(x @ x.T / 40),
        torch.ones(graph.n_regions, dtype=torch.bool),
        torch.as_tensor(ends.T),
        torch.as_tensor(graph.weights[ends[:, 0], ends[:, 1]]),
        torch.as_tensor(graph.homologue),
        None if support is None else torch.as_tensor(support),
    )
    data = replace(observe(study), places=elsewhere, genes=40)
    family = family_of("cross-scale")
    return family.build(data, replace(family.settings(), n_programs=PROGRAMS))


def drawn_programs(model):
    generator = torch.Generator().manual_seed(1)
    shape = (1, 1, PROGRAMS, model.places.count)
    return {
        "program_score": torch.randn(shape, generator=generator, dtype=torch.float64),
        "strength": torch.rand(shape[:3], generator=generator, dtype=torch.float64),
    }


@pytest.fixture(scope="module")
def study():
    return nv.simulate(seed=0, genes=20)


@pytest.fixture(scope="module")
def model(study):
    graph = nv.RegionGraph.schaefer(100)
    support = np.random.default_rng(2).dirichlet(np.ones(100), size=68)
    return moved(study, (graph, support))


def scales_of(model):
    scales = {name: torch.full((1, 1, 1), SCALES[name], dtype=torch.float64) for name in model.scale_names}
    return scales | {"homologue_sharing": torch.full((1, 1, 1), SHARING, dtype=torch.float64)}


def dense_part(model, programs):
    """Covariance (region, region) of the transcriptomic part, matrix by matrix as the equations have it."""
    z, s = (programs[name][0, 0].numpy() for name in ("program_score", "strength"))
    rest = model.rest.numpy()
    size = np.sqrt((s**2).sum() + (rest**2).sum(0).mean())
    root = np.vstack([z * s[:, None], rest]) / size
    exchange = np.eye(model.places.count)[model.places.homologue.numpy()]
    share = (1 - SHARING / 2) * np.eye(len(exchange)) + SHARING / 2 * exchange
    seen = model.places.support.numpy() @ share @ root.T
    return SCALES["transcriptomic_scale"] ** 2 * seen @ seen.T


def test_the_covariance_of_a_map_is_the_dense_one(model):
    programs, scales = drawn_programs(model), scales_of(model)
    without = {name: value * (name != "transcriptomic_scale") for name, value in scales.items()}
    kernels = model.kernels(programs)
    part = (model.covariance(scales, kernels) - model.covariance(without, kernels))[0, 0, 0].numpy()
    assert part == pytest.approx(dense_part(model, programs), abs=1e-12)


def test_the_part_given_the_map_is_the_dense_conditional(model):
    programs, scales = drawn_programs(model), scales_of(model)
    whole, roots = model.covariance(scales, model.kernels(programs)), model.roots(programs)
    nothing = {part: torch.zeros(1, 1, 1, root.shape[-2], dtype=torch.float64) for part, root in roots.items()}
    nothing["wide"] = torch.zeros(1, 1, 1, len(model.wide), dtype=torch.float64)
    nothing |= {name: torch.zeros(1, 1, 1, 68, dtype=torch.float64) for name in ("regional", "error")}
    mean = draw_linear(model, scales, roots, nothing, seen_root(model, whole)).fields["transcriptomic"][0, 0, 0].numpy()
    y = model.data.thinning[0, 0].numpy()
    assert mean == pytest.approx(dense_part(model, programs) @ np.linalg.solve(whole[0, 0, 0].numpy(), y), abs=1e-10)


def test_draws_have_the_conditional_covariance(model):
    programs, scales, draws = drawn_programs(model), scales_of(model), 20_000
    whole, roots = model.covariance(scales, model.kernels(programs)), model.roots(programs)
    generator = torch.Generator().manual_seed(3)

    def white(size):
        return torch.randn(1, draws, 1, size, generator=generator, dtype=torch.float64)

    noise = {part: white(root.shape[-2]) for part, root in roots.items()} | {"wide": white(len(model.wide))}
    noise |= {name: white(68) for name in ("regional", "error")}
    root = seen_root(model, whole)
    part = draw_linear(model, scales, roots, noise, root).fields["transcriptomic"][0, :, 0].numpy()
    prior, total = dense_part(model, programs), whole[0, 0, 0].numpy()
    exact = prior - prior @ np.linalg.solve(total, prior)
    sd = np.sqrt(np.diag(exact))
    error = (np.cov(part.T) - exact) / np.outer(sd, sd)
    assert np.abs(error).max() < 6 * np.sqrt(2 / draws)


def test_on_one_support_it_is_the_model_of_the_regions(study):
    """The identity as support gives the densities that there are without one."""
    own = study.graph
    plain, through = moved(study, (own, None)), moved(study, (own, np.eye(68)))
    programs, scales = drawn_programs(plain), scales_of(plain)
    first, second = (one.log_density(scales, one.kernels(programs)) for one in (plain, through))
    assert float(first) == pytest.approx(float(second), rel=1e-12)


def test_the_baseline_of_expression_sees_it_through_the_support(model):
    data, family = model.data, family_of("expression")
    kernel = family.build(data, family.settings()).fixed_kernels["transcriptomic"][0, 0].numpy()
    scatter, support = model.places.scatter.numpy(), model.places.support.numpy()
    assert kernel == pytest.approx(support @ (scatter / np.diag(scatter).mean()) @ support.T, abs=1e-10)
