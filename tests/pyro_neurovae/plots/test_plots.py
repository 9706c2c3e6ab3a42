"""Pictures of fits and studies: what is on the artists is what the tables hold."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import matplotlib
import matplotlib.figure
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgba

import pyro_neurovae as nv
from pyro_neurovae import inferencedata, plots
from pyro_neurovae.errors import GraphError, InputError, SettingsError


@pytest.fixture(autouse=True)
def _matplotlib_left_alone():
    """No setting of matplotlib's changes, and no figure of pyplot's is made."""
    settings, figures = dict(matplotlib.rcParams), plt.get_fignums()
    yield
    assert dict(matplotlib.rcParams) == settings
    assert plt.get_fignums() == figures


@pytest.fixture(scope="module")
def validation(small_study):
    """Two ways of folding, predicted by ridge under the name that the fit's model has."""
    return nv.validate(small_study, {"cross-scale": {"model": "ridge"}}, repeats=2)


@pytest.fixture(scope="module")
def found(small_fit):
    return nv.nulls(small_fit, number=19, draws=10, map_steps=2)


def drawn(figure):
    """Lay the whole figure out, where faults and warnings of matplotlib's show."""
    figure.draw_without_rendering()
    return figure


def of_map(table, name):
    return table[table["map"] == name].reset_index(drop=True)


def segments(collection):
    """Ends of horizontal or vertical lines; (line, 2, 2)."""
    return np.array(collection.get_segments())


def test_forest_shows_the_intervals(small_fit):
    name = small_fit.study.maps[0]
    axis = drawn(plots.forest(small_fit, unit="mm")).axes[0]
    table = of_map(small_fit.regions(), name).sort_values("mean", kind="stable").reset_index(drop=True)
    assert [label.get_text() for label in axis.get_yticklabels()] == table["region"].tolist()
    assert axis.get_ylim()[0] > axis.get_ylim()[1]  # the most negative is on top
    for side, word in (("L", "left"), ("R", "right")):
        own = table[table["hemisphere"] == side]
        lines = {one.get_label(): one for one in axis.collections}
        np.testing.assert_allclose(lines[word].get_offsets()[:, 0], own["mean"])
        assert np.array_equal(np.round(lines[word].get_offsets()[:, 1]), own.index)
        for percent in (50, 90):
            ends = segments(lines[f"{word} {percent}%"])[..., 0]
            np.testing.assert_allclose(ends, own[[f"lower{percent}", f"upper{percent}"]])
    assert axis.get_xlabel() == "effect (mm, negative = thinner)"
    assert axis.get_title(loc="left").startswith(name)


def test_forest_shows_what_was_observed(small_fit):
    axis = plots.forest(small_fit).axes[0]
    table = of_map(small_fit.regions(), small_fit.study.maps[0]).sort_values("mean", kind="stable")
    seen = table[table["observed"].notna()]
    crosses = next(one for one in axis.collections if one.get_label() == "observed")
    np.testing.assert_allclose(crosses.get_offsets()[:, 0], seen["observed"])
    spans = [segments(one)[..., 0] for one in axis.collections if hasattr(one, "get_segments")]
    expected = np.stack([seen["observed"] - 1.96 * seen["se"], seen["observed"] + 1.96 * seen["se"]], 1)
    assert any(span.shape == expected.shape and np.allclose(span, expected) for span in spans)
    assert len(seen) == 65
    assert "observed ± 1.96 se" in [text.get_text() for text in axis.get_legend().get_texts()]


@pytest.mark.parametrize(
    ("order", "keys", "ascending"),
    [("observed", ["observed"], True), ("width", ["width"], False), ("lobe", ["lobe", "mean"], True)],
)
def test_forest_is_ordered_as_told(small_fit, order, keys, ascending):
    name = small_fit.study.maps[1]
    axis = plots.forest(small_fit, map=name, order=order, intervals=(0.8,)).axes[0]
    table = of_map(small_fit.regions(), name)
    table["width"] = table["upper90"] - table["lower90"]
    expected = table.sort_values(keys, ascending=ascending, kind="stable")["region"].tolist()
    assert [label.get_text() for label in axis.get_yticklabels()] == expected
    lobes = [text.get_text() for text in axis.texts]
    assert lobes == (sorted(set(table["lobe"])) if order == "lobe" else [])


def test_forest_of_an_atlas_without_hemispheres(small_fit):
    graph = replace(small_fit.study.graph, hemispheres=None, lobes=None)
    errors = np.zeros_like(small_fit.study.standard_error)
    fit = replace(small_fit, study=replace(small_fit.study, graph=graph, standard_error=errors))
    axis = plots.forest(fit, order="atlas").axes[0]
    assert [text.get_text() for text in axis.get_legend().get_texts()] == ["region", "observed"]
    assert [label.get_text() for label in axis.get_yticklabels()] == list(fit.study.regions)


