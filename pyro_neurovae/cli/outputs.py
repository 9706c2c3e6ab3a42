"""The files a command leaves behind: all of them, or none."""

from __future__ import annotations

import json
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pandas as pd

from ..errors import InputError, NeurovaeWarning
from ..evidence.null_tests import Nulls
from ..evidence.sensitivities import Sensitivity
from ..evidence.validation import Validation
from ..evidence.verification import Verification
from ..page import report as write_report
from ..plots.sensitivity_plot import plot_sensitivity
from ..posterior.fits import Fit
from ..posterior.summary import summarise_fit
from ..posterior.tables import GENE_COLUMNS, PROGRAM_COLUMNS, has_genes, has_programs
from ..studies.study import Study
from .interrupts import uninterrupted

__all__ = [
    "FIT_FILES",
    "NULL_FILES",
    "SENSITIVITY_FILES",
    "STUDY_FILES",
    "VALIDATION_FILES",
    "VERIFY_FILES",
    "check_out",
    "staged",
    "write_fit_files",
    "write_nulls",
    "write_sensitivity",
    "write_study_files",
    "write_validation",
    "write_verification",
]

# Everything that a fit or a simulated study may leave in a folder, as patterns: what --overwrite replaces.
FIT_FILES = ("fit.nc", "regions.csv", "genes.csv", "programs.csv", "variance.csv", "summary.json", "report.html")
VERIFY_FILES = ("verify.json",)
NULL_FILES = ("nulls.csv", "null_genes.csv", "null_maps.csv", "null_distribution.csv")
SENSITIVITY_FILES = (
    *("power_scaling.csv", "sensitivity_variants.csv", "sensitivity_regions.csv", "sensitivity_genes.csv"),
    *("sensitivity.png", "sensitivity_*.png"),
)
VALIDATION_FILES = ("scores.csv", "pointwise.csv", "differences.csv", "weights.csv")
STUDY_FILES = ("expression.csv", "thinning.csv", "thinning_simulated*.csv", "truth.csv")


def check_out(out: Path, files: Sequence[str], *, overwrite: bool) -> None:
    """Check, before any work, that results can be written to the folder ``out``.

    Parameters
    ----------
    out
        The folder, which need not exist.
    files
        Patterns of the files that the command writes: one that is there already is an earlier result.
    overwrite
        Whether earlier results may be replaced.

    Raises
    ------
    InputError
        When ``out`` is a file, can't be written, or holds results that may not be replaced.
    """
    try:
        place = _existing(out)
        if not place.is_dir():
            where = "is a file" if place == out.absolute() else f"lies below the file {place}"
            raise InputError(f"--out {out} {where}; name a folder.")
        with tempfile.TemporaryFile(dir=place):
            held = _held(out, files)
    except OSError as error:
        raise InputError(
            f"--out {out} can't be written ({error.strerror}); name a folder that you may write to."
        ) from error
    if held and not overwrite:
        name = held[0].name
        raise InputError(f"--out {out} holds {name} already; add --overwrite to replace it, or name another folder.")


@contextmanager
def staged(out: Path, files: Sequence[str]) -> Iterator[Path]:
    """Give a folder to write to, whose files go to ``out`` together at the end, or vanish on any error.

    The earlier results in ``out``, all that match the patterns ``files``, stay until then and go as the new ones
    come, so that what a run did not write (an old report) never lies beside what it did.

    Raises
    ------
    InputError
        When the file system refuses.
    """
    try:
        stage = Path(tempfile.mkdtemp(prefix=".partial-", dir=_existing(out)))
        try:
            yield stage
            with uninterrupted():
                _exchange(out, files, stage)
        finally:
            with uninterrupted():
                shutil.rmtree(stage, ignore_errors=True)
    except OSError as error:
        raise InputError(
            f"--out {out} can't be written ({error.strerror or error}) and is as it was; "
            "make room there or name another folder."
        ) from error


def write_fit_files(fitted: Fit, folder: Path, *, report: bool = True) -> list[str]:
    """Write fit.nc, the four tables, summary.json and, unless it is not wanted, report.html; returns their names."""
    idata, study = fitted.idata, fitted.study
    fitted.save(folder / "fit.nc")
    tables = {
        "regions.csv": fitted.regions(),
        "genes.csv": fitted.genes() if has_genes(idata) else pd.DataFrame(columns=list(GENE_COLUMNS)),
        "programs.csv": fitted.programs() if has_programs(idata) else pd.DataFrame(columns=list(PROGRAM_COLUMNS)),
        "variance.csv": fitted.variance(),
    }
    for name, table in tables.items():
        _write_table(table, folder / name)
    record = json.dumps(summarise_fit(idata, study), indent=2)
    (folder / "summary.json").write_text(record + "\n", encoding="utf-8")
    if report:
        write_report(fitted, folder / "report.html")
    return ["fit.nc", *tables, "summary.json", *(["report.html"] if report else [])]


