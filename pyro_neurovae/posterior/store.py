"""Fits and their studies as netCDF: written whole or not at all, read back without pickle."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import inferencedata
from ..errors import InputError, NeurovaeError, SettingsError
from ..graphs.parts import Within, parts_of
from ..models.options import FitSettings
from ..readers.limits import check_regular
from ..readers.whole_file import write_whole
from ..studies.study import Study
from .file_checks import check_content, check_fit

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
_OUTSIDE = Within()
# Letters of a reason that a sentence may hold.
_LONGEST = 120


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
        **({} if study.places is None else {"place_to": list(study.places.graph.names)}),
        "program": [f"raw{k + 1}" for k in range(programs)],
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


def _fields_from(
    kind: type, constant: xarray.Dataset, attributes: Mapping[str, Any], within: Within = _OUTSIDE
) -> Iterator[tuple[str, Any]]:
    """Fields of a record that a file holds; those it lacks are left to their defaults."""
    for one in fields(kind):
        declared = one.metadata
        stored, texts = within.stored(declared.get("stored", one.name)), declared.get("kind") == "texts"
        if "record" in declared:
            own = dict(_fields_from(declared["record"], constant, attributes, Within.of(declared)))
            if own:
                yield one.name, declared["record"](**own)
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
        When the file is missing, too large, of a later version, or was not written by `Fit.save`.
    """
    source = Path(path)
    _check_regular(source)
    try:
        check_content(source)
        idata = inferencedata.read_netcdf(str(source))
    except NeurovaeError:
        raise
    except MemoryError as error:
        raise InputError(f"{source} does not fit the memory; read it on a larger machine.") from error
    except Exception as error:  # h5py and xarray let through whatever a damaged or made-up file leads to
        raise InputError(
            f"{source} is not a netCDF file that can be read{_why(error)}; give the fit.nc that a fit wrote."
        ) from error
    _check_format(source, idata.attrs.get("format"))
    try:
        study, settings = study_from(idata), FitSettings.from_json(idata.attrs["settings"])
        check_fit(idata, study, settings)
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise InputError(
            f"{source} holds no fit of pyro_neurovae that is whole{_why(error)}; give the fit.nc that a fit wrote."
        ) from error
    return idata, study, settings


def _check_regular(source: Path) -> None:
    try:
        check_regular(source)
    except InputError as error:
        raise InputError(f"{str(error).partition(';')[0]}; give the fit.nc that a fit wrote.") from error


def _check_format(source: Path, found: Any) -> None:
    """Check that the file is a fit, and not of a version to come."""
    told = found if isinstance(found, str) else ""
    if told == FORMAT:
        return
    name, number = FORMAT.rsplit(" ", 1)
    later = re.fullmatch(rf"{name} (\d+)", told)
    if later and int(later[1]) > int(number):
        raise InputError(
            f"{source} was written by a later version of pyro_neurovae (format {later[1]}, where this one reads "
            f"{number}); update pyro_neurovae."
        )
    raise InputError(f"{source} holds no fit of pyro_neurovae; give the fit.nc that a fit wrote.")


def _why(error: Exception) -> str:
    """The reason, where it is one of ours or a short one."""
    text = re.sub(r"np\.str_\((.*?)\)", r"\1", " ".join(str(error).split()))  # NumPy's way of writing a text
    return f" ({text})" if type(error) in (ValueError, SettingsError, InputError) and len(text) < _LONGEST else ""
