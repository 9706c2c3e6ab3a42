"""Options that several commands take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "AUTO",
    "Covariance",
    "GeneWeights",
    "Genes",
    "Device",
    "Draws",
    "Expression",
    "FittedFile",
    "Graph",
    "Normalise",
    "OptionalOut",
    "Out",
    "Overwrite",
    "Quiet",
    "Regions",
    "Resume",
    "Seed",
    "Settings",
    "StandardErrors",
    "StandardErrorColumn",
    "ValueColumn",
    "WithReport",
    "Workers",
]

# What an option with several values has for its default.
AUTO = ["auto"]

FittedFile = Annotated[Path, typer.Argument(metavar="FIT.nc", help="What fit wrote.")]
Expression = Annotated[
    Path, typer.Option(metavar="FILE", help="Table of regions by genes, either way round (CSV, TSV; .gz).")
]
Regions = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="For another atlas: table of region, x, y, z (hemisphere, lobe or network, homologue); with --graph none "
        "regions are joined with the nearest.",
    ),
]
Genes = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Genes to keep, a symbol a line or a column called gene.")
]
GeneWeights = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Weight of each gene (columns gene, weight): its precision among the others."),
]
Covariance = Annotated[
    list[str],
    typer.Option(
        metavar="auto|none|FILE [FILE ...]",
        help="Sampling covariance across regions; auto takes MAP_covariance.csv beside MAP.csv where there is one.",
    ),
]
Graph = Annotated[
    str,
    typer.Option(
        metavar="NAME|FILE",
        help="dk68 (Desikan-Killiany regions, joined where they touch), dk68-boundary or dk68-distance (weighted), "
        "or a labelled table of connections.",
    ),
]
Normalise = Annotated[
    str, typer.Option(metavar="gene|region|none", help="What of the expression gets mean 0 and variance 1.")
]
StandardErrors = Annotated[
    str, typer.Option(metavar="file|none", help="none where standard errors are unknown: the noise is estimated.")
]
StandardErrorColumn = Annotated[str | None, typer.Option(metavar="NAME", help="Column of the standard errors.")]
ValueColumn = Annotated[str | None, typer.Option(metavar="NAME", help="Column of the effect.")]
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
Draws = Annotated[int, typer.Option(metavar="N", help="Posterior draws a chain.")]
Device = Annotated[str, typer.Option(metavar="NAME", help="auto (CUDA where there is one), cpu or cuda.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", metavar="", help="Replace the results that --out holds.")]
Quiet = Annotated[bool, typer.Option("--quiet", metavar="", help="No progress bar and no tables.")]
WithReport = Annotated[
    bool, typer.Option("--report/--no-report", metavar="", help="Write report.html, which takes some twenty seconds.")
]
Workers = Annotated[int, typer.Option(metavar="N", help="Processes that the parts of a run are spread over.")]
Resume = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="Folder that keeps finished parts; the same command with the same folder goes on where it was stopped.",
    ),
]
