"""Neural layers with weights of their own for every replicate."""

from __future__ import annotations

import math
from typing import Protocol

import torch
from torch import Tensor, nn

__all__ = ["ReplicateLinear", "Uniform"]


class Uniform(Protocol):
    """Where initial weights come from: uniform numbers between 0 and 1, (replicate, *shape)."""

    def uniform(self, *shape: int) -> Tensor:
        """Draw numbers."""


class ReplicateLinear(nn.Module):
    """B independent linear maps side by side: (B, region, in) to (B, region, out)."""

    def __init__(self, inputs: int, outputs: int, noise: Uniform, *, zero: bool = False) -> None:
        super().__init__()
        bound = 0.0 if zero else math.sqrt(3.0 / inputs)
        self.weight = nn.Parameter((2 * noise.uniform(inputs, outputs) - 1) * bound)
        self.bias = nn.Parameter(torch.zeros_like(self.weight[:, :1]))

    def forward(self, x: Tensor) -> Tensor:
        """Apply each replicate's map."""
        return x @ self.weight + self.bias
