"""Fits and their studies as netCDF: written whole or not at all, read back without pickle."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import inferencedata
from ..errors import InputError
from ..graphs.region_graph import RegionGraph
from ..models.settings import FitSettings
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
    "versions",
    "write_fit",
]

FORMAT = "pyro_neurovae fit 1"
_AXES = ("x", "y", "z")


def study_groups(study: Study) -> inferencedata.Groups:
    """Arrange the study as the groups observed_data and constant_data, which hold all of it."""
    graph = study.graph
    constant: dict[str, tuple[tuple[str, ...], np.ndarray]] = {
        "thinning": (("map", "region"), study.thinning),
        "expression": (("region", "gene"), study.expression),
        "expression_observed": (("region",), study.expression_observed),
        "standard_error": (("map", "region"), study.standard_error),
        "adjacency": (("region", "region_to"), graph.weights),
    }
    if study.covariance is not None:
        constant["covariance"] = (("map", "region", "region_to"), study.covariance)
    if study.gene_weights is not None:
        constant["expression_weight"] = (("gene",), study.gene_weights)
    for name in ("centroids", "sphere"):
        if getattr(graph, name) is not None:
            constant[name] = (("region", "axis"), getattr(graph, name))
    for name in ("hemispheres", "lobes"):
        if getattr(graph, name) is not None:
            constant[name] = (("region",), np.array(getattr(graph, name), dtype=str))
    if graph.homologues:
        constant["homologues"] = (("pair", "side"), np.array(graph.homologues))
    for name, values in (study.truth or {}).items():
        constant[f"truth_{name}"] = (_truth_dims(name, np.ndim(values)), np.asarray(values))
    return {"observed_data": {"thinning": (("map", "region"), study.thinning)}, "constant_data": constant}


def coordinates(study: Study, programs: int) -> dict[str, Any]:
    """Labels of the named dimensions."""
    return {
        "map": list(study.maps),
        "region": list(study.regions),
        "region_to": list(study.regions),
        "gene": list(study.genes),
        "program": [f"P{k + 1}" for k in range(programs)],
        "source": ["transcriptomic", "spatial", "unexplained", "sampling"],
        "axis": list(_AXES),
        "side": ["L", "R"],
    }


def study_attributes(study: Study) -> dict[str, str]:
    """What of a study is neither an array nor a name."""
    return {
        "graph_label": study.graph.label,
        "normalise": study.normalise,
        "study_notices": json.dumps(study.notices),
    }


def study_from(idata: Any) -> Study:
    """Rebuild the study that a fit was made from."""
    constant = inferencedata.group(idata, "constant_data")
    truth = {str(n)[6:]: constant[n].values for n in constant.data_vars if str(n).startswith("truth_")}
    return Study(
        graph=_graph_from(constant, str(idata.attrs["graph_label"])),
        genes=_texts(constant["gene"]),
        maps=_texts(constant["map"]),
        expression=constant["expression"].values,
        thinning=constant["thinning"].values,
        standard_error=constant["standard_error"].values,
        covariance=constant["covariance"].values if "covariance" in constant else None,
        normalise=idata.attrs["normalise"],
        gene_weights=constant["expression_weight"].values if "expression_weight" in constant else None,
        notices=tuple(json.loads(idata.attrs["study_notices"])),
        truth=truth or None,
    )


def _graph_from(constant: xarray.Dataset, label: str) -> RegionGraph:
    kept: dict[str, Any] = {name: constant[name].values for name in ("centroids", "sphere") if name in constant}
    kept |= {name: _texts(constant[name]) for name in ("hemispheres", "lobes") if name in constant}
    pairs = constant["homologues"].values if "homologues" in constant else ()
    return RegionGraph(
        names=_texts(constant["region"]),
        weights=constant["adjacency"].values,
        homologues=tuple((int(left), int(right)) for left, right in pairs),
        label=label,
        **kept,
    )


def _texts(array: xarray.DataArray) -> tuple[str, ...]:
    return tuple(str(value) for value in array.values)


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


def versions() -> dict[str, str]:
    """Versions of Python and of what the numbers depend on."""
    found = {"python": platform.python_version()}
    for package in ("pyro_neurovae", "torch", "pyro-ppl", "torch_geometric", "arviz", "numpy", "scipy"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "unknown"
    return found


def _truth_dims(name: str, ndim: int) -> tuple[str, ...]:
    known: Mapping[str, tuple[str, ...]] = {
        "program_score": ("region", "truth_program"),
        "strength": ("truth_program",),
        "smoothness": ("truth_program",),
        "gene_weight": ("map", "gene"),
    }
    return known.get(name, ("map", "region")[:ndim])
