"""CPU threads: one for each chunk of draws, none inside an operation on small matrices."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import torch

__all__ = ["in_threads", "single_threaded"]

Piece = TypeVar("Piece")
Result = TypeVar("Result")

# Regions up to which an operation is best done by one thread.
_SMALL = 256


@contextmanager
def single_threaded(regions: int) -> Iterator[int]:
    """Give torch one thread where matrices are small, and the caller's number back afterwards, which is yielded.

    A Cholesky factor of 68 regions takes 20 microseconds: two threads gain a fifth on an idle machine, but wait for
    each other at every factor, which makes a fit ten times slower where another process holds one of the cores.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1 if regions <= _SMALL else before)
    try:
        yield before
    finally:
        torch.set_num_threads(before)


def in_threads(function: Callable[[Piece], Result], pieces: Iterable[Piece], workers: int) -> list[Result]:
    """Map a function that needs no gradient over pieces, in ``workers`` threads; results in the pieces' order."""

    def quietly(piece: Piece) -> Result:
        with torch.no_grad():  # each thread has a gradient mode of its own
            return function(piece)

    if workers == 1:
        return [quietly(piece) for piece in pieces]
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(quietly, pieces))
