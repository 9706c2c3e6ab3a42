"""The command validate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import SettingsError
from .app import app, heeding_warnings, print_written, read_study, show_bar
from .options import (
    AUTO,
    Covariance,
    Device,
    Draws,
    Expression,
    Genes,
    GeneWeights,
    Graph,
    Normalise,
    Out,
    Overwrite,
    Quiet,
    Regions,
    Resume,
    Seed,
    StandardErrorColumn,
    StandardErrors,
    ValueColumn,
    Workers,
)

__all__ = ["validate"]

_MODELS = ["cross-scale", "expression", "spatial", "ridge", "pls"]


@app.command()
def validate(
    expression: Expression,
    thinning: Annotated[
        list[Path], typer.Option(metavar="FILE [FILE ...]", help="Thinning maps, each scored by itself.")
    ],
    out: Out,
    model: Annotated[
        list[str],
        typer.Option(
            metavar="NAME [NAME ...]",
            help="cross-scale, expression, spatial, stacked, paper, and the baselines ridge and pls.",
        ),
    ] = _MODELS,
    folds: Annotated[
        str,
        typer.Option(
            metavar="NAME|FILE",
            help="pairs (of homologues), blocks (of neighbours, both hemispheres), random, loo, or a table of region "
            "and fold.",
        ),
    ] = "pairs",
    repeats: Annotated[int, typer.Option(metavar="N", help="Ways of folding, each dealt anew.")] = 1,
    graph: Graph = "dk68",
    regions: Regions = None,
    draws: Draws = 1000,
    seed: Seed = 0,
    se: StandardErrors = "file",
    se_column: StandardErrorColumn = None,
    value_column: ValueColumn = None,
    covariance: Covariance = AUTO,
    genes: Genes = None,
    gene_weights: GeneWeights = None,
    normalise: Normalise = "region",
    workers: Workers = 1,
    resume: Resume = None,
    device: Device = "auto",
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Score models on regions that they have not seen, all on the same folds.

    Writes scores.csv, pointwise.csv, differences.csv and weights.csv.
    """
    from ..evidence.validation import validate as run
    from ..graphs.folds import SCHEMES
    from ..readers.study_tables import read_folds
    from .outputs import VALIDATION_FILES, check_out, staged, write_validation
    from .terminal import print_validation

    check_out(out, VALIDATION_FILES, overwrite=overwrite)
    table = folds not in SCHEMES
    if table and not Path(folds).exists():
        raise SettingsError(f"--folds {folds} is no file and unknown: the known ones are {', '.join(SCHEMES)}.")
    if table and repeats != 1:
        raise SettingsError(f"--folds {folds} is one way of folding; leave out --repeats.")
    with heeding_warnings():
        study = read_study(
            expression,
            thinning,
            graph=graph,
            regions=regions,
            se=se,
            covariance=covariance,
            normalise=normalise,
            value_column=value_column,
            se_column=se_column,
            genes=genes,
            gene_weights=gene_weights,
        )
        ways: Any = [read_folds(Path(folds), study.regions)] if table else folds
    found = run(
        study,
        list(dict.fromkeys(model)),
        folds=ways,
        repeats=repeats,
        seed=seed,
        draws=draws,
        device=device,
        workers=workers,
        resume=resume,
        progress=show_bar(quiet),
    )
    if not quiet:
        print_validation(found)
    with staged(out, VALIDATION_FILES) as folder:
        written = write_validation(found, folder)
    print_written(out, written)
