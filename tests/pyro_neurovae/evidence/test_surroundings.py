"""The homologue and the neighbours: what they predict, and what of where they are hidden."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import pyro_neurovae as nv
from pyro_neurovae.evidence.surroundings import copied_values, neighbours, twin
from pyro_neurovae.evidence.task import Task

PULLS = np.r_[0.0, np.logspace(-2, 2, 17), np.inf]


def smooth(graph, seed=0, alike=0.95):
    """Values that neighbours of a hemisphere share, and homologues by and large."""
    rng = np.random.default_rng(seed)
    _, vectors = np.linalg.eigh(np.diag(graph.weights.sum(1)) - graph.weights)
    return vectors[:, 1:9] @ rng.normal(size=8) * 3 + (1 - alike) * rng.normal(size=len(vectors))


def made(values, asked, graph):
    return Task(np.zeros((len(values), 1)), np.where(asked, np.nan, values), asked, graph)


@pytest.fixture(scope="module")
def graph():
    return nv.RegionGraph.dk68()


def test_the_twin_copies_what_it_sees_and_errs_as_seen_pairs_differ(graph):
    values = smooth(graph)
    left, right = graph.homologues[5]
    task = made(values, np.arange(68) == left, graph)
    predicted, sd = twin(task)
    assert predicted.tolist() == [values[right]]
    differences = [values[one] - values[other] for one, other in graph.homologues if one != left]
    assert sd[0] == pytest.approx(np.sqrt(np.mean(np.square(differences))))


def test_a_twin_that_is_hidden_gives_way_to_the_neighbours(graph):
    left, right = graph.homologues[5]
    asked = np.isin(np.arange(68), [left, right, 40])
    task = made(smooth(graph), asked, graph)
    place = {region: i for i, region in enumerate(np.flatnonzero(asked))}
    (copied, spread), (near, sd) = twin(task), neighbours(task)
    for region in (left, right):
        assert (copied[place[region]], spread[place[region]]) == (near[place[region]], sd[place[region]])
    assert copied[place[40]] == task.thinning[graph.homologue[40]] != near[place[40]]


def test_two_pairs_are_too_few_to_copy_by(graph):
    kept = [r for pair in graph.homologues[:2] for r in pair] + [one for one, _ in graph.homologues[10:20]]
    values = np.where(np.isin(np.arange(68), kept), smooth(graph), np.nan)
    task = made(values, np.arange(68) == graph.homologues[12][1], graph)
    np.testing.assert_array_equal(twin(task), neighbours(task))


def test_neighbours_are_pulled_as_predicts_hidden_pairs_best(graph):
    values, homologue, side = smooth(graph, seed=1, alike=0.0), graph.homologue, np.array(graph.hemispheres)
    weights = np.where(side[:, None] == side, graph.weights, 0)
    usual = weights.sum(1).mean()

    def predict(hidden, region, pull):
        seen = ~np.isin(np.arange(68), hidden)
        mean, own = values[seen].mean(), weights[region] * seen
        return mean if np.isinf(pull) else mean + own @ (values - mean) / (pull * usual + own.sum())

    asked = [7, homologue[7]]
    learnt = [region for region in range(68) if region not in asked]
    errors = np.array([[values[r] - predict([*asked, r, homologue[r]], r, pull) for r in learnt] for pull in PULLS])
    best = int((errors**2).mean(1).argmin())
    predicted, sd = neighbours(made(values, np.isin(np.arange(68), asked), graph))
    np.testing.assert_allclose(predicted, [predict(asked, r, PULLS[best]) for r in sorted(asked)])
    np.testing.assert_allclose(sd, np.sqrt((errors[best] ** 2).mean()))
    assert 0 < best < len(PULLS) - 1
    assert sd[0] < 0.95 * values.std()


def test_a_region_without_a_seen_neighbour_has_the_mean_and_its_error(graph):
    region = 7
    around = (graph.weights[region] > 0) & (np.arange(68) != graph.homologue[region])
    asked = around | (np.arange(68) == region)
    values = smooth(graph)
    task = made(values, asked, graph)
    predicted, sd = neighbours(task)
    place = int(np.flatnonzero(np.flatnonzero(asked) == region)[0])
    seen, pair = values[~asked], graph.pair[~asked]
    errors = [y - seen[pair != own].mean() for y, own in zip(seen, pair, strict=True)]
    assert predicted[place] == pytest.approx(seen.mean())
    assert sd[place] == pytest.approx(np.sqrt(np.mean(np.square(errors))))
    assert sd.min() < sd[place]


def test_another_hemisphere_is_no_neighbour(graph):
    """An edge across that joins no homologues counts where hemispheres are unknown, and not where they are known."""
    weights = graph.weights.copy()
    weights[0, 40] = weights[40, 0] = 5.0
    across = replace(graph, weights=weights)
    values, asked = smooth(graph), np.arange(68) == 0
    np.testing.assert_array_equal(neighbours(made(values, asked, across)), neighbours(made(values, asked, graph)))
    unknown = replace(across, hemispheres=None)
    assert neighbours(made(values, asked, unknown))[0] != neighbours(made(values, asked, graph))[0]


def test_values_are_copied_where_there_is_a_homologue(graph):
    values = smooth(graph)
    values[4] = np.nan
    few = replace(graph, homologues=graph.homologues[:10])
    copied = copied_values(values, few)
    for left, right in few.homologues:
        np.testing.assert_array_equal(copied[[left, right]], values[[right, left]])
    assert np.isnan(copied).sum() == 68 - 20 + 1
    assert np.isnan(copied_values(values, replace(graph, homologues=()))).all()
