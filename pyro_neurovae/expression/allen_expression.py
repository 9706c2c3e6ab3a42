"""Expression of the Allen Human Brain Atlas in an atlas' regions, donor by donor, by way of abagen."""

from __future__ import annotations

import inspect
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import pandas as pd

from ..errors import InputError, SettingsError
from ..graphs.region_graph import RegionGraph
from ..graphs.registry import as_graph
from .abagen_compat import import_abagen, lent_to_abagen
from .allen_files import fetch_microarray, microarray_folder
from .allen_labels import label_names, load_atlas
from .donor_expression import DonorExpression
from .donor_tables import from_donors

__all__ = ["from_abagen"]

FilePath = str | os.PathLike[str]

MIRRORS = {"missing": None, "mirror": "leftright"}
# What of abagen.get_expression_data is decided here, and what of it says nothing about the numbers.
_SILENT = {"atlas_info", "exact", "n_proc", "return_counts", "return_donors", "return_report", "verbose"}
_DECIDED = _SILENT | {"atlas", "data_dir", "donors", "lr_mirror", "region_agg"}


def from_abagen(
    graph: RegionGraph | FilePath | None = None,
    *,
    data_dir: FilePath | None = None,
    donors: Literal["all"] | Sequence[str] = "all",
    right_hemisphere: Literal["missing", "mirror"] = "missing",
    missing: Literal["centroids", "interpolate"] | None = None,
    sample_norm: str | None = "srs",
    gene_norm: str | None = "srs",
    probe_selection: str = "diff_stability",
    atlas: Mapping[str, Any] | Sequence[Any] | None = None,
    verbose: int = 0,
    **options: Any,
) -> DonorExpression:
    """Map the microarray samples of the Allen Human Brain Atlas to regions with abagen, and keep the donors apart.

    Parameters
    ----------
    graph
        The regions of the result: a `RegionGraph` or what `Study.from_files` takes for one; None (the default)
        means the 68 Desikan-Killiany regions.
    data_dir
        Folder with ``microarray/normalized_microarray_donor9861/MicroarrayExpression.csv`` and so on. None (the
        default) looks where PYRO_NEUROVAE_DATA, then ABAGEN_DATA names a folder, then in ``~/abagen-data``. Files that
        it lacks are downloaded into it from the Allen Institute, some 4 GB for all donors.
    donors
        "all" (the default) or donors' ids, such as ["9861", "10021"]: these two have samples in both hemispheres,
        the other four in the left one.
    right_hemisphere
        "missing" (the default): a donor without samples on the right has no values there; "mirror": samples of the
        left hemisphere are used on the right as well, so that the two sides are no longer independent.
    missing
        What becomes of regions without a sample: None (the default) leaves them missing, "centroids" takes the
        sample nearest to the region's centre, "interpolate" a weighted mean of near samples.
    sample_norm, gene_norm
        Normalisation of a sample over genes and of a donor's gene over samples; "srs" (the default) is the scaled
        robust sigmoid, None leaves them as they are.
    probe_selection
        How one probe is chosen for a gene; "diff_stability" (the default) takes the one that donors agree on best,
        and needs two donors.
    atlas
        None (the default) means the Desikan-Killiany labels on fsaverage5 that abagen brings. Otherwise the
        ``image``, a volume in MNI152 space or a pair of GIFTI label files on fsaverage5, or a mapping with ``image``
        and ``info``, a table with the columns id, label, hemisphere (L, R or B) and structure, as
        ``abagen.fetch_desikan_killiany()`` gives it. GIFTI files bring their own table.
    verbose
        0 (the default) prints nothing; abagen says more with 1 to 3.
    **options
        Further settings of ``abagen.get_expression_data``: ibf_threshold, donor_probes, sim_threshold, tolerance,
        norm_matched, norm_structures, agg_metric, corrected_mni, reannotated.

    Returns
    -------
    DonorExpression
        Rows named by the atlas' table, L_bankssts to R_insula; ``settings`` holds every setting and the versions.

    Raises
    ------
    InputError
        When abagen is not installed, files are missing and can't be downloaded, or they or the atlas can't be used.
    SettingsError
        For a setting that abagen does not have or that is decided here.

    References
    ----------
    Markello et al. (2021) Standardizing workflows in imaging transcriptomics with the abagen toolbox. eLife 10,
    e72129. doi:10.7554/eLife.72129
    """
    if right_hemisphere not in MIRRORS:
        raise SettingsError(f"right_hemisphere is {right_hemisphere!r}; choose 'missing' or 'mirror'.")
    abagen, (ground, notices) = import_abagen(), as_graph("dk68" if graph is None else graph)
    settings = {
        **{"missing": missing, "sample_norm": sample_norm, "gene_norm": gene_norm, "verbose": verbose},
        **{"probe_selection": probe_selection, "lr_mirror": MIRRORS[right_hemisphere], **_checked(abagen, options)},
        **{"donors": _donors(abagen, donors), "data_dir": str(microarray_folder(data_dir))},
    }
    with lent_to_abagen(abagen):
        tree, label = load_atlas(abagen, atlas)
        fetch_microarray(abagen, Path(settings["data_dir"]), settings["donors"], verbose=verbose)
        tables = _run(abagen, tree, settings)
    names = label_names(tree.atlas_info, ground.names)
    sampled = {donor: table.rename(index=names) for donor, table in tables.items() if table.notna().any(axis=None)}
    record = {**_record(abagen, settings), "atlas": label, "right_hemisphere": right_hemisphere}
    notices = (*notices, *_notices(settings, sampled))
    found = from_donors(sampled, ground, settings=record)
    return replace(found, notices=(*notices, *found.notices))


