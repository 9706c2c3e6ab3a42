"""Many maps at once: the density, the draws and the moments of each are those of its own fit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

import pyro_neurovae as nv
from pyro_neurovae.inference.gaussian import draw_linear, seen_root
from pyro_neurovae.inference.many_maps import ManyMaps
from pyro_neurovae.inference.null_fits import fit_maps
from pyro_neurovae.inference.observation import observe
from pyro_neurovae.inference.sampler import linear_noise
from pyro_neurovae.models.families import family_of
from pyro_neurovae.models.observations import units
from pyro_neurovae.models.options import fit_settings

FAMILIES = ("cross-scale", "expression")
MAPS, SETS = 3, 4


class Silent:
    """Streams that draw nothing but noughts: draws are then conditional means."""

    def normal(self, *shape):
        return torch.zeros(1, *shape, dtype=torch.float64)


def many(pairs, name):
    """Three maps of regions with a homologue, the first of the study's two, one region unseen; their data, settings."""
    data = observe(pairs, replicates=MAPS).map(0)
    rng = np.random.default_rng(2)
    thinning = data.thinning * torch.as_tensor(rng.normal(1, 0.5, (MAPS, 1, data.regions)))
    unit, level = units(thinning, data.seen)
    data = replace(data, thinning=thinning, unit=unit, level=level)
    settings = fit_settings(name, n_programs=3).family if name == "cross-scale" else fit_settings(name).family
    return ManyMaps.of(family_of(name), settings, data), data


def given(maps):
    """Sets of scales, and draws of programs that serve two sets each."""
    rng = np.random.default_rng(5)
    scales = {name: torch.as_tensor(rng.uniform(0.05, 0.4, (1, SETS, 1))) for name in maps.one.globals}
    if not maps.one.has_programs:
        return scales, {}, 1
    score = torch.as_tensor(rng.standard_normal((1, SETS // 2, 3, maps.one.data.regions)))
    return scales, {"program_score": score, "strength": torch.as_tensor(rng.uniform(0.5, 1, (1, SETS // 2, 3)))}, 2


@pytest.mark.parametrize("name", FAMILIES)
def test_each_map_has_the_density_of_its_own_fit(pairs, name):
    maps, data = many(pairs, name)
    assert not bool(data.seen.all())
    scales, programs, each = given(maps)
    found = torch.cat([maps._log_joint(sets) for sets in maps._factored(scales, programs, each)], 1)
    own = maps.every.log_density({k: v.expand(MAPS, -1, -1) for k, v in scales.items()}, maps.every.kernels(programs))
    torch.testing.assert_close(found, own[..., 0])


@pytest.mark.parametrize("name", FAMILIES)
def test_each_map_has_the_draws_of_its_own_fit(pairs, name):
    maps, _ = many(pairs, name)
    scales, programs, each = given(maps)
    (sets,) = maps._factored(scales, programs, each)
    model, every = maps.every, {k: v.expand(MAPS, -1, -1) for k, v in scales.items()}
    roots = model.roots({k: v.repeat_interleave(each, 1) for k, v in programs.items()})
    nought = {k: torch.zeros(MAPS, SETS, *v.shape[2:]).double() for k, v in _noise(model, roots).items()}
    root = seen_root(model, model.covariance(every, model.kernels(programs)))
    own = draw_linear(model, every, roots, nought, root)
    order = torch.tensor([[2, 0, 1]]).expand(SETS, -1)
    part, share = maps._drawn(sets, order, Silent())
    wanted = own.fields["transcriptomic"][order[0], :, 0]  # (map, set, region)
    torch.testing.assert_close(part.permute(2, 0, 1), wanted)
    variances = sum(field[:, :, 0].var(-1, correction=0) for field in [*own.fields.values(), own.regional])
    sampling = model.data.sampling[0, 0].diagonal()[maps.seen].mean()
    wanted = own.fields["transcriptomic"][:, :, 0].var(-1, correction=0) / (variances + sampling)
    torch.testing.assert_close(share, wanted[order[0]].T)


def _noise(model, roots):
    from pyro_neurovae.inference.noise import NoiseStreams

    return linear_noise(model, roots, NoiseStreams([0], "x", dtype=torch.float64), SETS)


@pytest.mark.parametrize("name", FAMILIES)
def test_moments_are_those_of_single_fits(pairs, name):
    """Of a batch at once and of each map by itself, with values missing in one of them."""
    study, rng = pairs.select(maps=pairs.maps[1:]), np.random.default_rng(0)
    options = {}
    if name == "cross-scale":  # with as many genes programs are known, and maps say nothing more of them
        study, options = nv.simulate(0, genes=300, programs=3), {"n_programs": 3}
    maps = study.thinning[None] + 0.5 * study.thinning.std() * rng.standard_normal((5, *study.thinning.shape))
    maps[4, 0, 3] = np.nan
    settings = fit_settings(name, draws=800, **options)
    found = fit_maps(study, settings, maps)
    own = fit_maps(study, settings.with_options({"map_steps": 100}), maps)
    assert np.abs(found["share"] - own["share"]).max() < 0.06
    assert np.abs(found["share"] - own["share"]).mean() < 0.03
    assert np.abs(found["correlation"] - own["correlation"]).max() < 0.05
    np.testing.assert_allclose(found["weight"], own["weight"], atol=0.15 * np.abs(own["weight"]).max())
    assert (found["excludes"] == own["excludes"]).mean() > 0.9
    again = fit_maps(study, settings, maps)
    for quantity, values in found.items():
        np.testing.assert_array_equal(values, again[quantity])
