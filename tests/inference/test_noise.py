"""Random numbers: one stream a replicate, and nothing global moved."""

from __future__ import annotations

import torch

from pyro_neurovae.inference.noise import NoiseStreams, isolated


def test_a_batch_draws_what_each_seed_alone_draws():
    both = NoiseStreams((4, 7), "a", dtype=torch.float64)
    alone = NoiseStreams((7,), "a", dtype=torch.float64)
    for _ in range(3):
        assert torch.equal(both.normal(5)[1], alone.normal(5)[0])


def test_streams_of_one_seed_differ_by_use():
    first = NoiseStreams((1,), "a", dtype=torch.float64).normal(50)
    second = NoiseStreams((1,), "b", dtype=torch.float64).normal(50)
    assert not torch.equal(first, second)


def test_isolated_puts_the_global_state_back():
    before = torch.get_rng_state()
    with isolated(3):
        torch.randn(10)
    assert torch.equal(before, torch.get_rng_state())
