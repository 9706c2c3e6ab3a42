"""Files with a value for each vertex of the cortical surface, or each voxel about it, as values of both hemispheres."""

from __future__ import annotations

import os
import re
import warnings
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..atlases.vertices import SURFACES, surface_files
from ..errors import InputError
from .limits import check_archive, check_regular, unpack_gzip

__all__ = ["ENDINGS", "NESTED", "UNNAMED", "Halves", "check_halves", "is_morph", "read_halves", "surface_of"]

FilePath = str | os.PathLike[str]

# Endings of files of vertices: NumPy's, FreeSurfer's and GIFTI; and of volumes.
ENDINGS = (".npz", ".npy", ".mgh", ".mgz", ".gii", ".nii")
_VOLUMES = (".nii", ".nii.gz")
# Vertices of a hemisphere of the surfaces that have those of fsaverage5 first, or are its first; and of others.
NESTED = {size: name for name, size in SURFACES.items()} | {40_962: "fsaverage6", 163_842: "fsaverage"}
_OTHERS = {32_492: "fsLR 32k", 29_696: "fsLR 32k", 81_924: "CIVET"}
# Values (vertex,) of the left and the right hemisphere, by the name of their column; that of an array without one.
Halves = dict[str, list[np.ndarray]]
UNNAMED = "arr_0"
_GZIP, _MORPH = b"\x1f\x8b", b"\xff\xff\xff"
# What in a file's name tells its hemisphere, and the other's; words last, as a map may be of epilepsy on the left.
_SIDES = (("lh", "rh"), ("LH", "RH"), ("hemi-L", "hemi-R"), (".L.", ".R."), ("left", "right"))
# Voxels of a volume that vertices may have found nothing in before it is taken for one of another space.
_LEAST = 0.5


def read_halves(source: Path) -> tuple[Halves, list[str]]:
    """Values of both hemispheres that a file of vertices, or of a volume, holds; and what to say of it.

    Raises
    ------
    InputError
        If it can't be read, or its name does not tell its hemisphere.
    """
    check_regular(source)
    name = source.name.lower()
    if name.endswith(_VOLUMES):
        return _projected(source)
    if name.endswith((".npz", ".npy")):
        return _numpy(source), []
    return _both_sides(source)


def is_morph(path: FilePath) -> bool:
    """Whether a file is one of FreeSurfer's of a value for each vertex, such as lh.thickness, whatever its name."""
    try:
        with Path(path).open("rb") as file:
            return file.read(3) == _MORPH
    except OSError:
        return False


def _projected(source: Path) -> tuple[Halves, list[str]]:
    """A volume between the white and the pial surface of fsaverage5, by nilearn."""
    import nibabel
    from nilearn.surface import vol_to_surf

    try:
        image = nibabel.load(source)
        data = np.asarray(image.get_fdata(), dtype=float)
    except Exception as fault:  # nibabel lets through whatever its parsers make of a damaged file
        raise InputError(f"{source.name}: no volume that can be read; give NIfTI.") from fault
    forms = [getattr(image, form)(coded=True)[1] for form in ("get_sform", "get_qform") if hasattr(image, form)]
    if forms and not any(forms):
        raise InputError(f"{source.name} does not say where its voxels lie (sform and qform are 0); set them first.")
    if data.ndim == 4 and data.shape[-1] == 1:
        data = data[..., 0]
    if data.ndim != 3:
        shape = " x ".join(map(str, data.shape))
        raise InputError(f"{source.name} holds {shape} numbers; give a volume of one map (a CIFTI file is none).")
    known = nibabel.Nifti1Image(np.where(data == 0, np.nan, data), image.affine)
    both = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # vertices about which nothing was measured
        for side in ("left", "right"):
            pial, white = surface_files(side)
            both.append(np.asarray(vol_to_surf(known, str(pial), inner_mesh=str(white)), dtype=float))
    found = np.isfinite(np.concatenate(both)).mean()
    if found < _LEAST:
        raise InputError(
            f"{source.name} has values about {found:.0%} of the cortex's vertices; give a volume of the whole brain in "
            "MNI space, with 0 or NaN outside."
        )
    told = f"{source.name}: the volume was read between the white and the pial surface of fsaverage5, as of MNI space."
    return {UNNAMED: both}, [told]