def _checked(abagen: ModuleType, options: Mapping[str, Any]) -> dict[str, Any]:
    known = set(_defaults(abagen)) - _DECIDED
    for name in options:
        if name not in known:
            raise SettingsError(
                f"{name} is no setting of abagen {abagen.__version__} that can be given here; "
                f"choose among {', '.join(sorted(known))}."
            )
    return dict(options)


def _defaults(abagen: ModuleType) -> dict[str, Any]:
    parameters = inspect.signature(abagen.get_expression_data).parameters
    return {name: one.default for name, one in parameters.items() if one.default is not one.empty}


def _donors(abagen: ModuleType, donors: str | Sequence[str]) -> list[str]:
    known = abagen.datasets.check_donors("all")
    try:
        ids = (
            [] if not donors else abagen.datasets.check_donors(donors if donors == "all" else [str(d) for d in donors])
        )
    except ValueError:
        ids = []
    if not ids:
        raise InputError(
            f"donors {donors!r}: the Allen Human Brain Atlas has {', '.join(known)}; give a list of some, or 'all'."
        )
    return list(ids)


def _run(abagen: ModuleType, tree: Any, settings: Mapping[str, Any]) -> dict[str, pd.DataFrame]:
    """Run abagen; donor's id to its table (label's id, gene)."""
    try:
        found = abagen.get_expression_data(tree, return_donors=True, **settings)
    except (AttributeError, IndexError, KeyError, OSError, TypeError, ValueError) as fault:
        raise InputError(
            f"abagen {abagen.__version__} can't use {settings['data_dir']} with these settings "
            f"({type(fault).__name__}: {' '.join(str(fault).split())}); correct the setting or file that this names."
        ) from fault
    return {str(donor): table.astype(float) for donor, table in found.items()}


def _record(abagen: ModuleType, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Every setting, given or default, and the versions that the numbers depend on."""
    every = {name: value for name, value in {**_defaults(abagen), **settings}.items() if name not in _SILENT}
    plain = (str, int, float, bool, list, type(None))
    texts = {name: value if isinstance(value, plain) else repr(value) for name, value in every.items()}
    versions = {package: version(package) for package in ("pyro_neurovae", "numpy", "pandas")}
    return {**texts, "versions": {"abagen": abagen.__version__, **versions}}


def _notices(settings: Mapping[str, Any], sampled: Mapping[str, pd.DataFrame]) -> tuple[str, ...]:
    donors = settings["donors"]
    absent = [donor for donor in donors if donor not in sampled]
    if len(absent) == len(donors):
        raise InputError(
            f"no sample of donor(s) {', '.join(donors)} lies in a region of the atlas; "
            "check that it is in MNI152 or fsaverage5 space and that its table tells cortex."
        )
    notices = [f"donor(s) without a sample in any region left out: {', '.join(absent)}."] if absent else []
    if settings["lr_mirror"]:
        notices.append("samples of the left hemisphere stand in the right one too: the two are not independent.")
    if settings["missing"]:
        notices.append(
            f"regions without a sample are filled from others ({settings['missing']}): reliability and noise take "
            "these for measured."
        )
    return tuple(notices)
