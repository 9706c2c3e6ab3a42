"""A cortex to turn: the mesh and every map's numbers, packed small, for the script that draws it."""

from __future__ import annotations

import base64
import json
from functools import lru_cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from ..atlases.readable_names import names_in_words
from ..atlases.vertices import parcel_names
from ..errors import NeurovaeError
from ..plots.colours import DIVERGING, SEQUENTIAL
from ..plots.cortex import Side, hemisphere
from ..plots.cortical_values import drawn_parcellation
from ..plots.selection import UNKNOWN, by_name, unit_of
from .elements import escape

if TYPE_CHECKING:
    from ..graphs.region_graph import RegionGraph
    from ..posterior.fits import Fit

__all__ = ["can_turn", "viewer"]

_STEP = 0.01  # mm, to which corners are rounded
_DRAWS = 1000  # of a region's effect, that probabilities beyond a threshold are counted in
_MANY = 4000  # of all maps together, so that a page of many maps stays small
_COLOURS = 33

# Quantity to what it is called, and whether zero is the middle of its colours.
_QUANTITIES = {
    "mean": ("effect (posterior mean)", True),
    "beyond": ("probability beyond the threshold", False),
    "predictable_mean": ("predictable part of the effect", True),
    "observed": ("observed value", True),
    "width": ("width of the 90% interval", False),
}
_VIEWS = ("left outer", "left inner", "right inner", "right outer", "top", "bottom", "front", "back")


def can_turn(graph: RegionGraph) -> bool:
    """Whether there is a surface for a study's regions, and the libraries that have it and its colours."""
    try:
        drawn_parcellation(graph)
    except NeurovaeError:
        return False
    return all(find_spec(name) is not None for name in ("matplotlib", "nilearn"))


