"""Graph neural network that reads regional expression; every replicate has its own weights."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch_geometric.nn import MessagePassing

from .noise import NoiseStreams

__all__ = ["RegionEncoder", "ReplicateGraphConv", "ReplicateLinear"]


class ReplicateLinear(nn.Module):
    """B independent linear maps side by side: (B, region, in) to (B, region, out)."""

    def __init__(self, inputs: int, outputs: int, noise: NoiseStreams, *, zero: bool = False) -> None:
        super().__init__()
        bound = 0.0 if zero else math.sqrt(3.0 / inputs)
        self.weight = nn.Parameter((2 * noise.uniform(inputs, outputs) - 1) * bound)
        self.bias = nn.Parameter(torch.zeros_like(self.weight[:, :1]))

    def forward(self, x: Tensor) -> Tensor:
        """Apply each replicate's map."""
        return x @ self.weight + self.bias


class ReplicateGraphConv(MessagePassing):
    r"""GraphConv (Morris et al. 2019) with weights per replicate: x_i W_1 + sum_j w_ij x_j W_2.

    For one replicate it equals `torch_geometric.nn.GraphConv` with ``aggr="add"``; edge weights are divided
    by the weighted degree here, so that a region's neighbourhood enters as its average on every graph.
    """

    def __init__(self, inputs: int, outputs: int, noise: NoiseStreams) -> None:
        super().__init__(aggr="add", node_dim=-2)
        self.self_map = ReplicateLinear(inputs, outputs, noise)
        self.neighbour_map = ReplicateLinear(inputs, outputs, noise)

    def forward(self, x: Tensor, edge_index: Tensor, edge_weight: Tensor) -> Tensor:
        """Map (B, region, in) to (B, region, out)."""
        gathered = self.propagate(edge_index, x=x, edge_weight=edge_weight)
        return self.self_map(x) + gathered @ self.neighbour_map.weight

    def message(self, x_j: Tensor, edge_weight: Tensor) -> Tensor:
        """Weight what a neighbour sends."""
        return x_j * edge_weight[:, None]


class RegionEncoder(nn.Module):
    """Two graph convolutions, a context pooled over the whole cortex, and a linear read-out.

    The read-out starts at zero, so that a guide that adds its output to a principal-component solution starts
    exactly there.

    Parameters
    ----------
    features
        What is known of each region; (region, feature).
    edge_index, edge_weight
        Directed edges in both directions, (2, edge) and (edge,).
    outputs
        Numbers to give back for each region.
    noise
        Streams that draw the replicates' initial weights.
    width
        Hidden units of a layer.
    """

    features: Tensor
    edge_index: Tensor
    edge_weight: Tensor

    def __init__(
        self,
        features: Tensor,
        edge_index: Tensor,
        edge_weight: Tensor,
        *,
        outputs: int,
        noise: NoiseStreams,
        width: int = 32,
    ) -> None:
        super().__init__()
        self.register_buffer("features", features)
        self.register_buffer("edge_index", edge_index)
        self.register_buffer("edge_weight", averaging(edge_index, edge_weight, len(features)))
        self.first = ReplicateGraphConv(features.shape[1], width, noise)
        self.second = ReplicateGraphConv(width, width, noise)
        self.read_out = ReplicateLinear(2 * width, outputs, noise, zero=True)

    def forward(self) -> Tensor:
        """Encode the regions: (replicate, region, outputs)."""
        x = self.features.expand(self.read_out.weight.shape[0], *self.features.shape)
        x = torch.relu(self.first(x, self.edge_index, self.edge_weight))
        x = torch.relu(self.second(x, self.edge_index, self.edge_weight))
        context = x.mean(-2, keepdim=True).expand_as(x)
        return self.read_out(torch.cat([x, context], -1))


def averaging(edge_index: Tensor, edge_weight: Tensor, regions: int) -> Tensor:
    """Edge weights divided by the weighted degree of the receiving region."""
    degree = edge_weight.new_zeros(regions).index_add(0, edge_index[1], edge_weight)
    return edge_weight / degree[edge_index[1]]