def test_observed_against_predicted(small_fit, validation):
    name = small_fit.study.maps[0]
    figure = drawn(plots.observed_predicted(small_fit, validation))
    inside, held_out = figure.axes
    seen = small_fit.study.thinning_observed[0]
    table = of_map(small_fit.predict(), name)[seen]
    observed = small_fit.study.thinning[0, seen]
    dots = inside.collections[-1].get_offsets()
    np.testing.assert_allclose(dots, np.stack([observed, table["mean"]], 1))
    held = (table["lower90"] <= observed) & (observed <= table["upper90"])
    lines = np.concatenate([segments(one) for one in inside.collections[:2]])
    wanted = pd.concat([table[held], table[~held]])
    np.testing.assert_allclose(lines[..., 1], wanted[["lower90", "upper90"]])
    r2 = 1 - ((observed - table["mean"]) ** 2).sum() / ((observed - observed.mean()) ** 2).sum()
    assert f"R² = {r2:.2f}, 90% intervals hold {held.mean():.0%}" in inside.get_title(loc="left")

    points = of_map(validation.pointwise, name).groupby("region", sort=False)[["observed", "mean"]].mean()
    np.testing.assert_allclose(held_out.collections[-1].get_offsets(), points)
    row = of_map(validation.summary(), name).iloc[0]
    score = f"R² = {row['r2']:.2f}, 90% intervals hold {row['coverage90']:.0%} (pairs)".replace("-", "−")
    assert held_out.get_title(loc="left") == f"{name}, held out\n{score}"
    assert inside.get_xlim() == inside.get_ylim() == held_out.get_xlim() == held_out.get_ylim()
    assert "map's units" in inside.get_xlabel()


def test_observed_against_predicted_without_validation(small_fit, validation):
    assert len(plots.observed_predicted(small_fit, map="simulated2").axes) == 1
    with pytest.raises(
        InputError, match="no pls of simulated1: it has cross-scale of simulated1, cross-scale of simul"
    ):
        plots.observed_predicted(small_fit, validation, model="pls")


def test_variance_shows_shares_and_intervals(small_fit):
    axis = drawn(plots.variance(small_fit)).axes[0]
    table = small_fit.variance()
    np.testing.assert_allclose([bar.get_width() for bar in axis.patches], table["mean"])
    starts = table.groupby("map", sort=False)["mean"].transform(lambda own: own.cumsum().shift(fill_value=0))
    np.testing.assert_allclose([bar.get_x() for bar in axis.patches], starts)
    wide, narrow, dots = axis.collections[:3]
    first = of_map(table, small_fit.study.maps[0])
    np.testing.assert_allclose(segments(wide)[..., 0], first[["lower90", "upper90"]])
    np.testing.assert_allclose(segments(narrow)[..., 0], first[["lower50", "upper50"]])
    np.testing.assert_allclose(dots.get_offsets()[:, 0], first["mean"])
    assert [label.get_text() for label in axis.get_yticklabels()] == list(small_fit.study.maps)
    assert axis.get_xlim() == (0, 1)
    assert "%" in axis.get_xlabel()


def test_variance_leaves_out_what_a_family_lacks(baseline_fit):
    axis = plots.variance(baseline_fit).axes[0]
    named = [text.get_text() for text in axis.get_legend().get_texts()]
    assert named == ["spatial", "unexplained", "sampling error"]


def test_graph_shows_every_edge(small_study):
    figure = drawn(plots.graph(small_study))
    left, above, right = figure.axes
    counts = [[len(one.get_segments()) for one in axis.collections[:2]] for axis in (left, above, right)]
    graph = small_study.graph
    within = np.array([side == "L" for side in graph.hemispheres])
    assert counts == [[int(graph.weights[np.ix_(within, within)].sum() / 2), 0], [175, 34], [175 - counts[0][0], 0]]
    np.testing.assert_allclose(above.collections[2].get_offsets(), graph.centroids[:, :2])
    np.testing.assert_allclose(left.collections[2].get_offsets(), graph.centroids[:34, 1:] * [-1, 1])
    np.testing.assert_allclose(right.collections[2].get_offsets(), graph.centroids[34:, 1:])
    assert above.collections[1].get_linestyle() != above.collections[0].get_linestyle()
    assert figure.get_suptitle() == "dk68: 68 regions, 209 edges"


