"""The one place that knows ArviZ: InferenceData (0.x) and DataTree (1.x) built, read and written alike."""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    import xarray

__all__ = [
    "Groups",
    "arviz_statistic",
    "build",
    "group",
    "group_names",
    "netcdf_bytes",
    "pareto_k",
    "pareto_smooth",
    "read_netcdf",
    "restrict",
    "select_map",
    "with_groups",
]

# Group to variable to (dimensions, values).
Groups = Mapping[str, Mapping[str, tuple[tuple[str, ...], np.ndarray]]]


# Order of dimensions in every group: ArviZ takes it for that of each array when it writes and reads JSON.
_ORDER = ("chain", "draw", "map", "region", "region_to", "program", "gene", "source")


def build(
    groups: Groups,
    coords: Mapping[str, Any],
    attrs: Mapping[str, Any],
    *,
    about: Callable[[str, str], Mapping[str, str]] | None = None,
    notes: Mapping[str, str] = MappingProxyType({}),
) -> Any:
    """Build InferenceData, or a DataTree where ArviZ 1.x is installed.

    Parameters
    ----------
    groups
        Named arrays with their dimensions.
    coords
        Labels of the dimensions; a dimension without labels is numbered.
    attrs
        Attributes of the whole: strings and numbers.
    about
        Attributes of a variable, such as its ``long_name`` and ``units``, by its group and name; None (the default)
        for none.
    notes
        What is to be known of a group, its attribute ``note``.
    """
    import xarray as xr

    labels = {dim: xr.IndexVariable(dim, values) for dim, values in coords.items()}  # once for all groups
    datasets = {}
    for name, variables in groups.items():
        sizes = {dim: size for dims, values in variables.values() for dim, size in zip(dims, values.shape, strict=True)}
        named = sorted(sizes, key=lambda dim: _ORDER.index(dim) if dim in _ORDER else len(_ORDER))
        own = {dim: labels[dim] if dim in labels else np.arange(sizes[dim]) for dim in named}
        told = {one: (*array, {} if about is None else about(name, one)) for one, array in variables.items()}
        datasets[name] = xr.Dataset(told, coords=own, attrs={"note": notes[name]} if name in notes else {})
    return _assemble(datasets, dict(attrs))


def group(idata: Any, name: str) -> xarray.Dataset:
    """Return one group as an xarray Dataset.

    Raises
    ------
    KeyError
        When there is no such group.
    """
    found = idata[name]
    dataset: xarray.Dataset = found.to_dataset() if hasattr(found, "to_dataset") else found
    return dataset


def group_names(idata: Any) -> tuple[str, ...]:
    """Return the names of the groups."""
    found = idata.groups() if callable(idata.groups) else idata.children
    return tuple(found)


# Groups that ArviZ compares value by value: a value that was not observed would make the whole no number.
_BY_VALUE = ("log_likelihood", "observed_data", "posterior_predictive", "prior_predictive")


def restrict(idata: Any, regions: np.ndarray) -> Any:
    """Copy of the whole that keeps the regions in the given positions where values are compared one by one."""
    datasets = {name: group(idata, name) for name in group_names(idata)}
    datasets |= {name: datasets[name].isel(region=regions) for name in _BY_VALUE}
    return _assemble(datasets, dict(idata.attrs))


def select_map(idata: Any, name: str) -> Any:
    """Copy of the whole with one map, and where values are compared one by one with the regions it observed."""
    datasets = {one: group(idata, one) for one in group_names(idata)}
    datasets = {one: data.sel(map=[name]) if "map" in data.dims else data for one, data in datasets.items()}
    observed = datasets["observed_data"]["thinning"].notnull().values[0]
    datasets |= {one: datasets[one].isel(region=np.flatnonzero(observed)) for one in _BY_VALUE}
    return _assemble(datasets, dict(idata.attrs))


def with_groups(idata: Any, groups: Groups) -> Any:
    """Copy of the whole in which some groups are others, with the labels of the posterior's dimensions."""
    datasets = {name: group(idata, name) for name in group_names(idata)}
    coords = {str(dim): values.values for dim, values in datasets["posterior"].coords.items()}
    made = build(groups, coords, {})
    return _assemble(datasets | {name: group(made, name) for name in groups}, dict(idata.attrs))


