"""Covariances of the parts of a fit: against the priors that they are of."""

from __future__ import annotations

import numpy as np
import pytest

import pyro_neurovae as nv
from pyro_neurovae.models.options import fit_settings
from pyro_neurovae.posterior import kernels
from pyro_neurovae.posterior.kernels import dealt, drawn_sites, part_kernels


@pytest.mark.parametrize("name", ["small_fit", "baseline_fit"])
def test_the_spatial_covariance_is_that_of_the_prior(name, request):
    fitted = request.getfixturevalue(name)
    icar = nv.GMRF(fitted.study.graph, "icar").covariance().numpy()
    found = part_kernels(fitted.posterior, fitted.study, fitted.settings)(drawn_sites(fitted.posterior, 0))
    np.testing.assert_allclose(found["spatial"], icar, atol=1e-12)


def test_the_spatial_covariance_that_a_file_of_0_1_does_not_keep_is_made_again():
    weights = np.zeros((12, 12))  # a path and an island
    for first in range(10):
        weights[first, first + 1] = weights[first + 1, first] = 1
    study = nv.simulate(0, genes=10, programs=2, graph=nv.RegionGraph.from_adjacency(weights, list("abcdefghijkl")))
    made = kernels._fixed_kernels(study, fit_settings("spatial"))["spatial"]
    np.testing.assert_allclose(made, nv.GMRF(study.graph, "icar").covariance().numpy(), atol=1e-12)
    assert made[11, 11] == pytest.approx(1)
    assert not made[11, :11].any()


def test_draws_are_dealt_out_in_order_and_one_at_the_least():
    draws = {"predictable": np.arange(10.0)[:, None], "scale": np.arange(10)}
    for numbers, sizes in ((3 * 16, [3, 3, 3, 1]), (1, [1] * 10), (np.inf, [10])):
        blocks = list(dealt(draws, 4, numbers))
        assert [len(one["scale"]) for one in blocks] == sizes
        np.testing.assert_array_equal(np.concatenate([one["scale"] for one in blocks]), draws["scale"])
