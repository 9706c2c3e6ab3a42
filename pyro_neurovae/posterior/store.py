"""Fits and their studies as netCDF: written whole or not at all, read back without pickle."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import inferencedata
from ..errors import InputError
from ..graphs.parts import parts_of
from ..models.options import FitSettings
from ..readers.whole_file import write_whole
from ..studies.study import Study

if TYPE_CHECKING:
    import xarray

__all__ = [
    "coordinates",
    "read_fit",
    "study_attributes",
    "study_from",
    "study_groups",
    "write_fit",
]

FORMAT = "pyro_neurovae fit 1"
_AXES = ("x", "y", "z")


def study_groups(study: Study) -> inferencedata.Groups:
    """Arrange the study as the groups observed_data and constant_data, which hold all of it with its attributes."""
    constant: dict[str, tuple[tuple[str, ...], np.ndarray]] = {
        "expression_observed": (("region",), study.expression_observed)
    }
    for part in parts_of(study).values():
        if part.dims and not part.labels:
            values = part.value if isinstance(part.value, np.ndarray) else np.array(part.value, dtype=str)
            constant[part.stored] = (_stored_dims(part.dims), values)
    return {"observed_data": {"thinning": (("map", "region"), study.thinning)}, "constant_data": constant}


def _stored_dims(dims: Sequence[str]) -> tuple[str, ...]:
    """Name a dimension that an array has twice "region" and "region_to"."""
    return tuple(f"{dim}_to" if dim in dims[:place] else dim for place, dim in enumerate(dims))


def coordinates(study: Study, programs: int) -> dict[str, Any]:
    """Labels of the named dimensions."""
    own = {part.stored: list(part.value) for part in parts_of(study).values() if part.labels}
    return own | {
        "region_to": list(study.regions),
        "program": [f"P{k + 1}" for k in range(programs)],
        "axis": list(_AXES),
        "side": ["L", "R"],
    }


def study_attributes(study: Study) -> dict[str, str]:
    """What of a study belongs to the whole: texts, several as a JSON list."""
    whole = [part for part in parts_of(study).values() if not part.dims]
    return {part.stored: part.value if isinstance(part.value, str) else json.dumps(part.value) for part in whole}


def study_from(idata: Any, kind: type[Study] = Study) -> Study:
    """Rebuild the study that a fit was made from."""
    return kind(**dict(_fields_from(kind, inferencedata.group(idata, "constant_data"), idata.attrs)))


def _fields_from(kind: type, constant: xarray.Dataset, attributes: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Fields of a record that a file holds; those it lacks are left to their defaults."""
    for one in fields(kind):
        declared = one.metadata
        stored, texts = declared.get("stored", one.name), declared.get("kind") == "texts"
        if "record" in declared:
            yield one.name, declared["record"](**dict(_fields_from(declared["record"], constant, attributes)))
        elif isinstance(declared.get("dims"), Mapping):
            named = {str(name): constant[name].values for name in constant.data_vars if str(name).startswith(stored)}
            yield one.name, {name.removeprefix(stored): values for name, values in named.items()} or None
        elif "dims" in declared and stored in constant:
            yield one.name, constant[stored].values
        elif "dims" not in declared and stored in attributes:
            yield one.name, json.loads(attributes[stored]) if texts else str(attributes[stored])


def write_fit(idata: Any, path: str | os.PathLike[str]) -> None:
    """Write a fit to ``path``: first beside it, then moved into place, so that no half file is ever there.

    Raises
    ------
    InputError
        When the folder does not exist or can't be written.
    """
    target, content = Path(path), inferencedata.netcdf_bytes(idata)
    try:
        write_whole(target, content)
    except OSError as error:
        raise InputError(
            f"{target}: can't write there ({error.strerror}); choose a folder that exists and is writable."
        ) from error


def read_fit(path: str | os.PathLike[str]) -> tuple[Any, Study, FitSettings]:
    """Read InferenceData, study and settings of a fit.

    Raises
    ------
    InputError
        When the file is missing or was not written by `Fit.save`.
    """
    source = Path(path)
    if not source.is_file():
        raise InputError(f"{source}: no such file; give the fit.nc that a fit wrote.")
    try:
        idata = inferencedata.read_netcdf(str(source))
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            f"{source} is not a netCDF file that can be read; give the fit.nc that a fit wrote."
        ) from error
    if idata.attrs.get("format") != FORMAT:
        raise InputError(f"{source} holds no fit of pyro_neurovae; give the fit.nc that a fit wrote.")
    try:
        return idata, study_from(idata), FitSettings.from_json(idata.attrs["settings"])
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{source} holds no fit of pyro_neurovae that is whole; give the fit.nc that a fit wrote."
        ) from error
