"""Arrays whose regions are named beside them, as the labelled tables that the readers take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..errors import InputError

__all__ = ["with_labels"]


def with_labels(
    value: Any,
    names: Sequence[str] | None,
    *,
    source: str,
    columns: Sequence[str] | None = None,
    square: bool = False,
) -> Any:
    """Return an array, or a list of numbers, as a series or frame with regions in its rows; all else as it is.

    Parameters
    ----------
    value
        (region,), (region, column) or, where that can't be mistaken, (column, region); or a mapping of such.
    names
        Names of the regions, in the order of the rows; None where none were given.
    source
        The argument, for messages.
    columns
        Names of the columns; None (the default) numbers them: map_1, map_2.
    square
        Whether both sides are regions.

    Raises
    ------
    InputError
        If an array comes without names, or does not have one row for each.
    """
    if isinstance(value, Mapping):
        return {
            name: with_labels(one, names, source=f"{source} of {name}", columns=columns, square=square)
            for name, one in value.items()
        }
    if not isinstance(value, np.ndarray | list | tuple):
        return value
    array = np.asarray(value)
    if names is None:
        raise InputError(
            f"{source} is an array, which has no labels; pass names, the regions in the order of its rows, or a pandas "
            "table with the regions as its index."
        )
    labels = [str(name) for name in names]
    repeated = next((name for name in labels if labels.count(name) > 1), None)
    if repeated is not None:
        raise InputError(f"names has {repeated} {labels.count(repeated)} times; give each row a region of its own.")
    n = len(labels)
    if array.ndim == 2 and array.shape[0] != n and array.shape[1] == n and not square:
        array = array.T
    elif array.ndim == 2 and array.shape == (n, n) and not square:
        raise InputError(f"{source} has {n} rows and columns, and either may be the regions; give a pandas table.")
    if array.ndim not in (1, 2) or len(array) != n or (square and array.shape != (n, n)):
        raise InputError(f"{source} has shape {array.shape} for {n} names; give one row for each.")
    if array.ndim == 1:
        return pd.Series(array, index=labels)
    if square:
        return pd.DataFrame(array, index=labels, columns=labels)
    across = [f"map_{number}" for number in range(1, array.shape[1] + 1)] if columns is None else list(columns)
    if len(across) != array.shape[1]:
        raise InputError(
            f"{source} has {array.shape[1]} columns for {len(across)} names of them; give one for each, of genes "
            "in genes."
        )
    return pd.DataFrame(array, index=labels, columns=across)
