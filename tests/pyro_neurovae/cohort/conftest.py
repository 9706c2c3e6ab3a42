"""A small cohort, and its thickness in the formats that people have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import pyro_neurovae as nv


@pytest.fixture(scope="session")
def small_cohort() -> nv.SimulatedCohort:
    """Forty controls and twenty cases."""
    return nv.simulate_cohort(3, n_control=40, n_case=20)


@pytest.fixture
def wide(small_cohort: nv.SimulatedCohort) -> pd.DataFrame:
    """The cohort as one table: subject, covariates, and a column a region."""
    subjects = small_cohort.subjects
    thickness = pd.DataFrame(subjects.thickness, columns=list(subjects.regions))
    table = pd.concat([subjects.table, thickness], axis=1)
    table.insert(0, "subject", [f"sub-{int(name):04d}" for name in subjects.names])
    return table


@pytest.fixture
def write_hemispheres(tmp_path: Path) -> Callable[..., list[Path]]:
    """Write a wide table as aparcstats2table does: a tab-separated file a hemisphere, totals at the end."""

    def write(wide: pd.DataFrame) -> list[Path]:
        files = []
        for side, letter in (("lh", "L"), ("rh", "R")):
            columns = [column for column in wide.columns if column.startswith(f"{letter}_")]
            names = {column: f"{side}_{column[2:]}_thickness" for column in columns}
            table = wide[["subject", *columns]].rename(columns={"subject": f"{side}.aparc.thickness"} | names)
            table[f"{side}_MeanThickness_thickness"] = wide[columns].mean(axis=1).round(5)
            table["BrainSegVolNotVent"], table["eTIV"] = 1_100_000.0, 1_500_000.0
            files.append(tmp_path / f"{side}.thickness.txt")
            table.to_csv(files[-1], sep="\t", index=False)
        return files

    return write


STATS = """# Table of FreeSurfer cortical parcellation anatomical statistics
#
# CreationTime 2016/05/03-09:12:33-GMT
# generating_program mris_anatomical_stats
# cvs_version $Id: mris_anatomical_stats.c,v {version} 2016/03/14 15:15:34 greve Exp $
# subjectname {subject}
# hemi {side}
# AnnotationFile ../label/{side}.aparc.annot
# Measure Cortex, NumVert, Number of Vertices, 134566, unitless
# Measure Cortex, MeanThickness, Mean Thickness, 2.46187, mm
# NTableCols 10
# ColHeaders StructName NumVert SurfArea GrayVol ThickAvg ThickStd MeanCurv GausCurv FoldInd CurvInd
"""


@pytest.fixture
def write_stats(tmp_path: Path) -> Callable[..., Path]:
    """Write a wide table as a folder of SUBJECT/stats/?h.aparc.stats."""

    def write(wide: pd.DataFrame, versions: tuple[str, ...] = ("1.79",)) -> Path:
        folder = tmp_path / "freesurfer"
        for number, row in enumerate(wide.to_dict("records")):
            stats = folder / row["subject"] / "stats"
            stats.mkdir(parents=True)
            for side in ("lh", "rh"):
                version = versions[number % len(versions)]
                text = STATS.format(subject=row["subject"], side=side, version=version)
                for column, value in row.items():
                    if column.startswith(f"{side[0].upper()}_") and not np.isnan(value):
                        text += f"{column[2:]:<40} 1472  1005  2440  {value:.3f} 0.453  0.113  0.022  12  1.3\n"
                (stats / f"{side}.aparc.stats").write_text(text)
        return folder

    return write
