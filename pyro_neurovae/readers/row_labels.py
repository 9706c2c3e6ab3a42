"""Which columns of a table name the region of each row: a name, and a hemisphere where that stands apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import pandas as pd

from ..atlases.resolver import is_extra, known_share
from ..errors import InputError
from .text_table import plain_name
from .thinning_columns import first_column

__all__ = ["label_columns", "label_rows"]

_REGIONS = (
    "region",
    "structure",
    "roi",
    "roithickness",
    "label",
    "parcel",
    "area",
    "regionname",
    "roiname",
    "names",
    "name",
)
_HEMISPHERES = ("hem", "hemi", "hemisphere", "side")


def label_rows(frame: pd.DataFrame, names: Sequence[str], *, source: str) -> pd.DataFrame:
    """Index the table by its region labels, joined with the hemisphere where that has a column of its own.

    Raises
    ------
    InputError
        If the hemisphere of a region is neither left nor right.
    """
    column, side = label_columns(frame, names)
    labels = [str(label).strip() for label in (frame.index if column is None else frame.iloc[:, column])]
    if side is not None and known_share(labels, names, hemisphere=None) <= 0.5:
        sides = frame.iloc[:, side]
        told = f"in column {frame.columns[side]}"
        labels = [_joined(sign, label, told, source) for sign, label in zip(sides, labels, strict=True)]
    return frame.set_axis(pd.Index(labels, dtype=object), axis=0)


def label_columns(frame: pd.DataFrame, names: Sequence[str]) -> tuple[int | None, int | None]:
    """Positions of the columns of labels and of hemispheres; None for labels in the index, and for no hemispheres.

    Of the columns with a usual name the first that names regions is taken, best one that tells their hemisphere
    too: a table may have a column of numbers, or of "cortex", under such a name. Where none does, the index is, and
    where that are row numbers, the column that names most regions. Names go before numbers, which may count rows where
    an atlas numbers its parcels too.
    """
    columns = [str(column) for column in frame.columns]
    side = _position(columns, first_column(columns, _HEMISPHERES))
    plain = [plain_name(column) for column in columns]
    called = [position for name in _REGIONS for position, column in enumerate(plain) if column == name]

    def naming(hemisphere: Literal["L"] | None) -> list[int]:
        return [one for one in called if known_share(frame.iloc[:, one], names, hemisphere=hemisphere) > 0.5]

    found = naming(None) or naming("L")
    first = min(found, key=lambda one: _numbered(frame.iloc[:, one]), default=None)
    if first is not None and not _numbered(frame.iloc[:, first]):
        return first, side
    # Numbers that stand twice are sizes of groups or errors, not regions.
    wordy = [one for one in _wordy(frame) if frame.iloc[:, one].is_unique or not _numbered(frame.iloc[:, one])]
    named = [one for one in wordy if not _numbered(frame.iloc[:, one]) and _named(frame.iloc[:, one], names)]
    if first is not None:
        return (named[0] if named else first), side
    counted = isinstance(frame.index, pd.RangeIndex) or (_numbered(frame.index) and bool(named))
    if not counted and known_share(frame.index, names) > 0:
        return None, side
    shares = {one: known_share(frame.iloc[:, one], names) for one in named or wordy}
    best = max(shares, key=lambda one: shares[one], default=None)
    if best is not None and shares[best] > (0.5 if called else 0):
        return best, side
    if called:
        return called[0], side
    return (0 if isinstance(frame.index, pd.RangeIndex) else None), side


def _position(columns: Sequence[str], name: str | None) -> int | None:
    return None if name is None else columns.index(name)


def _named(labels: Iterable[object], names: Sequence[str]) -> bool:
    """Whether most labels name regions, hemispheres and all."""
    return known_share(labels, names, hemisphere=None) > 0.5


def _numbered(labels: Iterable[object]) -> bool:
    """Whether all labels are whole numbers."""
    return all(str(label).strip().isdecimal() for label in labels)


def _wordy(frame: pd.DataFrame) -> list[int]:
    """Columns whose first cell is no number with a fraction, as a label is none."""
    if frame.empty:
        return []
    cells = [str(frame.iloc[0, one]).strip().lstrip("-+0123456789") for one in range(frame.shape[1])]
    return [position for position, cell in enumerate(cells) if not cell.startswith(".")]


def _joined(sign: object, label: str, told: str, source: str) -> str:
    side = str(sign).strip()[:1].upper()
    if side in ("L", "R"):
        return f"{side} {label}"
    if is_extra(label):
        return label  # the brain stem is on neither side
    raise InputError(f"{source}, row {label}: hemisphere {str(sign)!r} {told} is neither left nor right; write L or R.")
