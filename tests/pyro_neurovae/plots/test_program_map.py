"""Programs on the cortex, with their strongest genes."""

from __future__ import annotations

import matplotlib
import matplotlib.figure
import numpy as np
import pytest

import pyro_neurovae as nv
from pyro_neurovae import plots
from pyro_neurovae.errors import NeurovaeError, SettingsError


@pytest.mark.parametrize("order", ["strength", "weight"])
def test_programs(small_fit, order, colour_of, assert_shade_of):
    figure = plots.program_maps(small_fit, 2, genes=5, order=order, map="simulated2")
    table = nv.aligned_programs(small_fit).table
    by = {name: own.set_index("program") for name, own in table.groupby("quantity")}
    weight = by["weight"][by["weight"]["name"] == "simulated2"]
    ranked = (by["strength"] if order == "strength" else weight)["mean"].abs().sort_values(ascending=False).index[:2]
    bars = [axis for axis in figure.axes if axis.containers]
    assert len(figure.axes) == 2 * 5 + 1
    for axis, program in zip(bars, ranked, strict=True):
        own = by["loading"].loc[program]
        top = own.iloc[np.argsort(-own["mean"].abs().to_numpy(), kind="stable")[:5]]
        assert [label.get_text() for label in axis.get_yticklabels()] == top["name"].tolist()
        np.testing.assert_allclose([bar.get_width() for bar in axis.patches], top["mean"])
        spans = np.array(axis.collections[0].get_segments())[..., 0]
        np.testing.assert_allclose(spans, top[["lower90", "upper90"]])
        strength = by["strength"].loc[program, "mean"]
        text = f"strength {strength:.2f}\nweight {weight.loc[program, 'mean']:.3f} ["
        assert axis.get_title(loc="right").startswith(text.replace("-", "−"))
    first = figure.axes[0]
    assert first.texts[0].get_text() == ranked[0]
    scores = by["score"].loc[ranked]
    bar = figure.axes[-1]
    most = scores["mean"].abs().max()
    assert bar.get_xlim() == pytest.approx((-most, most))
    value = by["score"].loc[ranked[0]].set_index("name").loc["L_supramarginal", "mean"]
    seen = colour_of(figure, "L_supramarginal", "lateral")
    assert_shade_of(seen, matplotlib.colormaps["PuOr_r"]((value + most) / (2 * most)))


def test_programs_that_there_are_not(small_fit, baseline_fit):
    with pytest.raises(NeurovaeError, match="has no programs"):
        plots.program_maps(baseline_fit)
    with pytest.raises(SettingsError, match="programs is 0 and genes 8; give at least 1 of each"):
        plots.program_maps(small_fit, 0)
