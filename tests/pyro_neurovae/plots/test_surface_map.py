"""Values on the cortex: the colours that regions get."""

from __future__ import annotations

import io
from dataclasses import replace

import matplotlib
import matplotlib.figure
import numpy as np
import pandas as pd
import pytest

import pyro_neurovae as nv
from pyro_neurovae import plots
from pyro_neurovae.atlases.vertices import HEMISPHERE, PARCELLATIONS, at_vertices, parcel_names
from pyro_neurovae.errors import InputError, NeurovaeError, SettingsError
from pyro_neurovae.plots import cortex
from pyro_neurovae.plots.cortex_view import project
from pyro_neurovae.plots.cortical_values import of_fit


@pytest.fixture(scope="module")
def shown(small_fit):
    """Posterior mean minus observed of the first map, which lacks three regions."""
    figure = plots.surface(small_fit, "difference")
    figure.savefig(io.BytesIO(), format="png", dpi=60)
    return figure


def test_regions_have_their_colours(small_fit, shown, colour_of, assert_shade_of):
    table = small_fit.regions().iloc[:68].set_index("region")
    values = table["mean"] - table["observed"]
    bar = shown.axes[-1]
    low, high = bar.get_xlim()
    assert -low == high == pytest.approx(values.abs().max())
    scale = matplotlib.colormaps["RdBu"]
    for name, view in (
        *(("L_supramarginal", "lateral"), ("R_rostralmiddlefrontal", "lateral"), ("L_insula", "lateral")),
        *(("L_precuneus", "medial"), ("R_superiorfrontal", "medial"), ("R_isthmuscingulate", "medial")),
    ):
        assert_shade_of(colour_of(shown, name, view), scale((values[name] - low) / (high - low)))


def test_regions_without_a_value_are_grey(small_fit, shown, colour_of, assert_shade_of):
    missing = small_fit.study.regions[20]
    assert missing == "L_postcentral"
    assert_shade_of(colour_of(shown, missing, "lateral"), np.full(3, 0.66))
    bar = shown.axes[-1]
    assert [text.get_text() for text in bar.get_legend().get_texts()] == ["no value"]
    assert bar.get_xlabel() == "effect (posterior mean) minus observed (map's units)"
    assert shown.get_suptitle() == "simulated1: effect (posterior mean) minus observed"
    assert [axis.get_title() for axis in shown.axes[:4]] == [
        "left, lateral",
        "right, lateral",
        "left, medial",
        "right, medial",
    ]


@pytest.mark.parametrize(
    ("quantity", "label", "cmap"),
    [
        ("mean", "effect (mm, negative = thinner)", "RdBu"),
        ("observed", "effect (mm, negative = thinner)", "RdBu"),
        ("predictable", "predictable part of the effect (mm, negative = thinner)", "RdBu"),
        ("interval_width", "width of the 90% interval (mm)", "viridis"),
        ("p_negative", "posterior probability of a negative effect (thinner)", "viridis"),
    ],
)
def test_quantities_of_a_fit(small_fit, quantity, label, cmap, colour_of, assert_shade_of):
    figure = plots.surface(small_fit, quantity, map="simulated2", unit="mm", layout="row")
    table = small_fit.regions().iloc[68:].set_index("region")
    values = {
        "mean": table["mean"],
        "observed": table["observed"],
        "predictable": table["predictable_mean"],
        "interval_width": table["upper90"] - table["lower90"],
        "p_negative": table["p_negative"],
    }[quantity]
    bar = figure.axes[-1]
    assert bar.get_xlabel() == label
    most = values.abs().max()
    limits = {"interval_width": (values.min(), values.max()), "p_negative": (0, 1)}.get(quantity, (-most, most))
    assert bar.get_xlim() == pytest.approx(limits)
    at = (values["R_inferiorparietal"] - limits[0]) / (limits[1] - limits[0])
    assert_shade_of(colour_of(figure, "R_inferiorparietal", "lateral"), matplotlib.colormaps[cmap](at))
    assert bar.get_legend() is None
    assert figure.get_suptitle().startswith("simulated2: ")


def test_any_series_can_be_drawn(colour_of, assert_shade_of):
    series = pd.Series({"ctx-lh-precuneus": 2.0, "R_precuneus": 5.0, "lh_unknown": 9.0})
    whole = matplotlib.figure.Figure(layout="constrained")
    part, _ = whole.subfigures(1, 2)
    figure = plots.surface(series, label="thickness (mm)", title="a title", cmap="cividis", figure=part)
    assert figure is whole
    assert len(part.axes) == 5
    bar = part.axes[-1]
    assert bar.get_xlabel() == "thickness (mm)"
    assert bar.get_xlim() == (2, 5)
    assert part.get_suptitle() == "a title"
    assert_shade_of(colour_of(part, "R_precuneus", "medial"), matplotlib.colormaps["cividis"](1.0))
    with pytest.raises(
        InputError, match="values of regions: unknown region L_precunius; the nearest match is L_precuneus"
    ):
        plots.surface(pd.Series({"L_precunius": 1.0}))
    with pytest.raises(InputError, match="values of regions: L_precuneus stands there twice"):
        plots.surface(pd.Series([1.0, 2.0], index=["L_precuneus", "L_precuneus"]))


