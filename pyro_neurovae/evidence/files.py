"""Read back what the commands validate, nulls and sensitivity wrote, for the report."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from ..errors import InputError
from .null_tests import Nulls
from .sensitivities import Sensitivity
from .validation import Validation

__all__ = ["read_nulls", "read_sensitivity", "read_validation"]


def read_validation(folder: Path) -> Validation:
    """Read scores.csv, pointwise.csv, differences.csv and weights.csv.

    Raises
    ------
    InputError
        When a file is missing or no such table.
    """
    tables = {name: _table(folder, f"{name}.csv") for name in ("scores", "pointwise", "differences", "weights")}
    return Validation(**tables)


def read_nulls(folder: Path) -> Nulls:
    """Read nulls.csv, null_genes.csv, null_maps.csv and null_distribution.csv.

    Raises
    ------
    InputError
        When a file is missing or no such table.
    """
    summary = _table(folder, "nulls.csv")
    settings = {"method": summary["method"].iloc[0], "number": int(summary["n"].iloc[0])}
    genes, maps, distribution = (_table(folder, f"null_{name}.csv") for name in ("genes", "maps", "distribution"))
    return Nulls(summary=summary, genes=genes, maps=maps, distribution=distribution, settings=settings)


def read_sensitivity(folder: Path) -> Sensitivity:
    """Read the four tables of a sensitivity study.

    Raises
    ------
    InputError
        When a file is missing or no such table.
    """
    names = ("power_scaling.csv", "sensitivity_variants.csv", "sensitivity_regions.csv", "sensitivity_genes.csv")
    power, variants, regions, genes = (_table(folder, name, empty=True) for name in names)
    if variants.empty:
        raise InputError(f"{folder / names[1]} holds no variant; run pyro-neurovae sensitivity again.")
    return Sensitivity(power=power, variants=variants, regions=regions, genes=genes)


def _table(folder: Path, name: str, *, empty: bool = False) -> pd.DataFrame:
    path = folder / name
    try:
        found = pd.read_csv(path)
    except FileNotFoundError as fault:
        raise InputError(f"{folder} holds no {name}; name the folder that the command wrote to.") from fault
    except (pd.errors.EmptyDataError, pd.errors.ParserError, UnicodeDecodeError) as fault:
        if empty and isinstance(fault, pd.errors.EmptyDataError):
            return pd.DataFrame()
        raise InputError(f"{path} is no table that can be read; run the command that wrote it again.") from fault
    if "map" not in found.columns and not empty:
        raise InputError(f"{path} has no column map; name the folder that the command wrote to.")
    return found
