"""Whether a file that says it is a fit may be read, before its arrays are, and whether what it holds is a whole fit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import inferencedata
from ..models.families import family_of
from ..models.options import FitSettings
from ..readers.limits import check_memory
from ..studies.study import Study

if TYPE_CHECKING:
    import h5py  # type: ignore[import-untyped]

__all__ = ["check_content", "check_fit"]

# Numbers of HDF5's own filters: deflate, shuffle, checksum. Any other would load code of somebody's.
_FILTERS = (1, 2, 3)
_MOST_OBJECTS, _MOST_ATTRIBUTES = 10_000, 1 << 26
# Copies of the arrays that reading and tables make, and bytes of memory that a string takes.
_COPIES, _STRING = 3, 100

_GROUPS = ("observed_data", "constant_data", "sample_stats", "prior", "prior_predictive")
# What the posterior must hold, to its dimensions after chain and draw.
_EVERY = {
    "thinning": ("map", "region"),
    "variance_share": ("map", "source"),
    "region_share": ("map", "region", "source"),
}
_OF_GENES = {"gene_weight": ("map", "gene")}
_OF_PROGRAMS = {"program_score": ("place", "program"), "strength": ("program",)}
# Beyond it squares of draws end.
_LARGEST = 1e100
_DRAWN = ("posterior", "posterior_predictive", "predictions", "log_likelihood")


def check_content(path: Path) -> None:
    """Check, by what the file says of itself, that its arrays are numbers and texts in it, and fit the memory.

    Raises
    ------
    ValueError
        For links, arrays of objects, arrays that lie in other files, filters that are not HDF5's own.
    SettingsError
        For arrays that take more memory than may be had.
    OSError
        When it is no HDF5 file.
    """
    import h5py

    size = 0.0
    with h5py.File(path, "r") as file:
        for number, one in enumerate(_objects(file)):
            if number >= _MOST_OBJECTS:
                raise ValueError(f"it holds more than {_MOST_OBJECTS} arrays")
            kept = sum(one.attrs.get_id(name).get_storage_size() for name in one.attrs)
            if kept > _MOST_ATTRIBUTES:
                raise ValueError(f"the attributes of {one.name} are too large")
            if isinstance(one, h5py.Dataset):
                size += _size(one)
    check_memory(_COPIES * size, f"reading {path}", "check that it is a fit of yours")


def _objects(file: h5py.File) -> Iterator[Any]:
    """The file, its groups and their arrays, each of which has one place."""
    import h5py

    yield file
    seen = {h5py.h5o.get_info(file.id).addr}
    for above in (file, *(file[name] for name in file if _here(file, name) and isinstance(file[name], h5py.Group))):
        for name in above:
            if not _here(above, name):
                raise ValueError(f"{above.name.rstrip('/')}/{name} lies elsewhere")
            one = above[name]
            address = h5py.h5o.get_info(one.id).addr
            if address in seen or (isinstance(one, h5py.Group) and above != file):
                raise ValueError(f"{one.name} is a group within a group, or an array twice")
            seen.add(address)
            yield one


def _here(group: h5py.Group, name: str) -> bool:
    import h5py

    return isinstance(group.get(name, getlink=True), h5py.HardLink)


def _size(array: h5py.Dataset) -> float:
    """Bytes that an array takes once it is read."""
    import h5py

    text = h5py.check_string_dtype(array.dtype) is not None
    if not text and array.dtype.kind not in "fiub":
        raise ValueError(f"{array.name} holds neither numbers nor text")
    if array.external or array.is_virtual:
        raise ValueError(f"{array.name} lies in another file")
    made = array.id.get_create_plist()
    if not {made.get_filter(number)[0] for number in range(made.get_nfilters())} <= set(_FILTERS):
        raise ValueError(f"{array.name} is packed in a way that no fit is")
    item = _STRING if text else array.dtype.itemsize
    return float(item) * max(np.prod(shape, dtype=float) for shape in (array.shape or (), array.chunks or ()))


def check_fit(idata: Any, study: Study, settings: FitSettings) -> None:
    """Check that groups, arrays and labels are those of a fit of the study under the settings.

    Raises
    ------
    ValueError
        Naming what is missing or does not match.
    """
    missing = [name for name in (*_DRAWN, *_GROUPS) if name not in inferencedata.group_names(idata)]
    if missing:
        raise ValueError(f"it lacks {missing[0]}")
    for name in (*_DRAWN, *_GROUPS):
        _check_group(idata, name, study)
    posterior = inferencedata.group(idata, "posterior")
    _check_draws(posterior, study, settings)
    sizes = {name: inferencedata.group(idata, name).sizes for name in _DRAWN}
    for name, own in sizes.items():
        if any(own.get(dim) != posterior.sizes.get(dim) for dim in ("chain", "draw")):
            raise ValueError(f"{name} has other draws than the posterior")
        array = inferencedata.group(idata, name).get("thinning")
        known = name == "log_likelihood"  # of what was not observed there is none
        if array is None or not (known or np.isfinite(array.values).all()):
            raise ValueError(f"{name} has no thinning that is a number throughout")
    _check_attributes(idata.attrs)


def _check_group(idata: Any, name: str, study: Study) -> None:
    """Check kinds of arrays and labels of dimensions."""
    group = inferencedata.group(idata, name)
    labels = {"map": study.maps, "region": study.regions, "gene": study.genes, "place": study.measured_in.names}
    for dim, known in labels.items():
        if dim in group.sizes:
            found = [str(one) for one in group[dim].values]
            wanted = [one for one in known if one in set(found)] if name not in ("posterior", "predictions") else known
            if found != list(wanted):
                raise ValueError(f"the labels of {name}'s {dim}s are not the study's")
    if name != "constant_data":
        for variable, array in group.data_vars.items():
            if array.dtype.kind not in "fiub":
                raise ValueError(f"{name}'s {variable} holds no numbers")


def _check_draws(posterior: Any, study: Study, settings: FitSettings) -> None:
    """Check that the posterior has what tables read, in its dimensions."""
    family = family_of(settings.model)
    wanted = _EVERY | (_OF_GENES if family.genes else {}) | (_OF_PROGRAMS if family.programs else {})
    live = "region" if study.places is None else "place"
    for name, known in wanted.items():
        dims = [live if dim == "place" else dim for dim in known]
        if name not in posterior:
            raise ValueError(f"the posterior lacks {name}")
        if set(posterior[name].dims) != {"chain", "draw", *dims}:
            raise ValueError(f"the posterior's {name} has dimensions {', '.join(map(str, posterior[name].dims))}")
        size = 0.0 if name == "region_share" else float(np.abs(posterior[name].values).max(initial=0.0))
        if not size < _LARGEST:  # NaN is not
            raise ValueError(f"the posterior's {name} is no number throughout, or beyond all measure")
    strange = [name for name, array in posterior.data_vars.items() if not {"chain", "draw"} <= set(array.dims)]
    if strange:
        raise ValueError(f"the posterior's {strange[0]} has no draws")


def _check_attributes(attributes: Any) -> None:
    """Check the records that the file keeps beside the arrays."""
    versions, notices = json.loads(attributes["versions"]), json.loads(attributes["notices"])
    if not isinstance(versions, dict) or not {"pyro_neurovae"} <= set(versions):
        raise ValueError("its versions are no record")
    if not isinstance(notices, list) or not all(isinstance(one, str) for one in notices):
        raise ValueError("its notices are no texts")
    if not np.isfinite(float(attributes["elapsed_s"])):
        raise ValueError("its elapsed_s is no number")
