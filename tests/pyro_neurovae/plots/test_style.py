"""One look: pictures drawn on what is given, none left open, and matplotlib imported late."""

from __future__ import annotations

import subprocess
import sys

import matplotlib
import matplotlib.figure
import pandas as pd
import pytest

from pyro_neurovae import plots
from pyro_neurovae.errors import InputError


def test_axes_and_figures_given_are_drawn_on(small_fit, found):
    whole = matplotlib.figure.Figure(figsize=(12, 9), layout="constrained")
    one, two = whole.subfigures(1, 2)
    axes = one.subplots(3, 1)
    assert plots.forest(small_fit, ax=axes[0]) is whole
    assert plots.variance(small_fit, ax=axes[1]) is whole
    assert plots.nulls(found, ax=axes[2]) is whole
    assert all(axis.get_xlabel() for axis in axes)
    top, bottom = two.subfigures(2, 1)
    assert plots.training(small_fit, figure=top) is whole
    assert plots.prior_posterior(small_fit, figure=bottom) is whole
    assert (len(top.axes), len(bottom.axes)) == (2, 4)


CALLS = {
    "forest": lambda fit, found: plots.forest(fit),
    "graph": lambda fit, found: plots.graph(fit.study),
    "matrix": lambda fit, found: plots.matrix(pd.DataFrame([[1.0]])),
    "nulls": lambda fit, found: plots.nulls(found),
    "observed_predicted": lambda fit, found: plots.observed_predicted(fit),
    "prior_posterior": lambda fit, found: plots.prior_posterior(fit),
    "program_maps": lambda fit, found: plots.program_maps(fit),
    "surface": lambda fit, found: plots.surface(fit),
    "training": lambda fit, found: plots.training(fit),
    "variance": lambda fit, found: plots.variance(fit),
}


@pytest.mark.parametrize("name", plots.__all__)
def test_a_missing_matplotlib_is_said(small_fit, found, monkeypatch, name):
    monkeypatch.delitem(sys.modules, "pyro_neurovae.plots.picture", raising=False)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(InputError, match=r"pictures need matplotlib; install it by: pip install matplotlib"):
        CALLS[name](small_fit, found)


def test_matplotlib_is_imported_late():
    code = "import sys, pyro_neurovae.plots; sys.exit('matplotlib' in sys.modules or 'nilearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