def write_verification(found: Verification, folder: Path) -> list[str]:
    """Write verify.json; returns its name."""
    text = json.dumps(found.record(), indent=2)
    (folder / "verify.json").write_text(text + "\n", encoding="utf-8")
    return ["verify.json"]


def write_nulls(found: Nulls, folder: Path) -> list[str]:
    """Write nulls.csv, null_genes.csv, null_maps.csv and null_distribution.csv; returns their names."""
    tables = (found.summary, found.genes, found.maps, found.distribution)
    for name, table in zip(NULL_FILES, tables, strict=True):
        _write_table(table, folder / name)
    return list(NULL_FILES)


def write_sensitivity(found: Sensitivity, folder: Path) -> list[str]:
    """Write the four tables, and a picture of each map where matplotlib is installed; returns the names."""
    tables = (found.power, found.variants, found.regions, found.genes)
    names = list(SENSITIVITY_FILES[: len(tables)])
    for name, table in zip(names, tables, strict=True):
        _write_table(table, folder / name)
    maps = list(dict.fromkeys(found.variants["map"]))
    if find_spec("matplotlib") is None:
        warnings.warn(
            'no picture: matplotlib is not installed; install it by: pip install "pyro_neurovae[plots]"',
            NeurovaeWarning,
            stacklevel=2,
        )
        return names
    for one in maps:
        name = "sensitivity.png" if len(maps) == 1 else f"sensitivity_{one}.png"
        plot_sensitivity(found, one).savefig(folder / name, dpi=150)
        names.append(name)
    return names


def write_validation(found: Validation, folder: Path) -> list[str]:
    """Write scores.csv, pointwise.csv, differences.csv and weights.csv; returns their names."""
    for name in VALIDATION_FILES:
        _write_table(getattr(found, name.removesuffix(".csv")), folder / name)
    return list(VALIDATION_FILES)


def write_study_files(study: Study, folder: Path) -> list[str]:
    """Write a simulated study: expression.csv, thinning.csv (one file a map for several) and truth.csv."""
    expression = pd.DataFrame(study.expression, index=pd.Index(study.regions, name="region"), columns=study.genes)
    expression.to_csv(folder / "expression.csv", float_format="%.8g")
    names, truth = ["expression.csv"], []
    for m, name in enumerate(study.maps):
        names.append("thinning.csv" if len(study.maps) == 1 else f"thinning_{name}.csv")
        table = pd.DataFrame({"region": study.regions, "d": study.thinning[m], "se": study.standard_error[m]})
        _write_table(table, folder / names[-1])
        parts = {part: (study.truth or {})[part][m] for part in ("thinning", "transcriptomic", "spatial")}
        truth.append(pd.DataFrame({"map": name, "region": study.regions, **parts}))
    _write_table(pd.concat(truth), folder / "truth.csv")
    return [*names, "truth.csv"]


def _existing(out: Path) -> Path:
    """Return the deepest of ``out`` and the folders above it that exists."""
    return next(place for place in (out.absolute(), *out.absolute().parents) if place.exists())


def _held(out: Path, files: Sequence[str]) -> list[Path]:
    return [file for pattern in files for file in sorted(out.glob(pattern)) if file.is_file()]


def _exchange(out: Path, files: Sequence[str], stage: Path) -> None:
    """Move earlier results out of ``out`` and the staged ones in; if a move fails, all go back."""
    new = sorted(stage.iterdir())
    kept, moved = Path(tempfile.mkdtemp(dir=stage)), []
    out.mkdir(parents=True, exist_ok=True)
    moves = [(file, kept / file.name) for file in _held(out, files)] + [(file, out / file.name) for file in new]
    try:
        for source, target in moves:
            source.replace(target)
            moved.append((source, target))
    except OSError:
        for source, target in reversed(moved):
            target.replace(source)
        raise


def _write_table(table: pd.DataFrame, path: Path) -> None:
    table.to_csv(path, index=False, float_format="%.8g")
