"""Figures that a notebook shows without pyplot."""

from __future__ import annotations

from pyro_neurovae import plots


def test_a_notebook_shows_a_picture_without_pyplot(small_fit):
    shown = plots.variance(small_fit)._repr_png_()
    assert shown.startswith(b"\x89PNG")
