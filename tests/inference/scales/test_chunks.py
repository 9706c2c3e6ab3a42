"""Draws a few at a time, and around the end of those that there are."""

from __future__ import annotations

import torch

from pyro_neurovae.inference.observation import observe
from pyro_neurovae.inference.scales import chunks
from pyro_neurovae.inference.scales.chunks import draws_together, window


def test_as_many_draws_as_the_processor_holds_and_one_at_least(study, monkeypatch):
    data = observe(study, replicates=3)
    numbers = 3 * data.maps * data.regions**2
    monkeypatch.setattr(chunks, "_CACHED", 5 * numbers + 1)
    assert draws_together(data) == 5
    monkeypatch.setattr(chunks, "_CACHED", 1)
    assert draws_together(data) == 1
    assert draws_together(data, 2 * 3 * data.maps) == 2


def test_a_window_goes_around_the_end_and_a_single_draw_is_for_all():
    kernel = torch.arange(10.0).reshape(2, 5)
    assert window(kernel, 3, 7).tolist() == [[3, 4, 0, 1], [8, 9, 5, 6]]
    assert window(kernel, 10, 11).tolist() == [[0], [5]]
    assert window(kernel, 6, 9).tolist() == [[1, 2, 3], [6, 7, 8]]
    assert window(kernel[:, :1], 3, 7) is not None
    torch.testing.assert_close(window(kernel[:, :1], 3, 7), kernel[:, :1])
