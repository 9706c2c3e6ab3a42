"""Tables of diagnosis and covariates joined to scans, by subject and, where both tell it, by visit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..errors import InputError
from ..wording import first_names
from .same_subjects import match_subjects
from .sheet import Sheet, cell_text, is_blank, subject_column, subject_names
from .thickness import Thickness
from .visits import BASELINE, plain_visit, split_sessions, visit_codes, visit_columns

__all__ = ["join_tables"]

Key = tuple[str, str]


def join_tables(
    thickness: Thickness, kept: np.ndarray, tables: Sequence[Sheet], wanted: str | None = None
) -> tuple[pd.DataFrame, list[str]]:
    """Give every kept scan its row of each table; empty where a table has none. Returns columns and notices.

    Parameters
    ----------
    thickness
        The scans.
    kept
        Scans to give rows to, (row,) bool.
    tables
        Tables with a column of subjects.
    wanted
        The name of that column; None (the default) looks for the usual ones.

    Raises
    ------
    InputError
        If no subject of a table is among the scans, or a table has several rows for a scan.
    """
    rows = np.flatnonzero(kept)
    joined = thickness.columns.iloc[rows].reset_index(drop=True) if len(thickness.columns.columns) else pd.DataFrame()
    notices: list[str] = []
    visits = thickness.visits or ("",) * len(thickness.subjects)
    scans = [(thickness.subjects[row], plain_visit(visits[row])) for row in rows]
    for sheet in tables:
        columns = _columns_of(sheet, scans, thickness.source, bool(thickness.visits), notices, wanted)
        # A diagnosis or covariate stands before what the thickness table says under the same name.
        twice = columns.columns.intersection(joined.columns)
        other = [name for name in twice if _differ(joined[name], columns[name])]
        if other:
            notices.append(f"{first_names(other)} of {sheet.source} are used, where other tables have other values.")
        joined = pd.concat([joined.drop(columns=twice), columns], axis=1)
    return joined, notices


def _differ(one: pd.Series, other: pd.Series) -> bool:
    """Whether two columns have different values in a row where both have one."""
    return bool((one.map(cell_text) != other.map(cell_text))[~is_blank(one) & ~is_blank(other)].any())


def _columns_of(
    sheet: Sheet, scans: list[Key], source: str, with_visits: bool, notices: list[str], wanted: str | None
) -> pd.DataFrame:
    who = subject_column(sheet, wanted if wanted in sheet.frame.columns else None)
    names, sessions = split_sessions(subject_names(sheet, who)) if with_visits else (subject_names(sheet, who), None)
    names = match_subjects(names, [subject for subject, _ in scans], sheet.source, source, notices)
    visits = (visit_codes(sheet) or sessions) if with_visits else None
    targets = scans if visits else [(subject, "") for subject, _ in scans]
    keys = list(zip(names, map(plain_visit, visits) if visits else [""] * len(names), strict=True))
    frame = sheet.frame.drop(columns=[who, *(visit_columns(sheet) if visits else [])])
    rows = _rows_of(Sheet(sheet.source, frame), keys, set(targets), visits, who, notices)
    absent = pd.Series(None, index=frame.columns, dtype=object)
    lacking = [key for key in targets if key not in rows]
    if lacking:
        other = len({name for name, _ in lacking} & set(names))
        told = f"; for {other} subjects it has other visits only" if other else ""
        notices.append(
            f"{sheet.source}: no row for {len(lacking)} of the {len(scans)} scans of {source}, {lacking[0][0]} the "
            f"first{told}."
        )
    found = pd.DataFrame([rows.get(key, absent) for key in targets], columns=frame.columns, dtype=object)
    return found.reset_index(drop=True)


def _rows_of(
    sheet: Sheet, keys: list[Key], needed: set[Key], visits: list[str] | None, who: str, notices: list[str]
) -> dict[Key, pd.Series]:
    """The row of each subject and visit that is needed; of a baseline in two rows (sc, bl) one made of both."""
    places: dict[Key, list[int]] = {}
    for place, key in enumerate(keys):
        if key in needed:
            places.setdefault(key, []).append(place)
    rows, merged = {}, 0
    for key, own in places.items():
        codes = [visits[place].lower() if visits else "" for place in own]
        # The visit of the baseline itself speaks before that of the screening.
        first, *others = sorted(own, key=lambda place: not visits or visits[place].lower() != BASELINE)
        row = sheet.frame.iloc[first].astype(object)
        for other in others:
            second = sheet.frame.iloc[other].astype(object)
            blank = is_blank(row)
            if len(set(codes)) < len(codes) and (row.map(str) != second.map(str))[~blank & ~is_blank(second)].any():
                shown = " at visit ".join(part for part in key if part)
                raise InputError(f"{sheet.source}: subject {shown} has {len(own)} rows by column {who}; keep one.")
            row = row.mask(blank, second)
        merged += bool(others)
        rows[key] = row
    if merged:
        notices.append(
            f"{sheet.source}: {merged} subjects have several rows of one visit (sc and bl); the first counts, bl "
            "where there is one, its empty cells filled from the others."
        )
    return rows
