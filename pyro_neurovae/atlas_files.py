"""Any labelled atlas as a graph: from a table of its regions, with connections or without, or from surface labels."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from .errors import InputError
from .graph import RegionGraph
from .region_labels import first_names
from .text_table import file_stem, parse_numbers, read_table
from .thinning_columns import plain_name

__all__ = ["graph_of_regions", "graph_of_surface", "with_regions"]

FilePath = str | os.PathLike[str]

_NAMES = ("region", "label", "name", "roi", "roiname", "parcel")
_LOBES = ("lobe", "network", "system")
_AXES = ("x", "y", "z")
_SIDE = re.compile(r"(?:^|[^A-Za-z])(lh|rh|left|right|l|r)(?:$|[^A-Za-z])", re.IGNORECASE)


def graph_of_regions(regions: pd.DataFrame | FilePath, *, neighbours: int = 6) -> RegionGraph:
    """Build a graph of regions that are joined with the nearest of their hemisphere.

    Parameters
    ----------
    regions
        A table with a column of names (region) and centroids x, y, z in mm; hemisphere (else read from the names, LH
        and RH), lobe or network, and homologue, the name of the twin, where there is one.
    neighbours
        Regions that each is joined with, the nearest by centroid; two are joined if either is among the other's. Six
        (the default) is near to the mean degree of a parcellated cortex.

    Raises
    ------
    InputError
        If a column is missing, a name stands twice, or a number can't be used.
    """
    source, table = _region_table(regions)
    graph = _bare(source, table)
    if graph.centroids is None:
        raise InputError(f"{source}: no columns x, y, z; add the centroids in mm, or give a table of connections too.")
    distance = np.linalg.norm(graph.centroids[:, None] - graph.centroids[None], axis=-1)
    if graph.hemispheres is not None:
        side = np.array(graph.hemispheres)
        distance[side[:, None] != side[None]] = np.inf
    np.fill_diagonal(distance, np.inf)
    order = np.argsort(distance, axis=1)[:, :neighbours]
    near = np.zeros_like(distance)
    np.put_along_axis(near, order, 1.0, axis=1)
    near[np.isinf(distance)] = 0.0
    weights = np.maximum(near, near.T)
    for left, right in graph.homologues:
        weights[left, right] = weights[right, left] = 1.0
    return replace(graph, weights=weights)


def with_regions(graph: RegionGraph, regions: pd.DataFrame | FilePath) -> RegionGraph:
    """Give a graph the positions, hemispheres, lobes and homologues of a table of its regions, by name.

    Raises
    ------
    InputError
        If a region of the graph is not in the table, or as `graph_of_regions`.
    """
    source, table = _region_table(regions)
    lacking = [name for name in graph.names if name not in table.index]
    if lacking:
        raise InputError(f"{source}: no row for {first_names(lacking)}, which the graph has; add them.")
    return replace(_bare(source, table.loc[list(graph.names)]), weights=graph.weights, label=graph.label)


def graph_of_surface(
    labels: FilePath | Sequence[FilePath],
    surfaces: FilePath | Sequence[FilePath],
    *,
    weights: Literal["binary", "boundary"] = "binary",
    exclude: Sequence[str] = ("unknown", "medialwall", "corpuscallosum", "background"),
) -> RegionGraph:
    """Build the graph of a parcellation on a surface mesh: regions are joined where they touch.

    Parameters
    ----------
    labels
        Label files, left and right or one: FreeSurfer ``.annot`` or GIFTI ``.label.gii``. A name that two files share
        gets the hemisphere in front (L_, R_).
    surfaces
        Meshes of the same vertices, in the same order: GIFTI ``.surf.gii`` or FreeSurfer's (``lh.pial``).
    weights
        "binary" (the default) or "boundary", as `RegionGraph.from_mesh`.
    exclude
        Labels that are no region, in any spelling.

    Raises
    ------
    InputError
        If a file can't be read, or labels and surfaces are not one for one.
    """
    label_files, surface_files = _several(labels), _several(surfaces)
    if len(label_files) != len(surface_files) or not label_files:
        counts = f"{len(label_files)} label files for {len(surface_files)} surfaces"
        raise InputError(f"{counts}; give one of each a hemisphere.")
    parts = [_read_labels(path, exclude) for path in label_files]
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
        side = _side_of(Path(path).name) or "LR"[min(number, 1)]
        keys.append(np.where(key >= 0, key + len(names), -1))
        points.append(coordinates)
        faces.append(triangles + vertices)
        names += [f"{side}_{name}" if name in shared else name for name in own]
        sides += [side] * len(own)
        vertices += len(key)
    graph = RegionGraph.from_mesh(
        np.concatenate(keys), np.concatenate(faces), np.concatenate(points), names, weights=weights
    )
    return replace(graph, hemispheres=tuple(sides), label=file_stem(label_files[0]))


def _several(files: FilePath | Sequence[FilePath]) -> list[FilePath]:
    return [files] if isinstance(files, str | os.PathLike) else list(files)


def _region_table(regions: pd.DataFrame | FilePath) -> tuple[str, pd.DataFrame]:
    """The table under plain column names, its index the names of the regions."""
    if isinstance(regions, pd.DataFrame):
        source = "regions"
        frame = regions if isinstance(regions.index, pd.RangeIndex) else regions.rename_axis("region").reset_index()
    else:
        text = read_table(regions)
        source, frame = text.source, text.frame()
    frame = frame.rename(columns=plain_name)
    column = next((name for name in _NAMES if name in frame.columns), None)
    if column is None:
        raise InputError(f"{source}: no column of region names; call it region.")
    frame = frame.set_index(pd.Index([str(name).strip() for name in frame[column]], dtype=object))
    twice = frame.index[frame.index.duplicated()]
    if len(twice):
        raise InputError(f"{source}: region {twice[0]} stands twice; keep one row for each region.")
    return source, frame


def _bare(source: str, table: pd.DataFrame) -> RegionGraph:
    """The table's regions without connections."""
    names = tuple(table.index)
    centroids = None
    if set(_AXES) <= set(table.columns):
        centroids = parse_numbers(table[list(_AXES)], source=source).to_numpy()
        if np.isnan(centroids).any():
            row = int(np.argmax(np.isnan(centroids).any(axis=1)))
            raise InputError(f"{source}, row {names[row]}: a coordinate is missing; fill it in.")
    lobe = next((name for name in _LOBES if name in table.columns), None)
    return RegionGraph(
        names=names,
        weights=np.zeros((len(names), len(names))),
        centroids=centroids,
        hemispheres=_hemispheres(source, table),
        lobes=None if lobe is None else tuple(str(cell).strip() for cell in table[lobe]),
        homologues=_homologues(source, table),
        label=Path(source).stem,
    )


