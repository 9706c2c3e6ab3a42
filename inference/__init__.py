"""Guides, the one training loop, exact Gaussian algebra, and the arrays that a fit hands over."""

from __future__ import annotations

from .engine import FitResult, TrainedFit, build_family, restart_seeds, run_fit, train_fit
from .expression_half import ExpressionHalf
from .posterior import PosteriorSampler
from .prepare import observe
from .train import TrainingRecord, train

__all__ = [
    "ExpressionHalf",
    "FitResult",
    "PosteriorSampler",
    "TrainedFit",
    "TrainingRecord",
    "build_family",
    "observe",
    "restart_seeds",
    "run_fit",
    "train",
    "train_fit",
]
