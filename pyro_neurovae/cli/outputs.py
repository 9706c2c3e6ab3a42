"""The files of fits and simulated studies, and pictures: what commands leave behind beside the tables of results."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import pandas as pd

from ..errors import warn
from ..evidence.null_tests import Nulls
from ..evidence.result import Result
from ..evidence.sensitivities import Sensitivity
from ..evidence.validation import Validation
from ..page import report as write_report
from ..plots.sensitivity_plot import plot_sensitivity
from ..posterior.fits import Fit
from ..posterior.summary import summarise_fit
from ..posterior.tables import GENE_COLUMNS, PROGRAM_COLUMNS
from ..readers.safe_names import file_names
from ..readers.written_tables import write_table
from ..studies.study import Study
from .app import COMMAND

__all__ = [
    "FIT_FILES",
    "SENSITIVITY_PICTURES",
    "STUDY_FILES",
    "read_beside",
    "write_fit_files",
    "write_sensitivity_pictures",
    "write_study_files",
]

# Everything that a fit or a simulated study may leave in a folder, as patterns: what --overwrite replaces.
FIT_FILES = (
    *("fit.nc", "regions.csv", "genes.csv", "programs.csv", "programs_wide.csv", "variance.csv", "summary.json"),
    *("vertices.csv", "report.html"),
)
SENSITIVITY_PICTURES = ("sensitivity.png", "sensitivity_*.png")
# What truth.csv has of each region: the effect, its predictable part, what that is made of, and the rest.
_TRUE_PARTS = ("thinning", "predictable", "transcriptomic", "spatial", "structural", "regional")
STUDY_FILES = ("expression.csv", "thinning.csv", "thinning_simulated*.csv", "truth.csv")


def read_beside(
    *, validation: Path | None, nulls: Path | None, sensitivity: Path | None
) -> dict[str, Validation | Nulls | Sensitivity | None]:
    """Read what stands beside a fit from the folders that commands wrote to; None where none is named."""
    kinds: dict[str, tuple[type[Result], Path | None]] = {
        "validation": (Validation, validation),
        "nulls": (Nulls, nulls),
        "sensitivity": (Sensitivity, sensitivity),
    }
    return {name: None if folder is None else kind.read(folder) for name, (kind, folder) in kinds.items()}  # type: ignore[misc]


def write_fit_files(fitted: Fit, folder: Path, *, report: bool = True) -> list[str]:
    """Write fit.nc, the tables, summary.json and, unless it is not wanted, report.html; returns their names.

    The tables are five, and a sixth of vertices where a map was given by them.
    """
    posterior = fitted.posterior
    if COMMAND.get():
        fitted.idata.attrs["command"] = COMMAND.get()
    fitted.save(folder / "fit.nc")
    tables = {
        "regions.csv": fitted.regions(),
        "genes.csv": fitted.genes() if posterior.has_genes else pd.DataFrame(columns=list(GENE_COLUMNS)),
        "programs.csv": fitted.programs() if posterior.has_programs else pd.DataFrame(columns=list(PROGRAM_COLUMNS)),
        "programs_wide.csv": fitted.programs(wide=True)
        if posterior.has_programs
        else pd.DataFrame(columns=["program"]),
        "variance.csv": fitted.variance(),
    }
    if fitted.study.by_vertices:
        tables["vertices.csv"] = fitted.vertices()
    for name, table in tables.items():
        write_table(table, folder / name)
    record = json.dumps(summarise_fit(posterior, fitted.study), indent=2)
    (folder / "summary.json").write_text(record + "\n", encoding="utf-8")
    if report:
        write_report(fitted, folder / "report.html")
    return ["fit.nc", *tables, "summary.json", *(["report.html"] if report else [])]


def write_sensitivity_pictures(found: Sensitivity, folder: Path) -> list[str]:
    """Write a picture of each map where matplotlib is installed; returns the names."""
    if find_spec("matplotlib") is None:
        warn("no picture: matplotlib is not installed; install it by: pip install matplotlib")
        return []
    maps = list(dict.fromkeys(found.variants["map"]))
    names = ["sensitivity.png"] if len(maps) == 1 else [f"sensitivity_{stem}.png" for stem in file_names(maps)]
    for one, name in zip(maps, names, strict=True):
        plot_sensitivity(found, one).savefig(folder / name, dpi=150)
    return names


def write_study_files(study: Study, folder: Path) -> list[str]:
    """Write a simulated study: expression.csv, thinning.csv (one file a map for several) and truth.csv."""
    expression = pd.DataFrame(study.expression, index=pd.Index(study.regions, name="region"), columns=study.genes)
    write_table(expression, folder / "expression.csv", index=True)
    names, truth = ["expression.csv"], []
    for m, (name, stem) in enumerate(zip(study.maps, file_names(study.maps), strict=True)):
        names.append("thinning.csv" if len(study.maps) == 1 else f"thinning_{stem}.csv")
        table = pd.DataFrame({"region": study.regions, "d": study.thinning[m], "se": study.standard_error[m]})
        write_table(table, folder / names[-1])
        parts = {part: (study.truth or {})[part][m] for part in _TRUE_PARTS}
        truth.append(pd.DataFrame({"map": name, "region": study.regions, **parts}))
    write_table(pd.concat(truth), folder / "truth.csv")
    return [*names, "truth.csv"]
