"""Ways of folding: whether a region is asked for while its homologue is seen."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import pyro_neurovae as nv
from pyro_neurovae.evidence.ways import make_ways, shows_homologues


@pytest.fixture(scope="module")
def study():
    return nv.simulate(0, genes=20)


@pytest.mark.parametrize(("scheme", "shown"), [("pairs", False), ("blocks", False), ("random", True), ("loo", True)])
def test_schemes_that_show_homologues(study, scheme, shown):
    ways, label = make_ways(study, scheme, 2, 0)
    assert (len(ways), label) == (2, scheme)
    assert shows_homologues(study, ways) == shown


def test_a_table_of_folds_is_named_where_it_does_not_do(study, tmp_path):
    table = pd.DataFrame({"region": study.regions, "fold": study.graph.pair % 5})
    table.to_csv(tmp_path / "folds.csv", index=False)
    ways, label = make_ways(study, tmp_path / "folds.csv", 1, 0)
    assert label == "table"
    np.testing.assert_array_equal(ways[0], study.graph.pair % 5)
    table[1:].to_csv(tmp_path / "folds.csv", index=False)
    with pytest.raises(nv.InputError, match=rf"folds.csv gives no fold to {study.regions[0]}, which has a value"):
        make_ways(study, tmp_path / "folds.csv", 1, 0)
    table.assign(fold=0).to_csv(tmp_path / "folds.csv", index=False)
    with pytest.raises(nv.InputError, match=r"fold 0 of .*folds.csv leaves 0 regions of map simulated to learn from"):
        make_ways(study, tmp_path / "folds.csv", 1, 0)


def test_one_pair_apart_is_enough_and_only_where_both_have_values(study):
    way = study.graph.pair % 5
    assert not shows_homologues(study, [way])
    left, right = study.graph.homologues[3]
    apart = way.copy()
    apart[right] = (way[left] + 1) % 5
    assert shows_homologues(study, [way, apart])
    thinning = study.thinning.copy()
    thinning[0, left] = np.nan
    assert not shows_homologues(study.with_thinning(thinning, study.standard_error), [way, apart])


def test_a_graph_without_homologues_has_none_to_show():
    forward = np.roll(np.eye(20), 1, axis=1)
    ring = nv.RegionGraph.from_adjacency(forward + forward.T, [f"r{i}" for i in range(20)])
    assert not shows_homologues(nv.simulate(0, genes=20, programs=3, graph=ring), [np.arange(20)])
