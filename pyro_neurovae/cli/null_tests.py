"""The command nulls."""

from __future__ import annotations

from typing import Annotated

import typer

from .app import app, show_bar
from .destination import Destination
from .options import FittedFile, Out, Overwrite, Quiet, Resume, Seed, Workers

__all__ = ["nulls"]


@app.command()
def nulls(
    fit: FittedFile,
    out: Out,
    method: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="moran or laplacian (by the graph's spectrum), spin (rotations of the sphere), variogram or shuffle.",
        ),
    ] = "moran",
    maps: Annotated[int, typer.Option(metavar="N", help="Number of null maps.")] = 1000,
    draws: Annotated[int, typer.Option(metavar="N", help="Posterior draws of each null map.")] = 200,
    seed: Seed = 0,
    workers: Workers = 1,
    resume: Resume = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Fit null maps as the map was fitted, to see whether smoothness alone explains as much.

    Writes nulls.csv, null_genes.csv, null_maps.csv and null_distribution.csv. A thousand null maps
    take two to three minutes.
    """
    from ..evidence.null_tests import Nulls
    from ..evidence.null_tests import nulls as run
    from ..posterior.fits import load
    from .terminal import print_result

    place = Destination(out, list(Nulls.files.values()), overwrite=overwrite)
    found = run(
        load(fit),
        method=method,
        number=maps,
        seed=seed,
        draws=draws,
        workers=workers,
        resume=resume,
        progress=show_bar(quiet),
    )
    if not quiet:
        print_result(found)
    place.fill(found.write)
