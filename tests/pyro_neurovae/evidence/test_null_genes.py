"""Tests of genes: p-values by hand, exact rates under exchangeability, and no list without a share."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import false_discovery_control

from pyro_neurovae.evidence.null_genes import gene_tests


@pytest.fixture
def weight():
    """Weights of 30 genes, of sizes of their own, on a map and 19 null maps, going together by 3 factors."""
    return co_expressed(np.random.default_rng(3), 1, 30, 19)[0]


def co_expressed(rng, runs, genes, nulls):
    """Weights (run, 1 + null, gene) of maps that are all alike."""
    loading = rng.standard_normal((3, genes)) * rng.uniform(0.1, 10, genes)
    return rng.standard_normal((runs, 1 + nulls, 3)) @ loading


def test_by_hand(weight):
    weight[0, :3] *= 20
    found = gene_tests(weight, 0.05)
    spread = np.sqrt((weight**2).mean(0))
    size = np.abs(weight) / spread
    for gene in range(30):
        assert found["p"][gene] == pytest.approx(np.mean(size >= size[0, gene]))
        assert found["p_family"][gene] == pytest.approx(np.mean(size.max(1) >= size[0, gene]))
        assert found["null_sd"][gene] == pytest.approx(np.sqrt(np.mean(weight[1:, gene] ** 2)))
    np.testing.assert_allclose(found["q"], false_discovery_control(found["p"]))
    np.testing.assert_array_equal(np.flatnonzero(found["called"]), [0, 1, 2])


def test_sizes_of_genes_and_signs_do_not_matter(weight):
    found = gene_tests(weight, 0.01)
    other = gene_tests(-weight * np.linspace(0.01, 50, 30), 0.01)
    for name in ("p", "q", "p_family", "called"):
        np.testing.assert_allclose(found[name], other[name])


def test_nothing_is_called_where_the_share_does_not_stand_up(weight):
    weight[0, :3] *= 20
    assert gene_tests(weight, 0.05)["called"].any()
    assert not gene_tests(weight, 0.051)["called"].any()


def test_rates_under_the_null():
    runs = co_expressed(np.random.default_rng(1), 2000, 40, 19)
    found = [gene_tests(one, 0.05) for one in runs]
    p = np.stack([one["p"] for one in found])
    for level in (0.02, 0.05, 0.2):
        assert np.mean(p <= level) == pytest.approx(level, rel=0.15)  # finer than 1 / 20 too
    assert np.mean([one["p_family"].min() <= 0.05 for one in found]) < 0.07
    assert np.mean([one["called"].any() for one in found]) < 0.07
    assert min(one["q"].min() for one in found) >= 1 / 20 - 1e-12


def test_a_gene_without_weights_is_no_finding(weight):
    weight[:, 4] = 0
    found = gene_tests(weight, 0.01)
    assert found["p"][4] == 1
    assert found["null_sd"][4] == 0
    assert not found["called"][4]
