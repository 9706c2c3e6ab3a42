"""An atlas as abagen reads it, and the names of its labels by the atlas' own table."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd

from ..atlases.resolver import known_share
from ..errors import InputError

__all__ = ["label_names", "load_atlas"]

DEFAULT = "Desikan-Killiany labels on fsaverage5 that abagen brings"


def load_atlas(abagen: ModuleType, atlas: Any) -> tuple[Any, str]:
    """Load an atlas as abagen's AtlasTree, and say what it is; see `from_abagen` for the forms.

    Raises
    ------
    InputError
        When a file is missing, abagen can't read it, or no table names its labels.
    """
    image, info = (atlas.get("image"), atlas.get("info")) if isinstance(atlas, Mapping) else (atlas, None)
    if isinstance(image, Mapping):
        raise InputError("the atlas has an image for each donor; give one in a space that all donors share.")
    if atlas is None:
        # Without abagen's CSV: the table in the GIFTI files can't be out of step with their labels.
        image = abagen.fetch_desikan_killiany(surface=True)["image"]
    parts = [_text(one) for one in image] if isinstance(image, list | tuple) else [_text(image)]
    for path in (*parts, _text(info)):
        if isinstance(path, str) and not Path(path).is_file():
            raise InputError(f"atlas {path}: no such file; give a volume, a pair of GIFTI label files, or None.")
    label = DEFAULT if atlas is None else ", ".join(one if isinstance(one, str) else "in memory" for one in parts)
    try:
        tree = abagen.check_atlas(tuple(parts) if len(parts) > 1 else parts[0], _text(info))
    except Exception as fault:  # nibabel's errors share no base class
        raise InputError(
            f"atlas {label} can't be used ({' '.join(str(fault).split())}); give a volume in MNI152 space with a table "
            "of id, label, hemisphere and structure, or a pair of GIFTI label files on fsaverage5."
        ) from fault
    if tree.atlas_info is None or "label" not in tree.atlas_info:
        raise InputError(
            f"atlas {label}: no table names its labels; give a mapping with image and info, a table with the "
            "columns id, label, hemisphere and structure."
        )
    return tree, label


def label_names(info: pd.DataFrame, names: Sequence[str]) -> dict[int, str]:
    """Name of every label's id: as it is where that tells the region, else the hemisphere before it (L_bankssts)."""
    return {
        key: str(label) if side == "B" or known_share([label], names, hemisphere=None) else f"{side}_{label}"
        for key, label, side in zip(info.index, info["label"], info["hemisphere"], strict=True)
    }


def _text(path: Any) -> Any:
    return os.fspath(path) if isinstance(path, os.PathLike) else path
