"""ADNI's tables: FreeSurfer thickness (UCSFFSX, UCSFFSX51, UCSFFSX6, UCSFFSL), visits, QC and diagnoses."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from ..atlases.atlas import dk68_table
from ..errors import InputError
from .sheet import Sheet, subject_column, subject_names, thicknesses, visit_column
from .thickness import Thickness

__all__ = ["BASELINE", "DIAGNOSIS", "adni_columns", "diagnosis_of", "plain_visit", "read_adni", "without_codes"]

BASELINE = "bl"
DIAGNOSIS = "diagnosis"

_COLUMN = re.compile(r"^(ST\d+TA)(?:_.+)?$")
_ST = re.compile(r"^ST\d+(?:CV|SA|TA|TS|SV|HS)(?:_.+)?$")
_FAILED = ("fail", "hippocampus only")
# The regional verdict that stands behind an overall "Partial": the cingulate goes with what it adjoins.
_QC_LOBES = {"TEMPQC": ("temporal",), "FRONTQC": ("frontal",), "PARQC": ("parietal",), "OCCQC": ("occipital",)}
_QC_REGIONS = {
    "INSULAQC": ("insula",),
    "FRONTQC": ("rostralanteriorcingulate", "caudalanteriorcingulate"),
    "PARQC": ("posteriorcingulate", "isthmuscingulate"),
}
# Columns of diagnosis, the first that is there and filled in speaks: number or word to the group.
_CODES: dict[str, dict[str, str]] = {
    "DX": {"cn": "CN", "nl": "CN", "mci": "MCI", "dementia": "AD", "ad": "AD"},
    "DIAGNOSIS": {"1": "CN", "2": "MCI", "3": "AD"},
    "DXCHANGE": dict.fromkeys("179", "CN") | dict.fromkeys("248", "MCI") | dict.fromkeys("356", "AD"),
    "DXCURREN": {"1": "CN", "2": "MCI", "3": "AD"},
}


def read_adni(sheet: Sheet) -> Thickness:
    """Read one ADNI table of FreeSurfer measures: thickness of the 68 regions, QC applied, a row a scan.

    A scan whose OVERALLQC says Fail or Hippocampus Only is dropped; of a Partial one, the regions go whose own QC
    says Fail (TEMPQC, FRONTQC, PARQC, OCCQC, INSULAQC; the cingulate follows the lobe it adjoins). Codes -4 and -1
    are missing. Of several rows at a visit the one with the best QC stays, then the one examined last, then the
    highest IMAGEUID. Everything is counted in the notices.

    Raises
    ------
    InputError
        If a region has no column or two, a RID is no whole number, or a cell is no number.
    """
    columns = _thickness_columns(sheet)
    subject, visit = subject_column(sheet), visit_column(sheet)
    subjects = subject_names(sheet, subject)
    values, notices = thicknesses(sheet, list(columns), subjects)
    values = _regional_qc(sheet, values, list(columns.values()), notices)
    kept = np.ones(len(subjects), dtype=bool)
    if "OVERALLQC" in sheet.frame.columns:
        failed = sheet.frame["OVERALLQC"].map(lambda cell: str(cell).strip().lower() in _FAILED).to_numpy()
        kept = ~failed
        if failed.any():
            notices.append(f"{sheet.source}: {int(failed.sum())} scans whose OVERALLQC says Fail left out.")
    visits = ["" if visit is None else plain_visit(cell) for cell in (sheet.frame[visit] if visit else subjects)]
    rows = _best_rows(sheet, subjects, visits, kept, notices)
    if not rows:
        raise InputError(f"{sheet.source}: no scan passes QC; check the column OVERALLQC.")
    others = [column for column in sheet.frame.columns if not _ST.match(column) and column not in (subject, visit)]
    others += [column for column in sheet.frame.columns if re.match(r"^ST10CV(?:_.+)?$", column)]
    extra = without_codes(sheet.frame[others]).iloc[rows].reset_index(drop=True)
    return Thickness(
        source=sheet.source,
        subjects=tuple(subjects[row] for row in rows),
        regions=tuple(columns.values()),
        values=values[rows],
        visits=tuple(visits[row] for row in rows) if visit else (),
        columns=extra.rename(columns=lambda name: "ST10CV" if name.startswith("ST10CV") else name),
        notices=tuple(notices),
    )


def plain_visit(cell: object) -> str:
    """Visit code in lower case, all names of the baseline (bl, sc, scmri, m00) as ``bl``."""
    code = "" if cell is None else str(cell).strip().lower()
    return BASELINE if code in ("bl", "sc", "scmri", "m00", "m0", "baseline") else code


def diagnosis_of(frame: pd.DataFrame) -> pd.Series | None:
    """Group CN, MCI or AD of each row from DX, DIAGNOSIS, DXCHANGE or DXCURREN; None where there is no such column.

    ADNIMERGE has DX; DXSUM has DXCURREN in ADNI1, DXCHANGE in ADNI GO and 2 (the conversions to a group count as
    it) and DIAGNOSIS later. Where the first of them is empty the next speaks.
    """
    found: pd.Series | None = None
    for column, codes in _CODES.items():
        if column not in frame.columns:
            continue
        plain = frame[column].map(lambda cell: re.sub(r"\.0$", "", str(cell).strip().lower()))
        group = plain.map(codes)
        found = group if found is None else found.fillna(group)
    return found


def without_codes(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the table with ADNI's codes for missing, -4 and -1, emptied."""
    coded = frame.map(lambda cell: str(cell).strip() in ("-4", "-1", "-4.0", "-1.0"))
    return frame.mask(coded, None)