def viewer(fit: Fit, *, threshold: float | None = None, unit: str | None = None) -> str:
    """Return the cortex to turn as HTML: hidden, until a script finds that it can draw it.

    Parameters
    ----------
    fit
        A fit on regions that `plots.surface` draws.
    threshold
        Where its slider stands at first; None (the default) for zero.
    unit
        Of the maps; None (the default) where it is not known.
    """
    parcellation = drawn_parcellation(fit.study.graph)
    names = parcel_names(parcellation)
    held = {
        "regions": [
            words if name in fit.study.regions else "" for name, words in names_in_words(names, parcellation).items()
        ],
        "left": int(hemisphere("left", parcellation).region.max()) + 1,
        "unit": "" if (known := unit_of(fit.study, unit)) == UNKNOWN else known,
        "threshold": threshold or 0.0,
        "draws": min(len(fit.posterior.draws("thinning")), _draws(fit)),
        "quantities": {name: {"label": label, "signed": signed} for name, (label, signed) in _QUANTITIES.items()},
        "colours": {"signed": _colours(DIVERGING), "plain": _colours(SEQUENTIAL)},
        "maps": [_map(fit, name, names) for name in fit.study.maps],
        "step": _STEP,
        "mesh": {side: _mesh(side, parcellation) for side in ("left", "right")},
    }
    data = json.dumps(held, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    return _FRAME.format(
        maps="".join(f'<option value="{m}">{escape(name)}</option>' for m, name in enumerate(fit.study.maps)),
        several="" if len(fit.study.maps) > 1 else " hidden",
        quantities="".join(f'<option value="{name}">{label}</option>' for name, (label, _) in _QUANTITIES.items()),
        views="".join(f'<button type="button" data-view="{view}">{view}</button>' for view in _VIEWS),
        data=data,
    )


_FRAME = """<div class="viewer" hidden>
<div class="stage">
<canvas class="cortex" tabindex="0" role="application" aria-label="The cortex, coloured by region. Arrow keys turn it, \
plus and minus change its size; the list of regions says each one's numbers."></canvas>
<p class="tip" hidden></p>
</div>
<div class="views" role="group" aria-label="Views">{views}</div>
<p class="scale"><span class="low"></span><canvas class="bar" width="240" height="12" aria-hidden="true"></canvas>\
<span class="high"></span> <span class="what"></span></p>
<div class="controls">
<label{several}>Map <select data-of="map">{maps}</select></label>
<label>Colour by <select data-of="quantity">{quantities}</select></label>
<label>Region <select data-of="region"><option value="">none</option></select></label>
<label>Threshold <input type="range" data-of="threshold" step="1"><output></output></label>
<label>Probability at least <input type="range" data-of="probability" min="0" max="0.99" step="0.01" value="0">\
<output></output></label>
</div>
<p class="told" aria-live="polite"></p>
<p class="lead">Drag it or use the arrow keys; point at a region, or choose one, for its numbers. Pale regions do not \
reach the probability.</p>
<script type="application/json">{data}</script>
</div>"""


def _map(fit: Fit, name: str, names: tuple[str, ...]) -> dict[str, Any]:
    """One map's numbers, a value a region of the atlas; of its effect also the draws, sorted."""
    own = fit.regions().loc[lambda rows: rows["map"] == name].set_index("region")
    own["width"] = own["upper90"] - own["lower90"]
    columns = ("mean", "lower90", "upper90", "p_negative", "predictable_mean", "observed", "width")
    draws = np.sort(fit.posterior.draws("thinning", name), axis=0)  # (draw, region)
    number = min(len(draws), _draws(fit))
    if number < len(draws):
        draws = np.quantile(draws, (np.arange(number) + 0.5) / number, axis=0)
    places = np.array([names.index(region) for region in fit.study.regions])
    scale = float(np.abs(draws).max()) / 32767 or 1.0
    packed = np.zeros((len(names), number), dtype="<i2")
    packed[places] = np.round(draws.T / scale)
    numbers = {column: [_number(value) for value in by_name(own[column], names)] for column in columns}
    return {"name": name, **numbers, "scale": scale, "sorted": _packed(packed)}


def _draws(fit: Fit) -> int:
    return min(_DRAWS, max(100, _MANY // len(fit.study.maps)))


@lru_cache(maxsize=2)
def _mesh(side: Side, parcellation: str) -> dict[str, str]:
    """Corners, triangles, borders, and each triangle's region and depth of one hemisphere, set off from the middle."""
    cut = hemisphere(side, parcellation)
    number = cut.region - cut.region[cut.region >= 0].min()
    polygons, borders = (np.round(part / _STEP).astype(int) for part in (cut.polygons, cut.borders))
    both = np.concatenate([polygons.reshape(-1, 3), borders.reshape(-1, 3)])
    corners, places = np.unique(both, axis=0, return_inverse=True)
    places = places.ravel()
    four = places[: polygons[..., 0].size].reshape(-1, 4)
    triangles = np.concatenate([four[:, [0, 1, 2]], four[:, [0, 2, 3]]])
    of = np.tile(np.arange(len(four)), 2)
    a, b, c = triangles.T
    whole = (a != b) & (b != c) & (c != a)
    region = np.where(cut.region < 0, number.max() + 1, number)[of[whole]]
    depth = np.clip((cut.sulci[cut.polygon_triangle] + 1) / 2, 0, 1)[of[whole]]
    outwards = corners[:, 0].max() if side == "left" else corners[:, 0].min()
    corners = corners - [outwards, 0, 0] + [round((-2 if side == "left" else 2) / _STEP), 0, 0]
    return {
        "corners": _packed(corners.astype("<i2")),
        "triangles": _packed(triangles[whole].astype("<u2")),
        "borders": _packed(places[four.size :].astype("<u2")),
        "region": _packed(region.astype("u1")),
        "depth": _packed(np.round(255 * depth).astype("u1")),
    }


def _packed(array: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def _colours(name: str) -> list[list[int]]:
    """Even steps of a colour map, red, green and blue to 255."""
    from matplotlib import colormaps

    steps = np.asarray(colormaps[name](np.linspace(0, 1, _COLOURS)))[:, :3]
    return [[round(255 * float(value)) for value in step] for step in steps]


def _number(value: float) -> float | None:
    return float(f"{value:.5g}") if np.isfinite(value) else None
