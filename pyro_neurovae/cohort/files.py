"""The files that a contrast and a simulated cohort leave behind."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from ..readers.written_tables import write_table
from ..studies.provenance import file_checksum
from .contrasts import Contrast
from .simulated import SimulatedCohort

__all__ = ["COHORT_FILES", "contrast_files", "write_cohort", "write_contrast"]

COHORT_FILES = ("UCSFFSX51.csv", "ADNIMERGE.csv", "cohort_truth.csv")
_DIGITS = 10


def contrast_files(out: Path) -> tuple[str, ...]:
    """Names of all files that a contrast whose map is ``out`` may leave, in the order of `write_contrast`."""
    stem = out.name[:-4] if out.suffix == ".csv" else out.name
    ends = ("covariance", "permuted", "permuted_covariance", "comparison", "w_scores", "individual")
    return (out.name, *(f"{stem}_{end}.csv" for end in ends), f"{stem}.json")


def write_contrast(found: Contrast, out: Path) -> list[str]:
    """Write the map to ``out`` and the other files beside it; returns their names."""
    *names, record = contrast_files(out)
    covariance, scores = found.covariance.rename_axis("region"), found.w_scores()
    null = None if found.permuted is None else pd.DataFrame(found.permuted.attrs["covariance"]).rename_axis("region")
    tables = (found.map, covariance, found.permuted, null, found.comparison, scores, found.subject_check())
    labelled, written = (covariance, null, scores), []
    for name, table in zip(names, tables, strict=True):
        if table is None:
            continue
        write_table(table, out.with_name(name), index=any(table is one for one in labelled), digits=_DIGITS)
        written.append(name)
    told = {
        "settings": found.settings,
        "groups": found.groups.to_dict("records"),
        "notices": list(found.notices),
        "source": found.subjects.source,
        "map_sha256": file_checksum(out),  # a study that reads the map knows it by this
    }
    out.with_name(record).write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    return [*written, record]


def write_cohort(cohort: SimulatedCohort, folder: Path) -> list[str]:
    """Write a simulated cohort as ADNI's tables, and its truth; returns the names of the files."""
    tables: dict[str, pd.DataFrame] = cohort.tables() | {"cohort_truth": cohort.truth}
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    return [f"{name}.csv" for name in tables]
