"""The files a command leaves behind: all of them, or none."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from . import inferencedata
from .errors import InputError, NeurovaeError
from .fit import Fit
from .store import versions
from .study import Study
from .study_summary import noise_ceiling

__all__ = ["check_out", "fit_summary", "staged", "write_fit_files", "write_study_files"]


def check_out(out: Path, *, holds: str, overwrite: bool) -> None:
    """Check, before any work, that results can be written to the folder ``out``.

    Parameters
    ----------
    out
        The folder, which need not exist.
    holds
        File whose presence means that the folder has results already.
    overwrite
        Whether those may be replaced.

    Raises
    ------
    InputError
        When ``out`` is a file, can't be written, or holds results that may not be replaced.
    """
    if out.exists() and not out.is_dir():
        raise InputError(f"--out {out} is a file; name a folder.")
    if (out / holds).exists() and not overwrite:
        raise InputError(f"--out {out} holds {holds} already; add --overwrite to replace it, or name another folder.")
    existing = next(folder for folder in (out, *out.absolute().parents) if folder.exists())
    try:
        with tempfile.NamedTemporaryFile(dir=existing):
            pass
    except OSError as error:
        raise InputError(
            f"--out {out} can't be written ({error.strerror}); name a folder that you may write to."
        ) from error


@contextmanager
def staged(out: Path) -> Iterator[Path]:
    """Give a folder to write to; what is in it moves to ``out`` at the end, or vanishes on any error."""
    out.parent.mkdir(parents=True, exist_ok=True)
    stage = Path(tempfile.mkdtemp(prefix=f".{out.name}.", suffix=".partial", dir=out.parent))
    try:
        yield stage
        out.mkdir(exist_ok=True)
        for file in sorted(stage.iterdir()):
            file.replace(out / file.name)
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def write_fit_files(fitted: Fit, folder: Path) -> list[str]:
    """Write fit.nc, the four tables and summary.json; returns their names."""
    fitted.save(folder / "fit.nc")
    empty_genes = "map gene weight sd lower90 upper90 p_positive local_false_sign_rate stability".split()
    empty_programs = "program quantity name mean sd lower90 upper90".split()
    _write_table(fitted.regions(), folder / "regions.csv")
    _write_table(_or_empty(fitted.genes, empty_genes), folder / "genes.csv")
    _write_table(_or_empty(fitted.programs, empty_programs), folder / "programs.csv")
    _write_table(fitted.variance(), folder / "variance.csv")
    (folder / "summary.json").write_text(json.dumps(fit_summary(fitted), indent=2) + "\n", encoding="utf-8")
    return ["fit.nc", "regions.csv", "genes.csv", "programs.csv", "variance.csv", "summary.json"]


def write_study_files(study: Study, folder: Path) -> list[str]:
    """Write a simulated study: expression.csv, thinning.csv (one file a map for several) and truth.csv."""
    names = ["expression.csv"]
    expression = pd.DataFrame(study.expression, index=pd.Index(study.regions, name="region"), columns=study.genes)
    expression.to_csv(folder / "expression.csv", float_format="%.8g")
    truth = []
    for m, name in enumerate(study.maps):
        file = "thinning.csv" if len(study.maps) == 1 else f"thinning_{name}.csv"
        table = pd.DataFrame({"region": study.regions, "d": study.thinning[m], "se": study.standard_error[m]})
        _write_table(table, folder / file)
        names.append(file)
        parts = {part: (study.truth or {})[part][m] for part in ("thinning", "transcriptomic", "spatial")}
        truth.append(pd.DataFrame({"map": name, "region": study.regions, **parts}))
    _write_table(pd.concat(truth), folder / "truth.csv")
    return [*names, "truth.csv"]


def fit_summary(fitted: Fit) -> dict[str, Any]:
    """What a fit says in one JSON object: settings, versions, and for each map its main numbers."""
    regions, shares = fitted.regions(), fitted.variance()
    stats = inferencedata.group(fitted.idata, "sample_stats")
    maps = {}
    for m, name in enumerate(fitted.study.maps):
        rows = regions[regions["map"] == name]
        seen = rows[rows["thinning_observed"]]
        residual = ((seen["observed"] - seen["mean"]) ** 2).sum()
        spread = ((seen["observed"] - seen["observed"].mean()) ** 2).sum()
        worst = rows.nsmallest(10, "mean")[["region", "mean", "lower90", "upper90"]]
        share = shares[shares["map"] == name][["source", "mean", "lower90", "upper90"]]
        maps[name] = {
            "regions_observed": len(seen),
            "noise_ceiling": _number(noise_ceiling(fitted.study.thinning[m], fitted.study.standard_error[m])),
            "in_sample_r2": _number(1 - residual / spread),
            "variance_shares": share.to_dict("records"),
            "most_affected": worst.to_dict("records"),
            "importance_k": [_number(k) for k in stats["importance_k"].values[:, m]],
        }
    return {
        "model": fitted.settings.model,
        "seed": fitted.settings.seed,
        "settings": json.loads(fitted.settings.to_json()),
        "versions": versions(),
        "elapsed_s": fitted.idata.attrs["elapsed_s"],
        "notices": list(fitted.notices),
        "note": "in_sample_r2 is of the data the fit has seen and says nothing about prediction",
        "maps": maps,
    }


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _or_empty(table: Any, columns: list[str]) -> pd.DataFrame:
    try:
        return table()
    except NeurovaeError:
        return pd.DataFrame(columns=columns)


def _write_table(table: pd.DataFrame, path: Path) -> None:
    table.to_csv(path, index=False, float_format="%.8g")
