"""Settings of the whole process that a fit changes while it runs, and puts back: threads, and Pyro's checks.

They, and the stack of effect handlers that Pyro keeps, are the process's own: of threads that fit at once one waits for
the other.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TypeVar

import pyro
import torch
from pyro import distributions, infer, poutine

__all__ = ["in_threads", "quick", "single_threaded", "suspended"]

Piece = TypeVar("Piece")
Result = TypeVar("Result")

# Regions up to which an operation is best done by one thread.
_SMALL = 256


@dataclass(frozen=True)
class _Switches:
    """Torch's threads, and whether Pyro checks distributions, inference and sites."""

    threads: int
    checks: tuple[bool, bool, bool]

    @classmethod
    def now(cls) -> _Switches:
        checks = (part.is_validation_enabled() for part in (distributions, infer, poutine))
        return cls(torch.get_num_threads(), tuple(checks))

    def put(self) -> None:
        torch.set_num_threads(self.threads)
        for part, checked in zip((distributions, infer, poutine), self.checks, strict=True):
            part.enable_validation(checked)


_ONE_AT_A_TIME = threading.RLock()

# What the caller had, while a fit runs.
_CALLERS: ContextVar[_Switches | None] = ContextVar("callers", default=None)


@contextmanager
def _kept() -> Iterator[_Switches]:
    """Put everything back at the end, gradients on meanwhile; gives what was set before."""
    with _ONE_AT_A_TIME:
        before = _Switches.now()
        token = _CALLERS.set(before) if _CALLERS.get() is None else None
        try:
            with torch.inference_mode(False), torch.enable_grad():
                yield before
        finally:
            before.put()
            if token is not None:
                _CALLERS.reset(token)


@contextmanager
def single_threaded(regions: int) -> Iterator[int]:
    """Give torch one thread where matrices are small, and the caller's number back afterwards, which is yielded.

    A Cholesky factor of 68 regions takes 20 microseconds: two threads gain a fifth on an idle machine, but wait for
    each other at every factor, which makes a fit ten times slower where another process holds one of the cores.
    """
    with _kept() as before:
        torch.set_num_threads(1 if regions <= _SMALL else before.threads)
        yield before.threads


@contextmanager
def quick() -> Iterator[None]:
    """Leave Pyro's checks out: shapes and supports are checked once when a model is built, and cost more than the sums.

    At every step, that is; the caller's setting is put back afterwards.
    """
    with _kept():
        pyro.enable_validation(False)
        yield


@contextmanager
def suspended() -> Iterator[None]:
    """Give the caller's settings back for a block: a function of the caller's runs as it would outside of a fit."""
    callers, own = _CALLERS.get(), _Switches.now()
    if callers is None:
        yield
        return
    callers.put()
    try:
        yield
    finally:
        own.put()


def in_threads(function: Callable[[Piece], Result], pieces: Iterable[Piece], workers: int) -> list[Result]:
    """Map a function that needs no gradient over pieces, in ``workers`` threads; results in the pieces' order."""

    def quietly(piece: Piece) -> Result:
        with torch.no_grad():  # each thread has a gradient mode of its own
            return function(piece)

    if workers == 1:
        return [quietly(piece) for piece in pieces]
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(quietly, pieces))
