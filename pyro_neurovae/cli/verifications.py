"""The command verify."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..errors import SettingsError
from .app import app, heeding_warnings, print_written, read_study, show_bar
from .options import (
    AUTO,
    Covariance,
    Device,
    Expression,
    Genes,
    GeneWeights,
    Graph,
    OptionalOut,
    Overwrite,
    Quiet,
    Regions,
    Seed,
    Settings,
    StandardErrorColumn,
    StandardErrors,
    ValueColumn,
)

__all__ = ["verify"]


@app.command()
def verify(
    expression: Expression,
    thinning: Annotated[
        list[Path], typer.Option(metavar="FILE", help="Thinning map: regions with an effect and its standard error.")
    ],
    graph: Graph = "dk68",
    regions: Regions = None,
    seed: Seed = 0,
    se: StandardErrors = "file",
    se_column: StandardErrorColumn = None,
    value_column: ValueColumn = None,
    covariance: Covariance = AUTO,
    genes: Genes = None,
    gene_weights: GeneWeights = None,
    settings: Settings = None,
    device: Device = "auto",
    out: OptionalOut = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Run the checklist of arXiv:2606.05870, held-out scores and noise ceiling beside it.

    Ends with status 0 when every check passes and 1 when one fails. With --out it writes verify.json. Takes about a
    minute: the paper's model is trained once on all regions and once for each of 17 folds.
    """
    from ..evidence.verification import verify as run
    from ..models.settings import fit_settings, parse_options
    from .outputs import VERIFY_FILES, check_out, staged, write_verification
    from .terminal import print_verification

    if out is not None:
        check_out(out, VERIFY_FILES, overwrite=overwrite)
    if len(thinning) > 1:
        raise SettingsError(f"verify takes one map, and --thinning names {len(thinning)} files; name one of them.")
    options = parse_options(settings, taken=("model", "device", "seed", "normalise")) | {"device": device}
    fit_settings("paper", seed=seed, **options)
    with heeding_warnings() as said:
        study = read_study(
            expression,
            thinning,
            graph=graph,
            regions=regions,
            se=se,
            covariance=covariance,
            value_column=value_column,
            se_column=se_column,
            genes=genes,
            gene_weights=gene_weights,
        )
    found = run(study, seed=seed, progress=show_bar(quiet), **options)
    print_verification(found, said=said, table=not quiet)
    if out is not None:
        with staged(out, VERIFY_FILES) as folder:
            written = write_verification(found, folder)
        print_written(out, written)
    if not found.passed:
        raise typer.Exit(1)
