"""A study as tensors: replicates kept, values hidden, and what is computed anew from what is seen."""

from __future__ import annotations

import dataclasses
from dataclasses import fields

import numpy as np
import pytest
import torch

from pyro_neurovae.inference.observation import observe
from pyro_neurovae.models.observations import Observations, units


def assert_same(first, second):
    for field in fields(Observations):
        one, other = getattr(first, field.name), getattr(second, field.name)
        if field.name == "spectrum":
            one, other = one.values, other.values
        same = torch.equal(one, other) if isinstance(one, torch.Tensor) else one == other
        assert same, field.name


def test_hiding_computes_anew_what_is_computed_from_thinning(study, hidden):
    whole = observe(study, replicates=2)
    ours = whole.hide(torch.as_tensor(hidden))
    assert_same(ours, observe(study, hidden=hidden))
    assert not torch.equal(ours.unit, whole.unit)
    for b, m in np.ndindex(2, 2):
        y = study.thinning[m, study.thinning_observed[m] & ~hidden[b, m]]
        assert float(ours.unit[b, m]) == pytest.approx(y.std())
        assert float(ours.level[b, m]) == pytest.approx(2 * np.sqrt((y**2).mean()))


def test_replicates_are_kept_by_number(study, hidden):
    both = observe(study, hidden=hidden)
    assert (both.replicates, both.maps, both.regions) == (2, 2, 12)
    assert_same(both.select(torch.tensor([1])), observe(study, hidden=hidden[1:]))
    turned = both.select(torch.tensor([1, 0, 1]))
    assert turned.replicates == 3
    assert torch.equal(turned.seen, both.seen[[1, 0, 1]])


def test_units_are_of_the_seen_values():
    thinning = torch.tensor([[[1.0, 3.0, 7.0, 9.0]]], dtype=torch.float64)
    seen = torch.tensor([[[True, True, False, True]]])
    unit, level = units(thinning, seen)
    y = np.array([1.0, 3.0, 9.0])
    assert (unit.shape, level.shape) == ((1, 1), (1, 1))
    assert float(unit[0, 0]) == pytest.approx(y.std())
    assert float(level[0, 0]) == pytest.approx(2 * np.sqrt((y**2).mean()))


def test_roots_are_of_the_errors_and_of_the_structure(study, structural):
    data = observe(study)
    assert study.covariance[0, 0, 1] > 0  # errors go together
    np.testing.assert_allclose(data.sampling_root @ data.sampling_root, data.sampling, atol=1e-16)
    np.testing.assert_allclose(data.sampling_root, data.sampling_root.mT, atol=1e-16)
    alone = observe(study.with_thinning(study.thinning, study.standard_error))
    spread = alone.sampling.diagonal(dim1=-2, dim2=-1).sqrt()
    np.testing.assert_allclose(alone.sampling_root, torch.diag_embed(spread), atol=1e-16)  # each region its own number
    np.testing.assert_allclose(data.structure_root.mT @ data.structure_root, structural(study), atol=1e-14)
    assert float(data.axis @ data.axis) == pytest.approx(12)
    none = observe(dataclasses.replace(study, structure=None))
    assert not none.structure_root.any()
    assert not none.axis.any()


def test_an_error_is_known_map_by_map(study):
    se = np.where([[True], [False]], study.standard_error, 0.0)
    data = observe(study.with_thinning(study.thinning, se))
    assert data.error_known.tolist() == [True, False]
    assert not data.sampling_root[0, 1].any()


def test_the_identity_is_of_the_datas_kind(study):
    data = observe(study)
    assert torch.equal(data.identity, torch.eye(12, dtype=torch.float64))


def test_the_spread_is_at_its_mean_over_what_a_replicate_sees(study):
    share = np.full(study.thinning.shape, 0.2)
    share[0, :3] = 0.5
    apart = dataclasses.replace(study, spread_share=share)
    hidden = np.zeros((2, *study.thinning.shape), bool)
    hidden[1, 0, :4] = True
    data = observe(apart, hidden=hidden)
    seen, spread = data.seen.numpy(), share * study.standard_error**2
    for b, m in np.ndindex(2, len(spread)):
        known = apart.covariance[m] + np.diag(spread[m, seen[b, m]].mean() - spread[m])
        block = np.ix_(seen[b, m], seen[b, m])
        np.testing.assert_allclose(data.sampling[b, m].numpy()[block], known[block], atol=1e-16)
    torch.testing.assert_close(observe(apart, replicates=3).sampling, data.sampling[:1])
    np.testing.assert_allclose(observe(apart).sampling[0], apart.sampling_covariance(), rtol=1e-15)


def test_the_spread_of_a_hidden_value_reaches_no_other(study):
    hidden = np.zeros((2, *study.thinning.shape), bool)
    hidden[:, 0, 2] = True
    share = np.full(study.thinning.shape, 0.2)
    first = observe(dataclasses.replace(study, spread_share=share), hidden=hidden)
    share[0, 2] = 0.9
    second = observe(dataclasses.replace(study, spread_share=share), hidden=hidden)
    seen = (first.seen[:, :, :, None] & first.seen[:, :, None, :])[:1]
    torch.testing.assert_close(first.sampling[seen], second.sampling[seen], atol=0, rtol=0)
