"""Trained programs: in one order and with one sign, kept as arrays, and each seed's own."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
import torch

from pyro_neurovae.inference.observation import observe
from pyro_neurovae.inference.programs.guide import ProgramGuide, ProgramSites
from pyro_neurovae.inference.programs.trained import TrainedPrograms, align, train_programs
from pyro_neurovae.models.families import family_of


@torch.no_grad()
def test_align_undoes_order_and_sign_of_another_replicates_programs(models, streams):
    one = ProgramGuide(models["cross-scale"], streams()).sites()
    order, sign = torch.tensor([2, 0, 1]), torch.tensor([-1.0, 1.0, -1.0], dtype=torch.float64)
    over = torch.cat([order, order + 3, torch.tensor([6])])
    both = ProgramSites(
        loc=torch.cat([one.loc, one.loc[:, over]]),
        scale=torch.cat([one.scale, one.scale[:, over]]),
        mean=torch.cat([one.mean, one.mean[:, order] * sign[:, None]]),
        log_precision=torch.cat([one.log_precision, one.log_precision[:, order]]),
    )
    aligned = align(both)
    for f in fields(ProgramSites):
        first, second = getattr(aligned, f.name)
        assert torch.equal(first, second), f.name
    strength = aligned.loc[0, :3]
    assert bool((strength.diff() <= 0).all())


@pytest.fixture(scope="module")
def trained(study, quick):
    """Programs of two seeds, trained side by side."""
    model = family_of("cross-scale").build(observe(study, replicates=2), quick.family)
    return train_programs(model, (4, 9), quick.training)


def test_each_seed_has_its_own_numbers(study, quick, trained):
    assert trained.elbo.shape == (2, quick.training.steps)
    assert trained.settled.shape == (2,)
    assert not torch.equal(trained.sites.mean[0], trained.sites.mean[1])
    alone = train_programs(family_of("cross-scale").build(observe(study), quick.family), (4,), quick.training)
    torch.testing.assert_close(trained.elbo[:1], alone.elbo)
    for f in fields(ProgramSites):
        torch.testing.assert_close(getattr(trained.sites, f.name)[:1], getattr(alone.sites, f.name), msg=f.name)


def test_thinning_reaches_nothing(study, quick, trained):
    other = study.with_thinning(2 - study.thinning, study.standard_error)
    model = family_of("cross-scale").build(observe(other, replicates=2), quick.family)
    again = train_programs(model, (4, 9), quick.training)
    assert torch.equal(again.elbo, trained.elbo)
    assert torch.equal(again.sites.mean, trained.sites.mean)


def test_training_raises_the_bound(models, quick):
    record = train_programs(models["cross-scale"], (0,), quick.training)
    assert float(record.elbo[0, -3:].mean()) > float(record.elbo[0, :3].mean())


def test_arrays_and_back(trained):
    arrays = trained.to_arrays()
    assert set(arrays) == {"loc", "scale", "mean", "log_precision", "elbo", "settled"}
    assert all(isinstance(values, np.ndarray) and len(values) == 2 for values in arrays.values())
    again = TrainedPrograms.from_arrays(arrays)
    for f in fields(ProgramSites):
        assert torch.equal(getattr(again.sites, f.name), getattr(trained.sites, f.name))
    assert torch.equal(again.elbo, trained.elbo)
    assert again.settled.dtype == torch.bool


def test_replicates_are_kept_by_number(trained):
    turned = trained.select(torch.tensor([1, 1, 0]))
    assert torch.equal(turned.elbo, trained.elbo[[1, 1, 0]])
    assert torch.equal(turned.sites.scale, trained.sites.scale[[1, 1, 0]])


def test_without_steps_the_guide_stays_where_it_starts(study, quick, streams):
    model = family_of("cross-scale").build(observe(study), quick.family)
    found = train_programs(model, (4,), replace(quick.training, steps=0))
    with torch.no_grad():
        start = align(ProgramGuide(model, streams()).sites())
    assert torch.equal(found.sites.mean, start.mean)  # principal components: no weight of the network is in them
    assert (found.elbo.shape, found.settled.tolist()) == ((1, 0), [True])
