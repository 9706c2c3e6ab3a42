"""A simulated cohort in the columns and codes of ADNI's tables, its rows as unruly as theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..atlases.atlas import adni_thickness

if TYPE_CHECKING:
    from .subjects import Subjects

__all__ = ["adni_tables"]

_OTHER_COLUMNS = ("ST22TA", "ST81TA", "ST64TA", "ST123TA")  # corpus callosum and unknown: no cortex
_QC = ("TEMPQC", "FRONTQC", "PARQC", "INSULAQC", "OCCQC", "BGQC", "CWMQC", "VENTQC")
_FULL = {"CN": "CN", "AD": "Dementia", "MCI": "MCI"}


def adni_tables(subjects: Subjects, seed: int) -> dict[str, pd.DataFrame]:
    """Tables UCSFFSX51 and ADNIMERGE of a simulated cohort; see `SimulatedCohort.tables`."""
    rng = np.random.default_rng([seed, *b"adni"])
    people = _people(subjects, rng)
    scans = pd.concat([_baseline(people, rng), _follow_up(people, rng), _failed(people, rng)], ignore_index=True)
    return {
        "UCSFFSX51": _shuffled(_freesurfer(scans, rng), rng),
        "ADNIMERGE": _shuffled(_merge(people, scans, rng), rng),
    }


def _people(subjects: Subjects, rng: np.random.Generator) -> pd.DataFrame:
    """The cohort, and a tenth as many with mild cognitive impairment, who are in neither group."""
    frame = pd.DataFrame(subjects.thickness, columns=list(subjects.regions))
    frame = pd.concat([subjects.table.reset_index(drop=True), frame], axis=1)
    frame["RID"] = [int(name) for name in subjects.names]
    extra = frame.sample(max(1, len(frame) // 10), random_state=np.random.RandomState(rng.integers(2**31))).copy()
    extra["RID"] = 7001 + np.arange(len(extra))
    extra["diagnosis"] = "MCI"
    return pd.concat([frame, extra], ignore_index=True)


def _baseline(people: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    visits = rng.choice(["bl", "sc", "scmri"], size=len(people), p=[0.6, 0.3, 0.1])
    scans = people.assign(VISCODE=visits, months=0, OVERALLQC="Pass")
    partial = rng.random(len(people)) < 0.03
    scans.loc[partial, "OVERALLQC"] = "Partial"
    scans["TEMPQC"] = np.where(partial, "Fail", "Pass")
    return scans


def _follow_up(people: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """A third of them a year later, thinner by a tenth of a millimetre."""
    later = people[rng.random(len(people)) < 1 / 3].copy()
    regions = _regions(later)
    later[regions] = (later[regions] - 0.1).round(3)
    return later.assign(VISCODE="m12", months=12, OVERALLQC="Pass", TEMPQC="Pass")


def _failed(people: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Some baseline scans that were taken before the good one and failed."""
    again = people[rng.random(len(people)) < 0.04].copy()
    regions = _regions(again)
    again[regions] = (again[regions] * 0.7).round(3).clip(lower=0.6)
    return again.assign(VISCODE="bl", months=-0.2, OVERALLQC="Fail", TEMPQC="Fail")


def _freesurfer(scans: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    columns = {region: column for column, region in adni_thickness().items()}
    thickness = scans[list(columns)].rename(columns=columns).astype(object)
    holes = rng.random(thickness.shape)
    thickness = thickness.mask(holes < 0.001, "-4").mask((holes >= 0.001) & (holes < 0.002), "")
    head = pd.DataFrame(
        {
            "RID": scans["RID"],
            "VISCODE": scans["VISCODE"],
            "EXAMDATE": _dates(scans["months"]),
            "VERSION": "2015-11-02",
            "FLDSTRENG": "3 Tesla MRI",
            "IMAGEUID": rng.permutation(900_000)[: len(scans)] + 10_000,
            "STATUS": "complete",
            "OVERALLQC": scans["OVERALLQC"],
            **{name: scans["TEMPQC"] if name == "TEMPQC" else "Pass" for name in _QC},
            "ST10CV": (1_500_000 + 150_000 * scans["icv"]).round(0).astype(int),
        }
    )
    others = pd.DataFrame({name: rng.uniform(0.2, 0.4, len(scans)).round(3) for name in _OTHER_COLUMNS})
    return pd.concat([head, thickness.reset_index(drop=True), others], axis=1)


def _merge(people: pd.DataFrame, scans: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """One row for each subject and visit; a diagnosis is not made at each."""
    visits = pd.concat([people.assign(months=0), scans[scans["VISCODE"] == "m12"]], ignore_index=True)
    first = visits["months"] == 0
    missed = (~first & (rng.random(len(visits)) < 0.3)).to_numpy()
    words = visits["diagnosis"].map(_FULL)
    return pd.DataFrame(
        {
            "RID": visits["RID"],
            "PTID": [f"{number % 60:03d}_S_{number:04d}" for number in visits["RID"]],
            "VISCODE": np.where(first, "bl", "m12"),
            "EXAMDATE": _dates(visits["months"]),
            "SITE": visits["site"].str.removeprefix("site"),
            "DX_bl": visits["diagnosis"].replace("MCI", "LMCI"),
            "AGE": visits["age"],
            "PTGENDER": visits["sex"],
            "PTEDUCAT": np.where(rng.random(len(visits)) < 0.02, -4, rng.integers(8, 21, len(visits))),
            "ICV": (1_500_000 + 150_000 * visits["icv"]).round(0).astype(int),
            "DX": words.mask(missed, ""),
        }
    )


def _regions(frame: pd.DataFrame) -> list[str]:
    return [column for column in frame.columns if column[:2] in ("L_", "R_")]


def _dates(months: pd.Series) -> list[str]:
    start = np.datetime64("2010-03-01")
    return [str(start + np.timedelta64(round(30.4 * month), "D")) for month in months]


def _shuffled(table: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    return table.iloc[rng.permutation(len(table))].reset_index(drop=True)
