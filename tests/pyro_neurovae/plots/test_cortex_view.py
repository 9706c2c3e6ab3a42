"""Views of the cortex: where each looks from, what hides what, and that all is in the frame."""

from __future__ import annotations

import matplotlib
import matplotlib.figure
import numpy as np
import pandas as pd
from matplotlib.path import Path as Outline

from pyro_neurovae import plots
from pyro_neurovae.atlases.atlas import dk68_names
from pyro_neurovae.plots import cortex
from pyro_neurovae.plots.cortex_view import VIEWS, project


def test_views_are_the_usual_ones(middle):
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


def test_what_is_nearer_hides_what_lies_behind(colour_at, view_of, assert_shade_of):
    values = pd.Series(np.arange(68.0), index=dk68_names())
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


def test_every_view_holds_its_hemisphere():
    figure = plots.surface(pd.Series({"L_precuneus": 1.0}), layout="row")
    for axis, (side, view) in zip(figure.axes, VIEWS, strict=False):
        on_page, _ = project(cortex.hemisphere(side).polygons.reshape(-1, 3), side, view)
        (left, right), (bottom, top) = axis.get_xlim(), axis.get_ylim()
        assert left < on_page[:, 0].min() < on_page[:, 0].max() < right
        assert bottom < on_page[:, 1].min() < on_page[:, 1].max() < top