def netcdf_bytes(idata: Any) -> memoryview:
    """Return the content of one netCDF file (through h5netcdf) with every group, all but the draws compressed.

    Made in memory, because HDF5 takes the process down where a disk is full.
    """
    import xarray as xr

    datasets = {name: group(idata, name) for name in group_names(idata)}
    encoding = {f"/{name}": _compressed(dataset) for name, dataset in datasets.items()}
    tree = xr.DataTree.from_dict({"/": xr.Dataset(attrs=dict(idata.attrs)), **datasets})
    content: memoryview = tree.to_netcdf(None, engine="h5netcdf", encoding=encoding)
    return content


def read_netcdf(path: str) -> Any:
    """Read a file of `netcdf_bytes`, or of ArviZ, into memory."""
    import xarray as xr

    with xr.open_datatree(path, engine="h5netcdf") as tree:
        datasets = {name: child.to_dataset().load() for name, child in tree.children.items()}
        for dataset in datasets.values():
            for one in (dataset, *dataset.variables.values()):
                one.attrs = _plain(one.attrs)
        return _assemble(datasets, _plain(tree.attrs))


def arviz_statistic(name: str, draws: xarray.DataArray) -> np.ndarray:
    """Compute ``rhat`` or (bulk) ``ess`` of draws (chain, draw, ...); (...)."""
    with _quiet_arviz() as arviz:
        values: np.ndarray = getattr(arviz, name)(draws.to_dataset(name="x"))["x"].values
    return values


# A Pareto tail is fitted to a fifth of the ratios, and wants five of them.
_LEAST_RATIOS = 25


def pareto_k(log_ratios: np.ndarray) -> float:
    """Shape k of the Pareto tail of importance ratios; above 0.7 they mislead. NaN where there are too few for a tail.

    References
    ----------
    Vehtari, Simpson, Gelman, Yao, Gabry (2024), Pareto smoothed importance sampling, JMLR 25(72).
    """
    return pareto_smooth(log_ratios)[1]


def pareto_smooth(log_ratios: np.ndarray) -> tuple[np.ndarray, float]:
    """Log weights (draw,) with their tail smoothed, and its shape k; as they are, and NaN, where there are too few."""
    log_ratios = np.asarray(log_ratios, dtype=float)
    if np.size(log_ratios) < _LEAST_RATIOS or np.ptp(log_ratios) == 0:
        return log_ratios, float("nan")
    with _quiet_arviz() as arviz, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # ArviZ warns of k above 0.7, which the number says
        if hasattr(arviz, "psislw"):
            smoothed, k = arviz.psislw(log_ratios)
        else:
            from arviz_stats.base import array_stats

            smoothed, k = array_stats.psislw(log_ratios)
    return np.asarray(smoothed), float(k)


def _plain(attrs: Mapping[Any, Any]) -> dict[Any, Any]:
    """Attributes with Python's own numbers, as JSON takes them."""
    return {name: value.item() if isinstance(value, np.generic) else value for name, value in attrs.items()}


def _compressed(dataset: xarray.Dataset) -> dict[Any, dict[str, Any]]:
    """Encodings; draws stay as they are, since compression takes a second to make random digits a twelfth smaller."""
    variables = dataset.data_vars.items()
    numbers = (name for name, one in variables if one.dtype.kind == "f" and one.ndim and "draw" not in one.dims)
    return {name: {"zlib": True, "complevel": 1} for name in numbers}


def _assemble(datasets: dict[str, xarray.Dataset], attrs: dict[str, Any]) -> Any:
    import xarray as xr

    with _quiet_arviz() as arviz:
        # ArviZ 1.x keeps the old name for what is now a DataTree.
        if issubclass(getattr(arviz, "InferenceData", xr.DataTree), xr.DataTree):
            return xr.DataTree.from_dict({"/": xr.Dataset(attrs=attrs), **datasets})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # groups beyond ArviZ's own are meant
            idata = arviz.InferenceData(**datasets, warn_on_custom_groups=False)
    idata.attrs.update(attrs)
    return idata


@contextmanager
def _quiet_arviz() -> Iterator[Any]:
    """ArviZ, without the announcement that 0.23 makes of its own refactor."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            import arviz
        except OSError:  # it notes the day of its announcement in a cache, which can't be written here
            with tempfile.TemporaryDirectory() as place, _environment(XDG_CACHE_HOME=place):
                import arviz
    yield arviz


@contextmanager
def _environment(**variables: str) -> Iterator[None]:
    """Set variables of the environment for a block."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
