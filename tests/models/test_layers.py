"""Linear layers side by side: each replicate's is its own."""

from __future__ import annotations

import math

import torch

from pyro_neurovae.models.layers import ReplicateLinear


class Even:
    """Numbers from 0 to 1 at equal distances, for each of two replicates, the second in reverse."""

    def uniform(self, *shape):
        first = torch.linspace(0, 1, math.prod(shape), dtype=torch.float64)
        return torch.stack([first, first.flip(0)]).unflatten(1, shape)


def test_every_replicate_has_a_map_of_its_own():
    layer = ReplicateLinear(4, 3, Even())
    with torch.no_grad():
        layer.bias.copy_(torch.arange(6.0).reshape(2, 1, 3))
    x = torch.randn(2, 5, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    for b in range(2):
        own = torch.nn.functional.linear(x[b], layer.weight[b].T, layer.bias[b, 0])
        torch.testing.assert_close(layer(x)[b], own)
    # A gradient of one replicate's output is of its own weights alone.
    (slope,) = torch.autograd.grad(layer(x)[0].square().sum(), layer.weight)
    assert bool(slope[0].any())
    assert not slope[1].any()


def test_weights_begin_with_the_variance_of_one_over_the_inputs():
    weight = ReplicateLinear(12, 50, Even()).weight.detach()
    bound = math.sqrt(3 / 12)  # uniform numbers between -b and b have variance b^2 / 3
    torch.testing.assert_close(weight.abs().max(), torch.tensor(bound, dtype=torch.float64))
    torch.testing.assert_close(weight.var(), torch.tensor(1 / 12, dtype=torch.float64), rtol=0.01, atol=0)


def test_a_layer_that_begins_at_zero():
    layer = ReplicateLinear(4, 3, Even(), zero=True)
    assert not layer(torch.ones(2, 5, 4, dtype=torch.float64)).any()
