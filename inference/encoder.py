"""Graph neural network that reads regional expression; every replicate has its own weights."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch_geometric.nn import MessagePassing

from pyro_neurovae.models.layers import ReplicateLinear

from .noise import NoiseStreams

__all__ = ["RegionEncoder", "ReplicateGraphConv"]


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
    """Graph convolutions, contexts pooled over parts of the cortex and the whole of it, and a linear read-out.

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
    pools
        Part of the cortex that each region belongs to, its lobe for example; (region,) long. The mean over its
        part is given back to each region. None (the default) pools over the whole cortex only.
    width, layers
        Hidden units of a layer, and their number.
    zero
        Start the read-out at zero, so that a guide that adds its output to a principal-component solution starts
        exactly there.
    """

    features: Tensor
    edge_index: Tensor
    edge_weight: Tensor
    pool: Tensor | None

    def __init__(
        self,
        features: Tensor,
        edge_index: Tensor,
        edge_weight: Tensor,
        *,
        outputs: int,
        noise: NoiseStreams,
        pools: Tensor | None = None,
        width: int = 32,
        layers: int = 2,
        zero: bool = True,
    ) -> None:
        super().__init__()
        self.register_buffer("features", features)
        self.register_buffer("edge_index", edge_index)
        self.register_buffer("edge_weight", averaging(edge_index, edge_weight, len(features)))
        self.register_buffer("pool", None if pools is None else pool_means(pools).to(features.dtype))
        inputs = [features.shape[1]] + [width] * (layers - 1)
        self.convolutions = nn.ModuleList(ReplicateGraphConv(size, width, noise) for size in inputs)
        self.read_out = ReplicateLinear((2 if pools is None else 3) * width, outputs, noise, zero=zero)

    def forward(self) -> Tensor:
        """Encode the regions: (replicate, region, outputs)."""
        x = self.features  # without a replicate dimension yet: what neighbours send is gathered once for all
        for convolution in self.convolutions:
            x = torch.relu(convolution(x, self.edge_index, self.edge_weight))
        contexts = [x.mean(-2, keepdim=True).expand_as(x)] + ([] if self.pool is None else [self.pool @ x])
        return self.read_out(torch.cat([x, *contexts], -1))


def pool_means(pools: Tensor) -> Tensor:
    """Matrix that puts the mean over its part in place of each region; (region, region)."""
    together = (pools[:, None] == pools).double()
    return together / together.sum(1, keepdim=True)


def averaging(edge_index: Tensor, edge_weight: Tensor, regions: int) -> Tensor:
    """Edge weights divided by the weighted degree of the receiving region."""
    degree = edge_weight.new_zeros(regions).index_add(0, edge_index[1], edge_weight)
    return edge_weight / degree[edge_index[1]]
