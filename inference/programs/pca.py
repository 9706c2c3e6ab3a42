"""Probabilistic PCA of the expression scatter: where the guide of the programs starts."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from pyro_neurovae.models.observations import ExpressionPlaces

__all__ = ["PCAStart", "pca_start"]


@dataclass(frozen=True)
class PCAStart:
    """Maximum-likelihood probabilistic PCA (Tipping & Bishop 1999).

    Attributes
    ----------
    score
        Scaled programs, Z s; (place, program), zero where unmeasured.
    strength
        Root mean square of each program's score over the measured places; (program,).
    noise
        Standard deviation of what the programs leave; ().
    """

    score: Tensor
    strength: Tensor
    noise: Tensor


def pca_start(places: ExpressionPlaces, programs: int) -> PCAStart:
    """Decompose the scatter (place, place) into ``programs`` components and noise."""
    measured = int(places.expressed.sum())
    values, vectors = torch.linalg.eigh(places.scatter)
    values, vectors = values.flip(0), vectors.flip(1)
    rest = values[programs : measured - 1]
    # With as many programs as dimensions nothing is left to estimate the noise from.
    variance = rest.mean() if len(rest) else values[programs - 1] * 0.1
    variance = variance.clamp(min=1e-4 * float(values.sum()) / measured)
    kept = (values[:programs] - variance).clamp(min=0.05 * variance)
    vectors = vectors[:, :programs] * _signs(vectors[:, :programs])
    return PCAStart(vectors * kept.sqrt(), (kept / measured).sqrt(), variance.sqrt())


def _signs(vectors: Tensor) -> Tensor:
    """Signs that make the entry of largest size positive: the same on every machine."""
    largest = vectors.abs().argmax(0, keepdim=True)
    return vectors.gather(0, largest).sign()
