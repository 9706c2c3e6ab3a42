"""Ridge and PLS: the textbook predictors, tuned with homologues hidden together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.cross_decomposition import PLSRegression
from sklearn.linear_model import Ridge

import pyro_neurovae as nv
from pyro_neurovae.evidence.regressions import pls, ridge
from pyro_neurovae.evidence.task import Task


@pytest.fixture(scope="module")
def task():
    """Genes and thinning that are alike in both hemispheres; a pair and a single region are asked for."""
    graph = nv.RegionGraph.dk68()
    rng = np.random.default_rng(1)
    genes = rng.normal(size=(68, 40))[graph.pair] + 0.3 * rng.normal(size=(68, 40))
    thinning = genes @ rng.normal(size=40) / 4 + rng.normal(size=68)[graph.pair] + 0.2 * rng.normal(size=68)
    asked = np.isin(np.arange(68), [4, graph.homologue[4], 20])
    return Task(genes / np.sqrt(40), np.where(asked, np.nan, thinning), asked, graph)


def test_ridge_has_the_penalty_that_predicts_hidden_pairs_best(task):
    def path(one):
        genes, y = one.genes[one.seen], one.thinning[one.seen]
        fits = [Ridge(alpha=penalty).fit(genes, y) for penalty in np.logspace(-3, 3, 25)]
        return np.stack([fitted.predict(one.genes[one.asked]) for fitted in fits])

    errors = (task.errors(path) ** 2).mean(1)
    best = int(errors.argmin())
    assert 0 < best < 24
    predicted, sd = ridge(task)
    np.testing.assert_allclose(predicted, path(task)[best], rtol=1e-6)
    assert sd == pytest.approx(np.sqrt(errors[best]))


def test_leaving_single_regions_out_would_promise_more(task):
    """The penalty and the error that are chosen while homologues are seen: what the tuning is to avoid."""
    alone = replace(task, graph=nv.RegionGraph.from_adjacency(task.graph.weights, task.graph.names))
    assert ridge(alone)[1] < 0.9 * ridge(task)[1]
    assert pls(alone)[1] < pls(task)[1]


def test_pls_is_that_of_every_gene_and_its_error_that_of_hidden_pairs(task):
    def method(one):
        fitted = PLSRegression(n_components=2, scale=False).fit(one.genes[one.seen], one.thinning[one.seen])
        return fitted.predict(one.genes[one.asked]).ravel()

    predicted, sd = pls(task)
    np.testing.assert_allclose(predicted, method(task), rtol=1e-8)
    assert sd == pytest.approx(np.sqrt((task.errors(method, 10) ** 2).mean()))
