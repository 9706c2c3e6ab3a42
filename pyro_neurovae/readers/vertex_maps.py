"""Maps with a value for each vertex of the cortical surface, and their means over the regions of a graph."""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..atlases.vertices import HEMISPHERE, SURFACES, dk68_vertices, vertex_parcels
from ..errors import InputError
from ..wording import first_names
from .limits import check_archive, check_regular, unpack_gzip
from .text_table import file_stem
from .thinning_table import ThinningMap, map_from_table

__all__ = ["ENDINGS", "at_vertices", "check_halves", "read_vertex_map"]

FilePath = str | os.PathLike[str]

# Endings of files of vertices: NumPy's, FreeSurfer's and GIFTI.
ENDINGS = (".npz", ".npy", ".mgh", ".mgz", ".gii")
# Vertices of a hemisphere of the surfaces that have those of fsaverage5 first, or are its first; and of others.
_NESTED = {size: name for name, size in SURFACES.items()} | {40_962: "fsaverage6", 163_842: "fsaverage"}
_OTHERS = {32_492: "fsLR 32k", 29_696: "fsLR 32k", 81_924: "CIVET"}
# Values (vertex,) of the left and the right hemisphere, by the name of their column; that of an array without one.
Halves = dict[str, list[np.ndarray]]
_UNNAMED = "arr_0"
_GZIP = b"\x1f\x8b"
# Share of the cortex that may be exactly 0 before a map is taken for one that was cut at a threshold.
_CUT = 0.2
# What in a file's name tells its hemisphere, and the other's; words last, as a map may be of epilepsy on the left.
_SIDES = (("lh", "rh"), ("LH", "RH"), ("hemi-L", "hemi-R"), (".L.", ".R."), ("left", "right"))


def read_vertex_map(path: FilePath, names: Sequence[str], *, name: str | None = None, **options: Any) -> ThinningMap:
    """Read a map of fsaverage's vertices, and its means over the regions of a graph.

    A vertex without a number, or with an exact 0 as FreeSurfer writes where nothing was measured, does not count (a
    map with many zeros in the cortex was cut at a threshold, and is refused); a region of which less than half the
    vertices count is missing. Errors are averaged too, which is too large for the mean of a region whose vertices err
    apart, and never too small.

    Parameters
    ----------
    path
        An ``.npz`` of one array, or of several named as columns of a table are (``t``, or ``d`` and ``se``), or an
        ``.npy``; (vertex,), left hemisphere first, or a row or column for each hemisphere. Or a file of one
        hemisphere, ``.mgh``, ``.mgz`` or ``.gii``, whose name tells the side (lh, left, hemi-L, .L.): the other
        hemisphere's is read where it lies beside it. fsaverage5, the coarser fsaverage3 and fsaverage4, or fsaverage6
        and fsaverage, of which the vertices of fsaverage5 are taken.
    names
        The graph's regions: Desikan-Killiany ones, Schaefer's parcels, or patches of the cortex
        (`RegionGraph.cortex`).
    name
        The map's name; None (the default) is the file's.
    **options
        As of `thinning_table.map_from_table`: what has no name that tells needs ``kind``.

    Raises
    ------
    InputError
        For another surface, another atlas, or as `map_from_table`.
    """
    source = Path(path)
    place = vertex_parcels(names)
    if place is None:
        raise InputError(
            f"{source.name}: maps of vertices are read onto the graphs dk68, schaefer100, schaefer400, cortex200 and "
            "cortex400; average it over the parcels of your atlas, and give that table."
        )
    check_regular(source)
    plain = source.suffix.lower() in (".npz", ".npy")
    halves, notices = (_numpy(source), []) if plain else _both_sides(source)
    surfaces = [_surface(source, both) for both in halves.values()]
    size = min(HEMISPHERE, *(len(both[0]) for both in halves.values()))
    columns = {name: np.concatenate([one[:size] for one in both]) for name, both in halves.items()}
    asked = options.get("kind", "auto")
    columns = {
        ("value" if asked == "auto" else asked) if name == _UNNAMED else name: own for name, own in columns.items()
    }
    told = [*notices, f"{source.name}: each region is the mean over its vertices ({surfaces[0]})."]
    cortex = at_vertices(dk68_vertices(), size) >= 0
    for column, count in _zeros(columns, cortex).items():
        of, share = "" if _UNNAMED in halves else f" in {column}", count / cortex.sum()
        if share > _CUT:
            raise InputError(
                f"{source.name}: {share:.0%} of the cortex's vertices are exactly 0{of}, as in a map cut at a "
                "threshold, which shows its effects too large; give it whole, with NaN where nothing was measured."
            )
        told.append(f"{source.name}: {count} vertices of the cortex are exactly 0{of} and read as not measured.")
    known = {"name": file_stem(path) if name is None else name, "source": source.name, **options}
    found = map_from_table(_means(columns, at_vertices(place, size), names), names, **known)
    few = [region for region, value in zip(names, found.value, strict=True) if np.isnan(value)]
    if few:
        told.append(
            f"{source.name}: less than half of the vertices have a value in {first_names(few)}; read as missing."
        )
    vertices = _on_vertices(columns, cortex, known)
    return ThinningMap(**{**vars(found), "notices": (*told, *found.notices), "vertices": vertices})