def _thickness_columns(sheet: Sheet) -> dict[str, str]:
    """The table's columns of the 68 regions, suffixed or not, to their regions."""
    codes = adni_columns()
    found: dict[str, str] = {}
    for column in sheet.frame.columns:
        match = _COLUMN.match(column)
        region = codes.get(match[1]) if match else None
        if region is None:
            continue  # corpus callosum and unknown have thickness columns too
        if region in found.values():
            other = next(name for name, one in found.items() if one == region)
            raise InputError(
                f"{sheet.source}: {other} and {column} both hold {region}, of different versions of FreeSurfer; "
                "keep the columns of one."
            )
        found[column] = region
    lacking = [code for code, region in codes.items() if region not in found.values()]
    if lacking:
        raise InputError(
            f"{sheet.source}: no column {lacking[0]} ({codes[lacking[0]]}; {len(lacking)} of 68 are missing); "
            "export the table with all its ST columns."
        )
    return found


@lru_cache(maxsize=1)
def adni_columns() -> dict[str, str]:
    """ADNI's column of average thickness to the region, the 68 of the atlas."""
    table = pd.read_csv(Path(__file__).parent.parent / "atlases" / "tables" / "adni_thickness_columns.csv")
    return dict(zip(table["column"], table["region"], strict=True))


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


def _best_rows(sheet: Sheet, subjects: list[str], visits: list[str], kept: np.ndarray, notices: list[str]) -> list[int]:
    """Rows to keep, one for each subject and visit, in the table's order."""
    quality = {"pass": 0, "partial": 1}
    frame = sheet.frame
    overall = frame["OVERALLQC"] if "OVERALLQC" in frame.columns else pd.Series([""] * len(frame))
    rank = overall.map(lambda cell: quality.get(str(cell).strip().lower(), 2)).to_numpy()
    dates = [str(cell) for cell in frame["EXAMDATE"]] if "EXAMDATE" in frame.columns else [""] * len(frame)
    numbers = frame["IMAGEUID"] if "IMAGEUID" in frame.columns else pd.Series([0] * len(frame))
    image = pd.to_numeric(numbers, errors="coerce").fillna(-1).to_numpy()
    best: dict[tuple[str, str], int] = {}
    order = sorted(np.flatnonzero(kept), key=lambda row: (-rank[row], _iso(dates[row]), image[row]))
    for row in order:
        best[subjects[row], visits[row]] = int(row)
    repeated = int(kept.sum()) - len(best)
    if repeated and len(set(visits)) == 1 and visits[0] == "":
        return [int(row) for row in np.flatnonzero(kept)]  # without visits a subject's rows can't be told apart
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
