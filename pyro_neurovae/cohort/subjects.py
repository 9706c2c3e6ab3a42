"""Subjects: the thickness of each scan with what is known of the person, joined by name from files or frames."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from ..cards import Introduced, Part
from ..errors import InputError, SettingsError
from ..wording import counted, first_names
from .adni import read_adni
from .diagnoses import DIAGNOSIS, diagnosis_of
from .freesurfer import is_aparcstats, read_aparcstats, read_stats_folder
from .join import join_tables
from .missing_codes import CodesInput, MissingCodes, read_codes
from .scan_checks import check_versions, unheeded
from .sheet import Sheet, as_sheet, upright
from .tables import has_regions, is_long, read_long, read_wide
from .thickness import HEMISPHERES, SCALES, Thickness, check_scale, join_thickness
from .visits import keep_visit, split_sessions

__all__ = ["REPEATS", "Subjects", "read_subjects"]

Table = pd.DataFrame | str | os.PathLike[str]

REPEATS = ("error", "first", "mean")


@dataclass(frozen=True, eq=False, repr=False)
class Subjects(Introduced):
    """One row a scan: thickness of the regions, and the person's other columns.

    Attributes
    ----------
    names
        Subject of each row, (row,).
    visits
        Visit of each row, "" where the source tells none, (row,).
    regions
        Canonical names of the Desikan-Killiany regions, in the atlas' order.
    thickness
        Mean thickness (row, region) in mm, NaN where missing.
    table
        Columns of diagnosis and covariates as they came, one row a scan.
    source
        Where it came from, for messages.
    notices
        What was dropped, joined or assumed, one sentence each.
    scale
        "mm", or "free" for thickness in no unit.
    """

    names: tuple[str, ...]
    visits: tuple[str, ...]
    regions: tuple[str, ...]
    thickness: np.ndarray
    table: pd.DataFrame
    source: str = "subjects"
    notices: tuple[str, ...] = ()
    scale: str = "mm"

    def _title(self) -> str:
        people = counted(len(set(self.names)), "subject")
        return f"Subjects: {counted(self.n_rows, 'scan')} of {people}, {counted(len(self.regions), 'region')}"

    def _parts(self) -> Iterator[Part]:
        yield f"Columns: {first_names([str(name) for name in self.table.columns], 12)}."
        yield self.notices

    @property
    def n_rows(self) -> int:
        """Number of scans."""
        return len(self.names)

    def take(self, rows: np.ndarray, *notices: str) -> Subjects:
        """Keep some rows, by number or by mask, and say why."""
        chosen = np.flatnonzero(rows) if rows.dtype == bool else rows
        return replace(
            self,
            names=tuple(self.names[row] for row in chosen),
            visits=tuple(self.visits[row] for row in chosen),
            thickness=self.thickness[chosen],
            table=self.table.iloc[chosen].reset_index(drop=True),
            notices=(*self.notices, *notices),
        )


def read_subjects(
    subjects: Table | Sequence[Table],
    thickness: Table | Sequence[Table] = (),
    *,
    subject_column: str | None = None,
    visit: str | None = None,
    hemispheres: str = "both",
    adni_table: str | None = None,
    missing_codes: CodesInput = None,
    scale: str = "mm",
) -> Subjects:
    """Read thickness and what is known of the subjects, each file by its own form, joined by subject and visit.

    Parameters
    ----------
    subjects
        Tables of diagnosis and covariates: ADNIMERGE, DXSUM, any table with a column of subjects. A wide table (a
        column a region) or a long one (a row a region) holds thickness too.
    thickness
        Where thickness is apart: tables of aparcstats2table (lh and rh), an ADNI table UCSFFSX*, UCSFFSL*, a wide or
        long table, or a folder of ``?h.aparc.stats`` files.
    subject_column
        Column of subjects; None (the default) looks for the usual names (RID, SubjID, participant_id, ...), then
        takes the first.
    visit
        Visit to keep; "all" keeps every one. None (the default) keeps the baseline (bl, sc, scmri) where the
        visits have such codes, and all rows otherwise.
    hemispheres
        "both" (the default), or "left" or "right" where only one was measured.
    adni_table
        Where a merged table such as TADPOLE's holds the columns of two ADNI tables, part of the suffix of the one to
        read: "UCSFFSX" (cross-sectional) or "UCSFFSL" (longitudinal).
    missing_codes
        Numbers that stand for a missing value: [-9, 999] in any column, {"AGE": 999} by column, or a text such as
        "-9,AGE=999"; "none", alone or of a column, where there are no codes. 0, -4 and -1 stand for a missing thickness
        in mm without a word.
    scale
        "mm" (the default), in which a thickness outside 0.5 to 6 is an error; "free" for z-scores, residuals or values
        that ComBat has moved.

    Raises
    ------
    InputError
        Naming the file, the row or label, and the remedy.
    SettingsError
        For an unknown choice.
    """
    for option, value, known in (("hemispheres", hemispheres, tuple(HEMISPHERES)), ("scale", scale, SCALES)):
        if value not in known:
            raise SettingsError(f"{option} is {value!r}: the known ones are {', '.join(known)}.")
    codes = read_codes(missing_codes, millimetres=scale == "mm")
    tables = [as_sheet(one) for one in _several(subjects)]
    if not tables:
        raise InputError("no table of subjects; give one with --subjects.")
    holding: list[Sheet | Path] = [_measured(one) for one in _several(thickness)]
    sheets = [*tables, *(one for one in holding if isinstance(one, Sheet))]
    if subject_column is not None and not any(subject_column in sheet.frame.columns for sheet in sheets):
        named = first_names(list(tables[0].frame.columns), limit=12)
        raise InputError(f"{tables[0].source}: no column {subject_column!r} of subjects among {named}.")
    parts = [_read_thickness(one, subject_column, adni_table, codes) for one in holding]
    if not parts:
        holding = [
            sheet for sheet in tables if sheet.adni or is_long(sheet) or has_regions(sheet) or is_aparcstats(sheet)
        ]
        parts = [_read_thickness(sheet, subject_column, adni_table, codes) for sheet in holding]
        tables = [sheet for sheet in tables if sheet not in holding]
    if adni_table is not None and not any(isinstance(one, Sheet) and one.adni for one in holding):
        raise SettingsError(f"--adni-table {adni_table}: no table has ADNI's columns (ST24TA, ...); leave it out.")
    if not parts:
        parts = [read_wide(tables[0], subject_column)]  # which says that no column names a region
    joined = join_thickness(parts, hemispheres)
    people, sessions = split_sessions(joined.subjects)
    if sessions and not joined.visits:
        joined = replace(joined, subjects=tuple(people), visits=tuple(sessions))
    kept, notices = keep_visit(joined.source, joined.visits or ("",) * len(joined.subjects), visit)
    table, told = join_tables(joined, kept, tables, subject_column)
    chosen = np.flatnonzero(kept)
    values = joined.values[chosen]
    check_scale(
        replace(joined, subjects=tuple(joined.subjects[row] for row in chosen), values=values),
        scale,
        suspects=codes.everywhere != (),
    )
    group = diagnosis_of(table)
    if group is not None and DIAGNOSIS not in table.columns:
        table = pd.concat([table, group.rename(DIAGNOSIS)], axis=1)
    check_versions(joined.source, table)
    told += unheeded(joined, table, hemispheres)
    visits = joined.visits or ("",) * len(joined.subjects)
    return Subjects(
        names=tuple(joined.subjects[row] for row in chosen),
        visits=tuple(visits[row] for row in chosen),
        regions=joined.regions,
        thickness=values,
        table=table,
        source=" and ".join([joined.source, *(sheet.source for sheet in tables)]),
        notices=(*joined.notices, *notices, *told),
        scale=scale,
    )


def _several(tables: Table | Sequence[Table]) -> list[Table]:
    several = [tables] if isinstance(tables, pd.DataFrame | str | os.PathLike) else list(tables)
    if any(isinstance(one, str) and not one.strip() for one in several):
        raise InputError("the name of a table is empty; give the path of its file.")  # it would be this very folder
    return several


def _measured(table: Table) -> Sheet | Path:
    """A table of thickness, or the folder of stats files that a path names."""
    if not isinstance(table, pd.DataFrame) and Path(table).is_dir():
        return Path(table)
    return upright(as_sheet(table, "thickness"))


def _read_thickness(
    source: Sheet | Path, subject: str | None, adni_table: str | None, codes: MissingCodes
) -> Thickness:
    if isinstance(source, Path):
        return read_stats_folder(source, codes)
    subject = subject if subject in source.frame.columns else None
    if source.adni:
        return read_adni(source, adni_table, codes)
    if is_aparcstats(source):
        return read_aparcstats(source, codes)
    if is_long(source):
        return read_long(source, subject, codes)
    return read_wide(source, subject, codes)
