"""The graph neural network: each replicate's convolutions, what it pools over, and where it begins."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch_geometric.nn import GraphConv

from pyro_neurovae.inference.encoder import RegionEncoder, ReplicateGraphConv, averaging
from pyro_neurovae.inference.observation import observe


def test_graph_conv_of_each_replicate_is_that_of_torch_geometric(models, streams, randomise):
    data = models["cross-scale"].data
    layer = ReplicateGraphConv(4, 5, streams(1, 2))
    randomise(layer)
    x = streams(3, 4).normal(data.regions, 4)
    weight = averaging(data.edge_index, data.edge_weight, data.regions)
    ours = layer(x, data.edge_index, weight)
    for b in range(2):
        theirs = GraphConv(4, 5).double()
        with torch.no_grad():
            theirs.lin_root.weight.copy_(layer.self_map.weight[b].T)
            theirs.lin_rel.weight.copy_(layer.neighbour_map.weight[b].T)
            theirs.lin_rel.bias.copy_(layer.self_map.bias[b, 0])
        torch.testing.assert_close(ours[b], theirs(x[b], data.edge_index, weight))


def test_encoder_begins_at_zero_and_depends_on_neighbours(models, streams, randomise):
    data = models["cross-scale"].data
    features = torch.zeros(data.regions, 2, dtype=torch.float64)
    encoder = RegionEncoder(features, data.edge_index, data.edge_weight, outputs=3, noise=streams())
    assert float(encoder().detach().abs().max()) == 0.0
    randomise(encoder)
    before = encoder()
    encoder.features[0, 0] = 1.0
    moved = (encoder() - before).abs().sum(-1)[0]
    assert bool((moved > 0).all())  # the pooled context reaches every region


@pytest.fixture
def encode(streams, randomise):
    """Encoder of two replicates on a study's graph and lobes."""

    def encode(study, features, **options):
        data = observe(study)
        graph = {"edge_index": data.edge_index, "edge_weight": data.edge_weight, "pools": data.lobe}
        encoder = RegionEncoder(features, **graph, outputs=4, noise=streams(1, 2), width=5, zero=False, **options)
        randomise(encoder, 3)
        return encoder

    return encode


@torch.no_grad()
@pytest.mark.parametrize("layers", [1, 3])
def test_encoder_gives_back_the_means_of_its_layers_and_lobes(weighted, encode, streams, layers):
    features = streams(4).normal(weighted.n_regions, 6)[0]
    encoder = encode(weighted, features, layers=layers)
    average = torch.as_tensor(weighted.graph.weights / weighted.graph.weights.sum(1, keepdims=True))
    lobes = np.array(weighted.graph.lobes)
    for b in range(2):
        x = features
        for layer in encoder.convolutions:
            own, others = layer.self_map, layer.neighbour_map
            x = torch.relu(x @ own.weight[b] + own.bias[b] + average @ x @ others.weight[b])
        lobe = torch.stack([x[torch.as_tensor(lobes == one)].mean(0) for one in lobes])
        read = torch.cat([x, x.mean(0).expand_as(x), lobe], -1) @ encoder.read_out.weight[b] + encoder.read_out.bias[b]
        torch.testing.assert_close(encoder()[b], read)


@torch.no_grad()
def test_relabelling_regions_relabels_what_the_encoder_says(weighted, encode, streams):
    order = np.random.default_rng(5).permutation(weighted.n_regions)
    other = weighted.select(regions=[weighted.regions[i] for i in order])
    features = streams(4).normal(weighted.n_regions, 6)[0]
    before, after = encode(weighted, features)(), encode(other, features[order])()
    torch.testing.assert_close(after, before[:, order])