def test_graph_shows_values_and_weights(small_study):
    graph = nv.RegionGraph.dk68(weights="boundary", homologues=False)
    given = pd.Series({"lh_bankssts": -0.4, "R_insula": 0.1})
    figure = drawn(plots.graph(graph, given, label="shift (mm)"))
    left, above, right, bar = figure.axes
    colours = above.collections[2].get_facecolors()
    scale = matplotlib.colormaps["RdBu"]
    np.testing.assert_allclose(colours[0], scale(0.0))  # limits are -0.4 and 0.4
    np.testing.assert_allclose(colours[67], scale(0.625), atol=0.01)
    np.testing.assert_allclose(colours[1:67, :3], 0.66)
    assert bar.get_xlabel() == "shift (mm)"
    assert bar.get_xlim() == (-0.4, 0.4)
    first, second = np.nonzero(np.triu(graph.weights))
    np.testing.assert_allclose(
        np.argsort(above.collections[0].get_linewidths()), np.argsort(graph.weights[first, second])
    )
    assert above.get_legend() is None  # no edge joins homologues
    assert len(right.collections[0].get_segments()) + len(left.collections[0].get_segments()) == 175


def test_graph_of_another_atlas():
    place = np.random.default_rng(0).normal(size=(4, 3))
    ring = nv.RegionGraph.from_adjacency(np.roll(np.eye(4), 1, 0) + np.roll(np.eye(4), -1, 0), "abcd", centroids=place)
    figure = plots.graph(ring, [1.0, 2.0, 3.0, 4.0])
    side, above, bar = figure.axes
    np.testing.assert_allclose(side.collections[2].get_offsets(), place[:, 1:] * [-1, 1])
    np.testing.assert_allclose(above.collections[2].get_facecolors()[3], matplotlib.colormaps["viridis"](1.0))
    assert bar.get_xlim() == (1, 4)
    with pytest.raises(GraphError, match="graph table has no positions to draw it at"):
        plots.graph(replace(ring, centroids=None))
    with pytest.raises(InputError, match=r"values have shape \(3,\); give one for each of the 4 regions"):
        plots.graph(ring, [1.0, 2.0, 3.0])


def test_training_shows_both_halves(small_fit):
    programs, scales = drawn(plots.training(small_fit)).axes
    loss = inferencedata.group(small_fit.idata, "sample_stats")["loss"].values
    elbo = inferencedata.group(small_fit.idata, "guide")["elbo"].values
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


def test_prior_and_posterior(small_fit):
    name = small_fit.study.maps[1]
    figure = drawn(plots.prior_posterior(small_fit, map=name, unit="mm"))
    scales = ("transcriptomic_scale", "spatial_scale", "unexplained_scale")
    for axis, scale in zip(figure.axes, scales, strict=True):
        draws = inferencedata.group(small_fit.idata, "posterior")[scale].sel(map=name).values.ravel()
        lines = {line.get_label(): line for line in axis.lines}
        x, y = lines["posterior"].get_data()
        assert np.trapezoid(y, x) == pytest.approx(1, abs=0.02)
        spread = 1.25 * len(draws) ** -0.2 * draws.std(ddof=1)  # what the smoothing adds to the mean of mirrored draws
        assert np.trapezoid(x * y, x) == pytest.approx(draws.mean(), abs=spread)
        (interval,) = segments(next(one for one in axis.collections if hasattr(one, "get_segments")))
        np.testing.assert_allclose(interval[:, 0], np.quantile(draws, [0.05, 0.95]))
        assert axis.collections[-1].get_offsets()[0, 0] == pytest.approx(np.median(draws))
        prior = inferencedata.group(small_fit.idata, "prior")[scale].sel(map=name).values
        assert np.trapezoid(lines["prior"].get_ydata(), x) == pytest.approx((prior <= x[-1]).mean(), abs=0.04)
        assert axis.get_xlabel() == f"{scale.replace('_', ' ')} (mm)"
    assert figure.axes[0].get_title(loc="left").startswith(name)


def test_scales_that_a_family_lacks_or_fixes(small_study, baseline_fit):
    assert len(plots.prior_posterior(baseline_fit).axes) == 2
    quick = {"steps": 20, "n_latent": 3, "width": 8, "warm_up": 5, "patience": 5, "draws": 20}
    fixed = nv.fit(small_study, "paper", unexplained_scale=0.2, **quick)
    (axis,) = drawn(plots.prior_posterior(fixed)).axes
    sigma = inferencedata.group(fixed.idata, "posterior")["unexplained_scale"].values.ravel()[0]
    assert [line.get_label() for line in axis.lines] == ["prior, fixed", "posterior, fixed"]
    assert axis.lines[1].get_xdata() == [sigma, sigma]


