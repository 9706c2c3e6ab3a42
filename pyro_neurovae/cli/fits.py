"""The commands fit, demo and simulate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..errors import SettingsError
from ..models.options import fit_settings, parse_options
from .app import TAKEN, app, heeding_warnings, show_bar
from .destination import Destination
from .options import Device, Draws, OptionalOut, Out, Overwrite, Quiet, Seed, Settings, WithReport
from .records import with_records
from .study_options import NormalisedStudyOptions

__all__ = ["fit", "demo", "simulate"]


@app.command()
@with_records(after={"graph": "model", "se": "seed"})
def fit(
    study: NormalisedStudyOptions,
    out: Out,
    model: Annotated[
        str, typer.Option(metavar="NAME", help="cross-scale, expression, structural, spatial, stacked or paper.")
    ] = "cross-scale",
    draws: Draws = 1000,
    restarts: Annotated[int, typer.Option(metavar="N", help="Independent trainings, each a chain.")] = 1,
    seed: Seed = 0,
    settings: Settings = None,
    report: WithReport = True,
    device: Device = "auto",
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Fit a model to a table of expression and one or more maps of thinning.

    Effects are negative where cases are thinner; where positive means thinner, --flip turns the signs round.

    Writes fit.nc, regions.csv, genes.csv, programs.csv, programs_wide.csv (one row a program), variance.csv,
    summary.json and report.html; and vertices.csv where a map has a value for each vertex.
    """
    from ..posterior.fits import fit as run
    from .outputs import FIT_FILES, write_fit_files
    from .terminal import print_fit

    place = Destination(out, FIT_FILES, overwrite=overwrite, inputs=vars(study).values())
    options = parse_options(settings, taken=TAKEN) | {
        "draws": draws,
        "restarts": restarts,
        "device": device,
        "seed": seed,
    }
    fit_settings(model, **options)
    with heeding_warnings() as said:
        table = study.read()
    fitted = run(table, model, progress=show_bar(quiet), **options)
    place.fill(
        lambda folder: write_fit_files(fitted, folder, report=report),
        show=lambda: None if quiet else print_fit(fitted, said=said),
    )


@app.command()
def demo(
    seed: Seed = 0,
    draws: Draws = 1000,
    out: OptionalOut = None,
    report: WithReport = True,
    device: Device = "auto",
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Simulate a study, fit it, and count how many true values the intervals cover.

    With --out it writes the files of both simulate and fit.
    """
    from ..posterior.fits import fit as run
    from ..studies.simulated import simulate as draw
    from .outputs import FIT_FILES, STUDY_FILES, write_fit_files, write_study_files
    from .terminal import print_fit, print_held

    place = Destination(out, STUDY_FILES + FIT_FILES, overwrite=overwrite)
    fit_settings(draws=draws, seed=seed, device=device)
    study = draw(seed)
    fitted = run(study, seed=seed, draws=draws, device=device, progress=show_bar(quiet))

    def show() -> None:
        if not quiet:
            print_fit(fitted)
        print_held(fitted)

    place.fill(
        lambda folder: write_study_files(study, folder) + write_fit_files(fitted, folder, report=report), show=show
    )


@app.command()
def simulate(
    out: Out,
    seed: Seed = 0,
    genes: Annotated[int, typer.Option(metavar="N", help="Number of genes.")] = 910,
    maps: Annotated[int, typer.Option(metavar="N", help="Number of maps; with several, one file per map.")] = 1,
    cohort: Annotated[
        bool, typer.Option("--cohort", metavar="", help="Also 1,352 subjects with the map's effects, as ADNI's tables.")
    ] = False,
    overwrite: Overwrite = False,
) -> None:
    """Draw a study from the model on the Desikan-Killiany graph, with its truth.

    Writes expression.csv, thinning.csv and truth.csv; with --cohort UCSFFSX51.csv, ADNIMERGE.csv and
    cohort_truth.csv in place of thinning.csv.
    """
    from ..cohort import simulate_cohort
    from ..cohort.files import COHORT_FILES, write_cohort
    from ..studies.simulated import simulate as draw
    from .outputs import STUDY_FILES, write_study_files

    if cohort and maps != 1:
        raise SettingsError(f"--cohort has the effects of one map, and --maps is {maps}; leave out one of the two.")
    place = Destination(out, (*STUDY_FILES, *COHORT_FILES), overwrite=overwrite)
    study = draw(seed, genes=genes, maps=maps)

    def write(folder: Path) -> list[str]:
        written = write_study_files(study, folder)
        if cohort:
            effect = (study.truth or {})["thinning"][0]
            written += write_cohort(simulate_cohort(seed, effect=effect), folder)
            (folder / "thinning.csv").unlink()
            written.remove("thinning.csv")
        return written

    place.fill(write)
