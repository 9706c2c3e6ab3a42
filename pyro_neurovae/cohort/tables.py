"""Tables of subjects that are no tool's own format: wide (a column a region) and long (a row a region)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..atlases.atlas import dk68_names
from ..atlases.resolver import known_share
from ..errors import InputError
from ..readers.placement import place_rows
from ..readers.row_labels import label_rows
from ..readers.thinning_columns import first_column
from ..wording import first_names
from .missing_codes import UNSAID, MissingCodes
from .sheet import Sheet, region_columns, subject_column, subject_names, thicknesses
from .thickness import Thickness
from .visits import visit_codes, visit_columns

__all__ = ["has_regions", "is_long", "read_long", "read_wide"]

_VALUES = ("thickness", "thick", "thickavg", "meanthickness", "value", "mm")
_REGIONS = ("region", "structure", "roi", "label", "parcel", "structname", "area", "name")


def has_regions(sheet: Sheet) -> bool:
    """Whether the columns of a table hold regions."""
    return len(region_columns(sheet)) >= 2


def is_long(sheet: Sheet) -> bool:
    """Whether a column names the region of each row, beside one of thickness."""
    return _region_column(sheet) is not None and _value_column(sheet) is not None


def read_wide(sheet: Sheet, subject: str | None = None, codes: MissingCodes = UNSAID) -> Thickness:
    """Read a table with one row a scan and one column a region; every other column is kept beside it.

    Codes for missing count as such. Columns of areas, volumes, hemisphere means and ICV are no thickness of a region.

    Raises
    ------
    InputError
        If a cell is no number, a subject is empty, or two columns hold one region.
    """
    columns = region_columns(sheet)
    if not columns:
        raise InputError(
            f"{sheet.source}: no column names a region among {first_names(list(sheet.frame.columns), limit=8)}; "
            "name columns like L_bankssts or lh_bankssts_thickness, or give the thickness with --thickness."
        )
    who, visits = subject_column(sheet, subject), visit_codes(sheet)
    subjects = subject_names(sheet, who)
    values, notices = thicknesses(sheet, list(columns), subjects, codes)
    others = sheet.frame.columns.difference([*columns, who, *visit_columns(sheet)], sort=False)
    return Thickness(
        source=sheet.source,
        subjects=tuple(subjects),
        regions=tuple(columns.values()),
        values=values,
        visits=tuple(visits or ()),
        columns=sheet.frame[others].reset_index(drop=True),
        notices=tuple(notices),
    )


def read_long(sheet: Sheet, subject: str | None = None, codes: MissingCodes = UNSAID) -> Thickness:
    """Read a table with one row for each region of each scan; hemispheres may have a column of their own.

    Columns that are the same in all rows of a scan are kept beside it.

    Raises
    ------
    InputError
        If a label can't be placed, a region stands twice in a scan, or a cell is no number.
    """
    who, known = subject_column(sheet, subject), visit_codes(sheet)
    region, value = _region_column(sheet), _value_column(sheet)
    if region is None or value is None:
        raise InputError(f"{sheet.source}: no columns of region and thickness; name them so.")
    names = dk68_names()
    labels = label_rows(sheet.frame.rename(columns={region: "region"}), names, source=sheet.source).index
    unique = list(dict.fromkeys(labels))
    placed = place_rows(pd.DataFrame(index=pd.Index(unique, dtype=object)), names, source=sheet.source)
    canonical = dict(zip(placed.frame.index, (names[place] for place in placed.positions), strict=True))
    subjects = subject_names(sheet, who)
    visits = known or [""] * len(subjects)
    rows = [f"{who}, {label}" for who, label in zip(subjects, labels, strict=True)]
    numbers, notices = thicknesses(sheet, [value], rows, codes)
    scans = list(dict.fromkeys(zip(subjects, visits, strict=True)))
    row_of, column_of = {key: row for row, key in enumerate(scans)}, {name: place for place, name in enumerate(names)}
    values = np.full((len(scans), len(names)), np.nan)
    seen = np.zeros(values.shape, dtype=bool)
    for who_, when, label, number in zip(subjects, visits, labels, numbers[:, 0], strict=True):
        if label not in canonical:
            continue
        at = row_of[who_, when], column_of[canonical[label]]
        if seen[at]:
            raise InputError(
                f"{sheet.source}: subject {f'{who_} {when}'.strip()} has two rows of {canonical[label]}; keep one."
            )
        seen[at], values[at] = True, number
    kept: np.ndarray = np.any(seen, axis=0)
    others = sheet.frame.drop(columns=[who, *visit_columns(sheet), region, value])
    return Thickness(
        source=sheet.source,
        subjects=tuple(key[0] for key in scans),
        regions=tuple(name for name, one in zip(names, kept, strict=True) if one),
        values=values[:, kept],
        visits=tuple(key[1] for key in scans) if known else (),
        columns=_constant_within(others, [row_of[key] for key in zip(subjects, visits, strict=True)]),
        notices=(*placed.notices, *notices),
    )


def _region_column(sheet: Sheet) -> str | None:
    named = first_column(list(sheet.frame.columns), _REGIONS)
    if named is None:
        return None
    return named if known_share(sheet.frame[named], dk68_names()) > 0.5 else None


def _value_column(sheet: Sheet) -> str | None:
    return first_column(list(sheet.frame.columns), _VALUES)


def _constant_within(frame: pd.DataFrame, scan: list[int]) -> pd.DataFrame:
    """Columns that do not vary within a scan, one row a scan."""
    groups = frame.astype(object).groupby(np.array(scan), sort=True)
    first = groups.transform("first")
    constant = [column for column in frame.columns if (frame[column].map(str) == first[column].map(str)).all()]
    return groups[constant].first().reset_index(drop=True) if constant else pd.DataFrame()
