"""Weights that make unequal groups alike: by their size, or by how likely their covariates make each a case."""

from __future__ import annotations

import numpy as np

from ..errors import InputError, SettingsError
from .regression import RANK

__all__ = ["SCHEMES", "effective_size", "group_weights"]

SCHEMES = ("none", "inverse-frequency", "overlap")
_STEPS = 50
# Score a subject at which a fit is had, and mean weight below which no subject has any.
_ZERO, _NOTHING = 1e-8, 1e-6


def group_weights(
    scheme: str, case: np.ndarray, covariates: np.ndarray, counts: np.ndarray | None = None
) -> np.ndarray:
    """Weight of every subject; (*batch, row).

    Parameters
    ----------
    scheme
        "none": 1; "inverse-frequency": n / (2 n_group), so that both groups weigh alike; "overlap": 1 - e for a case
        and e for a control, e the logistic regression's probability of being a case given the covariates, which makes
        the weighted means of all covariates equal in the groups (Li, Morgan & Zaslavsky 2018).
    case
        Whether a subject is a case; (row,) bool.
    covariates
        Design without the group, the intercept first; (row, column).
    counts
        How often a bootstrap replicate holds each subject, (*batch, row); None (the default) for once each. The
        weights are to be multiplied by them.

    Raises
    ------
    SettingsError
        For an unknown scheme.
    InputError
        Where covariates tell cases from controls without fail, so that the groups do not overlap. In a replicate that
        lacks the cases or the controls of a level, the others of that level get no weight.
    """
    counts = np.ones(len(case)) if counts is None else counts
    if scheme == "none":
        return np.ones(counts.shape)
    if scheme == "inverse-frequency":
        total = counts.sum(-1, keepdims=True)
        cases = (counts * case).sum(-1, keepdims=True)
        return np.where(case, total / (2 * cases), total / (2 * (total - cases)))
    if scheme == "overlap":
        batch = np.atleast_2d(counts)
        probability = _logistic(case.astype(float), covariates, batch, resampled=counts.ndim > 1).reshape(counts.shape)
        weights = np.where(case, 1 - probability, probability)
        if ((counts * weights).sum(-1) < _NOTHING * counts.sum(-1)).any():
            raise InputError(f"in a resampled cohort {_SEPARATED}")
        return weights
    raise SettingsError(f"weights is {scheme!r}: the known ones are {', '.join(SCHEMES)}.")


def effective_size(weights: np.ndarray) -> float:
    """Number of equally weighted subjects that say as much: (sum w)^2 / sum w^2 (Kish 1965)."""
    return float(weights.sum() ** 2 / (weights**2).sum())


def _logistic(case: np.ndarray, design: np.ndarray, counts: np.ndarray, *, resampled: bool) -> np.ndarray:
    """Fitted probabilities (batch, row) of a logistic regression by Newton's method, a batch of counts at once.

    In replicates, ``resampled``, a coefficient may grow without end: they are taken as soon as the score is zero.
    """
    scale = np.sqrt((design**2).mean(0))
    x = design / scale
    squares = (x[:, :, None] * x[:, None, :]).reshape(len(x), -1)  # (row, column * column)
    beta = np.zeros((len(counts), x.shape[1]))
    unseen = _unseen((counts @ squares).reshape(-1, x.shape[1], x.shape[1]))
    for _ in range(_STEPS):
        p = 1 / (1 + np.exp(-np.clip(beta @ x.T, -30, 30)))  # (batch, row)
        gradient = (counts * (case - p)) @ x
        information = ((counts * p * (1 - p)) @ squares).reshape(-1, x.shape[1], x.shape[1])
        try:
            step = np.linalg.solve(information + unseen, gradient[..., None])[..., 0]
        except np.linalg.LinAlgError as fault:
            raise InputError(_SEPARATED) from fault
        beta += step
        if np.abs(step).max() < 1e-10 or (resampled and np.abs(gradient).max() < _ZERO * len(x)):
            return 1 / (1 + np.exp(-np.clip(beta @ x.T, -30, 30)))
    raise InputError(_SEPARATED)


def _unseen(products: np.ndarray) -> np.ndarray:
    """Projector on what a resampled cohort says nothing of, a level that it lacks; (batch, column, column)."""
    values, vectors = np.linalg.eigh(products)
    nothing = values <= RANK * values[:, -1:]
    return (vectors * nothing[:, None]) @ vectors.swapaxes(1, 2)


_SEPARATED = (
    "the covariates tell cases from controls without fail, so the groups do not overlap and can't be balanced; leave "
    "out the covariate that separates them, or use other weights."
)
