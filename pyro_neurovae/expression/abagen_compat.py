"""abagen 0.1.3 beside the pandas, NumPy and setuptools of today: what they took away is lent to it while it runs."""

from __future__ import annotations

import importlib
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib.resources import files
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd

from ..errors import InputError

__all__ = ["import_abagen", "lent_to_abagen"]

_LOCK = threading.RLock()
_ABSENT = object()


def import_abagen() -> ModuleType:
    """Import abagen, whose import needs ``pkg_resources``, gone from setuptools 82 on, for a single function.

    Raises
    ------
    InputError
        When abagen or something that it needs is not installed; the sentence names the extra to install.
    """
    with _LOCK, warnings.catch_warnings(), ExitStack() as lent:
        warnings.filterwarnings("ignore", module=r"abagen\b")
        if "pkg_resources" not in sys.modules:
            stand_in: Any = ModuleType("pkg_resources")
            stand_in.resource_filename = lambda package, name: str(files(package) / name)
            sys.modules["pkg_resources"] = stand_in
            lent.callback(sys.modules.pop, "pkg_resources")
        try:
            return importlib.import_module("abagen")
        except ImportError as fault:
            raise InputError(
                f"expression of the Allen Human Brain Atlas needs abagen, which can't be imported ({fault}); "
                "install it by: pip install abagen"
            ) from fault


@contextmanager
def lent_to_abagen(abagen: ModuleType) -> Iterator[None]:
    """Let abagen run inside the block, one thread at a time; everything is as before at its end.

    ``DataFrame.append``, ``set_axis(inplace=...)``, ``groupby(axis=1)`` and ``np.row_stack`` are gone, NumPy no longer
    takes an array of one label for a label, the error by which abagen tells an image from a path reads otherwise, and
    pandas no longer takes ``np.mean`` for its own mean (a Python call for each gene of each region would take minutes).
    Warnings that abagen's own lines give are silenced, all others pass.
    """
    set_axis = pd.DataFrame.set_axis

    def set_axis_as_before(self: pd.DataFrame, labels: Any, *, inplace: bool = False, **options: Any) -> pd.DataFrame:
        if inplace:
            raise NotImplementedError("abagen never sets an axis in place")
        return set_axis(self, labels, **options)

    with _LOCK, warnings.catch_warnings(), ExitStack() as lent:
        warnings.filterwarnings("ignore", module=r"abagen\b")
        lent.enter_context(_replaced(pd.DataFrame, "append", _append))
        lent.enter_context(_replaced(pd.DataFrame, "set_axis", set_axis_as_before))
        lent.enter_context(_replaced(np, "row_stack", np.vstack))
        lent.enter_context(_replaced(abagen.utils, "AGG_FUNCS", {"mean": "mean", "median": "median"}))
        lent.enter_context(_replaced(abagen.probes_, "_groupby_structure_id", _structure_means(abagen)))
        lent.enter_context(_replaced(abagen.probes_, "_groupby_and_apply", _chosen_probes))
        lent.enter_context(_replaced(abagen.images, "load_gifti", _surface_loader(abagen)))
        lent.enter_context(_replaced(abagen.AtlasTree, "_assign_sample", _one_label(abagen)))
        yield


@contextmanager
def _replaced(owner: Any, name: str, value: object) -> Iterator[None]:
    before = vars(owner).get(name, _ABSENT)
    setattr(owner, name, value)
    try:
        yield
    finally:
        if before is _ABSENT:
            delattr(owner, name)
        else:
            setattr(owner, name, before)


def _append(self: pd.DataFrame, other: pd.DataFrame | None, ignore_index: bool = False) -> pd.DataFrame:
    """Join below; what holds no number must not decide the type of the columns."""
    parts = [part for part in (self, other) if part is not None and len(part)]
    parts = [part.astype(float) if part.isna().all(axis=None) else part for part in parts]
    return pd.concat(parts, ignore_index=ignore_index) if parts else self


def _structure_means(abagen: ModuleType) -> Callable[[Any, Any], pd.DataFrame]:
    def means(microarray: Any, annotation: Any) -> pd.DataFrame:
        structures = abagen.io.read_annotation(annotation)["structure_id"]
        return abagen.io.read_microarray(microarray).T.groupby(structures).mean().T  # (probe, structure)

    return means


def _surface_loader(abagen: ModuleType) -> Callable[[Any], Any]:
    load = abagen.utils.load_gifti
    return lambda image: image if hasattr(image, "agg_data") else load(image)


def _one_label(abagen: ModuleType) -> Callable[..., int]:
    assign = abagen.AtlasTree._assign_sample

    def one_label(self: Any, possible: Any, sample: Any) -> int:
        return int(np.ravel(assign(self, possible, sample))[0])

    return one_label


def _chosen_probes(
    expression: dict[str, pd.DataFrame], probes: pd.DataFrame, info: pd.DataFrame, choose: Callable[[Any], Any]
) -> dict[str, pd.DataFrame]:
    """Keep the probe of each gene that ``choose`` names; genes that have no probe with a number are left out."""
    known = info.dropna()
    by_gene = known.drop(columns="gene_symbol").groupby(known["gene_symbol"])
    kept = probes.loc[sorted(choose(rows) for _, rows in by_gene)].sort_values("gene_symbol")
    return {donor: values.loc[kept.index].T for donor, values in expression.items()}
