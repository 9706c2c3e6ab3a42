"""What a table of scans says of them that no reader heeds: quality, the version of FreeSurfer, regions it lacks."""

from __future__ import annotations

import pandas as pd

from ..atlases.atlas import dk68_names
from ..errors import InputError
from ..readers.text_table import plain_name
from ..wording import first_names
from .thickness import HEMISPHERES, Thickness

__all__ = ["check_versions", "unheeded"]

_QUALITY = (
    "qc",
    "fsqc",
    "qcpass",
    "qcstatus",
    "qcrating",
    "qualitycontrol",
    "exclude",
    "excluded",
    "include",
    "included",
)
_VERSIONS = ("fsversion", "freesurferversion", "freesurfer", "fsver", "version")


def unheeded(thickness: Thickness, table: pd.DataFrame, hemispheres: str) -> list[str]:
    """Sentences on regions that the tables lack, and on columns of quality that leave nothing out by themselves."""
    notices = []
    lacking = [name for name in dk68_names() if name[0] in HEMISPHERES[hemispheres] and name not in thickness.regions]
    if lacking:
        notices.append(f"{thickness.source}: no column of {first_names(lacking)}; these regions are not in the map.")
    for column in table.columns:
        if plain_name(column) in _QUALITY and len(set(table[column].map(str))) > 1:
            notices.append(f"column {column} leaves out no scan by itself; keep the rows that pass.")
    return notices


def check_versions(source: str, table: pd.DataFrame) -> None:
    """Refuse scans of different versions of FreeSurfer: thickness differs between them by as much as by a disease."""
    for column in table.columns:
        if plain_name(column) not in _VERSIONS:
            continue
        # ADNI's VERSION is the date of an upload, which several versions of FreeSurfer never share a form with.
        text = table[column].dropna().map(lambda cell: str(cell).strip())
        kinds = sorted({cell for cell in text if cell and not any(mark in cell for mark in "-/:")})
        if len(kinds) > 1:
            raise InputError(
                f"{source}: column {column} says different versions of FreeSurfer ({first_names(kinds)}), which shifts "
                "thickness; keep the rows of one, or process all scans with one."
            )
