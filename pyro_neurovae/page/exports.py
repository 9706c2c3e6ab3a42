"""What goes into a paper or another program: tables, pictures, overlays on the cortex, and a summary."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import plots
from ..atlases.atlas import atlas_of
from ..errors import NeurovaeError, SettingsError
from ..posterior.summary import summarise_fit
from ..readers.safe_names import file_names
from ..readers.written_tables import write_table
from .overlays import write_ggseg, write_neuromaps, write_overlays
from .paper_tables import latex_table, markdown_table, printed_tables

if TYPE_CHECKING:
    from ..posterior.fits import Fit

__all__ = ["FILES", "FORMATS", "check_formats", "export"]

FORMATS = ("csv", "latex", "markdown", "gifti", "json", "png", "svg", "ggseg", "neuromaps")
# Those that need the Desikan-Killiany cortex.
_ON_CORTEX: dict[str, Callable[[Any, Path], list[str]]] = {
    "gifti": write_overlays,
    "ggseg": write_ggseg,
    "neuromaps": write_neuromaps,
}
_DPI = 200
_TABLES, _PICTURES = (
    ("regions", "genes", "variance"),
    (*("forest", "cortex", "prior_posterior", "observed_predicted", "variance", "programs", "training"),),
)
# Everything that an export may leave in a folder, as patterns.
FILES = (
    *(f"{name}{end}" for name in _TABLES for end in (".csv", "*.tex", "*.md")),
    *(f"{name}*{end}" for name in _PICTURES for end in (".png", ".svg")),
    *("programs.csv", "programs_wide.csv", "summary.json", "*.func.gii", "*_ggseg.csv", "*_neuromaps.csv"),
)


def export(
    fit: Fit, folder: Path, *, formats: Sequence[str] | None = None, top: int = 20, unit: str | None = None
) -> list[str]:
    """Write a fit's results in the formats that papers and other programs take; returns the names of the files.

    Parameters
    ----------
    fit
        The fit.
    folder
        An existing folder.
    formats
        None (the default) for all that the study's atlas allows, or some of

        "csv"
            regions, genes, programs and variance, whole.
        "latex", "markdown"
            a table of all regions and one of the ``top`` surest genes for each map, and one of the variance, estimates
            merged with their intervals; in LaTeX by booktabs and longtable, with caption and label.
        "png", "svg"
            every picture of `plots` that needs no more than a fit.
        "gifti", "ggseg", "neuromaps"
            overlays on fsaverage5, a file a hemisphere, and tables with the labels of R's ggseg and of neuromaps: each
            map's effect (posterior mean, sd, interval, probability), its predictable part and transcriptomic share.
        "json"
            the summary.
    top
        Genes of the LaTeX and Markdown tables.
    unit
        Unit of the maps; None (the default) for what the study knows.

    Raises
    ------
    SettingsError
        As `check_formats`.
    InputError
        For overlays of a study on another atlas that are asked for.
    """
    if formats is None:
        atlas = atlas_of(fit.study.regions)
        on_cortex = atlas is not None and atlas.name == "dk68"
        formats = [one for one in FORMATS if on_cortex or one not in _ON_CORTEX]
    check_formats(formats, top)
    wanted, names = list(dict.fromkeys(formats)), []
    for one in wanted:
        if one == "csv":
            names += _write_tables(fit, folder)
        elif one in ("latex", "markdown"):
            names += _write_paper_tables(fit, folder, one, top, unit)
        elif one in _ON_CORTEX:
            names += _ON_CORTEX[one](fit, folder)
        elif one == "json":
            text = json.dumps(summarise_fit(fit.posterior, fit.study), indent=2)
            (folder / "summary.json").write_text(text + "\n", encoding="utf-8")
            names.append("summary.json")
    pictures = [one for one in wanted if one in ("png", "svg")]
    return names + (_write_pictures(fit, folder, pictures, unit) if pictures else [])


def check_formats(formats: Sequence[str], top: int) -> None:
    """Check what `export` is to write; SettingsError for no format, an unknown one, and less than one gene."""
    unknown = [one for one in formats if one not in FORMATS]
    if unknown or not formats:
        what = f"unknown format {unknown[0]}" if unknown else "no format is named"
        raise SettingsError(f"{what}: the known ones are {', '.join(FORMATS)}.")
    if not isinstance(top, Integral) or top < 1:
        raise SettingsError(f"top is {top!r}; give a whole number of genes of at least 1.")


def _write_tables(fit: Fit, folder: Path) -> list[str]:
    tables = {"regions": fit.regions(), "variance": fit.variance()}
    if fit.posterior.has_genes:
        tables["genes"] = fit.genes()
    if fit.posterior.has_programs:
        tables |= {"programs": fit.programs(), "programs_wide": fit.programs(wide=True)}
    for name, table in tables.items():
        write_table(table, folder / f"{name}.csv")
    return [f"{name}.csv" for name in tables]


def _write_paper_tables(fit: Fit, folder: Path, form: str, top: int, unit: str | None) -> list[str]:
    names = []
    for one in printed_tables(fit, top=top, unit=unit):
        latex = form == "latex"
        name = f"{one.name}.{'tex' if latex else 'md'}"
        text = (
            latex_table(one.frame, caption=one.caption, label=f"tab:{one.name}")
            if latex
            else markdown_table(one.frame, caption=one.caption)
        )
        (folder / name).write_text(text, encoding="utf-8")
        names.append(name)
    return names


def _write_pictures(fit: Fit, folder: Path, forms: Sequence[str], unit: str | None) -> list[str]:
    """Write each picture that there is of the fit; what its model or atlas lacks is left out."""
    names = []
    for name, draw in _pictures(fit, unit):
        try:
            drawn = draw()
        except NeurovaeError:
            continue
        for form in forms:
            metadata = {"Date": None} if form == "svg" else None
            drawn.savefig(folder / f"{name}.{form}", dpi=_DPI, facecolor="white", metadata=metadata)
            names.append(f"{name}.{form}")
    return names


def _pictures(fit: Fit, unit: str | None) -> Iterator[tuple[str, Callable[[], Any]]]:
    several = len(fit.study.maps) > 1
    for one, stem in zip(fit.study.maps, file_names(fit.study.maps), strict=True):
        end, own = f"_{stem}" if several else "", {"map": one, "unit": unit}
        yield f"forest{end}", lambda own=own: plots.forest(fit, **own)  # type: ignore[misc]
        yield f"cortex{end}", lambda own=own: plots.surface(fit, **own)  # type: ignore[misc]
        yield f"cortex_predictable{end}", lambda own=own: plots.surface(fit, "predictable", **own)  # type: ignore[misc]
        yield f"prior_posterior{end}", lambda own=own: plots.prior_posterior(fit, **own)  # type: ignore[misc]
        yield f"observed_predicted{end}", lambda own=own: plots.observed_predicted(fit, **own)  # type: ignore[misc]
    yield "variance", lambda: plots.variance(fit)
    yield "programs", lambda: plots.program_maps(fit, unit=unit)
    yield "training", lambda: plots.training(fit)
