"""The command export."""

from __future__ import annotations

from typing import Annotated

import typer

from .app import app
from .destination import Destination
from .options import FittedFile, NullsFolder, Out, Overwrite, SensitivityFolder, ValidationFolder

__all__ = ["export"]


@app.command()
def export(
    fit: FittedFile,
    out: Out,
    validation: ValidationFolder = None,
    nulls: NullsFolder = None,
    sensitivity: SensitivityFolder = None,
    formats: Annotated[
        str,
        typer.Option(
            "--formats",
            metavar="A,B,...",
            help="Of csv, latex, markdown, json, png, svg, gifti, ggseg and neuromaps; all, where the atlas allows.",
        ),
    ] = "all",
    unit: Annotated[
        str | None, typer.Option(metavar="NAME", help="Unit of the maps, mm for example; as it was read.")
    ] = None,
    top: Annotated[int, typer.Option(metavar="N", help="Genes of the LaTeX and Markdown tables.")] = 20,
    overwrite: Overwrite = False,
) -> None:
    """Write results for papers and other programs: tables, pictures, overlays on the cortex, a summary.

    Tables of LaTeX and Markdown have a map each, estimates merged with their intervals. Pictures, which take half a
    minute, are PNG and SVG. GIFTI overlays lie on fsaverage5, by region and, where a map has a value for each vertex,
    by vertex; ggseg and neuromaps are tables with the labels that these have. What validate, nulls and sensitivity
    wrote gets its pictures too.
    """
    from ..page.exports import FILES, FORMATS, check_formats
    from ..page.exports import export as run
    from ..posterior.fits import load
    from .outputs import read_beside

    wanted = None if formats == "all" else [one.strip() for one in formats.split(",") if one.strip()]
    check_formats(FORMATS if wanted is None else wanted, top)
    place = Destination(out, FILES, overwrite=overwrite, inputs=[fit])
    fitted = load(fit)
    beside = read_beside(validation=validation, nulls=nulls, sensitivity=sensitivity)
    place.fill(lambda folder: run(fitted, folder, formats=wanted, top=top, unit=unit, **beside))  # type: ignore[arg-type]
