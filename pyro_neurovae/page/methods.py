"""A methods paragraph written from what is known of the data and the settings that were used."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from ..inference.methods import method_of
from ..models.families import family_of
from ..studies.correlations import structure_word, told_errors, told_structure
from ..studies.study import Study
from .citations import bibtex, reference_list
from .elements import Section, definitions, escape, heading, paragraph, unordered
from .origins import expression_words, map_sentences, region_words, source_facts

if TYPE_CHECKING:
    from ..posterior.fits import Fit

__all__ = ["methods_paragraph", "methods_section", "record_section"]

_NORMALISED = {
    "region": "standardised per region over its genes",
    "gene": "standardised per gene over the regions",
    "none": "used as given",
}
_NULLS = {
    "model": "drawing from the model without its transcriptomic part, with sampling errors that go together across "
    "regions and correlations as uncertain as they are",
    "given": "the authors (a table of maps)",
    "moran": "Moran spectral randomisation on the graph [wagner2015]",
    "laplacian": "random signs of the coefficients on the eigenvectors of the graph's Laplacian",
    "spin": "rotations of the spherical projection [alexanderbloch2018]",
    "variogram": "variogram-matched surrogates [burt2020]",
    "shuffle": "shuffled values",
}


def methods_paragraph(
    fit: Fit, *, validated: str | None = None, nulls: dict[str, Any] | None = None, sensitivity: bool = False
) -> str:
    """Write what was done, for the methods section of a paper; references in brackets are keys of `bibtex`.

    Parameters
    ----------
    fit
        The fit.
    validated
        How regions were held out, where they were.
    nulls
        Settings of the null maps, where there are any.
    sensitivity
        Whether the prior was varied.
    """
    sentences = [*_data_sentences(fit.study), *_model_sentences(fit)]
    if validated:
        sentences.append(
            f"Predictions were scored on regions held out by {validated}, by the log predictive density, R2 and the "
            "coverage of 90% intervals [gneiting2007]."
        )
    if nulls:
        told = _NULLS.get(str(nulls.get("method")), str(nulls.get("method")))
        sentences.append(
            f"The transcriptomic share was compared with that of {nulls.get('number')} null maps made by {told}."
        )
    if sensitivity:
        sentences.append(
            "Sensitivity to the priors was judged by power-scaling [kallioinen2024], and the fit repeated under other "
            "choices."
        )
    sentences.append("Intervals are equal-tailed; diagnostics used ArviZ [kumar2019].")
    return " ".join(sentences)


def methods_section(methods: str, results: str = "") -> Section:
    """Return the section with the paragraphs for a paper and their references, to copy or to download."""
    entries = bibtex(f"{methods} {results}")
    address = "data:application/x-bibtex;base64," + base64.b64encode(entries.encode()).decode()
    body = heading("Methods") + paragraph(methods)
    body += heading("Results") + paragraph(results) if results else ""
    body += heading("References") + unordered(reference_list(f"{methods} {results}"))
    body += f'<p><a download="references.bib" href="{address}">Download the references as BibTeX</a></p>'
    body += f"<details><summary>BibTeX to copy</summary><pre>{escape(entries)}</pre></details>"
    return Section("methods", "Paragraphs for a paper", body)


def record_section(fit: Fit) -> Section:
    """Return the section that lets the numbers be made again: sources, command, date, seed, settings, versions."""
    posterior = fit.posterior
    facts = {
        "made": posterior.created.replace("T", " ").replace("+00:00", " UTC"),
        "seed": str(posterior.settings["seed"]),
        "seconds of the fit": f"{posterior.elapsed_s:.1f}",
        **{f"version of {name}": number for name, number in posterior.versions.items()},
    }
    body = definitions({name: told for name, told in facts.items() if told})
    sources = source_facts(fit.study)
    body += heading("Sources") + (definitions(sources) if sources else paragraph("Not recorded."))
    body += heading("Command line") + f"<pre>{escape(posterior.command)}</pre>" if posterior.command else ""
    shown = escape(json.dumps(posterior.settings, indent=2))
    body += f"<details><summary>All settings</summary><pre>{shown}</pre></details>"
    return Section("record", "Sources, seed, settings and versions", body)


def _data_sentences(study: Study) -> list[str]:
    weighed = ", genes weighted by their reliability" if study.gene_weights is not None else ""
    known = (np.nan_to_num(study.standard_error) > 0).any(1)
    errors = "known standard errors" if known.any() else "noise that was estimated"
    count = "one map" if len(study.maps) == 1 else f"{len(study.maps)} maps"
    return [
        f"{expression_words(study)}, measured in {_where_measured(study)} and "
        f"{_NORMALISED[study.normalise]}{weighed}, was related to {count} of cortical thinning "
        f"({', '.join(study.maps)}) with {errors}.",
        *map_sentences(study),
        *_error_sentences(study, known),
    ]


def _where_measured(study: Study) -> str:
    """Parcels in which expression was measured, in words."""
    measured, whole = int(study.measured.sum()), len(study.measured)
    if study.places is None:
        return f"{measured} of {whole} {region_words(study)}"
    label = study.measured_in.label
    seeing = int(study.places.seeing.sum())
    count = f"{seeing}" if seeing == study.n_regions else f"{seeing} of {study.n_regions}"
    return f"{measured} of {whole} parcels of {label}, seen by position from {count} {region_words(study)}"


def _error_sentences(study: Study, known: np.ndarray) -> list[str]:
    """How sampling errors go together, of the maps (bool) whose errors are known."""
    every = zip(study.maps, study.sampling_correlation, known, strict=True)
    words = {name: word for name, word, sure in every if sure}
    told = told_errors(list(words), list(words.values()))
    if len(told) == 1 and len(words) == len(study.maps):
        told = (told[0].partition(": ")[2],)
    return [f"{one[0].upper()}{one[1:]}" if len(told) == 1 else f"Of {one}" for one in told]


def _model_sentences(fit: Fit) -> list[str]:
    settings, graph = fit.settings, fit.study.graph
    how = method_of(settings.training).words or family_of(settings.model).guide
    structure = structure_word(fit.study.structure, graph)
    entered = fit.posterior.has("structural") and structure != "none"
    return [
        f"The model {settings.model} of pyro_neurovae {fit.posterior.versions['pyro_neurovae']} was fitted, with "
        f"Gaussian Markov random field priors on the region graph {graph.label} ({graph.n_edges} edges) scaled to unit "
        "generalised variance [riebler2016, sorbye2014] and penalised-complexity priors on standard deviations "
        "[simpson2017].",
        *(
            [f"What goes along the axes of healthy variation had {told_structure(structure)} as its prior."]
            if entered
            else []
        ),
        "Reported are effects: what programs and fields give and what is a region's own, without sampling error.",
        f"{how} ({settings.restarts} x {settings.draws} draws, seed {settings.seed}).",
    ]
