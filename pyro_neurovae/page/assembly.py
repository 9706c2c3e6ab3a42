"""report: one self-contained HTML page of a fit and what stands beside it."""

from __future__ import annotations

import base64
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from ..errors import InputError
from ..plots.selection import UNKNOWN, unit_of
from ..readers.whole_file import write_whole
from . import answer, evidence, findings, grounds, verdict
from .elements import Section, escape, paragraph
from .interactive_cortex import viewer
from .methods import methods_paragraph, methods_section, record_section
from .model_text import model_section
from .origins import SIX_DONORS, has_six_donors
from .pictures import Pictures
from .results_text import results_paragraph

if TYPE_CHECKING:
    from ..evidence.null_tests import Nulls
    from ..evidence.sensitivities import Sensitivity
    from ..evidence.validation import Validation
    from ..posterior.fits import Fit
    from ..studies.study import Study

__all__ = ["report", "report_html"]


def report(
    fit: Fit,
    path: str | os.PathLike[str],
    *,
    validation: Validation | None = None,
    nulls: Nulls | None = None,
    sensitivity: Sensitivity | None = None,
    enrichment: pd.DataFrame | None = None,
    threshold: float | None = None,
    unit: str | None = None,
    title: str | None = None,
) -> Path:
    """Write a report as one HTML file that needs nothing else: no network, no other file.

    Parameters
    ----------
    fit
        The fit.
    path
        The file; it is written whole or not at all.
    validation, nulls, sensitivity, enrichment
        What `validate`, `nulls`, `sensitivity` and `enrichment` gave; None (the default) leaves its section out.
    threshold
        Thinning that matters, in the map's units (-0.2): adds the probability of going beyond it.
    unit
        Unit of the maps, "Cohen's d" for example, on every axis; None (the default) says "map's units".
    title
        Heading; None (the default) names the maps.

    Returns
    -------
    Path
        Of the file.

    Raises
    ------
    InputError
        When the file can't be written.
    """
    text = report_html(
        fit,
        validation=validation,
        nulls=nulls,
        sensitivity=sensitivity,
        enrichment=enrichment,
        threshold=threshold,
        unit=unit,
        title=title,
    )
    target = Path(path)
    try:
        write_whole(target, text.encode())
    except OSError as error:
        raise InputError(f"{target}: the report can't be written ({error.strerror}); name another place.") from error
    return target


def report_html(
    fit: Fit,
    *,
    validation: Validation | None = None,
    nulls: Nulls | None = None,
    sensitivity: Sensitivity | None = None,
    enrichment: pd.DataFrame | None = None,
    threshold: float | None = None,
    unit: str | None = None,
    title: str | None = None,
) -> str:
    """Return the page of `report` as text."""
    pictures, checks = Pictures(fit, unit), fit.check()
    weighed = {
        name: verdict.weigh(fit, name, checks, validation=validation, nulls=nulls, sensitivity=sensitivity)
        for name in fit.study.maps
    }
    sentences = {
        name: (
            answer.regions_sentence(fit, name, unit, threshold),
            answer.expression_sentence(fit, name, validation, nulls),
            verdict.verdict_sentence(known),
        )
        for name, known in weighed.items()
    }
    folds = None if validation is None else ", ".join(dict.fromkeys(map(str, validation.scores["folds"])))
    text = methods_paragraph(
        fit,
        validated=folds,
        nulls=None if nulls is None else nulls.settings,
        sensitivity=sensitivity is not None,
    )
    made = [
        findings.answer_section(
            sentences,
            viewer(fit, threshold=threshold, unit=unit) if pictures.cortex else "",
            limits=[SIX_DONORS] if has_six_donors(fit.study) else [],
        ),
        *findings.region_sections(fit, pictures, threshold),
        findings.variance_section(fit, pictures),
        findings.programs_section(fit, pictures),
        findings.genes_section(fit, enrichment),
        None if validation is None else evidence.validation_section(fit, validation, pictures),
        None if nulls is None else evidence.nulls_section(fit, nulls, pictures),
        None if sensitivity is None else evidence.sensitivity_section(fit, sensitivity, pictures),
        grounds.trust_section(fit, checks, weighed, pictures),
        grounds.data_section(fit.study, fit.notices),
        model_section(fit.settings, fit.study.places),
        methods_section(
            text, results_paragraph(fit, validation=validation, nulls=nulls, sensitivity=sensitivity, unit=unit)
        ),
        record_section(fit),
    ]
    heading = title or f"Cortical thinning and gene expression: {', '.join(fit.study.maps)}"
    lead = (
        f"Model {fit.settings.model}, {fit.settings.restarts} x {fit.settings.draws} posterior draws, seed "
        f"{fit.settings.seed}. Effects are in {_told_unit(fit.study, unit)}; negative is thinner. "
        + ("" if threshold is None else f"Threshold {threshold:g}. ")
        + pictures.missing()
    )
    return _page(heading, lead, [section for section in made if section is not None])


def _told_unit(study: Study, unit: str | None) -> str:
    known = unit_of(study, unit)
    return "the map's own units" if known == UNKNOWN else known


def _policy(style: str, script: str) -> str:
    """What the page may do: its own style, script and pictures, nothing that a name from data could smuggle in."""
    own = {
        name: base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        for name, text in (("style-src", style), ("script-src", script))
    }
    allowed = "".join(f"; {name} 'sha256-{digest}'" for name, digest in own.items())
    return f"default-src 'none'; img-src data:{allowed}; base-uri 'none'; form-action 'none'"


def _page(heading: str, lead: str, sections: list[Section]) -> str:
    here = Path(__file__).parent
    style = (here / "page.css").read_text(encoding="utf-8")
    script = "".join((here / name).read_text(encoding="utf-8") for name in ("page.js", "page.cortex.js"))
    links = "".join(f'<li><a href="#{one.anchor}">{escape(one.title)}</a></li>' for one in sections)
    body = "\n".join(one.html() for one in sections)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_policy(style, script)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="pyro_neurovae">
<title>{escape(heading)}</title>
<link rel="icon" href="data:,">
<style>{style}</style>
</head>
<body>
<a class="skip" href="#answer">Skip to the results</a>
<nav aria-label="Contents"><ul>{links}</ul></nav>
<div class="page">
<header>
<h1>{escape(heading)}</h1>
{paragraph(lead, kind="lead")}
</header>
<main>
{body}
</main>
<footer><p>Made by pyro_neurovae. This file holds everything it shows.</p></footer>
</div>
<script>{script}</script>
</body>
</html>
"""
