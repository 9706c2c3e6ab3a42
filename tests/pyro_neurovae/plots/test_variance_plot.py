"""Shares of variance: bars and intervals are those of the table."""

from __future__ import annotations

import numpy as np

from pyro_neurovae import plots


def test_variance_shows_shares_and_intervals(small_fit, drawn, of_map, segments):
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
    assert named == ["spatial (smooth)", "regional (a region's own)", "sampling error"]


def test_variance_has_five_sources_with_words(small_fit):
    named = [text.get_text() for text in plots.variance(small_fit).axes[0].get_legend().get_texts()]
    assert [one.split()[0] for one in named] == ["transcriptomic", "spatial", "structural", "regional", "sampling"]


def test_variance_of_version_0_1_has_what_was_unexplained(small_fit, monkeypatch):
    table = small_fit.variance()
    table = table[table["source"] != "structural"].replace({"source": {"regional": "unexplained"}})
    monkeypatch.setattr(type(small_fit), "variance", lambda _: table)
    axis = plots.variance(small_fit).axes[0]
    named = [text.get_text().split()[0] for text in axis.get_legend().get_texts()]
    assert named == ["transcriptomic", "spatial", "unexplained", "sampling"]
    np.testing.assert_allclose([bar.get_width() for bar in axis.patches], table["mean"])
