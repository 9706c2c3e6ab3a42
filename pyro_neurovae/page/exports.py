"""What goes into a paper or another program: tables, pictures, overlays on the cortex, and a summary."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import plots
from ..atlases.vertices import parcellation_of
from ..errors import NeurovaeError, SettingsError
from ..plots.sensitivity_plot import plot_sensitivity
from ..posterior.summary import summarise_fit
from ..readers.safe_names import file_names
from ..readers.written_tables import write_table
from .overlays import write_ggseg, write_neuromaps, write_overlays
from .paper_tables import latex_table, markdown_table, printed_tables
from .verdict import scored_model

if TYPE_CHECKING:
    from ..evidence.null_tests import Nulls
    from ..evidence.sensitivities import Sensitivity
    from ..evidence.validation import Validation
    from ..posterior.fits import Fit

__all__ = ["FILES", "FORMATS", "check_formats", "export"]

FORMATS = ("csv", "latex", "markdown", "gifti", "json", "png", "svg", "ggseg", "neuromaps")
# Those that need regions whose surface is known, and for tables with other programs' labels Desikan-Killiany ones.
_ON_CORTEX: dict[str, Callable[[Any, Path], list[str]]] = {
    "gifti": write_overlays,
    "ggseg": write_ggseg,
    "neuromaps": write_neuromaps,
}
_DPI = 200
_TABLES, _PICTURES = (
    ("regions", "genes", "variance"),
    (
        *("forest", "cortex", "prior_posterior", "observed_predicted", "variance", "programs", "training"),
        *("null_maps", "prior_sensitivity"),
    ),
)
# Everything that an export may leave in a folder, as patterns.
FILES = (
    *(f"{name}{end}" for name in _TABLES for end in (".csv", "*.tex", "*.md")),
    *(f"{name}*{end}" for name in _PICTURES for end in (".png", ".svg")),
    *(
        "vertices.csv",
        "programs.csv",
        "programs_wide.csv",
        "summary.json",
        "*.func.gii",
        "*_ggseg.csv",
        "*_neuromaps.csv",
    ),
)


def export(
    fit: Fit,
    folder: Path,
    *,
    validation: Validation | None = None,
    nulls: Nulls | None = None,
    sensitivity: Sensitivity | None = None,
    formats: Sequence[str] | None = None,
    top: int = 20,
    unit: str | None = None,
) -> list[str]:
    """Write a fit's results in the formats that papers and other programs take; returns the names of the files.

    Parameters
    ----------
    fit
        The fit.
    folder
        An existing folder.
    validation, nulls, sensitivity
        What stands beside the fit, for pictures of it: held-out predictions beside those in-sample, the map among its
        null maps, how far regions move. None (the default) leaves them out.
    formats
        None (the default) for all that the study's atlas allows, or some of

        "csv"
            regions, genes, programs and variance, whole; vertices where maps were given by them.
        "latex", "markdown"
            a table of all regions and one of the ``top`` surest genes for each map, and one of the variance, estimates
            merged with their intervals; in LaTeX by booktabs and longtable, with caption and label.
        "png", "svg"
            every picture of `plots` of the fit, and of what stands beside it.
        "gifti", "ggseg", "neuromaps"
            overlays on fsaverage5, a file a hemisphere, and tables with the labels of R's ggseg and of neuromaps: each
            map's effect (posterior mean, sd, interval, probability), its predictable part and transcriptomic share.
            Overlays of the graphs that `plots.surface` draws, and of the effect at the vertices of maps that were given
            by them (MAP_vertices_mean.L.func.gii); the tables of Desikan-Killiany regions.
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
        For overlays, or tables with other programs' labels, that are asked for and not to be had of the study's
        regions.
    """
    if formats is None:
        parcellation = parcellation_of(fit.study.regions, fit.study.graph.label)
        there = {"dk68": tuple(_ON_CORTEX), None: ()}.get(parcellation, ("gifti",))
        formats = [one for one in FORMATS if one not in _ON_CORTEX or one in there]
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
    drawn = _pictures(fit, unit, validation, nulls, sensitivity)
    return names + (_write_pictures(drawn, folder, pictures) if pictures else [])


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
    if fit.study.by_vertices:
        tables["vertices"] = fit.vertices()
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


def _write_pictures(pictures: Iterator[tuple[str, Callable[[], Any]]], folder: Path, forms: Sequence[str]) -> list[str]:
    """Write each picture that can be drawn, the same bytes each time; what model, atlas or analysis lacks is not."""
    names = []
    for name, draw in pictures:
        try:
            drawn = draw()
        except NeurovaeError:
            continue
        from matplotlib import rc_context  # after a picture was drawn: where it is missing there is none

        for form in forms:
            metadata = {"Date": None} if form == "svg" else None
            with rc_context({"svg.hashsalt": name}):  # the ids of parts are random otherwise
                drawn.savefig(folder / f"{name}.{form}", dpi=_DPI, facecolor="white", metadata=metadata)
            names.append(f"{name}.{form}")
    return names


def _pictures(
    fit: Fit, unit: str | None, validation: Validation | None, nulls: Nulls | None, sensitivity: Sensitivity | None
) -> Iterator[tuple[str, Callable[[], Any]]]:
    model = scored_model(fit, validation)
    for one, stem in zip(fit.study.maps, file_names(fit.study.maps), strict=True):
        end, own = f"_{stem}" if len(fit.study.maps) > 1 else "", {"map": one, "unit": unit}
        yield f"forest{end}", partial(plots.forest, fit, **own)  # type: ignore[arg-type]
        yield f"cortex{end}", partial(plots.surface, fit, **own)  # type: ignore[arg-type]
        yield f"cortex_predictable{end}", partial(plots.surface, fit, "predictable", **own)  # type: ignore[arg-type]
        yield f"cortex_vertices{end}", partial(plots.surface, fit, at="vertices", **own)  # type: ignore[arg-type]
        yield f"prior_posterior{end}", partial(plots.prior_posterior, fit, **own)
        held_out = validation if validation is not None and one in validation.map_names() else None
        yield f"observed_predicted{end}", partial(plots.observed_predicted, fit, held_out, model=model, **own)
        if nulls is not None:
            yield f"null_maps{end}", partial(plots.nulls, nulls, map=one)
        if sensitivity is not None:
            yield f"prior_sensitivity{end}", partial(plot_sensitivity, sensitivity, one)
    yield "variance", partial(plots.variance, fit)
    yield "programs", partial(plots.program_maps, fit, unit=unit)
    yield "training", partial(plots.training, fit)
