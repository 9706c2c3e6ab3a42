"""How regional thickness goes together across people: the table of the 68 regions, and other atlases by position."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..errors import InputError, SettingsError
from .atlas import dk68_names, dk68_table

__all__ = [
    "MEASURED",
    "can_interpolate",
    "interpolated_correlation",
    "mean_correlation",
    "normative_correlation",
    "normative_people",
    "region_weights",
    "shared_correlation",
]

# What the table was measured in: "abide", "adhd200", and both together.
MEASURED = ("pooled", "abide", "adhd200")

# Width of the kernel, mm. Each pair of the 68 regions predicted from the other 66: root mean square error .174 at
# 10 mm, .150 at 15, .140 at 20; but homologues, .61 in truth, come out at .51, .42 and .35: wide kernels blur them.
BANDWIDTH = 15.0
# A parcel further than that (mm) from the middle of all the regions of its hemisphere is not on the cortex: no point
# of the cortex of fsaverage5 is further than 36.
FARTHEST = 40.0

_TABLES = Path(__file__).parent / "tables"


def normative_correlation(source: str = "pooled") -> pd.DataFrame:
    """Return the correlation of thickness across people between the 68 Desikan-Killiany regions.

    Given age, age squared, sex, diagnosis and site; shrunk by Ledoit and Wolf's share; positive definite. Derived by
    ``tables/derive_normative.py`` from ABIDE and ADHD-200, whose people are mostly 6 to 25 years old.

    Parameters
    ----------
    source
        "pooled" (the default), "abide" or "adhd200".

    Returns
    -------
    DataFrame
        (region, region), both labelled, in Desikan-Killiany order.

    Raises
    ------
    SettingsError
        For another source.

    References
    ----------
    Di Martino et al. (2014), Molecular Psychiatry 19, 659-667. The ADHD-200 Consortium (2012), Frontiers in Systems
    Neuroscience 6, 62.
    """
    names = list(dk68_names())
    return pd.DataFrame(_correlation(_known(source)), index=names, columns=names)


def normative_people(source: str = "pooled") -> int:
    """Return the number of people that `normative_correlation` rests on; SettingsError for another source."""
    return int(_account()["sources"][_known(source)]["people"])


def mean_correlation(source: str = "pooled") -> float:
    """Return the mean of `normative_correlation` over pairs of regions; SettingsError for another source."""
    return float(_correlation(_known(source))[np.triu_indices(len(dk68_names()), k=1)].mean())


def interpolated_correlation(
    positions: np.ndarray, hemispheres: Sequence[str], *, source: str = "pooled"
) -> np.ndarray:
    r"""Correlation between the parcels of another atlas, from the 68 regions near them.

    .. math:: C = A (R - \lambda I) A' \text{ with 1 on the diagonal}, \quad A_{pr} \propto \exp(-d_{pr}^2 / 2 h^2)

    A row of A weighs the regions of the parcel's own hemisphere by the distance of their middles (h is `BANDWIDTH`)
    and sums to 1, so that parcels of both hemispheres are joined as the regions near each are, homologues among them.
    lambda, the least eigenvalue of R, is what a region shares with no other at all. The diagonal is filled up to 1,
    and the rest not scaled up with it: a small parcel is measured less well than a large region, and has something of
    its own. So two parcels in one region have a correlation near .55 (regions that touch have .40), not 1.

    What it is not: a measured correlation. Position tells little of a single pair (a correlation of .28 with the
    true values of the 68 where both regions are left out); mean and general shape are right.

    Parameters
    ----------
    positions
        Middles of the parcels (parcel, 3), in mm of MNI or fsaverage space.
    hemispheres
        "L" or "R" for each.
    source
        As in `normative_correlation`.

    Returns
    -------
    ndarray
        (parcel, parcel), positive definite with unit diagonal.

    Raises
    ------
    InputError
        For a parcel without hemisphere or position on the cortex.
    """
    positions, hemispheres = np.asarray(positions, dtype=float), [str(side) for side in hemispheres]
    if not can_interpolate(positions, hemispheres):
        raise InputError(
            "the correlation of thickness can't be interpolated: a parcel has no hemisphere (L or R), or lies more "
            f"than {FARTHEST:g} mm from the middle of every cortical region; give positions in mm of MNI space."
        )
    weight = region_weights(positions, hemispheres)
    correlation = weight @ shared_correlation(source) @ weight.T
    correlation = (correlation + correlation.T) / 2
    np.fill_diagonal(correlation, 1.0)
    return correlation


def shared_correlation(source: str = "pooled") -> np.ndarray:
    """R - lambda I of `interpolated_correlation`: what the 68 regions share with others; (region, region)."""
    between = _correlation(_known(source))
    shared: np.ndarray = between - np.linalg.eigvalsh(between)[0] * np.eye(len(between))
    return shared


def region_weights(positions: np.ndarray, hemispheres: Sequence[str]) -> np.ndarray:
    """A of `interpolated_correlation`, whose arguments these are: how near places are to the 68 regions.

    Returns
    -------
    ndarray
        (place, region), rows that sum to one.
    """
    distance = _distances(positions, hemispheres)
    nearness = np.exp(-((distance**2 - distance.min(1, keepdims=True) ** 2) / (2 * BANDWIDTH**2)))
    weight: np.ndarray = nearness / nearness.sum(1, keepdims=True)
    return weight


def can_interpolate(positions: np.ndarray, hemispheres: Sequence[str]) -> bool:
    """Whether all parcels have a hemisphere and a position near regions of it, so that they can be of the cortex."""
    if not set(hemispheres) <= {"L", "R"}:
        return False
    return bool(np.isfinite(positions).all() and (_distances(positions, hemispheres).min(1) <= FARTHEST).all())


def _distances(positions: np.ndarray, hemispheres: Sequence[str]) -> np.ndarray:
    """Distance (parcel, region) to the middles of the 68 regions, infinite for those of the other hemisphere."""
    regions = dk68_table()
    distance = np.linalg.norm(positions[:, None] - regions[["x", "y", "z"]].to_numpy(dtype=float), axis=-1)
    return np.where(np.array(hemispheres)[:, None] == regions["hemisphere"].to_numpy(), distance, np.inf)


def _known(source: str) -> str:
    if source not in MEASURED:
        raise SettingsError(f"unknown source {source!r} of the normative correlation; give {', '.join(MEASURED)}.")
    return source


@lru_cache(maxsize=len(MEASURED))
def _correlation(source: str) -> np.ndarray:
    """The table's column as a square; (region, region), read-only."""
    order = {name: place for place, name in enumerate(dk68_names())}
    table = pd.read_csv(_TABLES / "dk68_thickness_correlation.csv")
    first, second = (table[end].map(order).to_numpy() for end in ("region", "region_to"))
    square = np.eye(len(order))
    square[first, second] = square[second, first] = table[source]
    square.setflags(write=False)
    return square


@lru_cache(maxsize=1)
def _account() -> dict[str, Any]:
    return dict(json.loads((_TABLES / "dk68_thickness_correlation.json").read_text(encoding="utf-8")))
