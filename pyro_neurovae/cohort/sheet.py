"""A table of subjects as it comes, and which of its columns hold subject, region and thickness."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from ..atlases.resolver import resolve
from ..errors import InputError
from ..readers.text_table import MISSING, parse_numbers, plain_name, read_table
from ..readers.thinning_columns import first_column
from ..wording import first_names
from .missing_codes import MissingCodes

__all__ = [
    "ADNI_THICKNESS",
    "Sheet",
    "as_sheet",
    "cell_text",
    "is_blank",
    "numbers_of",
    "region_columns",
    "subject_column",
    "subject_names",
    "thicknesses",
    "upright",
]

SUBJECTS = (
    *("rid", "subjid", "subjectid", "subject", "participantid", "participant", "sub", "subid", "id", "ptid"),
    *("patientid", "imageid", "mrid"),
)

# A column of average thickness, and the suffix that a merged table gives it.
ADNI_THICKNESS = re.compile(r"^(ST\d+TA)([._].+)?$")


_RID = re.compile(r"(?:\d{3}_S_)?(\d+)")  # ADNI's roster number, alone or as the end of a PTID


@dataclass(frozen=True)
class Sheet:
    """A table under the name that messages give it.

    Attributes
    ----------
    source
        File or argument.
    frame
        Strings or numbers; the columns' names are strings.
    """

    source: str
    frame: pd.DataFrame

    @property
    def adni(self) -> bool:
        """Whether the columns are those of an ADNI table of FreeSurfer measures."""
        return any(ADNI_THICKNESS.match(column) for column in self.frame.columns)


def as_sheet(table: pd.DataFrame | str | os.PathLike[str], name: str = "subjects") -> Sheet:
    """Read a file, or take a frame: an index with a name, or of labels, becomes its first column.

    Raises
    ------
    InputError
        If the file can't be read as a table, or two columns of different cells have one name.
    """
    if isinstance(table, pd.DataFrame):
        source, frame = name, table.reset_index() if isinstance(table.index, pd.MultiIndex) else table
        numbered = pd.api.types.is_integer_dtype(frame.index.dtype)
        if frame.index.name is not None or not numbered:  # bare numbers are what is left of sorting or sampling rows
            frame = frame.rename_axis(str(frame.index.name or "subject")).reset_index(allow_duplicates=True)
        frame = frame.set_axis([str(column).strip() for column in frame.columns], axis=1)
    else:
        text = read_table(table)
        source, frame = text.source, text.frame()
    return Sheet(source, _single_columns(frame.reset_index(drop=True), source))


def upright(sheet: Sheet) -> Sheet:
    """Turn a table whose rows are regions and whose columns are subjects, as aparcstats2table --transpose writes it."""
    first, *others = sheet.frame.columns
    labels = sheet.frame[first].map(str).str.strip()
    regions = [_region(label) for label in labels]
    known = len(set(filter(None, regions)))
    if known < max(2, len(labels) // 2) or known < len(list(filter(None, regions))) or region_columns(sheet):
        return sheet
    frame = (
        sheet.frame[others]
        .T.set_axis(list(labels), axis=1)
        .rename_axis(first or "subject")
        .reset_index(allow_duplicates=True)
    )
    return Sheet(sheet.source, _single_columns(frame, sheet.source))


def _single_columns(frame: pd.DataFrame, source: str) -> pd.DataFrame:
    """The table without columns that repeat another, name and cells, as merged hemispheres repeat eTIV."""
    for name in dict.fromkeys(frame.columns[frame.columns.duplicated()]):
        cells = frame.loc[:, frame.columns == name]
        if name and any(
            (cells.iloc[:, 0].map(str) != cells.iloc[:, place].map(str)).any() for place in range(1, cells.shape[1])
        ):
            raise InputError(f"{source}: two columns are called {name}, with different cells; rename one of them.")
    return frame.loc[:, ~(frame.columns.duplicated() & (frame.columns != ""))]


def subject_column(sheet: Sheet, wanted: str | None = None) -> str:
    """Column that names the subject: the one asked for, one of the usual names, else the first column.

    Raises
    ------
    InputError
        If the column asked for is not there.
    """
    columns = list(sheet.frame.columns)
    if wanted is not None:
        if wanted not in columns:
            raise InputError(
                f"{sheet.source}: no column {wanted!r} of subjects among {first_names(columns, limit=12)}."
            )
        return wanted
    return first_column(columns, SUBJECTS) or columns[0]


def subject_names(sheet: Sheet, column: str) -> list[str]:
    """Subject of each row, a RID in one spelling however it was written (2, 0002 and 2.0 are one).

    Raises
    ------
    InputError
        For a row without a subject, and for a RID that is no whole number.
    """
    blank = is_blank(sheet.frame[column])
    if blank.any():
        row = int(np.argmax(blank)) + 2
        raise InputError(f"{sheet.source}, line {row}: no subject in column {column}; fill it in or remove the line.")
    names = [cell_text(cell) for cell in sheet.frame[column]]
    if plain_name(column) != "rid":
        return names
    for row, name in enumerate(names):
        found = _RID.fullmatch(name)
        if found is None:
            raise InputError(
                f"{sheet.source}, line {row + 2}: RID {name!r} is no whole number, so it can't be joined with other "
                "tables; give ADNI's roster number (the last four digits of PTID)."
            )
        names[row] = str(int(found[1]))
    return names


def region_columns(sheet: Sheet) -> dict[str, str]:
    """Columns that hold a region's thickness, to the region's name; areas and volumes are none.

    Raises
    ------
    InputError
        If two columns name one region.
    """
    found: dict[str, str] = {}
    for column in sheet.frame.columns:
        region = _region(column)
        if region is None:
            continue
        if region in found.values():
            other = next(name for name, one in found.items() if one == region)
            raise InputError(f"{sheet.source}: {other} and {column} both hold {region}; keep one of the columns.")
        found[column] = region
    return found


def cell_text(cell: object) -> str:
    """What a cell says, a whole number in one spelling."""
    return re.sub(r"^(-?\d+)\.0+$", r"\1", str(cell).strip())


def is_blank(column: pd.Series) -> np.ndarray:
    """Whether a cell is empty or says that it is missing; (row,) bool."""
    text = column.map(lambda cell: str(cell).strip().lower() if isinstance(cell, str) else cell)
    return (text.isna() | text.isin(MISSING)).to_numpy(dtype=bool)


def numbers_of(sheet: Sheet, columns: Sequence[str], labels: Sequence[str]) -> np.ndarray:
    """Numbers (row, column) of some columns, NaN where missing; a fault names its subject.

    Raises
    ------
    InputError
        For a cell that is no number.
    """
    cells = sheet.frame[list(columns)].set_axis(pd.Index(list(labels), dtype=object), axis=0)
    return parse_numbers(cells, source=sheet.source).to_numpy()


def thicknesses(
    sheet: Sheet, columns: Sequence[str], labels: Sequence[str], codes: MissingCodes
) -> tuple[np.ndarray, list[str]]:
    """Numbers as `numbers_of` gives them, codes for missing among the missing, and notices that count those."""
    return codes.without(numbers_of(sheet, columns, labels), columns, sheet.source)


@lru_cache(maxsize=4096)
def _region(column: str) -> str | None:
    # A bare word such as "insula" tells no hemisphere, and "L_insula_surfavg" is an area.
    if re.search(r"(?:area|surfavg|volume|grayvol|vol|curv|std|thicknessstd)$", column, re.IGNORECASE):
        return None
    try:
        return resolve([column]).canonical.get(column)
    except InputError:
        return None
