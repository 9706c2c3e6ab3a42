"""Effects at the vertices of the cortical surface, from the draws of the regions' and what a map has beyond them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..errors import NeurovaeError
from ..graphs.surface_field import Detail, cortical_field, numbered_anew
from ..studies.study import Study
from ..studies.vertices import Vertices
from .intervals import asked_columns, summary_columns

__all__ = ["check_vertices", "draw_vertices", "vertex_table"]

# Number that tells these draws' stream from others of the seed.
_STREAM = 13


def check_vertices(study: Study, name: str) -> Vertices:
    """Vertices of a study, once a map is seen to have been given by them.

    Raises
    ------
    NeurovaeError
        For a map of regions.
    """
    vertices = study.vertices
    if vertices is None or name not in study.by_vertices:
        raise NeurovaeError(
            f"{name} was given by regions; for effects at vertices give a map of them, as .npz, .mgh or .gii. (A study "
            "or fit of before vertices were kept has none either: read and fit the map again.)"
        )
    return vertices


def draw_vertices(vertices: Vertices, number: int, effect: np.ndarray, *, seed: int) -> np.ndarray:
    r"""Draw the effect at every vertex that a map measured.

    .. math:: \theta_v = (S \theta)_v + \omega f_v + \sqrt{\omega (1 - \omega)} \, |f| \, g_v, \qquad f = y - S A y

    with the regions' effects :math:`\theta`, S and A as in `graphs.surface_field.Detail`: means over regions are the
    regions' effects in every draw. The map's detail f is effect and error in one, and one map does not tell which: the
    share :math:`\omega` of its mean square :math:`|f|^2` that is effect is uniform over all that the standard error
    allows, and g, drawn as smooth as f and of mean square 1, is what is not known of it given that share.

    Parameters
    ----------
    vertices
        Those of the study.
    number
        The map's.
    effect
        Draws of its regions' effects; (draw, region).
    seed
        Seed of the draws, whose numbers are a map's own.

    Returns
    -------
    ndarray
        (draw, vertex), float32, NaN where nothing was measured.
    """
    field, cortex = cortical_field(len(vertices.parcel) // 2)
    measured = vertices.measured(number)[cortex]
    own, present = numbered_anew(vertices.parcel[cortex].astype(int), measured)
    values = np.where(measured, vertices.thinning[number][cortex], 0.0)
    coarse = Detail.over(field, own)
    rest = coarse.beyond(values)
    rng = np.random.default_rng([seed, number, _STREAM])
    detail = coarse.like(rest, seed=int(rng.integers(2**32)))
    fine = np.square(rest[measured]).mean()
    share = _share_of_effect(
        fine, np.square(vertices.standard_error[number][cortex][measured]).mean(), len(effect), rng
    )
    spread = np.sqrt(share * (1 - share) * fine)
    unknown = detail.draw(rng.standard_normal((len(own), len(effect))))
    drawn = effect[:, present] @ detail.joined.T + share[:, None] * rest + spread[:, None] * unknown.T
    found = np.full((len(effect), len(cortex)), np.nan, dtype=np.float32)
    found[:, np.flatnonzero(cortex)[measured]] = drawn[:, measured]
    return found


def _share_of_effect(fine: float, error: float, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Share of the detail's mean square that is effect; (draw,). An error of 0 is not known, and may be all of it."""
    most = min(1.0, error / fine) if error > 0 else 1.0
    share: np.ndarray = 1 - most * rng.random(draws)
    return share


def vertex_table(
    name: str, draws: np.ndarray, study: Study, *, prob: float | None = None, hdi: bool = False
) -> pd.DataFrame:
    """Tabulate the vertices of a map: one row a vertex that it measured, left hemisphere first.

    Columns ``map``, ``hemisphere``, ``vertex`` (its number on that hemisphere), ``region``, ``observed``, ``se`` (NaN
    where it is not known), ``mean``, ``sd``, ``lower50`` to ``upper95`` and ``p_negative``, of the effect and in the
    map's units as in `tables.region_table`.

    Parameters
    ----------
    name
        The map's.
    draws
        What `draw_vertices` gives.
    study
        The study.
    prob, hdi
        A further interval, as in `Fit.regions`.
    """
    vertices, number = check_vertices(study, name), study.maps.index(name)
    kept = np.flatnonzero(vertices.measured(number))
    own, size = draws[:, kept], len(vertices.parcel) // 2
    error = vertices.standard_error[number][kept]
    table = pd.DataFrame(
        {
            "map": name,
            "hemisphere": np.where(kept < size, "L", "R"),
            "vertex": kept % size,
            "region": np.array(study.regions, dtype=object)[vertices.parcel[kept].astype(int)],
            "observed": vertices.thinning[number][kept],
            "se": np.where(error > 0, error, np.nan),
        }
    )
    columns = summary_columns(own, (50, 90, 95)) | {"p_negative": (own < 0).mean(0)}
    return table.assign(**columns | asked_columns(own, prob, hdi=hdi))
