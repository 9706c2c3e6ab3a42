"""Partitions of many draws at once, held against scikit-learn one at a time."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score, mutual_info_score, silhouette_score

from pyro_neurovae.interpretation import partitions


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def blobs(rng, noise, draws=5, points=40, number=4):
    """Points about four centres, drawn several times; (draw, point, 3)."""
    truth = np.arange(points) % number
    centre = 4 * np.eye(number)[:, :3]
    return truth, centre[truth] + noise * rng.standard_normal((draws, points, 3))


def within(points, labels, number):
    member = np.eye(number)[labels]
    centre = member.swapaxes(1, 2) @ points / np.maximum(member.sum(1), 1)[..., None]
    return ((points - np.take_along_axis(centre, labels[..., None], 1)) ** 2).sum((1, 2))


def test_groups_that_lie_apart_are_found_in_every_draw(rng):
    truth, points = blobs(rng, 0.5)
    labels = partitions.k_means(points, partitions.ward(points, range(4, 5))[0], 4)
    assert [adjusted_rand_score(truth, own) for own in labels] == pytest.approx([1.0] * 5)


def test_k_means_never_makes_clusters_wider(rng):
    _, points = blobs(rng, 2.5)
    for number, start in zip(range(2, 6), partitions.ward(points, range(2, 6)), strict=True):
        better = partitions.k_means(points, start, number)
        assert (within(points, better, number) <= within(points, start, number) + 1e-9).all()
        again = partitions.k_means(points, better, number, steps=1)
        np.testing.assert_array_equal(again, better)  # it has settled


def test_silhouettes_are_those_of_scikit_learn(rng):
    _, points = blobs(rng, 2.5)
    labels = partitions.ward(points, range(3, 4))[0]
    distance = np.sqrt(partitions.squared_distances(points))
    expected = [silhouette_score(own, mark) for own, mark in zip(points, labels, strict=True)]
    np.testing.assert_allclose(partitions.silhouettes(distance, labels, 3), expected, atol=1e-10)


def test_a_point_by_itself_and_one_cluster_of_all_have_no_silhouette():
    distance = np.abs(np.arange(4.0)[:, None] - np.arange(4.0))[None]
    assert partitions.silhouettes(distance, np.zeros((1, 4), dtype=int), 2) == 0
    alone = partitions.silhouettes(distance, np.array([[0, 0, 0, 1]]), 2)[0]
    assert alone == pytest.approx((4 / 3 * 0 + (3 - 1.5) / 3 + (2 - 1) / 2 + (1 - 1.5) / 1.5) / 4)


def test_the_representative_loses_the_least_information(rng):
    labels = rng.integers(3, size=(12, 20))
    labels[:6] = np.where(rng.random((6, 20)) < 0.2, labels[:6], labels[0])  # some draws agree

    def lost(one, other):
        return mutual_info_score(one, one) + mutual_info_score(other, other) - 2 * mutual_info_score(one, other)

    found = partitions.representative(labels, 3)
    loss = [np.mean([lost(candidate, own) for own in labels]) for candidate in [found, *labels]]
    assert loss[0] == pytest.approx(min(loss))


def test_clusters_of_draws_take_the_number_of_the_references(rng):
    reference = np.arange(30) % 3
    shuffled = np.stack([rng.permutation(3)[reference] for _ in range(8)])
    np.testing.assert_array_equal(partitions.match_labels(shuffled, reference, 3), np.tile(reference, (8, 1)))


def test_coclustering_and_entropy_by_hand():
    labels = np.array([[0, 0, 1], [1, 1, 1]])
    np.testing.assert_array_equal(partitions.coclustering(labels), [[1, 1, 0.5], [1, 1, 0.5], [0.5, 0.5, 1]])
    shares = np.array([[1.0, 0.0], [0.5, 0.5], [0.25, 0.75]])
    expected = [0, 1, -(0.25 * np.log2(0.25) + 0.75 * np.log2(0.75))]
    np.testing.assert_allclose(partitions.entropy(shares), expected, atol=1e-12)
