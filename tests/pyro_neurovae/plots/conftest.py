"""What the tests of pictures share: matplotlib left as it was, and ways to look at what was drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import matplotlib
import matplotlib.figure
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.path import Path as Outline

import pyro_neurovae as nv
from pyro_neurovae.atlases.atlas import dk68_names
from pyro_neurovae.plots import cortex
from pyro_neurovae.plots.cortex_view import project


@pytest.fixture(autouse=True)
def _matplotlib_left_alone() -> Iterator[None]:
    """No setting of matplotlib's changes, and no figure of pyplot's is made."""
    settings, figures = dict(matplotlib.rcParams), plt.get_fignums()
    yield
    assert dict(matplotlib.rcParams) == settings
    assert plt.get_fignums() == figures


@pytest.fixture(scope="package")
def found(small_fit: nv.Fit) -> nv.Nulls:
    """Null maps of the small fit."""
    return nv.nulls(small_fit, number=19, draws=10, map_steps=2)


@pytest.fixture(scope="session")
def drawn() -> Callable[[Any], Any]:
    """Lay a whole figure out, where faults and warnings of matplotlib's show."""

    def draw(figure: matplotlib.figure.Figure) -> matplotlib.figure.Figure:
        figure.draw_without_rendering()
        return figure

    return draw


@pytest.fixture(scope="session")
def of_map() -> Callable[[pd.DataFrame, str], pd.DataFrame]:
    """Rows of one map."""
    return lambda table, name: table[table["map"] == name].reset_index(drop=True)


@pytest.fixture(scope="session")
def segments() -> Callable[[Any], np.ndarray]:
    """Ends of horizontal or vertical lines; (line, 2, 2)."""
    return lambda collection: np.array(collection.get_segments())


# The cortex


@pytest.fixture(scope="session")
def middle() -> Callable[[str], tuple[np.ndarray, cortex.Side]]:
    """A point of a region well within it, the centre of its polygon that is nearest to their mean, and its side."""
    names = dk68_names()

    def find(name: str) -> tuple[np.ndarray, cortex.Side]:
        side: cortex.Side = "left" if name[0] == "L" else "right"
        half = cortex.hemisphere(side)
        own = half.polygons[half.region == names.index(name)].mean(1)
        return own[np.linalg.norm(own - own.mean(0), axis=1).argmin()], side

    return find


@pytest.fixture(scope="session")
def colour_at() -> Callable[[Any, np.ndarray], np.ndarray]:
    """Colour of the triangle drawn last at a point of a view."""

    def find(axis: Any, point: np.ndarray) -> np.ndarray:
        (painted,) = axis.collections
        colours = painted.get_facecolors()[::3]  # of every corner
        corners = np.array([path.vertices[:3] for path in painted.get_paths()])
        around = (corners.min(1) <= point).all(1) & (corners.max(1) >= point).all(1)
        for place in np.flatnonzero(around)[::-1]:
            if Outline(corners[place]).contains_point(point):
                return colours[place, :3]
        raise AssertionError("nothing is drawn there")

    return find


@pytest.fixture(scope="session")
def view_of() -> Callable[[Any, str, str], Any]:
    """Axes of one view."""
    return lambda figure, side, view: next(axis for axis in figure.axes if axis.get_title() == f"{side}, {view}")


@pytest.fixture(scope="session")
def colour_of(middle: Any, colour_at: Any, view_of: Any) -> Callable[[Any, str, str], np.ndarray]:
    """Colour of a region, by its name, in a view of its hemisphere."""

    def find(figure: Any, name: str, view: Any) -> np.ndarray:
        point, side = middle(name)
        seen: np.ndarray = colour_at(view_of(figure, side, view), project(point, side, view)[0])
        return seen

    return find


@pytest.fixture(scope="session")
def assert_shade_of() -> Callable[[np.ndarray, Any], None]:
    """The colour seen is the one expected, darkened evenly and not by much."""

    def check(seen: np.ndarray, expected: Any) -> None:
        factor = seen / np.clip(expected[:3], 1e-3, None)
        np.testing.assert_allclose(seen, factor.mean() * np.asarray(expected[:3]), atol=2e-3)
        assert 0.7 < factor.mean() <= 1

    return check
