"""Partitions of points in many draws at once: k-means, silhouettes, and the partition that stands for all."""

from __future__ import annotations

import numpy as np

__all__ = [
    "coclustering",
    "entropy",
    "k_means",
    "match_labels",
    "representative",
    "silhouettes",
    "squared_distances",
    "ward",
]

# Lloyd's iterations: from Ward's partition of tens of points hardly any needs more.
_STEPS = 25


def ward(points: np.ndarray, numbers: range) -> np.ndarray:
    """Cut Ward's tree of every draw's points at each number of clusters; labels from 0, (number, draw, point).

    Of points (draw, point, dimension). The tree hangs on distances alone: neither rotations nor the points' order
    change it.
    """
    from scipy.cluster.hierarchy import fcluster, linkage  # late: SciPy's clustering is needed here only

    labels = np.empty((len(numbers), *points.shape[:2]), dtype=int)
    for draw, own in enumerate(points):
        tree = linkage(own, "ward")
        for row, number in enumerate(numbers):
            labels[row, draw] = fcluster(tree, number, "maxclust") - 1
    return labels


def k_means(points: np.ndarray, labels: np.ndarray, number: int, *, steps: int = _STEPS) -> np.ndarray:
    """Improve partitions (draw, point) of points (draw, point, dimension) by Lloyd's iterations; labels, as given.

    The labels keep their meaning, a cluster that loses its last point stays empty, and the sum of squared distances to
    the cluster's mean never rises.
    """
    labels, moving = labels.copy(), np.arange(len(points))  # draws whose partition still changes
    for _ in range(steps):
        own = points[moving]
        member = np.eye(number, dtype=points.dtype)[labels[moving]]  # (draw, point, cluster)
        size = member.sum(1)
        centre = member.swapaxes(1, 2) @ own / np.maximum(size, 1)[..., None]
        distance = (centre**2).sum(2)[:, None] - 2 * own @ centre.swapaxes(1, 2)
        closest = np.where(size[:, None] > 0, distance, np.inf).argmin(2)
        changed = (closest != labels[moving]).any(1)
        labels[moving], moving = closest, moving[changed]
        if not len(moving):
            break
    return labels


def squared_distances(points: np.ndarray) -> np.ndarray:
    """Squared distances between the points of each draw; (draw, point, point)."""
    distances: np.ndarray = points @ points.swapaxes(1, 2)
    size = np.diagonal(distances, axis1=1, axis2=2).copy()
    distances *= -2  # in place, since there are a hundred draws of it
    distances += size[:, :, None]
    distances += size[:, None]
    return distances.clip(min=0, out=distances)


def silhouettes(distance: np.ndarray, labels: np.ndarray, number: int) -> np.ndarray:
    r"""Mean silhouette of each draw's partition, from -1 to 1; (draw,).

    .. math:: s_i = (b_i - a_i) / \max(a_i, b_i)

    with the mean distance a to the other members of a point's cluster and b to those of the nearest other cluster; 0
    for a point by itself. Distances are (draw, point, point).

    References
    ----------
    Rousseeuw (1987), Journal of Computational and Applied Mathematics 20.
    """
    member = np.eye(number)[labels]
    size = member.sum(1)[:, None]  # (draw, 1, cluster)
    total = distance @ member  # (draw, point, cluster)
    own_size = (size * member).sum(2)
    within = (total * member).sum(2) / np.maximum(own_size - 1, 1)
    elsewhere = np.where((member > 0) | (size == 0), np.inf, total / np.maximum(size, 1)).min(2)
    together = np.isinf(elsewhere) | (own_size <= 1)
    elsewhere = np.where(together, 0.0, elsewhere)
    largest = np.maximum(np.maximum(within, elsewhere), np.finfo(float).tiny)
    score: np.ndarray = np.where(together, 0.0, (elsewhere - within) / largest).mean(1)
    return score


def coclustering(labels: np.ndarray) -> np.ndarray:
    """Share of the draws in which two points are in one cluster; (point, point), of labels (draw, point)."""
    together: np.ndarray = (labels[:, :, None] == labels[:, None]).mean(0)
    return together


def representative(labels: np.ndarray, number: int) -> np.ndarray:
    r"""Partition that minimises the posterior expected variation of information; labels (point,).

    .. math:: \mathrm{VI}(c, c') = H(c) + H(c') - 2 I(c, c')

    averaged over the draws' partitions (draw, point). Candidates are the draws' own, and the average-linkage tree of
    1 - co-clustering cut at ``number``.

    References
    ----------
    Meila (2007), Journal of Multivariate Analysis 98; Wade & Ghahramani (2018), Bayesian Analysis 13.
    """
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    apart = 1 - coclustering(labels)
    np.fill_diagonal(apart, 0.0)
    average = fcluster(linkage(squareform(apart, checks=False), "average"), number, "maxclust") - 1
    candidates = np.vstack([labels, average[None]])
    losses = [_mean_information_lost(candidate, labels, number) for candidate in candidates]
    return candidates[int(np.argmin(losses))]


def match_labels(labels: np.ndarray, reference: np.ndarray, number: int) -> np.ndarray:
    """Number each draw's clusters so that they share the most points with the reference's; (draw, point)."""
    from scipy.optimize import linear_sum_assignment

    overlap = np.eye(number)[labels].swapaxes(1, 2) @ np.eye(number)[reference]  # (draw, cluster, reference's)
    matched = np.empty_like(labels)
    for draw, shared in enumerate(overlap):
        matched[draw] = linear_sum_assignment(-shared)[1][labels[draw]]
    return matched


def entropy(probability: np.ndarray) -> np.ndarray:
    """Entropy over the last dimension, as a share of the largest possible: 0 is certain, 1 is knowing nothing."""
    safe = np.where(probability > 0, probability, 1.0)
    share: np.ndarray = -(probability * np.log(safe)).sum(-1) / np.log(max(2, probability.shape[-1]))
    return np.abs(share)  # no negative zero


def _mean_information_lost(candidate: np.ndarray, labels: np.ndarray, number: int) -> float:
    """Variation of information from one partition to each draw's, in nats, averaged."""
    joint = np.eye(number)[candidate].T @ np.eye(number)[labels] / len(candidate)  # (draw, cluster, drawn cluster)
    given = joint**2 / np.maximum(joint.sum(2, keepdims=True) * joint.sum(1, keepdims=True), np.finfo(float).tiny)
    return float(-(joint * np.log(np.where(joint > 0, given, 1.0))).sum((1, 2)).mean())