def test_other_regions_are_refused(small_fit):
    graph = nv.RegionGraph.from_adjacency(small_fit.study.graph.weights, [f"parcel{i}" for i in range(68)])
    fit = replace(small_fit, study=replace(small_fit.study, graph=graph))
    for draw in (plots.surface, plots.program_maps):
        with pytest.raises(
            InputError, match=r"\(parcel0 among them\).*shows dk68, schaefer100, .* and cortex400; draw"
        ):
            draw(fit)
    with pytest.raises(
        SettingsError, match="quantity is 'sd'; give one of mean, interval_width, p_negative, predictable"
    ):
        plots.surface(small_fit, "sd")


def test_values_below_a_threshold_and_unsure_ones_are_grey(small_fit, colour_of, assert_shade_of):
    table = small_fit.regions().iloc[:68].set_index("region")
    figure = plots.surface(small_fit, threshold=float(table["mean"].abs().median()))
    figure.savefig(io.BytesIO(), format="png", dpi=60)
    whole = plots.surface(small_fit)
    assert figure.axes[-1].get_xlim() == whole.axes[-1].get_xlim()  # colours stay comparable
    assert [text.get_text() for text in figure.axes[-1].get_legend().get_texts()] == ["below the threshold"]
    seen = table["mean"].abs().loc[["L_supramarginal", "L_precentral", "L_superiortemporal", "L_inferiorparietal"]]
    one = plots.surface(small_fit, threshold=float(seen.min()) * 1.01)
    one.savefig(io.BytesIO(), format="png", dpi=60)
    assert_shade_of(colour_of(one, seen.idxmin(), "lateral"), np.full(3, 0.66))
    found = of_fit(small_fit, "simulated1", "mean")
    np.testing.assert_array_equal(found.hidden(0.1, None), (table["mean"].abs() < 0.1).to_numpy())
    sure = np.maximum(table["p_negative"], 1 - table["p_negative"]).to_numpy()
    np.testing.assert_array_equal(found.hidden(None, 0.95), sure < 0.95)
    with pytest.raises(SettingsError, match=r"a probability from 0\.5 to 1"):
        plots.surface(small_fit, sure=0.2)
    with pytest.raises(SettingsError, match="leave it out for a series"):
        plots.surface(table["mean"], sure=0.9)


@pytest.mark.parametrize("parcellation", PARCELLATIONS[1:])
def test_regions_of_every_known_parcellation_have_their_colours(
    parcellation, colour_at, view_of, assert_shade_of, drawn
):
    names = parcel_names(parcellation)
    values = pd.Series(np.arange(float(len(names))), index=names).sample(frac=1, random_state=0)
    figure = drawn(plots.surface(values))
    axis = view_of(figure, "right", "lateral")
    half, scale = cortex.hemisphere("right", parcellation), matplotlib.colormaps["viridis"]
    shapes, near = project(half.polygons, "right", "lateral")
    whole = np.bincount(half.polygon_triangle)[half.polygon_triangle] == 1  # away from borders
    for place in np.flatnonzero(whole & (half.region >= 0) & (near.mean(1) > np.quantile(near, 0.9)))[::500]:
        seen = colour_at(axis, shapes[place, :3].mean(0))
        assert_shade_of(seen, scale(half.region[place] / (len(names) - 1)))


def test_vertices_have_their_colours(fit_at_vertices, view_of):
    figure = plots.surface(fit_at_vertices, at="vertices", threshold=0.05)
    bar = figure.axes[-1]
    table = fit_at_vertices.vertices()
    assert bar.get_xlim()[1] == pytest.approx(table["mean"].abs().max())
    assert [text.get_text() for text in bar.get_legend().get_texts()] == ["no value or\nbelow the threshold"]
    found = of_fit(fit_at_vertices, "map", "difference", at="vertices")
    assert len(found.shown) == 2 * HEMISPHERE
    coarse = at_vertices(found.shown, 642)
    assert np.nansum(coarse) == pytest.approx((table["mean"] - table["observed"]).sum())
    np.testing.assert_array_equal(np.isfinite(coarse), fit_at_vertices.study.vertices.measured(0))
    low, high = np.nanmin(found.shown), np.nanmax(found.shown)
    assert np.nanmin(coarse) == low < high == np.nanmax(coarse)  # between vertices values lie between theirs
    (painted,) = view_of(figure, "left", "lateral").collections
    triangles = painted.get_facecolors()[:, :3].reshape(-1, 3, 3)
    assert (np.ptp(triangles, axis=1) > 0.01).any()  # colours change within triangles


def test_maps_of_regions_have_no_vertices(small_fit, fit_at_vertices):
    with pytest.raises(NeurovaeError, match="simulated1 was given by regions"):
        plots.surface(small_fit, at="vertices")
    with pytest.raises(SettingsError, match="predictable is of regions"):
        plots.surface(fit_at_vertices, "predictable", at="vertices")
    with pytest.raises(SettingsError, match="a series has values of regions"):
        plots.surface(pd.Series({"L_insula": 1.0}), at="vertices")
    with pytest.raises(SettingsError, match="at is 'voxels'; give one of regions, vertices"):
        plots.surface(small_fit, at="voxels")
