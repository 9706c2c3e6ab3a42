"""The Desikan-Killiany region of each vertex of fsaverage5."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np

__all__ = ["HEMISPHERE", "dk68_vertices"]

# Vertices of a hemisphere of fsaverage5.
HEMISPHERE = 10_242

_LABELS = Path(__file__).parent / "tables" / "dk68_fsaverage5.npz"
_REGIONS = 34  # of a hemisphere


@lru_cache(maxsize=1)
def dk68_vertices() -> np.ndarray:
    """Place among `dk68_names` of each vertex's region, left vertices first, -1 outside the cortex; (vertex,) int."""
    with np.load(_LABELS, allow_pickle=False) as sides:
        left, right = sides["left"].astype(int), sides["right"].astype(int)
    places = np.concatenate([left, np.where(right < 0, -1, right + _REGIONS)])
    places.setflags(write=False)
    return places
