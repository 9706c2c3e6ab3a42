"""Datasets as frames in memory, with what to cite."""

from __future__ import annotations

import os

import pandas as pd

from ..errors import InputError
from ..readers.text_table import read_table
from .catalogue import fetch, find

__all__ = ["load"]


def load(name: str, *, cache: str | os.PathLike[str] | None = None) -> pd.DataFrame:
    """Return a map, a table of expression or of subjects as a frame that `Study.from_frames` takes.

    Parameters
    ----------
    name
        One of `names` of the kinds thickness, expression and subjects; "adni1_ad" and "adni1_ad_ants" are built in.
    cache
        As `fetch` has it.

    Returns
    -------
    DataFrame
        The file's own columns, a column of numbers as such; expression has its regions as the index. Its ``attrs`` are
        name, what, citation, terms and unit.

    Raises
    ------
    InputError
        As `fetch`, for connectivity, whose files a graph is read from, for maps of vertices and for gene sets.

    Examples
    --------
    >>> import pyro_neurovae as nv
    >>> nv.Study.from_frames(nv.datasets.load("ahba_dk68_stable0.6"), nv.datasets.load("adni1_ad"))
    """
    one = find(name)
    if one.kind == "connectivity":
        raise InputError(f'{name} is connectivity; give graph=nv.datasets.fetch("{name}") where a study is read.')
    if one.kind == "vertices":
        raise InputError(f'{name} is a map of vertices; give nv.datasets.fetch("{name}") where a study is read.')
    if one.kind == "gene sets":
        raise InputError(f'{name} holds gene sets; give nv.datasets.fetch("{name}") to nv.read_gmt.')
    table = read_table(fetch(name, cache=cache))
    frame = (table.labelled() if one.kind == "expression" else table.frame()).apply(_as_numbers)
    frame.attrs = {key: getattr(one, key) for key in ("name", "what", "citation", "terms", "unit")}
    return frame


def _as_numbers(column: pd.Series) -> pd.Series:
    """Numbers, NaN where a cell is empty; the column itself where a cell is a word."""
    filled = column.where(column != "", None)
    numbers = pd.to_numeric(filled, errors="coerce")
    return column if (numbers.isna() & filled.notna()).any() else numbers.astype(float)
