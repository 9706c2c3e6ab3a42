"""The command nulls."""

from __future__ import annotations

from pathlib import Path
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
        str | None,
        typer.Option(
            metavar="NAME",
            help="model (the default: maps such as random groups of people show, with the map's structural and spatial "
            "parts and no expression); or surrogates that have the map's smoothness, not the correlation of errors "
            "that comes of measuring all regions in the same people: moran, laplacian (by the graph's spectrum), spin "
            "(rotations of the sphere), variogram or shuffle.",
        ),
    ] = None,
    null_maps: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Null maps of your own, such as the MAP_permuted.csv of contrast: columns null, region, value (and "
            "map where there are several maps).",
        ),
    ] = None,
    maps: Annotated[
        int | None, typer.Option(metavar="N", help="Number of null maps: 1000, or all that --null-maps holds.")
    ] = None,
    draws: Annotated[int, typer.Option(metavar="N", help="Posterior draws of each null map.")] = 200,
    seed: Seed = 0,
    workers: Workers = 1,
    resume: Resume = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Fit null maps as the map was fitted, to see whether a map without expression would look so.

    Writes nulls.csv, null_genes.csv, null_maps.csv and null_distribution.csv. A thousand null maps
    take some fifteen seconds.
    """
    from ..evidence.null_tests import Nulls
    from ..evidence.null_tests import nulls as run
    from ..posterior.fits import load
    from .terminal import print_result

    place = Destination(out, list(Nulls.files.values()), overwrite=overwrite, inputs=[fit, null_maps])
    found = run(
        load(fit),
        method=method,
        null_maps=null_maps,
        number=maps,
        seed=seed,
        draws=draws,
        workers=workers,
        resume=resume,
        progress=show_bar(quiet),
    )
    place.fill(found.write, show=lambda: None if quiet else print_result(found))
