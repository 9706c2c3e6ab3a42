"""The exact posterior of the baselines, and the trained guide held against it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import pyro_neurovae as nv
from pyro_neurovae.errors import SettingsError
from pyro_neurovae.inference.engine import build_family
from pyro_neurovae.inference.exact import scale_grid
from pyro_neurovae.inference.observation import observe
from pyro_neurovae.models.settings import fit_settings

BASELINES = ("spatial", "expression")
DRAWS = 4000


@pytest.fixture(scope="module")
def cortex():
    return nv.simulate(4, genes=40, programs=3)


def quantiles(family, grid, name):
    """Cumulative posterior of one scale on the grid's axis, and the axis."""
    size = round(grid.weight.shape[1] ** 0.5)
    cells = grid.weight[0, :, 0].reshape(size, size)
    first = name == family.scale_names[0]
    axis = grid.scales[name][0, :, 0].reshape(size, size)
    return cells.sum(1 if first else 0), axis[:, 0] if first else axis[0]


@pytest.mark.parametrize("model", BASELINES)
def test_the_guide_agrees_with_the_exact_posterior(cortex, model):
    """Total variation of the scales' marginals under 0.05, region means within 0.05 sd and Monte Carlo error."""
    exact = nv.fit(cortex, model, method="exact", draws=DRAWS)
    guided = nv.fit(cortex, model, draws=DRAWS)
    one, other = exact.regions(), guided.regions()
    # The Monte Carlo error of a difference of two means of 4,000 draws is 0.022 sd; 68 of them lie within 4 such.
    assert np.abs((one["mean"] - other["mean"]) / one["sd"]).max() < 0.05 + 4 * 0.022
    assert np.abs(one["sd"] / other["sd"] - 1).max() < 0.1
    family = build_family(observe(cortex), fit_settings(model))
    grid = scale_grid(family, 80)
    for name in family.scale_names:
        probability, axis = quantiles(family, grid, name)
        drawn = torch.as_tensor(guided.idata.posterior[name].values.ravel())
        counts = torch.bincount(torch.searchsorted((axis[:-1] * axis[1:]).sqrt(), drawn), minlength=len(axis))
        share = counts / len(drawn)
        # Eight cells of equal probability: what 4,000 draws scatter by adds about 0.016.
        group = ((probability.cumsum(0) - probability / 2) * 8).long().clamp(max=7)
        parts = [torch.zeros(8, dtype=torch.float64).index_add(0, group, p.double()) for p in (probability, share)]
        assert 0.5 * float((parts[0] - parts[1]).abs().sum()) < 0.05 + 0.016


def test_a_finer_grid_changes_nothing(families):
    family = families["spatial"]
    for name in family.scale_names:
        means = []
        for points in (40, 80):
            grid = scale_grid(family, points)
            means.append((grid.weight * grid.scales[name]).sum(1))
            assert torch.allclose(grid.weight.sum(1), torch.ones_like(grid.weight[:, 0]))
        torch.testing.assert_close(*means, rtol=1e-2, atol=0)


@pytest.mark.parametrize("model", BASELINES)
def test_draws_are_those_of_the_grid(families, study, model):
    family = families[model]
    grid = scale_grid(family, 80)
    fitted = nv.fit(study, model, method="exact", draws=DRAWS, seed=1)
    for name in family.scale_names:
        drawn = fitted.idata.posterior[name].values[0]  # (draw, map)
        expected = (grid.weight * grid.scales[name]).sum(1)[0].numpy()
        assert np.abs(drawn.mean(0) - expected).max() < 4 * drawn.std(0).max() / DRAWS**0.5 + 0.002 * expected.max()
    assert np.isfinite(fitted.variance()["mean"]).all()


def test_programs_have_no_exact_posterior(study):
    with pytest.raises(SettingsError, match="method exact knows the models expression and spatial, not cross-scale"):
        nv.fit(study, method="exact", n_programs=3)
    with pytest.raises(SettingsError, match="points is 3; give at least 10"):
        nv.fit(study, "spatial", method="exact", points=3)
