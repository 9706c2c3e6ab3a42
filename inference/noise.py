"""Random numbers that belong to one replicate each and touch no global state."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor

__all__ = ["NoiseStreams", "isolated"]


class NoiseStreams:
    """One generator a replicate, so that a batch of fits draws what each fit alone would draw.

    Parameters
    ----------
    seeds
        One seed a replicate.
    stream
        Name of the use; two uses of one seed are independent.
    dtype, device
        Of the tensors given back. Numbers are drawn on the CPU, so a seed means the same on every device.
    """

    def __init__(
        self, seeds: Sequence[int], stream: str, *, dtype: torch.dtype, device: torch.device | str = "cpu"
    ) -> None:
        self.dtype, self.device = dtype, device
        self.generators = [torch.Generator().manual_seed(_entropy(seed, stream)) for seed in seeds]

    def normal(self, *shape: int) -> Tensor:
        """Standard normal numbers, (replicate, *shape)."""
        return self._stack([torch.randn(shape, generator=g, dtype=self.dtype) for g in self.generators])

    def uniform(self, *shape: int) -> Tensor:
        """Uniform numbers between 0 and 1, (replicate, *shape)."""
        return self._stack([torch.rand(shape, generator=g, dtype=self.dtype) for g in self.generators])

    def _stack(self, draws: list[Tensor]) -> Tensor:
        return torch.stack(draws).to(self.device)


@contextmanager
def isolated(seed: int) -> Iterator[None]:
    """Seed torch's global generator for a block that can't be given one, and put the caller's state back."""
    with torch.random.fork_rng():
        torch.manual_seed(_entropy(seed, "isolated"))
        yield


def _entropy(seed: int, stream: str) -> int:
    words = np.random.SeedSequence([seed, *stream.encode()]).generate_state(1, np.uint64)
    return int(words[0] >> np.uint64(1))
