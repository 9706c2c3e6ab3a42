"""Draws that fits share: made once, told apart by all that they hang on, and no more of them than fit."""

from __future__ import annotations

from dataclasses import replace

import torch

from pyro_neurovae.inference.programs import source as sources
from pyro_neurovae.inference.programs.recall import DrawMemory, digest


def drawn(value, size=4):
    return {"a": torch.full((size,), float(value), dtype=torch.float64)}


def test_what_was_drawn_is_given_again_until_there_is_no_room():
    memory, made = DrawMemory(100), []

    def make(value):
        made.append(value)
        return drawn(value)

    for key in (b"1", b"1", b"2", b"1", b"3", b"3", b"4", b"1"):  # 32 bytes each: three fit
        assert float(memory.get(key, lambda key=key: make(int(key)))["a"][0]) == int(key)
    assert made == [1, 2, 3, 4]  # the second, asked for longest ago, made room for the fourth
    memory.get(b"2", lambda: make(2))
    assert made[-1] == 2
    memory.get(b"big", lambda: drawn(5, size=50))
    memory.get(b"big", lambda: make(6))
    assert made[-1] == 6  # larger than the memory: made anew


def test_fingerprints_tell_numbers_shapes_and_words_apart():
    parts = [torch.zeros(4), torch.zeros(2, 2), torch.zeros(4, dtype=torch.float64), torch.ones(4), "a", ("a",), 1, "1"]
    assert len({digest(part) for part in parts}) == len(parts)
    assert digest(torch.zeros(4), 1) == digest(torch.zeros(4), 1)


def test_fits_of_one_seed_share_the_draws_and_nothing_else_does(fitted, monkeypatch):
    memory = DrawMemory(10**8)
    monkeypatch.setattr(sources, "_MEMORY", memory)
    source, calls = fitted.sampler.programs, []
    monkeypatch.setattr(
        type(source), "_swept", lambda self, use, draws, _: calls.append(use) or self._guided(self.streams(use), draws)
    )
    first = source.draw("x", 6)
    assert all(torch.equal(values, source.draw("x", 6)[name]) for name, values in first.items())
    assert calls == ["x"]
    other = source.trained.sites
    for changed in (
        replace(source, seeds=(99,)),
        replace(source, sweeps=source.sweeps + 1),
        replace(source, trained=replace(source.trained, sites=replace(other, loc=other.loc + 1))),
    ):
        changed.draw("x", 6)
    source.draw("x", 7)
    source.draw("y", 6)
    assert calls == ["x"] * 5 + ["y"]
