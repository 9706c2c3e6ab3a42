"""The commands fit, demo and simulate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from .cli_app import TAKEN, app, choice, heeding_warnings, print_written, show_bar
from .cli_options import (
    Device,
    Draws,
    Expression,
    Graph,
    Normalise,
    OptionalOut,
    Out,
    Overwrite,
    Quiet,
    Seed,
    Settings,
    StandardErrorColumn,
    StandardErrors,
    ValueColumn,
)

__all__ = ["fit", "demo", "simulate"]


@app.command()
def fit(
    expression: Expression,
    thinning: Annotated[
        list[Path],
        typer.Option(
            metavar="FILE [FILE ...]",
            help="Thinning maps: regions with an effect and its standard error, or the group sizes.",
        ),
    ],
    out: Out,
    model: Annotated[
        str, typer.Option(metavar="NAME", help="cross-scale, expression, spatial, stacked or paper.")
    ] = "cross-scale",
    graph: Graph = "dk68",
    draws: Draws = 1000,
    restarts: Annotated[int, typer.Option(metavar="N", help="Independent trainings, each a chain.")] = 1,
    seed: Seed = 0,
    se: StandardErrors = "file",
    se_column: StandardErrorColumn = None,
    value_column: ValueColumn = None,
    normalise: Normalise = "region",
    settings: Settings = None,
    device: Device = "auto",
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Fit a model to a table of expression and one or more maps of thinning.

    Writes fit.nc, regions.csv, genes.csv, programs.csv, variance.csv and summary.json.
    """
    from .fit import fit as run
    from .outputs import FIT_FILES, check_out, staged, write_fit_files
    from .settings import fit_settings, parse_options
    from .study import Study
    from .terminal import print_fit

    check_out(out, FIT_FILES, overwrite=overwrite)
    options = parse_options(settings, taken=TAKEN) | {
        "draws": draws,
        "restarts": restarts,
        "device": device,
        "seed": seed,
    }
    fit_settings(model, **options)
    choices: dict[str, Any] = {"standard_error": choice("--se", se, ("file", "none"))}
    choices["normalise"] = choice("--normalise", normalise, ("gene", "region", "none"))
    with heeding_warnings() as said:
        study = Study.from_files(
            expression, thinning, graph=graph, value_column=value_column, se_column=se_column, **choices
        )
    fitted = run(study, model, progress=show_bar(quiet), **options)
    if not quiet:
        print_fit(fitted, said=said)
    with staged(out, FIT_FILES) as folder:
        written = write_fit_files(fitted, folder)
    print_written(out, written)


@app.command()
def demo(
    seed: Seed = 0,
    draws: Draws = 1000,
    out: OptionalOut = None,
    device: Device = "auto",
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Simulate a study, fit it, and count how many true values the intervals hold.

    With --out it writes the files of both simulate and fit.
    """
    from .fit import fit as run
    from .outputs import FIT_FILES, STUDY_FILES, check_out, staged, write_fit_files, write_study_files
    from .settings import fit_settings
    from .simulate import simulate as draw
    from .terminal import print_fit, print_held

    files = STUDY_FILES + FIT_FILES
    if out is not None:
        check_out(out, files, overwrite=overwrite)
    fit_settings(draws=draws, seed=seed, device=device)
    study = draw(seed)
    fitted = run(study, seed=seed, draws=draws, device=device, progress=show_bar(quiet))
    if not quiet:
        print_fit(fitted)
    print_held(fitted)
    if out is not None:
        with staged(out, files) as folder:
            written = write_study_files(study, folder) + write_fit_files(fitted, folder)
        print_written(out, written)


@app.command()
def simulate(
    out: Out,
    seed: Seed = 0,
    genes: Annotated[int, typer.Option(metavar="N", help="Number of genes.")] = 910,
    maps: Annotated[int, typer.Option(metavar="N", help="Number of maps; several are one file each.")] = 1,
    overwrite: Overwrite = False,
) -> None:
    """Draw a study from the model on the Desikan-Killiany graph, with its truth.

    Writes expression.csv, thinning.csv and truth.csv.
    """
    from .outputs import STUDY_FILES, check_out, staged, write_study_files
    from .simulate import simulate as draw

    check_out(out, STUDY_FILES, overwrite=overwrite)
    study = draw(seed, genes=genes, maps=maps)
    with staged(out, STUDY_FILES) as folder:
        written = write_study_files(study, folder)
    print_written(out, written)
