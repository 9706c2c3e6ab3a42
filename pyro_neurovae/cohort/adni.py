"""ADNI's tables of FreeSurfer thickness (UCSFFSX, UCSFFSX51, UCSFFSX6, UCSFFSL), and their QC."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from ..atlases.atlas import adni_thickness, dk68_table
from ..errors import InputError
from ..readers.text_table import MISSING
from .adni_suffix import without_suffix
from .missing_codes import UNSAID, MissingCodes
from .sheet import Sheet, subject_column, subject_names, thicknesses
from .thickness import Thickness
from .visits import plain_visit, visit_codes, visit_columns

__all__ = ["read_adni"]

_ST = re.compile(r"^ST\d+(?:CV|SA|TA|TS|SV|HS)(?:[._].+)?$")
_VERDICTS = ("pass", "partial", "hippocampus only", "fail")  # what OVERALLQC says, the best first
_FAILED = _VERDICTS[2:]
# The regional verdict that stands behind an overall "Partial": the cingulate goes with what it adjoins.
_QC_LOBES = {"TEMPQC": ("temporal",), "FRONTQC": ("frontal",), "PARQC": ("parietal",), "OCCQC": ("occipital",)}
_QC_REGIONS = {
    "INSULAQC": ("insula",),
    "FRONTQC": ("rostralanteriorcingulate", "caudalanteriorcingulate"),
    "PARQC": ("posteriorcingulate", "isthmuscingulate"),
}


def read_adni(sheet: Sheet, table: str | None = None, codes: MissingCodes = UNSAID) -> Thickness:
    """Read one ADNI table of FreeSurfer measures: thickness of the 68 regions, QC applied, a row a scan.

    A scan whose OVERALLQC says Fail or Hippocampus Only is dropped; of a Partial one, the regions go whose own QC
    says Fail (TEMPQC, FRONTQC, PARQC, OCCQC, INSULAQC; the cingulate follows the lobe it adjoins). Codes -4 and -1
    are missing. Of several rows at a visit the one with the best QC stays, then the one examined last, then the
    highest IMAGEUID. Everything is counted in the notices.

    Parameters
    ----------
    sheet
        The table; its columns may have a suffix, see `without_suffix`.
    table
        Which of several suffixes to read; None (the default) where there is one.
    codes
        Further codes for missing.

    Raises
    ------
    InputError
        If a region has no column, a RID is no whole number, a cell is no number, or OVERALLQC says what is none of
        its words.
    """
    sheet, notices = without_suffix(sheet, table)
    columns = _thickness_columns(sheet)
    subject, known = subject_column(sheet), visit_codes(sheet)
    subjects = subject_names(sheet, subject)
    values, told = thicknesses(sheet, list(columns), subjects, codes)
    notices += told
    measured = ~np.isnan(values).all(axis=1)
    values = _regional_qc(sheet, values, list(columns.values()), notices)
    ranks = _quality(sheet, measured, notices)
    visits = [plain_visit(code) for code in known or [""] * len(subjects)]
    rows = _best_rows(sheet, subjects, visits, ranks, notices)
    if not rows:
        raise InputError(f"{sheet.source}: no scan passes QC; check the column OVERALLQC.")
    beside = sheet.frame.columns.difference([subject, *visit_columns(sheet)], sort=False)
    others = [column for column in beside if column == "ST10CV" or not _ST.match(column)]
    return Thickness(
        source=sheet.source,
        subjects=tuple(subjects[row] for row in rows),
        regions=tuple(columns.values()),
        values=values[rows],
        visits=tuple(visits[row] for row in rows) if known else (),
        columns=sheet.frame[others].iloc[rows].reset_index(drop=True),
        notices=tuple(notices),
    )


def _thickness_columns(sheet: Sheet) -> dict[str, str]:
    """The table's columns of the 68 regions, to the regions."""
    codes = adni_thickness()
    lacking = [code for code in codes if code not in sheet.frame.columns]
    if lacking:
        raise InputError(
            f"{sheet.source}: no column {lacking[0]} ({codes[lacking[0]]}; {len(lacking)} of 68 are missing); "
            "export the table with all its ST columns."
        )
    return {code: codes[code] for code in sheet.frame.columns if code in codes}


