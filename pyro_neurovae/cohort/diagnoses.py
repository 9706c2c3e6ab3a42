"""Diagnoses: ADNI's columns and codes, and the spellings of one diagnosis."""

from __future__ import annotations

import re

import pandas as pd

__all__ = ["DIAGNOSIS", "diagnosis_of", "diagnosis_word"]

DIAGNOSIS = "diagnosis"

_WORDS = {
    **dict.fromkeys(("cn", "nl", "normal", "cognitively normal"), "CN"),
    "mci": "MCI",
    **dict.fromkeys(("ad", "dementia", "alzheimer's disease", "alzheimers disease", "alzheimer disease"), "AD"),
}
# Columns of diagnosis, the first that is there and filled in speaks: number to the group; DX has words.
_CODES: dict[str, dict[str, str]] = {
    "DX": {},
    "DIAGNOSIS": {"1": "CN", "2": "MCI", "3": "AD"},
    "DXCHANGE": dict.fromkeys("179", "CN") | dict.fromkeys("248", "MCI") | dict.fromkeys("356", "AD"),
    "DXCURREN": {"1": "CN", "2": "MCI", "3": "AD"},
}


def diagnosis_word(cell: object) -> str | None:
    """CN, MCI or AD, however it is spelled, a conversion ("MCI to Dementia") as what it led to; None for another word.

    Early and late MCI and the like are groups of their own.
    """
    return _WORDS.get(re.sub(r"^.+ to ", "", " ".join(str(cell).lower().split())))


def diagnosis_of(frame: pd.DataFrame) -> pd.Series | None:
    """Group CN, MCI or AD of each row from DX, DIAGNOSIS, DXCHANGE or DXCURREN; None where there is no such column.

    ADNIMERGE has DX; DXSUM has DXCURREN in ADNI1, DXCHANGE in ADNI GO and 2 (the conversions to a group count as
    it) and DIAGNOSIS later. Where the first of them is empty the next speaks.
    """
    found: pd.Series | None = None
    for column, codes in _CODES.items():
        if column not in frame.columns:
            continue
        plain = frame[column].map(lambda cell: re.sub(r"\.0$", "", str(cell).strip()))
        group = plain.map(lambda cell, codes=codes: codes.get(cell) or diagnosis_word(cell))
        found = group if found is None else found.fillna(group)
    return found
