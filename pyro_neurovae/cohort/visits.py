"""Codes of visits: their spellings, which of a table's columns holds them, and the visit that is kept."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from ..errors import InputError
from ..readers.text_table import MISSING, plain_name
from ..readers.thinning_columns import first_column
from ..wording import first_names
from .sheet import Sheet

__all__ = ["BASELINE", "keep_visit", "plain_visit", "split_sessions", "visit_codes", "visit_columns"]

BASELINE = "bl"
VISITS = ("viscode2", "viscode", "visit", "visitid", "session", "sessionid", "ses", "timepoint")

_BASELINES = ("bl", "sc", "scmri", "m00", "baseline", "screening")
_MONTH = re.compile(r"(?:month|m)[ _-]?0*(\d+)")
_SESSION = re.compile(r"(?:^|[/\\])(sub-[A-Za-z0-9]+)_(ses-[A-Za-z0-9]+)(?=$|[._/\\])")
_MOST_NAMED = 8


def plain_visit(cell: object) -> str:
    """Visit code in lower case, as ``m06`` for a month, all names of the baseline (bl, sc, scmri, m00) as ``bl``."""
    code = "" if cell is None else str(cell).strip().lower().removeprefix("ses-")
    if code in MISSING:
        return ""
    month = _MONTH.fullmatch(code)
    code = f"m{int(month[1]):02d}" if month else code
    return BASELINE if code in _BASELINES else code


def visit_columns(sheet: Sheet) -> list[str]:
    """Columns that name the visit, the one that speaks first first: VISCODE2, then VISCODE; empty where there is none.

    ADNI fills VISCODE2 in some of a table's rows only.
    """
    columns = list(sheet.frame.columns)
    found = first_column(columns, VISITS)
    if found is None:
        return []
    second = first_column(columns, ("viscode",)) if plain_name(found) == "viscode2" else None
    return [found, second] if second else [found]


def visit_codes(sheet: Sheet) -> list[str] | None:
    """Visit of each row as the table spells it, empty where it has none; None for a table without visits."""
    columns = visit_columns(sheet)
    if not columns:
        return None
    cells = sheet.frame[columns].itertuples(index=False)
    return [next((str(cell).strip() for cell in row if plain_visit(cell)), "") for row in cells]


def split_sessions(names: Sequence[str]) -> tuple[list[str], list[str] | None]:
    """Subjects and sessions of ids that hold both, as sub-01_ses-M000; the ids and None where they do not all do."""
    found = [_SESSION.search(name) for name in names]
    if not all(found):
        return list(names), None
    return [match[1] for match in found if match], [match[2] for match in found if match]


def keep_visit(source: str, visits: Sequence[str], wanted: str | None) -> tuple[np.ndarray, list[str]]:
    """Rows (row,) of the visit wanted, the baseline for None, and a notice that names the visits that it leaves out.

    Parameters
    ----------
    source
        For messages.
    visits
        Visit of each scan; none at all where the source has no visits.
    wanted
        A code; "all" for every scan; None for the baseline where there are such codes, every scan else.

    Raises
    ------
    InputError
        If no scan is of the visit.
    """
    everything = np.ones(len(visits), dtype=bool)
    codes = [plain_visit(code) for code in visits]
    if not any(codes):
        if wanted not in (None, "all"):
            raise InputError(f"{source} has no column of visits; leave out --visit {wanted}.")
        return everything, []
    code = BASELINE if wanted is None else plain_visit(wanted)
    if wanted == "all" or (wanted is None and code not in codes):
        return everything, []
    kept = np.array([one == code for one in codes])
    if not kept.any():
        raise InputError(f"{source}: no scan at visit {wanted}; the visits are {first_names(sorted(set(codes)))}.")
    if kept.all():
        return kept, []
    left = Counter(one or "no code" for one in codes if one != code).most_common()
    shown = first_names([f"{name} ({count})" for name, count in left], limit=_MOST_NAMED)
    return kept, [f"{source}: visit {code} kept, {int(kept.sum())} of {len(kept)} scans; left out: {shown}."]
