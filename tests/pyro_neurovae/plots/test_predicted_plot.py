"""Observed against predicted: dots, intervals and scores are those of the tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import pyro_neurovae as nv
from pyro_neurovae import plots
from pyro_neurovae.errors import InputError
from pyro_neurovae.posterior.conditional import values_anew


@pytest.fixture(scope="module")
def validation(small_study):
    """Two ways of folding, predicted by ridge under the name that the fit's model has."""
    return nv.validate(small_study, {"cross-scale": {"model": "ridge"}}, repeats=2)


def test_observed_against_predicted(small_fit, validation, drawn, of_map, segments):
    name = small_fit.study.maps[0]
    figure = drawn(plots.observed_predicted(small_fit, validation))
    inside, held_out = figure.axes
    seen = small_fit.study.thinning_observed[0]
    anew = values_anew(small_fit.posterior, small_fit.study, small_fit.settings, 0)[:, seen]
    ends = dict(zip(("lower90", "upper90"), np.quantile(anew, [0.05, 0.95], axis=0), strict=True))
    table = pd.DataFrame({"mean": of_map(small_fit.regions(), name)["predictable_mean"][seen]} | ends)
    observed = small_fit.study.thinning[0, seen]
    dots = inside.collections[-1].get_offsets()
    np.testing.assert_allclose(dots, np.stack([observed, table["mean"]], 1))
    held = (table["lower90"] <= observed) & (observed <= table["upper90"])
    lines = np.concatenate([segments(one) for one in inside.collections[:2] if len(one.get_segments())])
    wanted = pd.concat([table[held], table[~held]])
    np.testing.assert_allclose(lines[..., 1], wanted[["lower90", "upper90"]])
    r2 = 1 - ((observed - table["mean"]) ** 2).sum() / ((observed - observed.mean()) ** 2).sum()
    assert f"R² = {r2:.2f}, 90% intervals cover {held.mean():.0%}" in inside.get_title(loc="left")

    points = of_map(validation.pointwise, name).groupby("region", sort=False)[["observed", "mean"]].mean()
    np.testing.assert_allclose(held_out.collections[-1].get_offsets(), points)
    row = of_map(validation.summary(), name).iloc[0]
    score = f"R² = {row['r2']:.2f}, 90% intervals cover {row['coverage90']:.0%} (pairs)".replace("-", "−")
    assert held_out.get_title(loc="left") == f"{name}, held out\n{score}"
    assert inside.get_xlim() == inside.get_ylim() == held_out.get_xlim() == held_out.get_ylim()
    assert "map's units" in inside.get_xlabel()


def test_observed_against_predicted_without_validation(small_fit, validation):
    assert len(plots.observed_predicted(small_fit, map="simulated2").axes) == 1
    with pytest.raises(
        InputError, match="no pls of simulated1: it has cross-scale of simulated1, cross-scale of simul"
    ):
        plots.observed_predicted(small_fit, validation, model="pls")
