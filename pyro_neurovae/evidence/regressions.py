"""Baselines that predict from genes: ridge and partial least squares, tuned with homologues hidden together."""

from __future__ import annotations

import numpy as np

from .task import Task

__all__ = ["pls", "ridge"]

_PENALTIES = np.logspace(-3, 3, 25)
_COMPONENTS = 2
_INNER_FOLDS = 10  # as many as `make_folds` deals pairs into


def ridge(task: Task) -> tuple[np.ndarray, np.ndarray]:
    """Ridge regression with the penalty that predicts seen regions best when their homologues are hidden with them.

    All is done in the space of the kernel X X' / g, whose one eigendecomposition serves every penalty: with hat matrix
    H the errors of a block B that is left out are (I - H_BB)^-1 (y - H y)_B exactly, the intercept learnt anew too.
    """
    y, seen = task.thinning[task.seen], task.seen
    genes = task.genes - task.genes[seen].mean(0)
    values, vectors = np.linalg.eigh(genes[seen] @ genes[seen].T)
    weight = 1 / (np.maximum(values, 0) + _PENALTIES[:, None])  # (penalty, eigenvalue)
    hat = 1 / len(y) + np.einsum("ie,pe,je->pij", vectors, weight * np.maximum(values, 0), vectors)
    errors = _pair_errors(hat, y, task.graph.pair[seen])
    best = int((errors**2).mean(1).argmin())
    slopes = vectors @ (weight[best] * (vectors.T @ (y - y.mean())))
    predicted = y.mean() + genes[task.asked] @ (genes[seen].T @ slopes)
    return predicted, np.sqrt((errors[best] ** 2).mean())


def _pair_errors(hat: np.ndarray, y: np.ndarray, pair: np.ndarray) -> np.ndarray:
    """Errors of linear smoothers (penalty, region, region) on regions left out with their homologues."""
    residual = y - hat @ y  # (penalty, region)
    errors = np.empty_like(residual)
    for one in np.unique(pair):
        block = np.flatnonzero(pair == one)
        own = np.eye(len(block)) - hat[:, block[:, None], block]
        errors[:, block] = np.linalg.solve(own, residual[:, block, None])[..., 0]
    return errors


def pls(task: Task) -> tuple[np.ndarray, np.ndarray]:
    """Partial least squares with two components, the usual choice in imaging transcriptomics."""
    # The method sees inner products of regions alone, so that coordinates of regions stand for thousands of genes.
    vectors, values, _ = np.linalg.svd(task.genes, full_matrices=False)
    turned = Task(vectors * values, task.thinning, task.asked, task.graph)
    return _pls_predicted(turned), np.sqrt((turned.errors(_pls_predicted, _INNER_FOLDS) ** 2).mean())


def _pls_predicted(task: Task) -> np.ndarray:
    from sklearn.cross_decomposition import PLSRegression

    method = PLSRegression(n_components=_COMPONENTS, scale=False)
    found: np.ndarray = method.fit(task.genes[task.seen], task.thinning[task.seen]).predict(task.genes[task.asked])
    return found.ravel()
