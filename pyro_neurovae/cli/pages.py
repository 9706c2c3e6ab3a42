"""The command report."""

from __future__ import annotations

from glob import escape
from pathlib import Path
from typing import Annotated

import typer

from ..errors import InputError
from .app import app
from .destination import Destination
from .options import FittedFile, NullsFolder, Overwrite, Seed, SensitivityFolder, ValidationFolder

__all__ = ["report"]


@app.command()
def report(
    fit: FittedFile,
    out: Annotated[Path, typer.Option(metavar="REPORT.html", help="File of the report.")],
    validation: ValidationFolder = None,
    nulls: NullsFolder = None,
    sensitivity: SensitivityFolder = None,
    gene_sets: Annotated[
        list[Path] | None, typer.Option(metavar="FILE.gmt [...]", help="Gene sets to test for enrichment.")
    ] = None,
    threshold: Annotated[
        float | None, typer.Option(metavar="X", help="Thinning that matters, in the map's units, such as -0.2.")
    ] = None,
    unit: Annotated[
        str | None, typer.Option(metavar="TEXT", help='Unit of the maps on every axis, such as "Cohen\'s d".')
    ] = None,
    seed: Seed = 0,
    overwrite: Overwrite = False,
) -> None:
    """Write a fit as one HTML file that needs nothing else: tables that sort, pictures, methods, references."""
    from ..interpretation.set_enrichment import enrichment
    from ..page import report as run
    from ..posterior.fits import load
    from ..readers.registry import read
    from .outputs import read_beside

    if out.is_dir():
        raise InputError(f"--out {out} is a folder; name a file, {out / 'report.html'} for example.")
    inputs = [fit, gene_sets]
    place = Destination(out.parent, [escape(out.name)], overwrite=overwrite, inputs=inputs)
    fitted = load(fit)
    beside = read_beside(validation=validation, nulls=nulls, sensitivity=sensitivity)
    sets = {name: genes for path in gene_sets or [] for name, genes in read("gene sets", path).items()}
    enriched = enrichment(fitted, sets, seed=seed) if sets else None

    def write(folder: Path) -> list[str]:
        run(fitted, folder / out.name, enrichment=enriched, threshold=threshold, unit=unit, **beside)  # type: ignore[arg-type]
        return [out.name]

    place.fill(write)
