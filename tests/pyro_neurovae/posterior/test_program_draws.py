"""Draws of the programs as thinning sees them."""

from __future__ import annotations

import numpy as np
import pytest

import pyro_neurovae as nv
from pyro_neurovae.errors import NeurovaeError
from pyro_neurovae.posterior.program_draws import ProgramDraws, shared_programs

QUICK = {"steps": 20, "map_steps": 20, "n_programs": 4, "draws": 60}


@pytest.mark.parametrize("sharing", [None, 0.6])
def test_shared_programs_times_slopes_are_the_transcriptomic_part(small_study, sharing):
    """Where thinning depends on the programs alone, and on one map, whose sharing of homologues is that of all."""
    study = small_study.select(maps=small_study.maps[:1])
    fit = nv.fit(study, seed=5, **QUICK, beyond_programs=False, homologue_sharing=sharing)
    draws = ProgramDraws.of(fit, 500)
    part = np.einsum("drp,dmp->dmr", shared_programs(draws, fit), draws.slope)
    np.testing.assert_allclose(part, fit.posterior.draws("transcriptomic"), atol=1e-8)


def test_fewer_draws_are_evenly_spaced(small_fit):
    every, some = ProgramDraws.of(small_fit, 500), ProgramDraws.of(small_fit, 3)
    np.testing.assert_array_equal(some.scaled, every.scaled[[0, 60, 119]])


def test_a_fit_without_programs_has_none(baseline_fit):
    told = "this fit is of the model spatial, which has no programs; fit the model cross-scale."
    with pytest.raises(NeurovaeError, match=told):
        ProgramDraws.of(baseline_fit, 3)
