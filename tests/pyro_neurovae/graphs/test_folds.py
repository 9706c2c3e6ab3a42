"""Folds: every region in one, pairs together, blocks tight and on both sides."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist

import pyro_neurovae as nv
from pyro_neurovae.errors import GraphError, SettingsError
from pyro_neurovae.graphs.folds import SCHEMES, make_folds

NUMBERS = {"pairs": 10, "blocks": 7, "random": 10}


@pytest.fixture(scope="module")
def dk() -> nv.RegionGraph:
    return nv.RegionGraph.dk68()


@pytest.fixture(scope="module")
def ring() -> nv.RegionGraph:
    """Twenty regions on a circle, none with a homologue."""
    forward = np.roll(np.eye(20), 1, axis=1)
    angle = np.arange(20) * np.pi / 10
    positions = np.column_stack([np.cos(angle), np.sin(angle), 0 * angle])
    return nv.RegionGraph.from_adjacency(forward + forward.T, [f"r{i}" for i in range(20)], centroids=positions)


def spread(graph, folds):
    """Mean distance of two regions of one fold, the hemispheres laid over each other."""
    place = np.column_stack([np.abs(graph.centroids[:, 0]), graph.centroids[:, 1:]])
    together = np.triu(folds[:, None] == folds, 1)
    return cdist(place, place)[together].mean()


def assert_valid(graph, folds, number):
    assert folds.shape == (graph.n_regions,)
    assert np.array_equal(np.unique(folds), np.arange(number))


def pairs_together(graph, folds):
    left, right = np.array(graph.homologues).T
    return folds[left] == folds[right]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("scheme", NUMBERS)
def test_every_region_is_in_one_fold_and_pairs_in_the_same(dk, scheme, seed):
    folds = make_folds(dk, scheme, seed=seed)
    assert_valid(dk, folds, NUMBERS[scheme])
    assert pairs_together(dk, folds).all() == (scheme != "random")


@pytest.mark.parametrize(
    ("scheme", "number", "sizes"), [("pairs", 10, {6, 8}), ("pairs", 4, {16, 18}), ("random", 10, {6, 7})]
)
def test_dealt_folds_are_even(dk, scheme, number, sizes):
    assert set(np.bincount(make_folds(dk, scheme, number=number, seed=1))) == sizes


@pytest.mark.parametrize("number", [2, 7, 34])
@pytest.mark.parametrize("scheme", ["pairs", "blocks"])
def test_as_many_folds_as_asked_for(dk, scheme, number):
    folds = make_folds(dk, scheme, number=number)
    assert_valid(dk, folds, number)
    assert pairs_together(dk, folds).all()


@pytest.mark.parametrize("seed", range(3))
def test_blocks_are_tight_and_on_both_sides(dk, seed):
    blocks = make_folds(dk, "blocks", seed=seed)
    dealt = [spread(dk, make_folds(dk, "pairs", number=7, seed=other)) for other in range(10)]
    # Seven balls hold a seventh of the volume each: their width is 7^(-1/3), about half, of the whole's.
    assert spread(dk, blocks) < 0.65 * min(dealt)
    sides = np.array(dk.hemispheres)
    assert all(set(sides[blocks == block]) == {"L", "R"} for block in range(7))


@pytest.mark.parametrize("scheme", NUMBERS)
def test_the_seed_decides(dk, scheme):
    folds = [make_folds(dk, scheme, seed=seed) for seed in (0, 0, 1)]
    assert np.array_equal(folds[0], folds[1])
    assert not np.array_equal(folds[0], folds[2])


@pytest.mark.parametrize("scheme", NUMBERS)
def test_another_order_of_the_regions_gives_folds_as_good(dk, scheme):
    shuffled = dk.subset(np.random.default_rng(2).permutation(dk.names))
    folds = make_folds(shuffled, scheme, seed=3)
    assert_valid(shuffled, folds, NUMBERS[scheme])
    if scheme != "random":
        assert pairs_together(shuffled, folds).all()
    if scheme == "blocks":
        assert spread(shuffled, folds) == pytest.approx(spread(dk, make_folds(dk, scheme, seed=3)), rel=0.1)


@pytest.mark.parametrize("scheme", NUMBERS)
def test_a_graph_without_homologues(ring, scheme):
    folds = make_folds(ring, scheme)
    assert_valid(ring, folds, NUMBERS[scheme])
    if scheme != "blocks":
        assert set(np.bincount(folds)) == {2}


def test_leaving_one_region_out_at_a_time(dk):
    np.testing.assert_array_equal(make_folds(dk, "loo", seed=3), np.arange(68))
    assert set(SCHEMES) == {*NUMBERS, "loo"}


def test_one_homologue_alone_is_a_unit_of_its_own(dk):
    kept = dk.subset([name for name in dk.names if name != dk.names[dk.homologues[0][1]]])
    assert_valid(kept, make_folds(kept, "pairs", number=34), 34)


def test_a_small_graph_gets_as_many_folds_as_it_has_units(ring):
    assert_valid(few := ring.subset(ring.names[:4]), make_folds(few, "pairs"), 4)


@pytest.mark.parametrize(
    ("scheme", "number", "message"),
    [
        ("lobes", None, "unknown folds 'lobes': the known ones are pairs, blocks, random"),
        ("pairs", 1, "1 folds of 34 pairs: give a number from 2 to 34"),
        ("blocks", 35, "35 folds of 34 blocks: give a number from 2 to 34"),
        ("random", 69, "69 folds of 68 random: give a number from 2 to 68"),
        ("loo", 10, "leaving one region out at a time makes 68 folds, not 10; leave out number"),
        ("pairs", 0, "0 folds"),
        ("pairs", -3, "-3 folds"),
    ],
)
def test_faults_say_what_can_be_given(dk, scheme, number, message):
    with pytest.raises(SettingsError, match=message):
        make_folds(dk, scheme, number=number)


def test_blocks_need_positions(dk):
    bare = nv.RegionGraph.from_adjacency(dk.weights, dk.names)
    with pytest.raises(GraphError, match="the graph table has no positions, so there are no spatial blocks; use folds"):
        make_folds(bare, "blocks")
    assert_valid(bare, make_folds(bare, "pairs"), 10)
