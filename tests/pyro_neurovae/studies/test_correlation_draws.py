"""Correlations drawn as uncertain as they are: around what, how far, and what is left as it is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import pyro_neurovae as nv
from pyro_neurovae.atlases.normative import normative_correlation, normative_people
from pyro_neurovae.studies.correlation_draws import CorrelationDraws, sample_correlation
from pyro_neurovae.studies.sampling import mixed_correlation

OFF = np.triu_indices(68, 1)


def drawn(study, number=40, seed=0):
    covariances, structures = zip(*CorrelationDraws(study).draws(number, np.random.default_rng(seed)), strict=True)
    return np.stack(covariances), structures


def correlation_of(covariance):
    sd = np.sqrt(np.diagonal(covariance, axis1=-2, axis2=-1))
    return covariance / (sd[..., :, None] * sd[..., None, :])


@pytest.fixture(scope="module")
def study():
    return nv.simulate(2, genes=20, programs=3)


@pytest.mark.parametrize("people", [30, 500])
def test_a_sample_correlation_spreads_as_wisharts(people):
    truth = 0.5 * np.eye(4) + 0.5
    root, rng = np.linalg.cholesky(truth), np.random.default_rng(1)
    found = np.stack([sample_correlation(root, people, rng) for _ in range(4000)])
    np.testing.assert_allclose(found[:, 0, 1].mean(), 0.5, atol=0.02)
    np.testing.assert_allclose(found[:, 0, 1].std(), 0.75 / np.sqrt(people), rtol=0.1)  # (1 - rho^2) / sqrt(n)
    np.testing.assert_allclose(np.diagonal(found, axis1=1, axis2=2), 1)
    assert np.linalg.eigvalsh(found).min() > -1e-12


def test_a_region_that_does_not_vary_goes_with_none():
    root = np.diag([1.0, 2.0, 0.0]) + 0.5
    root[2] = 0
    found = sample_correlation(root, 50, np.random.default_rng(0))
    np.testing.assert_array_equal(found[2], [0, 0, 1])
    assert 0 < found[0, 1] < 1


def test_the_normative_correlation_is_drawn_around_that_of_either_data_set(study):
    covariances, structures = drawn(study, 60)
    known = study.sampling_covariance()[0]
    np.testing.assert_allclose(np.diagonal(covariances[:, 0], axis1=1, axis2=2), np.tile(known.diagonal(), (60, 1)))
    sources = {one: normative_correlation(one).to_numpy()[OFF] for one in ("abide", "adhd200")}
    nearest, distance = [], {one: [] for one in sources}
    for structure in structures:
        away = {one: np.sqrt(((structure[OFF] - values) ** 2).mean()) for one, values in sources.items()}
        nearest.append(min(away, key=away.get))
        distance[nearest[-1]].append(min(away.values()))
    assert 15 < nearest.count("abide") < 45
    for one, values in sources.items():
        expected = np.sqrt(((1 - values**2) ** 2).mean() / normative_people(one))
        np.testing.assert_allclose(np.mean(distance[one]), expected, rtol=0.2)


def test_errors_take_the_drawn_structure_mixed_as_the_studys_own(study):
    covariances, structures = drawn(study, 3)
    known = study.sampling_covariance()[0]
    pooled = mixed_correlation(normative_correlation().to_numpy())
    for covariance, structure in zip(covariances[:, 0], structures, strict=True):
        ratio = (covariance / known)[OFF]
        np.testing.assert_allclose(ratio, (mixed_correlation(structure) / pooled)[OFF])


def test_another_atlas_is_drawn_around_interpolated_correlations(study):
    names = {name: f"parcel{i}" for i, name in enumerate(study.regions)}
    graph = replace(study.graph, names=tuple(names.values()))
    other = nv.simulate(2, genes=20, programs=3, graph=graph)
    assert other.sampling_correlation == ("interpolated",)
    covariances, structures = drawn(other, 2)
    assert not np.allclose(covariances[0], covariances[1])
    assert structures[0].shape == (68, 68)


def test_an_own_covariance_is_drawn_for_the_people_that_its_errors_imply(study):
    own = replace(study, sampling_correlation=("own",), structure=None)
    covariances, structures = drawn(own, 100)
    assert set(structures) == {None}
    truth = correlation_of(study.sampling_covariance()[0])[OFF]
    people = np.median(4 / study.standard_error**2)
    away = (correlation_of(covariances[:, 0])[:, OFF[0], OFF[1]] - truth).std(0)
    np.testing.assert_allclose(away.mean(), ((1 - truth**2) / np.sqrt(people)).mean(), rtol=0.1)
    # Errors of half a unit are none of Cohen's d.
    scale = 0.5 / np.median(study.standard_error)
    large = replace(own, standard_error=scale * study.standard_error, covariance=scale**2 * study.covariance)
    np.testing.assert_array_equal(drawn(large, 2)[0], np.repeat(large.covariance[None], 2, 0))


def test_a_table_is_drawn_as_far_off_as_two_data_sets_are_apart(study):
    table = replace(study, sampling_correlation=("table",), structure=0.3 + 0.7 * np.eye(68))
    covariances, structures = drawn(table, 60)
    abide, adhd = (normative_correlation(one).to_numpy()[OFF] for one in ("abide", "adhd200"))
    apart = np.sqrt(((abide - adhd) ** 2).mean())
    truth = correlation_of(study.sampling_covariance()[0])[OFF]
    away = np.sqrt(((correlation_of(covariances[:, 0])[:, OFF[0], OFF[1]] - truth) ** 2).mean())
    np.testing.assert_allclose(away, apart, rtol=0.1)
    np.testing.assert_allclose(np.mean([one[OFF].std() for one in structures]), apart, rtol=0.15)


@pytest.mark.parametrize("choice", ["independent", "exchangeable"])
def test_what_is_not_estimated_stays_as_it_is(choice):
    study = nv.simulate(2, genes=20, programs=3, sampling_correlation=choice)
    covariances, _ = drawn(study, 2)
    np.testing.assert_array_equal(covariances, np.repeat(study.sampling_covariance()[None], 2, 0))
