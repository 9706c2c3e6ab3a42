"""Forest plots: intervals, observed values and orders are those of the table of regions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pyro_neurovae import plots
from pyro_neurovae.errors import SettingsError


def test_forest_shows_the_intervals(small_fit, drawn, of_map, segments):
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
    assert axis.get_title(loc="left") == f"{name}\neffect (posterior mean), 50% and 90% intervals"


def test_forest_of_the_predictable_part(small_fit, of_map, segments):
    axis = plots.forest(small_fit, quantity="predictable", intervals=(0.9,)).axes[0]
    name = small_fit.study.maps[0]
    table = of_map(small_fit.regions(), name).sort_values("predictable_mean", kind="stable").reset_index(drop=True)
    assert [label.get_text() for label in axis.get_yticklabels()] == table["region"].tolist()
    lines, own = {one.get_label(): one for one in axis.collections}, table[table["hemisphere"] == "L"]
    np.testing.assert_allclose(lines["left"].get_offsets()[:, 0], own["predictable_mean"])
    ends = segments(lines["left 90%"])[..., 0]
    np.testing.assert_allclose(ends, own[["predictable_lower90", "predictable_upper90"]])
    assert axis.get_title(loc="left") == f"{name}\npredictable part (posterior mean), 90% intervals"
    with pytest.raises(SettingsError, match="quantity is 'size'; give one of effect, predictable"):
        plots.forest(small_fit, quantity="size")


def test_forest_shows_what_was_observed(small_fit, of_map, segments):
    axis = plots.forest(small_fit).axes[0]
    table = of_map(small_fit.regions(), small_fit.study.maps[0]).sort_values("mean", kind="stable")
    seen = table[table["observed"].notna()]
    crosses = next(one for one in axis.collections if one.get_label() == "observed")
    np.testing.assert_allclose(crosses.get_offsets()[:, 0], seen["observed"])
    spans = [segments(one)[..., 0] for one in axis.collections if hasattr(one, "get_segments")]
    reach = 1.6448536 * seen["se"]  # of 90%, as the widest interval of the effect beside it
    expected = np.stack([seen["observed"] - reach, seen["observed"] + reach], 1)
    assert any(span.shape == expected.shape and np.allclose(span, expected) for span in spans)
    assert len(seen) == 65
    assert "observed, 90% interval" in [text.get_text() for text in axis.get_legend().get_texts()]


@pytest.mark.parametrize(
    ("order", "keys", "ascending"),
    [("observed", ["observed"], True), ("width", ["width"], False), ("lobe", ["lobe", "mean"], True)],
)
def test_forest_is_ordered_as_told(small_fit, order, keys, ascending, of_map):
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


def test_orders_and_intervals_that_there_are_not(small_fit):
    with pytest.raises(SettingsError, match="order is 'size'; give one of mean, observed, width, lobe, atlas"):
        plots.forest(small_fit, order="size")
    with pytest.raises(SettingsError, match=r"intervals are \(90,\); give probabilities between 0 and 1"):
        plots.forest(small_fit, intervals=(90,))


def test_forest_of_some_regions(small_fit, of_map):
    table = of_map(small_fit.regions(), small_fit.study.maps[0])
    largest = set(table.loc[table["mean"].abs().nlargest(7).index, "region"])
    axis = plots.forest(small_fit, top=7).axes[0]
    assert {label.get_text() for label in axis.get_yticklabels()} == largest
    axis = plots.forest(small_fit, regions=["L_insula", "R_cuneus"], order="atlas").axes[0]
    assert [label.get_text() for label in axis.get_yticklabels()] == ["L_insula", "R_cuneus"]
    lines = {one.get_label(): one for one in axis.collections}
    np.testing.assert_allclose(lines["left"].get_offsets()[:, 0], table.loc[table["region"] == "L_insula", "mean"])
    for wrong, message in (
        ({"regions": ["L_nowhere"]}, "there is no 'L_nowhere'"),
        ({"regions": []}, "no region is named"),
        ({"top": 0}, "top is 0"),
    ):
        with pytest.raises(SettingsError, match=message):
            plots.forest(small_fit, **wrong)
