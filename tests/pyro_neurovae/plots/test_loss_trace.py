"""Losses of the training, a panel a part and a line a chain."""

from __future__ import annotations

import matplotlib
import matplotlib.figure
import numpy as np
import pytest

import pyro_neurovae as nv
from pyro_neurovae import plots
from pyro_neurovae.errors import InputError


def test_training_shows_both_halves(small_fit, drawn):
    programs, scales = drawn(plots.training(small_fit)).axes
    loss = small_fit.posterior.stats("loss")
    elbo = small_fit.posterior.guide["elbo"]
    for axis, expected in ((programs, -elbo), (scales, loss)):
        faint, means = axis.lines[::2], axis.lines[1::2]
        np.testing.assert_allclose([line.get_ydata() for line in faint], expected)
        np.testing.assert_array_equal(faint[0].get_xdata(), np.arange(1, 21))
        np.testing.assert_allclose([line.get_ydata() for line in means], expected)  # a window of one step
        assert [text.get_text() for text in axis.get_legend().get_texts()] == ["chain 1", "chain 2"]
    assert "(nats)" in programs.get_ylabel()
    assert "programs" in programs.get_title(loc="left")
    assert "simulated1, simulated2" in scales.get_title(loc="left")


def test_training_averages_over_a_window_in_the_middle():
    from pyro_neurovae.plots.loss_trace import _draw

    axis = matplotlib.figure.Figure().subplots()
    _draw(axis, np.arange(60.0)[None])
    mean = axis.lines[1]
    np.testing.assert_allclose(mean.get_ydata(), np.arange(1.0, 59.0))
    np.testing.assert_allclose(mean.get_xdata(), np.arange(2.0, 60.0))


def test_training_of_one_part_or_none(small_study, baseline_fit):
    assert len(plots.training(baseline_fit).axes) == 1
    few = small_study.select(regions=small_study.regions[:12], maps=["simulated2"])
    exact = nv.fit(few, "spatial", method="exact", draws=5)
    with pytest.raises(InputError, match="a fit by exact has no training to show; fit with method svi"):
        plots.training(exact)
