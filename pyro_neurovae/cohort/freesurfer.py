"""FreeSurfer's own files: tables of aparcstats2table, and ?h.aparc.stats of single subjects in a folder."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pandas as pd

from ..atlases.atlas import dk68_names
from ..errors import InputError
from ..readers.text_table import read_text
from ..wording import first_names
from .missing_codes import UNSAID, MissingCodes
from .sheet import Sheet, region_columns, subject_names, thicknesses
from .thickness import Thickness

__all__ = ["is_aparcstats", "read_aparcstats", "read_stats_folder"]

# Covariates that aparcstats2table writes beside the regions of either hemisphere.
_VOLUMES = ("BrainSegVolNotVent", "eTIV")
_CORNER = re.compile(r"^([lr]h)\.(aparc[\w.]*)\.(\w+)$", re.IGNORECASE)
_STATS = re.compile(r"(?:^|[._-])([lr]h)\.aparc\.stats$", re.IGNORECASE)
_VERSION = re.compile(r"^# (?:cvs_version|build_stamp|version)\s+(.*)$", re.IGNORECASE | re.MULTILINE)


def is_aparcstats(sheet: Sheet) -> bool:
    """Whether the first column's name is what aparcstats2table writes there, such as ``lh.aparc.thickness``."""
    return bool(_CORNER.match(sheet.frame.columns[0]))


def read_aparcstats(sheet: Sheet, codes: MissingCodes = UNSAID) -> Thickness:
    """Read one hemisphere's table of aparcstats2table; a region absent in a subject stands there as 0.0.

    Raises
    ------
    InputError
        If the table holds another measure or another parcellation, or a number can't be used.
    """
    corner = sheet.frame.columns[0]
    side, parcellation, measure = _CORNER.match(corner).groups()  # type: ignore[union-attr]
    if measure.lower() != "thickness":
        raise InputError(
            f"{sheet.source} holds {measure}, not thickness; make it with aparcstats2table --meas thickness."
        )
    if parcellation.lower() != "aparc":
        raise InputError(f"{sheet.source} holds the parcellation {parcellation}, not aparc (Desikan-Killiany).")
    columns = region_columns(sheet)
    if not columns:
        raise InputError(
            f"{sheet.source}: no column names a region among {first_names(list(sheet.frame.columns), limit=4)}; make "
            "the table anew with aparcstats2table."
        )
    foreign = [name for name, region in columns.items() if region[0] != side[0].upper()]
    if foreign:
        raise InputError(f"{sheet.source}: column {foreign[0]} in a table of {corner}; make the table anew.")
    subjects = subject_names(sheet, corner)
    values, notices = thicknesses(sheet, list(columns), subjects, codes)
    volumes = [column for column in _VOLUMES if column in sheet.frame.columns]
    return Thickness(
        source=sheet.source,
        subjects=tuple(subjects),
        regions=tuple(columns.values()),
        values=values,
        columns=sheet.frame[volumes],
        notices=tuple(notices),
    )


def read_stats_folder(folder: Path, codes: MissingCodes = UNSAID) -> Thickness:
    """Read every ``lh.aparc.stats`` and ``rh.aparc.stats`` below a folder.

    A file's subject is the folder above ``stats`` (``SUBJECT/stats/lh.aparc.stats``), or what stands before the
    hemisphere in its own name (``SUBJECT.lh.aparc.stats``).

    Raises
    ------
    InputError
        If there is no such file, a subject lacks a hemisphere or has two files of one, files come from
        different versions of FreeSurfer, or a file can't be read.
    """
    files: dict[str, dict[str, Path]] = {}
    for path in sorted(folder.rglob("*.aparc.stats")):
        found = _STATS.search(path.name)
        if found is None:
            continue
        subject, side = _owner(path, path.name[: found.start()]), found[1].lower()
        other = files.setdefault(subject, {}).setdefault(side, path)
        if other != path:
            raise InputError(f"{other} and {path} are both {side} of subject {subject}; keep one.")
    if not files:
        raise InputError(f"{folder}: no file ?h.aparc.stats below this folder; name the one that holds the subjects.")
    lacking = [(subject, side) for subject, sides in files.items() for side in ("lh", "rh") if side not in sides]
    if lacking:
        subject, side = lacking[0]
        raise InputError(
            f"{folder}: subject {subject} has no {side}.aparc.stats ({len(lacking)} files are missing in all); "
            "add it, or move the subject away."
        )
    rows, versions = {}, {}
    for subject, sides in files.items():
        rows[subject] = pd.concat([_one_file(sides[side], side) for side in ("lh", "rh")])
        versions[subject] = _version(sides["lh"])
    _one_version(folder, versions)
    frame = pd.DataFrame(rows).T.reindex(columns=list(dk68_names()))
    empty = int(frame.isna().to_numpy().sum())
    values, notices = codes.without(frame.to_numpy(dtype=float), list(frame.columns), folder.name)
    if empty:
        notices.append(f"{folder.name}: {empty} regions absent from a subject's file are missing.")
    return Thickness(folder.name, tuple(frame.index), tuple(frame.columns), values, notices=tuple(notices))


def _owner(path: Path, prefix: str) -> str:
    if prefix:
        return prefix
    return (path.parent.parent if path.parent.name == "stats" else path.parent).name


def _one_file(path: Path, side: str) -> pd.Series:
    """Thickness of each region in one file, under its canonical name."""
    text = _text(path)
    heads = [line.split()[2:] for line in text.splitlines() if line.startswith("# ColHeaders")]
    if not heads or not {"StructName", "ThickAvg"} <= set(heads[0]):
        raise InputError(f"{path}: no line '# ColHeaders' with StructName and ThickAvg; give an ?h.aparc.stats file.")
    name, thick = heads[0].index("StructName"), heads[0].index("ThickAvg")
    found: dict[str, float] = {}
    known = set(dk68_names())
    for line in text.splitlines():
        fields = line.split()
        if not fields or line.startswith("#"):
            continue
        region = f"{side[0].upper()}_{fields[name]}"
        if region in known:
            try:
                found[region] = float(fields[thick])
            except (ValueError, IndexError) as fault:
                raise InputError(f"{path}, region {fields[name]}: no thickness; run FreeSurfer again.") from fault
            if not math.isfinite(found[region]):
                raise InputError(f"{path}, region {fields[name]}: thickness {fields[thick]}; run FreeSurfer again.")
    if not found:
        raise InputError(f"{path}: no Desikan-Killiany region; give the aparc of recon-all.")
    return pd.Series(found)


def _text(path: Path) -> str:
    """Text of a file, whose folder is named where it can't be read: all subjects' files have one name."""
    try:
        return read_text(path)[1]
    except InputError as fault:
        told = str(fault)
        raise InputError(told if str(path) in told else f"{path.parent}, {told}") from fault


def _version(path: Path) -> str:
    found = _VERSION.findall(_text(path))
    numbers = [match for line in found for match in re.findall(r"\b(\d+\.\d+(?:\.\d+)?)\b", line)]
    return numbers[0] if numbers else ""


def _one_version(folder: Path, versions: dict[str, str]) -> None:
    kinds = sorted({version for version in versions.values() if version})
    if len(kinds) > 1:
        examples = [next(subject for subject, one in versions.items() if one == kind) for kind in kinds]
        shown = first_names([f"{subject} with {kind}" for subject, kind in zip(examples, kinds, strict=True)])
        raise InputError(
            f"{folder}: subjects come from different versions of FreeSurfer ({shown}), which shifts thickness; "
            "process all with one, or read each version's folder by itself."
        )
