"""Tables of diagnosis and covariates joined to scans, by subject and, where both tell it, by visit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..errors import InputError
from .adni import plain_visit
from .sheet import Sheet, subject_column, subject_names, visit_column
from .thickness import Thickness

__all__ = ["join_tables"]


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
        joined = pd.concat([joined.drop(columns=columns.columns.intersection(joined.columns)), columns], axis=1)
    return joined, notices


def _columns_of(
    sheet: Sheet,
    scans: list[tuple[str, str]],
    source: str,
    with_visits: bool,
    notices: list[str],
    wanted: str | None,
) -> pd.DataFrame:
    who = subject_column(sheet, wanted if wanted in sheet.frame.columns else None)
    visit = visit_column(sheet) if with_visits else None
    subjects = subject_names(sheet, who)
    subjects = _same_spelling(subjects, [subject for subject, _ in scans], sheet.source, source, notices)
    keys: list[tuple[str, str]] = (
        [(subject, plain_visit(code)) for subject, code in zip(subjects, sheet.frame[visit], strict=True)]
        if visit
        else [(subject, "") for subject in subjects]
    )
    targets = scans if visit else [(subject, "") for subject, _ in scans]
    _check_single(keys, set(targets), sheet.source, who)
    place = {key: row for row, key in enumerate(keys)}
    found = [place.get(key, -1) for key in targets]
    frame = sheet.frame.drop(columns=[column for column in (who, visit) if column])
    columns = frame.iloc[[max(row, 0) for row in found]].reset_index(drop=True).astype(object)
    columns.loc[np.array(found) < 0, :] = None
    lacking = found.count(-1)
    if lacking:
        notices.append(f"{sheet.source}: no row for {lacking} of the {len(scans)} scans of {source}.")
    return columns


def _same_spelling(subjects: list[str], scanned: list[str], source: str, other: str, notices: list[str]) -> list[str]:
    """Subjects as the scans spell them; numbers written differently (1, 001) are matched where nothing else does."""
    if set(subjects) & set(scanned):
        return subjects
    plain = {_number(name): name for name in scanned if _number(name)}
    matched = [plain.get(_number(name), name) for name in subjects]
    if len(plain) == len(set(scanned)) and set(matched) & set(scanned):
        notices.append(f"{source}: subjects matched with {other} as numbers ({subjects[0]} is {matched[0]}).")
        return matched
    raise InputError(
        f"no subject of {source} is among those of {other} (the first are {subjects[0]} and {scanned[0]}); "
        "give both tables the same names of subjects, or name the column with --subject-column."
    )


def _number(name: str) -> str:
    return str(int(name)) if name.isdigit() else ""


def _check_single(keys: list[tuple[str, str]], needed: set[tuple[str, str]], source: str, column: str) -> None:
    twice = [key for key, count in Counter(keys).items() if count > 1 and key in needed]
    if twice:
        shown = " at visit ".join(part for part in twice[0] if part)
        raise InputError(
            f"{source}: subject {shown} stands {Counter(keys)[twice[0]]} times in column {column}; keep one row."
        )
