"""Parcellations on a surface mesh: label files and the meshes that they belong to."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..atlases.vertices import HEMISPHERE
from ..errors import InputError
from .region_table import side_of

__all__ = ["LabelledSurface", "read_labelled_surface"]

FilePath = str | os.PathLike[str]

# Vertices of a hemisphere of the surfaces whose first ones are fsaverage5's, and hemispheres in either order.
_FSAVERAGE = (HEMISPHERE, 40_962, 163_842)
_BOTH = ([{"L"}, {"R"}], [{"R"}, {"L"}])
# Labels that are no region, letters only.
_NO_REGION = ("unknown", "medialwall", "corpuscallosum", "background")


@dataclass(frozen=True, eq=False)
class LabelledSurface:
    """One mesh, of both hemispheres where two files were given, and the region of each of its vertices.

    Attributes
    ----------
    names, sides
        Names of the regions and the hemisphere, L or R, of each.
    labels
        Position among the names of each vertex's region, negative outside every region; (vertex,) int.
    coordinates
        Position of each vertex in mm; (vertex, 3).
    faces
        Vertices of each triangle; (face, 3) int.
    """

    names: tuple[str, ...]
    sides: tuple[str, ...]
    labels: np.ndarray
    coordinates: np.ndarray
    faces: np.ndarray

    def on_fsaverage5(self) -> np.ndarray | None:
        """Labels of fsaverage5's vertices, left hemisphere first; None for one hemisphere and for other surfaces."""
        halves = np.array_split(self.labels, 2)
        sides = [{self.sides[label] for label in half[half >= 0]} for half in halves]
        if len(halves[0]) not in _FSAVERAGE or len(halves[1]) != len(halves[0]) or sides not in _BOTH:
            return None
        left, right = halves if sides == _BOTH[0] else halves[::-1]
        return np.concatenate([left[:HEMISPHERE], right[:HEMISPHERE]])


def read_labelled_surface(
    labels: FilePath | Sequence[FilePath], surfaces: FilePath | Sequence[FilePath]
) -> LabelledSurface:
    """Read label files and their meshes, left and right or one.

    Parameters
    ----------
    labels
        FreeSurfer ``.annot`` or GIFTI ``.label.gii``. A name that two files share gets its hemisphere in front (L_).
    surfaces
        Meshes of the same vertices, in the same order: GIFTI ``.surf.gii`` or FreeSurfer's (``lh.pial``).

    Raises
    ------
    InputError
        If a file can't be read, or labels and surfaces are not one for one.
    """
    label_files, surface_files = _several(labels), _several(surfaces)
    if len(label_files) != len(surface_files) or not label_files:
        counts = f"{len(label_files)} label files for {len(surface_files)} surfaces"
        raise InputError(f"{counts}; give one of each a hemisphere.")
    parts = [_read_labels(path) for path in label_files]
    meshes = [_read_surface(path) for path in surface_files]
    shared = {name for _, names in parts for name in names if sum(name in other for _, other in parts) > 1}
    names: list[str] = []
    keys, points, faces, sides = [], [], [], []
    vertices = 0
    for number, ((key, own), (coordinates, triangles), path) in enumerate(zip(parts, meshes, label_files, strict=True)):
        if len(key) != len(coordinates):
            raise InputError(
                f"{Path(path).name} labels {len(key)} vertices and its surface has {len(coordinates)}; give a mesh of "
                "the same resolution."
            )
        side = side_of(Path(path).name) or "LR"[min(number, 1)]
        keys.append(np.where(key >= 0, key + len(names), -1))
        points.append(coordinates)
        faces.append(triangles + vertices)
        names += [f"{side}_{name}" if name in shared else name for name in own]
        sides += [side] * len(own)
        vertices += len(key)
    return LabelledSurface(
        tuple(names), tuple(sides), np.concatenate(keys), np.concatenate(points), np.concatenate(faces)
    )


def _several(files: FilePath | Sequence[FilePath]) -> list[FilePath]:
    return [files] if isinstance(files, str | os.PathLike) else list(files)


def _read_labels(path: FilePath) -> tuple[np.ndarray, list[str]]:
    """Region of each vertex, negative outside, and the names of the regions."""
    import nibabel
    from nibabel.filebasedimages import ImageFileError

    try:
        if str(path).endswith(".annot"):
            raw, _, found = nibabel.freesurfer.read_annot(os.fspath(path))
            table = dict(enumerate(name.decode() for name in found))
        else:
            image = nibabel.load(os.fspath(path))
            raw = np.asarray(image.darrays[0].data)
            table = image.labeltable.get_labels_as_dict()
    except (OSError, ValueError, AttributeError, IndexError, ImageFileError) as fault:
        raise InputError(f"{path}: no label file that can be read ({fault}); give .annot or .label.gii.") from fault
    names: list[str] = []
    keys = np.full(len(raw), -1)
    for key, name in table.items():
        inside = raw == key
        if re.sub(r"[\W_]", "", name.lower()) in _NO_REGION or name == "???" or not inside.any():
            continue
        keys[inside] = len(names)
        names.append(name)
    return keys, names


def _read_surface(path: FilePath) -> tuple[np.ndarray, np.ndarray]:
    import nibabel
    from nibabel.filebasedimages import ImageFileError

    try:
        if str(path).endswith((".gii", ".gii.gz")):
            coordinates, faces = nibabel.load(os.fspath(path)).agg_data(("pointset", "triangle"))
        else:
            coordinates, faces = nibabel.freesurfer.read_geometry(os.fspath(path))
    except (OSError, ValueError, TypeError, ImageFileError) as fault:
        raise InputError(f"{path}: no surface that can be read ({fault}); give .surf.gii or FreeSurfer's.") from fault
    return np.asarray(coordinates, dtype=float), np.asarray(faces, dtype=np.int64)