@pytest.mark.parametrize("statistic", ["transcriptomic_share", "correlation", "genes_excluding_zero"])
def test_null_maps_and_the_map(found, statistic):
    name = "simulated2"
    axis = drawn(plots.nulls(found, map=name, statistic=statistic)).axes[0]
    values = of_map(found.distribution, name)[statistic]
    row = of_map(found.summary, name).set_index("statistic").loc[statistic]
    grey = to_rgba("0.72")
    below = [bar.get_height() for bar in axis.patches if bar.get_facecolor() == grey]
    beyond = [bar.get_height() for bar in axis.patches if bar.get_facecolor() != grey]
    assert sum(below) == (values < row["observed"]).sum()
    assert sum(beyond) == (values >= row["observed"]).sum() == round(row["p"] * 20) - 1
    assert axis.lines[0].get_xdata() == [row["observed"], row["observed"]]
    assert f"p = {row['p']:.3g}" in axis.texts[0].get_text()
    assert axis.get_title(loc="left") == f"{name}: 19 null maps (moran)"


def test_matrix_with_clusters():
    names = ["a", "b", "c", "d"]
    frame = pd.DataFrame(np.arange(16.0).reshape(4, 4) / 15, index=names, columns=names)
    frame.iloc[0, 1] = np.nan
    axis = matplotlib.figure.Figure().subplots()
    clusters = pd.Series({"d": 1, "c": 2, "b": 1, "a": 2})
    figure = plots.matrix(frame, clusters, label="probability of one cluster", limits=(0, 1), ax=axis)
    assert figure is axis.figure
    order = ["b", "d", "a", "c"]
    np.testing.assert_array_equal(axis.images[0].get_array().filled(np.nan), frame.loc[order, order])
    assert axis.images[0].get_clim() == (0, 1)
    for labels in (axis.get_xticklabels(), axis.get_yticklabels()):
        assert [label.get_text() for label in labels] == order
    assert [line.get_ydata()[0] for line in axis.lines[::2]] == [1.5]
    assert figure.axes[1].get_ylabel() == "probability of one cluster"


def test_matrix_without_clusters_and_with_faults():
    names = ["a", "b"]
    frame = pd.DataFrame([[1.0, -0.5], [-0.5, 1.0]], index=names, columns=names)
    axis = drawn(plots.matrix(frame, title="a title")).axes[0]
    assert axis.images[0].get_clim() == (-1, 1)
    assert axis.images[0].get_cmap().name == "RdBu"
    assert not axis.lines
    assert axis.get_title(loc="left") == "a title"
    with pytest.raises(InputError, match="rows and columns of a matrix have different names"):
        plots.matrix(frame[["b", "a"]])
    with pytest.raises(InputError, match="a matrix has two rows a"):
        plots.matrix(frame.set_axis(["a", "a"]).set_axis(["a", "a"], axis=1))
    with pytest.raises(InputError, match="clusters has none for b"):
        plots.matrix(frame, pd.Series({"a": 1}))
    with pytest.raises(InputError, match="there is no value of value to show"):
        plots.matrix(frame * np.nan)


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
    assert (len(top.axes), len(bottom.axes)) == (2, 3)


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
    with pytest.raises(
        InputError, match=r"pictures need matplotlib; install it by: pip install 'pyro_neurovae\[plots\]'"
    ):
        CALLS[name](small_fit, found)


def test_matplotlib_is_imported_late():
    code = "import sys, pyro_neurovae.plots; sys.exit('matplotlib' in sys.modules or 'nilearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_choices_that_there_are_not(small_fit, found):
    for draw in (plots.forest, plots.observed_predicted, plots.prior_posterior, plots.surface, plots.program_maps):
        with pytest.raises(SettingsError, match="there is no map 'x': the maps are simulated1, simulated2"):
            draw(small_fit, map="x")
    with pytest.raises(SettingsError, match="order is 'size'; give one of mean, observed, width, lobe, atlas"):
        plots.forest(small_fit, order="size")
    with pytest.raises(SettingsError, match=r"intervals are \(90,\); give probabilities between 0 and 1"):
        plots.forest(small_fit, intervals=(90,))
    with pytest.raises(SettingsError, match="statistic is 'share'; give one of transcriptomic_share"):
        plots.nulls(found, statistic="share")


def test_a_notebook_shows_a_picture_without_pyplot(small_fit):
    shown = plots.variance(small_fit)._repr_png_()
    assert shown.startswith(b"\x89PNG")
