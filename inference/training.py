"""The one training loop: every guide of every family goes through it."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from .elbo import ReplicateELBO
from .switches import quick, suspended

__all__ = ["Progress", "TrainingRecord", "train", "untrained"]


class Progress(Protocol):
    """What the loop tells of itself: a label, the step, all steps and the ELBO averaged over replicates."""

    def __call__(self, label: str, step: int, steps: int, elbo: float, /) -> None:
        """Take the news of one step."""


@dataclass(frozen=True)
class TrainingRecord:
    """How a training went.

    Attributes
    ----------
    elbo
        Estimate at every step, in nats; (replicate, step).
    drift
        Mean ELBO of the last tenth less that of the tenth before; (replicate,).
    drift_se
        Monte Carlo standard error of the drift; (replicate,).
    best_step
        Step whose state was put back, where training was stopped by a score; (replicate,).
    """

    elbo: Tensor
    drift: Tensor
    drift_se: Tensor
    best_step: Tensor | None = None

    @property
    def settled(self) -> Tensor:
        """Whether what was still being gained is under a tenth of a nat or within its noise; (replicate,).

        Where an earlier state was put back there was no more to gain, and of a drift that is not known nothing is said.
        """
        if self.best_step is not None:
            return torch.ones_like(self.drift, dtype=torch.bool)
        return ~(self.drift >= torch.clamp(3 * self.drift_se, min=0.1))


class Stopping(Protocol):
    """Tells when to stop, replicate by replicate; see `early_stopping.EarlyStopping`."""

    best_step: Tensor

    def done(self, step: int, /) -> bool:
        """Look at the state after a step."""

    def restore(self) -> None:
        """Put every replicate's best state back."""


class _Adam(torch.optim.Adam):
    """Torch's Adam without the wrappers that import its compiler, for two seconds, when they are first called."""

    add_param_group, zero_grad, step = (
        inspect.unwrap(getattr(torch.optim.Adam, name)) for name in ("add_param_group", "zero_grad", "step")
    )


def train(
    model: Callable[..., Any],
    guide: nn.Module,
    inputs: Callable[[int], tuple[Any, ...]],
    *,
    steps: int,
    learning_rate: float,
    label: str = "training",
    progress: Progress | None = None,
    stopping: Stopping | None = None,
) -> TrainingRecord:
    """Maximise the ELBO with Adam and a learning rate that falls to zero along a cosine.

    The stopping rule is the end of the schedule: all ``steps`` are taken, the last ones at a rate near zero,
    which averages the Monte Carlo noise out; `TrainingRecord.settled` says whether that was enough. A rule
    that is the same for every replicate is also what lets a batch give each fit's own numbers. With ``stopping``
    the rate is constant instead, training ends when every replicate is done, and each gets its best state back.

    Parameters
    ----------
    model, guide
        Pyro model and guide with a replicate dimension.
    inputs
        Arguments of both at a given step, for example that step's random numbers.
    steps, learning_rate
        Length of the schedule and its first rate.
    stopping
        Rule that stops before all steps are taken.
    """
    optimiser = _Adam(guide.parameters(), lr=learning_rate, betas=(0.9, 0.99), fused=True)
    elbo, history = ReplicateELBO(), []
    with quick():
        for step in range(steps):
            if stopping is None:
                for group in optimiser.param_groups:
                    group["lr"] = learning_rate * 0.5 * (1 + math.cos(math.pi * step / steps))
            optimiser.zero_grad(set_to_none=True)
            value = elbo.per_replicate(model, guide, *inputs(step))
            (-value.sum()).backward()
            with torch.no_grad():
                optimiser.step()
            history.append(value.detach())
            if progress is not None:
                with suspended():
                    progress(label, step + 1, steps, float(history[-1].mean()))
            if stopping is not None and stopping.done(step + 1):
                break
    record = _record(torch.stack(history, -1))
    if stopping is None:
        return record
    stopping.restore()
    return replace(record, best_step=stopping.best_step)


def untrained(elbo: Tensor) -> TrainingRecord:
    """Record of what was fitted without training, from an estimate at every round; (replicate, round)."""
    nothing = torch.full_like(elbo[:, 0], math.nan)
    return TrainingRecord(elbo, nothing, nothing)


def _record(elbo: Tensor) -> TrainingRecord:
    window = max(elbo.shape[-1] // 10, 1)
    last, before = elbo[:, -window:], elbo[:, -2 * window : -window]
    if before.shape[-1] < 2:
        return untrained(elbo)
    drift = last.mean(-1) - before.mean(-1)
    drift_se = ((last.var(-1) + before.var(-1)) / window).sqrt()
    return TrainingRecord(elbo, drift, drift_se)
