"""Figures that a notebook shows without pyplot."""

from __future__ import annotations

from pyro_neurovae import plots
from pyro_neurovae.plots.picture import Picture


def test_a_notebook_shows_a_picture_without_pyplot(small_fit):
    shown = plots.variance(small_fit)._repr_png_()
    assert shown.startswith(b"\x89PNG")


def test_a_name_with_dollars_is_no_formula():
    picture = Picture()
    axes = picture.subplots()
    axes.set_xscale("log")
    axes.set_title(r"cost in $ and $\frac$")  # as a formula it would be a fault
    assert picture._repr_png_().startswith(b"\x89PNG")
    ticks = [label for label in axes.get_xticklabels() if label.get_text()]
    assert ticks
    assert all(label.get_parse_math() for label in ticks)
