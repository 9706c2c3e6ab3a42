"""The cortex to turn holds the fit's numbers and the whole surface, in little room."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pyro_neurovae as nv
from pyro_neurovae.atlases.atlas import dk68_names
from pyro_neurovae.atlases.readable_names import names_in_words
from pyro_neurovae.page import interactive_cortex
from pyro_neurovae.page.interactive_cortex import viewer
from pyro_neurovae.plots.cortex import hemisphere


@pytest.fixture(scope="module")
def held(small_fit: nv.Fit) -> dict[str, Any]:
    """What the page holds for the script."""
    text = viewer(small_fit, threshold=-0.2, unit="mm")
    assert len(text) < 2e6
    return json.loads(re.findall(r'<script type="application/json">(.*?)</script>', text, re.DOTALL)[0])


def test_what_its_script_asks_for_is_there(small_fit: nv.Fit) -> None:
    text = viewer(small_fit)
    script = (Path(interactive_cortex.__file__).parent / "page.cortex.js").read_text(encoding="utf-8")
    asked = {f'data-of="{name}"' for name in re.findall(r'\bof\("(\w+)"\)', script)}
    asked |= {f'class="{name}"' for name in re.findall(r'box\.querySelector\("\.(\w+)"\)', script)}
    views = set(re.findall(r'data-view="([^"]+)"', text))
    assert len(asked) > 8
    assert sorted(one for one in asked if one not in text) == []
    assert all(f'"{view}": [' in script or f"{view}: [" in script for view in views)


def unpacked(text: str, kind: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), dtype=kind)


def test_its_numbers_are_the_fit_s(held: dict[str, Any], small_fit: nv.Fit) -> None:
    assert (held["unit"], held["threshold"], held["draws"]) == ("mm", -0.2, 120)
    assert held["regions"][:2] == ["left banks of the superior temporal sulcus", "left caudal anterior cingulate"]
    table = small_fit.regions()
    for one in held["maps"]:
        own = table[table["map"] == one["name"]].set_index("region").loc[list(dk68_names())]
        np.testing.assert_allclose(one["mean"], own["mean"], rtol=1e-4)
        np.testing.assert_allclose(one["width"], own["upper90"] - own["lower90"], rtol=1e-4)
        assert [value is None for value in one["observed"]] == list(own["observed"].isna())


def test_its_draws_tell_probabilities_beyond_any_threshold(held: dict[str, Any], small_fit: nv.Fit) -> None:
    one = held["maps"][1]
    draws = one["scale"] * unpacked(one["sorted"], "<i2").reshape(68, held["draws"])
    exact = small_fit.posterior.draws("thinning", one["name"])
    assert list(small_fit.study.regions) == list(dk68_names())
    for threshold in (-0.3, -0.1, 0.0, 0.1):
        np.testing.assert_allclose((draws < threshold).mean(1), (exact < threshold).mean(0), atol=1 / held["draws"])


def test_its_mesh_is_the_surface_cut_along_the_regions(held: dict[str, Any]) -> None:
    for side in ("left", "right"):
        mesh, cut = held["mesh"][side], hemisphere(side)
        corner = held["step"] * unpacked(mesh["corners"], "<i2").reshape(-1, 3).astype(float)
        triangle = unpacked(mesh["triangles"], "<u2").reshape(-1, 3)
        region = unpacked(mesh["region"], "u1")
        assert held["left"] == 34
        assert len(region) == len(triangle) == len(unpacked(mesh["depth"], "u1"))
        assert set(region) == set(range(35)) - ({34} if -1 not in cut.region else set())
        area = np.linalg.norm(np.cross(*(corner[triangle[:, k]] - corner[triangle[:, 0]] for k in (1, 2))), axis=1) / 2
        quads = cut.polygons
        whole = sum(
            np.linalg.norm(np.cross(quads[:, k] - quads[:, 0], quads[:, k + 1] - quads[:, 0]), axis=1).sum() / 2
            for k in (1, 2)
        )
        assert area.sum() == pytest.approx(whole, rel=1e-3)
        assert (corner[:, 0] < 0).all() if side == "left" else (corner[:, 0] > 0).all()


def test_patches_are_turned_as_regions_are(fit_at_vertices: nv.Fit) -> None:
    text = viewer(fit_at_vertices)
    held = json.loads(re.findall(r'<script type="application/json">(.*?)</script>', text, re.DOTALL)[0])
    assert held["left"] == 100
    assert held["regions"] == list(names_in_words(fit_at_vertices.study.regions).values())
    for side in ("left", "right"):
        assert set(unpacked(held["mesh"][side]["region"], "u1")) == set(range(101))
    (one,) = held["maps"]
    assert len(one["mean"]) == 200
    assert len(unpacked(one["sorted"], "<i2")) == 200 * held["draws"]
