"""Results on the cortex for other programs: GIFTI overlays, and tables with the labels of ggseg and neuromaps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..atlases.atlas import dk68_names
from ..atlases.readable_names import fsaverage_label, ggseg_label
from ..atlases.vertices import vertex_parcels
from ..errors import InputError
from ..plots.cortical_values import drawn_parcellation
from ..readers.safe_names import file_names
from ..readers.written_tables import write_table

if TYPE_CHECKING:
    from ..posterior.fits import Fit

__all__ = ["QUANTITIES", "gifti_overlay", "write_ggseg", "write_neuromaps", "write_overlays"]

_AT_VERTICES = ("mean", "sd", "lower95", "upper95", "p_negative")
QUANTITIES = (*_AT_VERTICES, "predictable_mean", "transcriptomic_share")


def write_overlays(fit: Fit, folder: Path) -> list[str]:
    """Write each quantity of each map as a GIFTI file a hemisphere; returns their names.

    Those of regions lie on fsaverage5; those of the vertices of maps that were given by them, where the map does.

    Raises
    ------
    InputError
        For regions of no known parcellation.
    """
    drawn_parcellation(fit.study.graph)
    names = []
    for one, stem, own in _maps(fit):
        rows = own.set_index("region")
        for quantity in QUANTITIES:
            for side in ("L", "R"):
                name = f"{stem}_{quantity}.{side}.func.gii"
                values = rows[quantity].astype(float)
                gifti_overlay(values, side, folder / name, name=f"{one} {quantity}", label=fit.study.graph.label)
                names.append(name)
        if one in fit.study.by_vertices:
            names += _write_vertices(fit, one, stem, folder)
    return names


def _write_vertices(fit: Fit, name: str, stem: str, folder: Path) -> list[str]:
    """Write what is known of the effect at the vertices of a map; returns the names of the files."""
    assert fit.study.vertices is not None  # asked before
    table, names = fit.vertices([name]), []
    for quantity in _AT_VERTICES:
        for side in ("L", "R"):
            rows = table[table["hemisphere"] == side]
            values = np.full(len(fit.study.vertices.parcel) // 2, np.nan)
            values[rows["vertex"]] = rows[quantity]
            names.append(f"{stem}_vertices_{quantity}.{side}.func.gii")
            _write_gifti(values, side, folder / names[-1], name=f"{name} {quantity}")
    return names


def write_ggseg(fit: Fit, folder: Path) -> list[str]:
    """Write a table a map that R's ggseg joins with its atlas dk by ``label``; returns the names of the files."""
    names = []
    _check_labels(fit, "ggseg")
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
    _check_labels(fit, "neuromaps")
    for _, stem, own in _maps(fit):
        rows = own.set_index("region").reindex(list(dk68_names()))
        sides, labels = zip(*(fsaverage_label(name) for name in rows.index), strict=True)
        table = pd.DataFrame({"id": np.arange(1, len(rows) + 1), "label": labels, "hemisphere": sides})
        table = table.assign(structure="cortex", **{one: rows[one].to_numpy() for one in QUANTITIES})
        write_table(table, folder / f"{stem}_neuromaps.csv")
        names.append(f"{stem}_neuromaps.csv")
    return names


def gifti_overlay(values: pd.Series, side: str, path: Path, *, name: str = "value", label: str = "") -> None:
    """Write values of the regions of a known parcellation as an overlay on fsaverage5, NaN where there is none.

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
    label
        Of the regions' graph, which tells parcellations with the same names apart; "" (the default) where none is.

    Raises
    ------
    InputError
        Where nibabel is missing.
    """
    places = vertex_parcels(list(values.index), label)
    assert places is not None  # checked of the study
    own = places[: len(places) // 2] if side == "L" else places[len(places) // 2 :]
    _write_gifti(np.append(values.to_numpy(), np.nan)[own], side, path, name=name)


def _write_gifti(values: np.ndarray, side: str, path: Path, *, name: str) -> None:
    """Write values of the vertices of a hemisphere."""
    try:
        import nibabel
    except ImportError as fault:
        raise InputError("GIFTI overlays need nibabel; install it by: pip install nibabel") from fault
    gifti, data = nibabel.gifti, values.astype(np.float32)
    array = gifti.GiftiDataArray(
        data, intent="NIFTI_INTENT_SHAPE", datatype="NIFTI_TYPE_FLOAT32", meta=gifti.GiftiMetaData({"Name": name})
    )
    meta = gifti.GiftiMetaData({"AnatomicalStructurePrimary": f"Cortex{'Left' if side == 'L' else 'Right'}"})
    path.write_bytes(gifti.GiftiImage(darrays=[array], meta=meta).to_bytes())


def _check_labels(fit: Fit, form: str) -> None:
    """Make sure that another program's labels are known of a study's regions."""
    strange = [region for region in fit.study.graph.names if region not in dk68_names()]
    if strange:
        raise InputError(
            f"the study's regions are not Desikan-Killiany ({strange[0]} is none), whose labels alone the format "
            f"{form} has; leave it out."
        )


def _maps(fit: Fit) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Name, stem of files and rows of regions of each map."""
    regions = fit.regions()
    for one, stem in zip(fit.study.maps, file_names(fit.study.maps), strict=True):
        yield one, stem, regions[regions["map"] == one]