def _numpy(source: Path) -> Halves:
    """Hemispheres of each array of a NumPy file, by the name of its column."""
    try:
        if source.suffix.lower() == ".npz":
            check_archive(source)
        found = np.load(source, allow_pickle=False)
        arrays = {UNNAMED: found} if isinstance(found, np.ndarray) else {name: found[name] for name in found.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as fault:
        raise InputError(f"{source.name}: no NumPy file that can be read; write it by numpy.savez.") from fault
    kept = {name: one for name, one in arrays.items() if one.dtype.kind in "fiu" and one.size > 1}
    if not kept:
        raise InputError(f"{source.name} holds no numbers of vertices; give an array of a value for each vertex.")
    halves = {name: _halves(one) for name, one in kept.items()}
    mapped = {name: both for name, both in halves.items() if len(both[0]) in NESTED}
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
        if content[:3] == _MORPH:
            data = nibabel.freesurfer.read_morph_data(source)
        elif ".gii" in source.name.lower():
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
        # The side that stands first in the name is the file's: rh.lh_tle.mgh.
        for here, there in sorted((pair, pair[::-1]), key=lambda one: source.name.find(one[0])):
            other = _renamed(source.name, here, there)
            if other is None:
                continue
            own, beside = _one_side(source), source.with_name(other)
            told = f"{source.name}: {other} beside it is the other hemisphere."
            if not beside.is_file():
                told = f"{source.name}: no {other} beside it; the other hemisphere is read as missing."
            across = _one_side(beside) if beside.is_file() else np.full_like(own, np.nan)
            return {UNNAMED: [own, across] if here == pair[0] else [across, own]}, [told]
    raise InputError(f"{source.name}: its name does not tell the hemisphere; call it lh.NAME or rh.NAME.")


def check_halves(paths: Sequence[FilePath]) -> None:
    """Check that no two files are the hemispheres of one map, of which either is read with the other.

    Raises
    ------
    InputError
        Naming both.
    """
    given = {Path(path) for path in paths if _of_vertices(Path(path))}
    for path in sorted(given):
        for here, there in _SIDES:
            other = _renamed(path.name, here, there)
            if other is not None and path.with_name(other) in given:
                raise InputError(
                    f"{path.name} and {other} are the hemispheres of one map; give one of them: the other is read "
                    "from beside it."
                )


def _of_vertices(path: Path) -> bool:
    """Whether a file is of a hemisphere's vertices, gzipped or not."""
    return path.name.lower().removesuffix(".gz").endswith(ENDINGS[2:-1]) or is_morph(path)


def _renamed(name: str, here: str, there: str) -> str | None:
    """Name of the other hemisphere's file; None where this side's word is not in the name."""
    word = re.escape(here) if here.startswith(".") else rf"(?<![A-Za-z]){re.escape(here)}(?![A-Za-z])"
    changed, count = re.subn(word, there, name, count=1)
    return changed if count else None


def surface_of(source: str, halves: Sequence[np.ndarray]) -> str:
    """Name of the surface that the hemispheres lie on."""
    size = len(halves[0])
    if len(halves[1]) == size and size in NESTED:
        first = "" if size <= SURFACES["fsaverage5"] else ", its vertices that are fsaverage5's"
        return f"{NESTED[size]}{first}"
    whole = sum(len(half) for half in halves)
    known = _OTHERS.get(size) or _OTHERS.get(whole)
    what = f"{whole} values, as of {known}" if known else f"{whole} values"
    one = " (one hemisphere?)" if whole in NESTED else ""
    raise InputError(
        f"{source} has {what}{one}; give both hemispheres of fsaverage5 (2 x 10242), fsaverage6 or fsaverage, left "
        "first: neuromaps.transforms takes fsLR and CIVET there."
    )
