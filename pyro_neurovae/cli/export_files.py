"""The command export."""

from __future__ import annotations

from typing import Annotated

import typer

from .app import app
from .destination import Destination
from .options import FittedFile, Out, Overwrite

__all__ = ["export"]


@app.command()
def export(
    fit: FittedFile,
    out: Out,
    formats: Annotated[
        str, typer.Option("--formats", metavar="A,B,...", help="Of csv, latex, markdown, gifti and json.")
    ] = "csv,latex,markdown,gifti,json",
    top: Annotated[int, typer.Option(metavar="N", help="Genes of the LaTeX and Markdown tables.")] = 20,
    overwrite: Overwrite = False,
) -> None:
    """Write results for papers and other programs: LaTeX, Markdown and CSV tables, GIFTI overlays, a JSON summary."""
    from ..page.exports import check_formats
    from ..page.exports import export as run
    from ..posterior.fits import load

    files = ("regions.*", "genes.*", "variance.*", "summary.json", "*.func.gii")
    wanted = [one.strip() for one in formats.split(",") if one.strip()]
    check_formats(wanted, top)
    place = Destination(out, files, overwrite=overwrite, inputs=[fit])
    fitted = load(fit)
    place.fill(lambda folder: run(fitted, folder, formats=wanted, top=top))
