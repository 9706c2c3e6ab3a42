"""Options that several commands take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "Device",
    "Draws",
    "FittedFile",
    "NullsFolder",
    "OptionalOut",
    "Out",
    "Overwrite",
    "Quiet",
    "Resume",
    "Seed",
    "SensitivityFolder",
    "Settings",
    "ValidationFolder",
    "WithReport",
    "Workers",
]

FittedFile = Annotated[Path, typer.Argument(metavar="FIT.nc", help="What fit wrote.")]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE [...]",
        help="Settings of the model or its training, for example n_programs=8 or lam=pc(0.1,0.5).",
    ),
]
Out = Annotated[Path, typer.Option(metavar="FOLDER", help="Folder for the results; made if it does not exist.")]
OptionalOut = Annotated[
    Path | None, typer.Option(metavar="FOLDER", help="Folder for the results; without it nothing is written.")
]
Seed = Annotated[int, typer.Option(metavar="N", help="Seed of every random number, at least 0.")]
Draws = Annotated[int, typer.Option(metavar="N", help="Posterior draws per chain.")]
Device = Annotated[str, typer.Option(metavar="NAME", help="auto (CUDA where there is one), cpu or cuda.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", metavar="", help="Replace the results that --out holds.")]
Quiet = Annotated[bool, typer.Option("--quiet", metavar="", help="No progress bar and no tables.")]
WithReport = Annotated[
    bool, typer.Option("--report/--no-report", metavar="", help="Write report.html, which takes some twenty seconds.")
]
Workers = Annotated[int, typer.Option(metavar="N", help="Number of processes to spread the run over.")]
Resume = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="Folder that keeps finished parts; the same command with the same folder goes on where it was stopped.",
    ),
]
ValidationFolder = Annotated[
    Path | None, typer.Option(metavar="FOLDER", help="What validate wrote: adds held-out scores.")
]
NullsFolder = Annotated[Path | None, typer.Option(metavar="FOLDER", help="What nulls wrote.")]
SensitivityFolder = Annotated[Path | None, typer.Option(metavar="FOLDER", help="What sensitivity wrote.")]
