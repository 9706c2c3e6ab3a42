"""Correlations of few subjects made trustworthy: shrunk towards those of many other people, or towards none."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..atlases.normative import MEASURED, normative_correlation
from ..errors import InputError, SettingsError
from ..readers.text_table import parse_numbers
from ..wording import first_names

__all__ = ["NORMATIVE", "NORMATIVE_WEIGHT", "shrunk_to_none", "shrunk_to_target", "target_correlation"]

# Where the target may come from: people of a dataset, or no target.
NORMATIVE = (*MEASURED, "none")

# How many of the contrast's own people the normative correlation is worth. Over contrasts of 60 to 200 real people, set
# against those of several hundred others (tests/benchmarks/error_correlation.py; 1 where a correlation is right), the
# mean squared error of contrasts of regions is 1.25 to 1.61 by the people's own correlation, 1.54 to 2.33 over the
# finer half of them; .85 to 1.04 and .78 to 1.09 by the correlation of another dataset; .85 to 1.00 and .81 to 1.03 by
# both at this weight. From 100 to 1,000 people little changes.
NORMATIVE_WEIGHT = 300.0

_FLOOR = 1e-6


def target_correlation(normative: str | pd.DataFrame, regions: Sequence[str]) -> tuple[np.ndarray | None, str]:
    """Return the correlation (region, region) that a contrast's own is shrunk towards, and its name.

    Parameters
    ----------
    normative
        "pooled", "abide" or "adhd200": `normative_correlation` of that source; "none"; or a correlation of one's own,
        labelled by region.
    regions
        Those of the contrast.

    Returns
    -------
    target, name
        None and "none" where there is no such target: a region is not among the 68 of the table, or none is wanted.

    Raises
    ------
    SettingsError
        For another name.
    InputError
        For a table that lacks a region or is no correlation.
    """
    names = list(regions)
    if isinstance(normative, pd.DataFrame):
        return _given(normative, names), "given"
    if normative not in NORMATIVE:
        raise SettingsError(
            f"normative is {normative!r}: the known ones are {', '.join(NORMATIVE)}, or a table (region, region)."
        )
    if normative == "none":
        return None, "none"
    table = normative_correlation(normative)
    if not set(names) <= set(table.index):
        return None, "none"
    return table.loc[names, names].to_numpy(), normative


def shrunk_to_target(correlation: np.ndarray, target: np.ndarray, people: float) -> tuple[np.ndarray, float]:
    r"""Weigh a correlation by its people, and the target by those that it is worth.

    .. math:: C = (n \, C_{own} + 300 \, R) / (n + 300)

    Parameters
    ----------
    correlation, target
        (region, region).
    people
        Number n of subjects that the correlation rests on, as if all weighed alike.

    Returns
    -------
    correlation, share
        Positive definite, and the weight of the target, from 0 to 1.
    """
    share = NORMATIVE_WEIGHT / (people + NORMATIVE_WEIGHT)
    return _definite((1 - share) * correlation + share * target), share


def shrunk_to_none(correlation: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, float]:
    """Take Ledoit & Wolf's share off every correlation.

    Parameters
    ----------
    correlation
        (region, region).
    rows
        What it rests on, subjects' residuals or influences (row, region): they decide the share, which is near 0 for
        many subjects and grows as regions outnumber them.

    Returns
    -------
    correlation, share
        Positive definite, and the share, from 0 to 1.

    References
    ----------
    Ledoit & Wolf (2004), Journal of Multivariate Analysis 88, 365-411.
    """
    from sklearn.covariance import ledoit_wolf_shrinkage

    spread = np.sqrt((rows**2).mean(0))
    share = float(ledoit_wolf_shrinkage(rows / np.where(spread > 0, spread, 1.0), assume_centered=True))
    return _definite((1 - share) * correlation + share * np.eye(len(correlation))), share


def _definite(correlation: np.ndarray) -> np.ndarray:
    """Positive definite, with 1 on the diagonal: pairs with different subjects missing need not fit together."""
    values, vectors = np.linalg.eigh(correlation)
    if values[0] < _FLOOR:
        correlation = (vectors * np.maximum(values, _FLOOR)) @ vectors.T
        unit = np.sqrt(np.diag(correlation))
        correlation = correlation / np.outer(unit, unit)
    correlation = (correlation + correlation.T) / 2
    np.fill_diagonal(correlation, 1.0)
    return correlation


def _given(table: pd.DataFrame, names: list[str]) -> np.ndarray:
    for labels, kind in ((table.index, "row"), (table.columns, "column")):
        lacking = [name for name in names if name not in labels]
        if lacking:
            raise InputError(
                f"normative: no {kind} {first_names(lacking)}; give a correlation with a row and a column for every "
                "region of the contrast."
            )
        if labels.has_duplicates:
            raise InputError(f"normative: {kind} {labels[labels.duplicated()][0]} stands twice; keep one.")
    square = parse_numbers(table.loc[names, names], source="normative", remedy="give another table").to_numpy()
    whole = np.isfinite(square).all() and np.allclose(square, square.T, atol=1e-6)
    if not whole or not np.allclose(np.diag(square), 1, atol=1e-6) or np.linalg.eigvalsh(square)[0] < -1e-6:
        raise InputError(
            "normative: the table is no correlation (symmetric, 1 on the diagonal, no eigenvalue below 0); "
            "give one that was computed from people who have all regions."
        )
    return square
