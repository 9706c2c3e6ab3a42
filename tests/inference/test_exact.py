"""The exact posterior of the baselines, and the trained guide held against it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

import pyro_neurovae as nv
from pyro_neurovae.errors import SettingsError
from pyro_neurovae.inference.engine import draw_fit
from pyro_neurovae.inference.exact import scale_grid, solve_exact
from pyro_neurovae.inference.observation import observe
from pyro_neurovae.models.families import family_of
from pyro_neurovae.models.options import fit_settings
from pyro_neurovae.models.training_settings import ExactTraining

BASELINES = ("spatial", "expression", "structural")
DRAWS = 2000


@pytest.fixture(scope="module")
def ring(study):
    """Twenty-four regions; errors go together, and so does thickness across people."""
    weights, apart = np.roll(np.eye(24), 1, axis=1), np.abs(np.subtract.outer(np.arange(24), np.arange(24)))
    graph = nv.RegionGraph.from_adjacency(weights + weights.T, [f"r{i}" for i in range(24)])
    simulated = nv.simulate(4, genes=40, programs=3, graph=graph)
    return replace(simulated, structure=0.6 * np.exp(-apart / 4) + 0.4 * np.eye(24))


def quantiles(model, grid, name):
    """Cumulative posterior of one scale on the grid's axis, and the axis."""
    axis, place = grid.scales[name][0, :, 0].unique(return_inverse=True)
    assert len(axis) ** len(model.scale_names) == grid.weight.shape[1]
    return torch.zeros_like(axis).index_add(0, place, grid.weight[0, :, 0]), axis


@pytest.mark.parametrize("name", BASELINES)
def test_the_guide_agrees_with_the_exact_posterior(ring, name):
    """Total variation of the scales' marginals under 0.05, region means within 0.05 sd and Monte Carlo error."""
    points = 60 if name == "spatial" else 250  # 60 and 40 along each scale
    exact = draw_fit(ring, fit_settings(name, method="exact", draws=DRAWS, points=points))
    guided = draw_fit(ring, fit_settings(name, draws=DRAWS))
    one, other = (found.drawn["thinning"][0, :, 0] for found in (exact, guided))
    # The Monte Carlo error of a difference of two means of 2,000 draws is 0.032 sd; 24 of them lie within 4 such.
    assert float(((one.mean(0) - other.mean(0)) / one.std(0)).abs().max()) < 0.05 + 4 * 0.032
    assert float((one.std(0) / other.std(0) - 1).abs().max()) < 0.1
    model, grid = exact.fitted.sampler.model, exact.fitted.sampler.grid
    for scale in model.scale_names:
        probability, axis = quantiles(model, grid, scale)
        drawn = guided.drawn[scale].flatten()
        counts = torch.bincount(torch.searchsorted((axis[:-1] * axis[1:]).sqrt(), drawn), minlength=len(axis))
        share = counts / len(drawn)
        # Eight cells of equal probability: what 2,000 draws scatter by adds about 0.023.
        group = ((probability.cumsum(0) - probability / 2) * 8).long().clamp(max=7)
        parts = [torch.zeros(8, dtype=torch.float64).index_add(0, group, p.double()) for p in (probability, share)]
        assert 0.5 * float((parts[0] - parts[1]).abs().sum()) < 0.05 + 0.023


@pytest.mark.parametrize(
    ("name", "points"), [("spatial", (40, 80)), ("expression", (80, 160)), ("structural", (80, 160))]
)
def test_a_finer_grid_changes_nothing(models, name, points):
    """The default of three scales, 19 points along each, among them."""
    model = models[name]
    grids = [scale_grid(model, number) for number in points]
    for name in model.scale_names:
        means = []
        for grid in grids:
            means.append((grid.weight * grid.scales[name]).sum(1))
            assert torch.allclose(grid.weight.sum(1), torch.ones_like(grid.weight[:, 0]))
        torch.testing.assert_close(*means, rtol=1e-2, atol=0)


@pytest.mark.parametrize("name", BASELINES)
def test_draws_are_those_of_the_grid(models, name):
    model = models[name]
    sampler, record = solve_exact(model, ExactTraining(), (1,), draws=DRAWS)
    assert record is None  # nothing was trained
    drawn, grid = sampler.draw(DRAWS), sampler.grid
    for scale in model.scale_names:
        found = drawn[scale][0].numpy()  # (draw, map)
        expected = (grid.weight * grid.scales[scale]).sum(1)[0].numpy()
        assert np.abs(found.mean(0) - expected).max() < 4 * found.std(0).max() / DRAWS**0.5 + 0.002 * expected.max()


def test_replicates_are_solved_each_alone(study, hidden):
    family = family_of("spatial")
    both = family.build(observe(study, hidden=hidden), family.settings())
    alone = family.build(observe(study, hidden=hidden[1:]), family.settings())
    many, one = (solve_exact(model, ExactTraining(20), (3,) * n, draws=8)[0] for model, n in ((both, 2), (alone, 1)))
    torch.testing.assert_close(many.grid.weight[1:], one.grid.weight)
    torch.testing.assert_close(many.draw(8)["thinning"][1:], one.draw(8)["thinning"])


def test_a_fit_has_all_tables(study, tmp_path):
    fitted = nv.fit(study, "expression", method="exact", draws=50, points=20, seed=1)
    assert np.isfinite(fitted.variance()["mean"]).all()
    assert np.isfinite(fitted.regions()[["mean", "sd"]]).all().all()
    assert "loss" not in fitted.idata["sample_stats"]
    fitted.save(tmp_path / "fit.nc")
    assert nv.load(tmp_path / "fit.nc").settings == fitted.settings


def test_a_structure_that_is_not_known_leaves_the_field_as_it_is(ring):
    """Without a correlation of people the structural baseline is the spatial one, and its third scale has its prior."""
    unknown, found = replace(ring, structure=None), {}
    for name, points in (("spatial", 16), ("structural", 64)):  # 16 along each scale
        family = family_of(name)
        model = family.build(observe(unknown), family.settings())
        found[name] = scale_grid(model, points).weight[0, :, 0].reshape((16,) * len(model.scale_names))
    torch.testing.assert_close(found["structural"].sum(1), found["spatial"])
    prior = found["structural"].sum((0, 2))
    axis = scale_grid(model, 64).scales["structural_scale"][0, :, 0].unique()
    expected = model.scale_prior("structural_scale").log_prob(axis[:, None]).exp().flatten() * axis
    torch.testing.assert_close(prior, expected / expected.sum())
    drawn = solve_exact(model, ExactTraining(), (1,), draws=20)[0].draw(20)
    assert not drawn["structural"].any()
    torch.testing.assert_close(drawn["predictable"], drawn["intercept"][..., None] + drawn["spatial"])


def test_programs_have_no_exact_posterior(study, models):
    with pytest.raises(SettingsError, match="the model cross-scale is fitted by svi or nuts, not by exact"):
        nv.fit(study, method="exact", n_programs=3)
    with pytest.raises(
        SettingsError, match="method exact solves models whose maps have two or three scales, and this one has 4"
    ):
        solve_exact(models["cross-scale"], ExactTraining(), (0,), draws=5)
    with pytest.raises(SettingsError, match="points is 3; give at least 10"):
        nv.fit(study, "spatial", method="exact", points=3)