def _regional_qc(sheet: Sheet, values: np.ndarray, regions: list[str], notices: list[str]) -> np.ndarray:
    lobes = dict(zip(dk68_table()["region"], dk68_table()["lobe"], strict=True))
    values, emptied = values.copy(), 0
    for column in {**_QC_LOBES, **_QC_REGIONS}:
        if column not in sheet.frame.columns:
            continue
        failed = sheet.frame[column].map(lambda cell: str(cell).strip().lower() == "fail").to_numpy()
        touched = np.array(
            [
                lobes[region] in _QC_LOBES.get(column, ()) or region[2:] in _QC_REGIONS.get(column, ())
                for region in regions
            ]
        )
        block = failed[:, None] & touched
        emptied += int((block & ~np.isnan(values)).sum())
        values[block] = np.nan
    if emptied:
        notices.append(f"{sheet.source}: {emptied} thicknesses in regions whose own QC says Fail are missing.")
    return values


def _quality(sheet: Sheet, measured: np.ndarray, notices: list[str]) -> np.ndarray:
    """How good each scan is, the lower the better; -1 for one that is left out: failed, or without any thickness."""
    empty = int((~measured).sum())
    if empty:
        notices.append(f"{sheet.source}: {empty} rows without any thickness left out.")
    if "OVERALLQC" not in sheet.frame.columns:
        notices.append(f"{sheet.source}: no column OVERALLQC, so that no scan is left out for its quality.")
        return np.where(measured, 0, -1)
    words = [_verdict(cell) for cell in sheet.frame["OVERALLQC"]]
    unknown = [row for row, word in enumerate(words) if measured[row] and word not in ("", *_VERDICTS)]
    if unknown:
        raise InputError(
            f"{sheet.source}, line {unknown[0] + 2}: OVERALLQC {words[unknown[0]]!r} is none of Pass, Partial, Fail "
            f"and Hippocampus Only ({len(unknown)} such rows); write one of these, or take the column away."
        )
    failed = np.array([word in _FAILED for word in words]) & measured
    unrated = sum(word == "" and there for word, there in zip(words, measured, strict=True))
    if failed.any():
        notices.append(f"{sheet.source}: {int(failed.sum())} scans whose OVERALLQC says Fail left out.")
    if unrated:
        notices.append(f"{sheet.source}: {unrated} scans whose OVERALLQC is empty kept.")
    ranks = np.array([_VERDICTS.index(word) if word in _VERDICTS else len(_VERDICTS) for word in words])
    return np.where(measured & ~failed, ranks, -1)


def _verdict(cell: object) -> str:
    """OVERALLQC in lower case; empty where it says nothing, or that it is missing."""
    word = "" if cell is None else " ".join(str(cell).lower().split())
    return "" if word in MISSING or word in ("-4", "-1", "-4.0", "-1.0") else re.sub(r"^fail.*", "fail", word)


def _best_rows(
    sheet: Sheet, subjects: list[str], visits: list[str], ranks: np.ndarray, notices: list[str]
) -> list[int]:
    """Rows to keep, one for each subject and visit, in the table's order."""
    frame, kept = sheet.frame, np.flatnonzero(ranks >= 0)
    dates = [str(cell) for cell in frame["EXAMDATE"]] if "EXAMDATE" in frame.columns else [""] * len(frame)
    numbers = frame["IMAGEUID"] if "IMAGEUID" in frame.columns else pd.Series([0] * len(frame))
    image = pd.to_numeric(numbers, errors="coerce").fillna(-1).to_numpy()
    best: dict[tuple[str, str], int] = {}
    for row in sorted(kept, key=lambda row: (-ranks[row], _iso(dates[row]), image[row])):
        best[subjects[row], visits[row]] = int(row)
    repeated = len(kept) - len(best)
    if repeated and len(set(visits)) == 1 and visits[0] == "":
        return [int(row) for row in kept]  # without visits a subject's rows can't be told apart
    if repeated:
        notices.append(
            f"{sheet.source}: {repeated} further scans of a subject at one visit left out; the one with the best QC "
            "stays, then the one examined last, then the highest IMAGEUID."
        )
    return sorted(best.values())


def _iso(date: str) -> str:
    """A date that sorts: ADNI writes 2006-03-29 or 3/29/2006."""
    parts = re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{2,4})", date.strip())
    return f"{parts[3]:0>4}-{parts[1]:0>2}-{parts[2]:0>2}" if parts else date.strip()