def at_vertices(values: np.ndarray, size: int) -> np.ndarray:
    """Values (..., vertex) at the first vertices of each hemisphere, so many: those of a coarser surface."""
    left, right = np.split(values, 2, axis=-1)
    return np.concatenate([left[..., :size], right[..., :size]], axis=-1)


def _numpy(source: Path) -> Halves:
    """Hemispheres of each array of a NumPy file, by the name of its column."""
    try:
        if source.suffix.lower() == ".npz":
            check_archive(source)
        found = np.load(source, allow_pickle=False)
        arrays = {_UNNAMED: found} if isinstance(found, np.ndarray) else {name: found[name] for name in found.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as fault:
        raise InputError(f"{source.name}: no NumPy file that can be read; write it by numpy.savez.") from fault
    kept = {name: one for name, one in arrays.items() if one.dtype.kind in "fiu" and one.size > 1}
    if not kept:
        raise InputError(f"{source.name} holds no numbers of vertices; give an array of a value for each vertex.")
    halves = {name: _halves(one) for name, one in kept.items()}
    mapped = {name: both for name, both in halves.items() if len(both[0]) in _NESTED}
    return mapped or halves  # beside maps there may be lists of faces, or of sizes


def _halves(array: np.ndarray) -> list[np.ndarray]:
    """Hemispheres of an array, left first: one after the other, or a row or a column each."""
    columns = array.ndim == 2 and array.shape[1] == 2
    return np.array_split((array.T if columns else array).ravel().astype(float), 2)


def _one_side(source: Path) -> np.ndarray:
    """Values of one hemisphere's file; (vertex,)."""
    import nibabel

    content = source.read_bytes()
    content = unpack_gzip(content, source) if content[:2] == _GZIP else content
    try:
        if ".gii" in source.name.lower():
            data = nibabel.GiftiImage.from_bytes(content).agg_data()
        else:
            data = nibabel.MGHImage.from_bytes(content).get_fdata()
        values = np.asarray(np.stack(data, -1) if isinstance(data, tuple) else data, dtype=float)
    except Exception as fault:  # nibabel lets through whatever its parsers make of a damaged file
        raise InputError(f"{source.name}: no file of vertices that can be read; give .mgh, .mgz or .gii.") from fault
    if max(values.shape, default=0) != values.size:
        raise InputError(
            f"{source.name} holds {' x '.join(map(str, values.shape))} numbers; give a file with one for each vertex."
        )
    return values.ravel()


def _both_sides(source: Path) -> tuple[Halves, list[str]]:
    """Values of a hemisphere's file and of the other's beside it, missing where there is none; and what to say."""
    for pair in _SIDES:
        for here, there in (pair, pair[::-1]):
            other = _renamed(source.name, here, there)
            if other is None:
                continue
            own, beside = _one_side(source), source.with_name(other)
            told = f"{source.name}: {other} beside it is the other hemisphere."
            if not beside.is_file():
                told = f"{source.name}: no {other} beside it; the other hemisphere is read as missing."
            across = _one_side(beside) if beside.is_file() else np.full_like(own, np.nan)
            return {_UNNAMED: [own, across] if here == pair[0] else [across, own]}, [told]
    raise InputError(f"{source.name}: its name does not tell the hemisphere; call it lh.NAME or rh.NAME.")


def check_halves(paths: Sequence[FilePath]) -> None:
    """Check that no two files are the hemispheres of one map, of which either is read with the other.

    Raises
    ------
    InputError
        Naming both.
    """
    given = {Path(path) for path in paths if Path(path).suffix.lower() in ENDINGS[2:]}
    for path in sorted(given):
        for here, there in _SIDES:
            other = _renamed(path.name, here, there)
            if other is not None and path.with_name(other) in given:
                raise InputError(
                    f"{path.name} and {other} are the hemispheres of one map; give one of them: the other is read "
                    "from beside it."
                )


def _renamed(name: str, here: str, there: str) -> str | None:
    """Name of the other hemisphere's file; None where this side's word is not in the name."""
    word = re.escape(here) if here.startswith(".") else rf"(?<![A-Za-z]){re.escape(here)}(?![A-Za-z])"
    changed, count = re.subn(word, there, name, count=1)
    return changed if count else None


def _surface(source: Path, halves: Sequence[np.ndarray]) -> str:
    """Name of the surface that the hemispheres lie on."""
    size = len(halves[0])
    if len(halves[1]) == size and size in _NESTED:
        first = "" if size == HEMISPHERE else ", its vertices that are fsaverage5's"
        return f"{_NESTED[size]}{first}"
    whole = sum(len(half) for half in halves)
    known = _OTHERS.get(size) or _OTHERS.get(whole)
    what = f"{whole} values, as of {known}" if known else f"{whole} values"
    one = " (one hemisphere?)" if whole in _NESTED else ""
    raise InputError(
        f"{source.name} has {what}{one}; give both hemispheres of fsaverage5 (2 x 10242), fsaverage6 or fsaverage: "
        "neuromaps.transforms takes fsLR and CIVET there."
    )


def _zeros(columns: dict[str, np.ndarray], cortex: np.ndarray) -> dict[str, int]:
    """How many of the cortex's vertices are exactly 0 in a column, for those in which any is."""
    zeros = {}
    for name, values in columns.items():
        numbering = len(columns) > 1 and bool((values == values.round()).all())  # of vertices, or a mask
        zeros[name] = 0 if numbering else int((cortex & (values == 0)).sum())
    return {name: count for name, count in zeros.items() if count}


def _means(columns: dict[str, np.ndarray], place: np.ndarray, names: Sequence[str]) -> pd.DataFrame:
    """Means over regions, each column's over its own vertices; missing where less than half of them have a value."""
    inside, means = place >= 0, {}
    whole = np.bincount(place[inside], minlength=len(names))
    for name, values in columns.items():
        measured = inside & np.isfinite(values) & (values != 0)
        count, total = (np.bincount(place[measured], own, len(names)) for own in (None, values[measured]))
        enough = (2 * count >= whole) & (count > 0)
        means[name] = np.where(enough, total / np.maximum(count, 1), np.nan)
    return pd.DataFrame(means, index=list(names))


def _on_vertices(columns: dict[str, np.ndarray], cortex: np.ndarray, known: dict[str, Any]) -> np.ndarray:
    """Effect and standard error of the cortex's vertices, NaN where a column has no value; (2, vertex)."""
    whole = cortex & np.all([np.isfinite(values) & (values != 0) for values in columns.values()], axis=0)
    names = [f"v{number}" for number in np.flatnonzero(whole)]
    found = map_from_table(
        pd.DataFrame({name: own[whole] for name, own in columns.items()}, index=names), names, **known
    )
    vertices = np.full((2, len(cortex)), np.nan)
    vertices[:, whole] = found.value, found.standard_error
    return vertices
