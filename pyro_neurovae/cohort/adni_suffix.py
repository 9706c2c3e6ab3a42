"""The suffix that a merged table such as TADPOLE's puts after the columns of each table that it was made of."""

from __future__ import annotations

import re

from ..errors import InputError
from ..wording import first_names
from .sheet import ADNI_THICKNESS, Sheet

__all__ = ["without_suffix"]

# What --adni-table calls the columns that have no suffix.
PLAIN = "plain"

_OF_SCANS = re.compile(r"ST\d+[A-Z]{2}|[A-Z]+QC|EXAMDATE|RUNDATE|VERSION|FLDSTRENG|IMAGEUID|LONI[SU]ID|STATUS")
_WORD = re.compile(r"[A-Za-z]{2,}")


def without_suffix(sheet: Sheet, wanted: str | None = None) -> tuple[Sheet, list[str]]:
    """Take the suffix of the thickness columns off all columns that have it: QC, dates and image numbers go with them.

    Parameters
    ----------
    sheet
        A table with columns of thickness, ``ST24TA`` or ``ST24TA_UCSFFSX_11_02_15_UCSFFSX51_08_01_16``.
    wanted
        Part of the suffix of the table to read where there are two, "UCSFFSX" for example, or "plain" for the columns
        without a suffix.

    Returns
    -------
    tuple
        The table, and notices of what was renamed and set aside.

    Raises
    ------
    InputError
        If there are several such suffixes and none, or not one, is asked for.
    """
    found = (ADNI_THICKNESS.match(column) for column in sheet.frame.columns)
    suffixes = list(dict.fromkeys(match[2] or "" for match in found if match))
    suffix = _chosen(sheet.source, suffixes, wanted)
    columns, notices = list(sheet.frame.columns), []
    others = [other for other in suffixes if other != suffix]
    foreign = [column for column in columns if any(other and column.endswith(other) for other in others)]
    if others:
        notices.append(f"{sheet.source}: thickness that ends with {_shown(others)} is set aside.")
    plain = {column: column[: -len(suffix)] for column in columns if suffix and column.endswith(suffix)}
    if "UCSF" not in suffix.upper():  # DX_bl is no column of the scans
        plain = {column: name for column, name in plain.items() if _OF_SCANS.fullmatch(name)}
    if plain:
        # A merged table's own EXAMDATE is that of the visit; the scan's is the one that has the suffix.
        twice = [column for column in columns if column in plain.values()]
        instead = f", in place of {first_names(twice)}" if twice else ""
        notices.append(
            f"{sheet.source}: {len(plain)} columns that end with {suffix} are read without that ending{instead}."
        )
        foreign += twice
    return Sheet(sheet.source, sheet.frame.drop(columns=foreign).rename(columns=plain)), notices


def _chosen(source: str, suffixes: list[str], wanted: str | None) -> str:
    if wanted is None:
        if len(suffixes) == 1:
            return suffixes[0]
        example = next((word[0] for word in map(_WORD.search, suffixes) if word), PLAIN)
        raise InputError(
            f"{source} holds thickness of {len(suffixes)} tables, whose columns end with {_shown(suffixes)}; choose "
            f'one with --adni-table {example} (adni_table="{example}"): UCSFFSX is the cross-sectional and UCSFFSL '
            "the longitudinal processing."
        )
    fitting = [suffix for suffix in suffixes if wanted.lower() in (suffix.lower() or PLAIN)]
    if len(fitting) != 1:
        raise InputError(
            f"{source}: --adni-table {wanted} fits {len(fitting)} of the endings of its thickness columns "
            f"({_shown(suffixes)}); give a part that is in one of them only."
        )
    return fitting[0]


def _shown(suffixes: list[str]) -> str:
    return " and ".join(suffix or f"nothing ({PLAIN})" for suffix in suffixes)
