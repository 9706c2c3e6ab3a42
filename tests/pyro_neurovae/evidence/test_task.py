"""Inner folds: every seen region once, never with its homologue to be seen."""

from __future__ import annotations

import numpy as np
import pytest

import pyro_neurovae as nv
from pyro_neurovae.evidence.task import Task


@pytest.fixture(scope="module")
def task():
    graph = nv.RegionGraph.dk68()
    rng = np.random.default_rng(0)
    thinning = rng.normal(size=68)
    thinning[[3, 10, 11]] = np.nan
    return Task(rng.normal(size=(68, 5)), thinning, np.arange(68) == 3, graph)


@pytest.mark.parametrize(("folds", "number"), [(None, 34), (10, 10), (99, 34)])
def test_every_seen_region_is_asked_for_once_and_its_homologue_hidden(task, folds, number):
    inner = list(task.inner(folds))
    missing = {task.graph.pair[3], task.graph.pair[10], task.graph.pair[11]}
    both = [pair for pair in missing if not task.seen[task.graph.pair == pair].any()]
    assert len(inner) == min(number, 34 - len(both))
    np.testing.assert_array_equal(sum(one.asked.astype(int) for one in inner), task.seen)
    for one in inner:
        assert not one.seen[one.asked].any()
        assert not one.seen[task.graph.homologue[one.asked]].any()
        np.testing.assert_array_equal(one.seen | one.asked, task.seen)


def test_errors_are_what_is_missed_with_the_pair_hidden(task):
    def mean(one):
        return np.full((2, one.asked.sum()), one.thinning[one.seen].mean()) * np.array([[1.0], [0.0]])

    errors = task.errors(mean)
    pair, y = task.graph.pair[task.seen], task.thinning[task.seen]
    expected = [value - y[pair != own].mean() for value, own in zip(y, pair, strict=True)]
    np.testing.assert_allclose(errors, [expected, y])