def _hemispheres(source: str, table: pd.DataFrame) -> tuple[str, ...] | None:
    for column in ("hemisphere", "hemi", "hem", "side"):
        if column in table.columns:
            sides = [str(cell).strip()[:1].upper() for cell in table[column]]
            for name, side in zip(table.index, sides, strict=True):
                if side not in ("L", "R", ""):
                    raise InputError(f"{source}, row {name}: hemisphere {side!r} is neither L nor R.")
            return tuple(sides)
    found = [_side_of(name) for name in table.index]
    return tuple(found) if all(found) else None


def _side_of(name: str) -> str:
    match = _SIDE.search(name)
    return match[1][0].upper() if match else ""


def _homologues(source: str, table: pd.DataFrame) -> tuple[tuple[int, int], ...]:
    if "homologue" not in table.columns:
        return ()
    place = {name: row for row, name in enumerate(table.index)}
    pairs = set()
    for name, twin in zip(table.index, table["homologue"], strict=True):
        other = "" if twin is None or pd.isna(twin) else str(twin).strip()
        if not other:
            continue
        if other not in place or other == name:
            raise InputError(f"{source}, row {name}: its homologue {other} is no other region of it; correct it.")
        pairs.add((min(place[name], place[other]), max(place[name], place[other])))
    used = [row for pair in pairs for row in pair]
    if len(set(used)) < len(used):
        name = table.index[next(row for row in used if used.count(row) > 1)]
        raise InputError(f"{source}: {name} is the homologue of two regions; give each at most one.")
    return tuple(sorted(pairs))


def _read_labels(path: FilePath, exclude: Sequence[str]) -> tuple[np.ndarray, list[str]]:
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
        if re.sub(r"[\W_]", "", name.lower()) in exclude or name == "???" or not inside.any():
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
