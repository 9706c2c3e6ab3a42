"""The command sensitivity."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .app import app, show_bar
from .destination import Destination
from .options import FittedFile, Out, Overwrite, Quiet, Resume, Workers

__all__ = ["sensitivity"]


@app.command()
def sensitivity(
    fit: FittedFile,
    out: Out,
    grid: Annotated[
        Path | None,
        typer.Option(metavar="FILE.toml", help="Variants of your own, a table [\\[variant]] each; see the docs."),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="N", help="Seed of the refits; the fit's own, which isolates what changed.")
    ] = None,
    workers: Workers = 1,
    resume: Resume = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Vary the prior and other choices, and see how far regions and genes move and which verdicts flip.

    Writes power_scaling.csv, sensitivity_variants.csv, sensitivity_regions.csv, sensitivity_genes.csv and a picture of
    each map.
    """
    from ..evidence.sensitivities import Sensitivity
    from ..evidence.sensitivities import sensitivity as run
    from ..posterior.fits import load
    from .outputs import SENSITIVITY_PICTURES, write_sensitivity_pictures
    from .terminal import print_result

    files = [*Sensitivity.files.values(), *SENSITIVITY_PICTURES]
    place = Destination(out, files, overwrite=overwrite, inputs=[fit, grid])
    found = run(load(fit), grid, seed=seed, workers=workers, resume=resume, progress=show_bar(quiet))
    place.fill(
        lambda folder: found.write(folder) + write_sensitivity_pictures(found, folder),
        show=lambda: None if quiet else print_result(found),
    )
