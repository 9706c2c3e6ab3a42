"""The sections on what was found: at a glance, the data, checks, regions, variance, programs and genes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..interpretation.gene_groups import gene_modules
from ..interpretation.program_alignment import aligned_programs
from ..interpretation.region_clusters import clusters
from ..interpretation.region_statements import region_report
from ..posterior.sources import SOURCES
from ..studies.correlations import structure_word, told_structure
from ..studies.study import Study
from ..studies.summary import noise_ceilings
from .elements import Section, data_table, definitions, heading, paragraph, plain_table, unordered
from .pictures import Pictures

if TYPE_CHECKING:
    from ..posterior.fits import Fit

__all__ = [
    "checks_section",
    "data_section",
    "genes_section",
    "glance_section",
    "programs_section",
    "regions_section",
    "variance_section",
]

_STATUSES = {"pass": "pass", "passed": "pass", "fail": "fail", "failed": "fail"}
_MOST = 5


def glance_section(fit: Fit, checks: pd.DataFrame, others: dict[str, dict[str, str]]) -> Section:
    """Return the main numbers of each map; ``others`` adds facts from held-out scores, nulls and sensitivity."""
    regions, shares = fit.regions(), fit.variance()
    body = ""
    for name in fit.study.maps:
        own = regions[regions["map"] == name]
        thin = int((own["upper95"] < 0).sum())
        worst = own.nsmallest(_MOST, "mean")
        facts = {
            "regions surely thinner (95% interval below 0)": f"{thin} of {len(own)}",
            "most affected": ", ".join(worst["region"]),
        }
        part = shares[(shares["map"] == name) & (shares["source"] == "transcriptomic")]
        if len(part) and fit.posterior.has_genes:
            row = part.iloc[0]
            facts["share of the map that expression explains"] = (
                f"{row['mean']:.0%} (90% interval {row['lower90']:.0%} to {row['upper90']:.0%})"
            )
        own_checks = checks[checks["map"].isin([name, "all"])]
        failed = own_checks.loc[own_checks["status"].isin(["fail", "failed"]), "check"].tolist()
        facts["checks"] = f"{len(own_checks) - len(failed)} of {len(own_checks)} passed" + (
            f"; failed: {', '.join(failed)}" if failed else ""
        )
        body += heading(name) + definitions(facts | others.get(name, {}))
    return Section("glance", "At a glance", body)


def data_section(study: Study, notices: tuple[str, ...]) -> Section:
    """Return the section on the data and their problems."""
    rows, ceilings = [], noise_ceilings(study)
    for m, name in enumerate(study.maps):
        value, error = study.thinning[m], study.standard_error[m]
        seen = ~np.isnan(value)
        rows.append(
            {
                "map": name,
                "regions": int(seen.sum()),
                "mean": float(value[seen].mean()),
                "sd": float(value[seen].std(ddof=1)),
                "median standard error": float(np.median(error[seen])) if error[seen].any() else float("nan"),
                "errors go together": study.sampling_correlation[m] if error[seen].any() else "",
                "noise ceiling of R2": ceilings[name],
            }
        )
    body = definitions(
        {
            "regions": f"{study.n_regions} on graph {study.graph.label}, {study.graph.n_edges} edges",
            "genes": str(len(study.genes)),
            "expression measured in": f"{int(study.expression_observed.sum())} regions",
            "expression": f"normalised per {study.normalise}" if study.normalise != "none" else "as given",
            "structure": told_structure(structure_word(study.structure, study.graph)),
        }
    )
    body += plain_table(
        pd.DataFrame(rows), caption="Maps of thinning (effect in each map's own units; negative is thinner)"
    )
    lacking = [name for name, seen in zip(study.regions, study.expression_observed, strict=True) if not seen]
    problems = [f"No expression in {', '.join(lacking)}: predicted from neighbours and homologues."] if lacking else []
    for name, seen in zip(study.maps, study.thinning_observed, strict=True):
        absent = [region for region, one in zip(study.regions, seen, strict=True) if not one]
        if absent:
            problems.append(f"No thinning of {name} in {', '.join(absent)}: predicted.")
    problems += list(notices)
    body += heading("Problems and notices") + (unordered(problems) if problems else paragraph("None."))
    return Section("data", "Data", body)


def checks_section(checks: pd.DataFrame) -> Section:
    """Return the section with every check, its threshold and what to do where one failed."""
    failed = checks[checks["status"].isin(["fail", "failed"])]
    told = (
        "Every check passes: nothing here speaks against the intervals."
        if failed.empty
        else "Some checks fail: read what each advises before reporting intervals."
    )
    body = paragraph(told)
    shown = checks[["check", "map", "observed", "replicated", "p", "threshold", "status"]].copy()
    body += plain_table(shown, caption="Checks of the fit against its own data", statuses=_STATUSES)
    if len(failed):
        body += unordered([f"{row['check']} ({row['map']}): {row['advice']}" for row in failed.to_dict("records")])
    return Section("checks", "Can it be trusted?", body)


def regions_section(fit: Fit, pictures: Pictures, threshold: float | None) -> Section:
    """Return the section on regions: cortex, forest, and the table with joint statements."""
    body = paragraph(
        "The effect of every region, what is a region's own included and sampling error left out: posterior mean with "
        "equal-tailed intervals, each at its own level; the simultaneous band holds all regions of a map at once with "
        "probability 90%. Beside it stands its predictable part, what programs and fields give."
    )
    for name in fit.study.maps:
        body += heading(name) + pictures.regions(fit, name)
    table = region_report(fit, threshold=threshold)
    if threshold is None:
        table = table.drop(columns="p_beyond")
    if len(fit.study.maps) == 1:
        table = table.drop(columns="map")
    first = ["map", "region", "observed", "se", "mean", "sd", "lower95", "upper95", "predictable_mean"]
    first += ["p_negative", "p_beyond", "p_top"]
    shown = [column for column in first if column in table.columns]
    table = table[shown + [column for column in table.columns if column not in shown]]
    body += data_table(
        table, name="regions.csv", caption="Regions: the effect (mean to upper95) and its predictable part"
    )
    body += paragraph(
        "mean to upper95: effect (posterior mean, sd, 95% interval). predictable: its part that programs and fields "
        "give. "
        "p_negative: probability of thinning. p_top: probability of being among the ten most affected. shrinkage: "
        "share of the standard error that the model took away. move: effect (posterior mean) minus observed value.",
        kind="lead",
    )
    return Section("regions", "Regions", body)


def variance_section(fit: Fit, pictures: Pictures) -> Section:
    """Return the section on what each map is made of."""
    table = fit.variance()[["map", "source", "mean", "lower90", "upper90"]]
    body = pictures.variance(fit) + plain_table(
        table.assign(what=[SOURCES.get(source, "") for source in table["source"]]), caption="Shares of the variance"
    )
    return Section("variance", "What the maps are made of", body)


def programs_section(fit: Fit, pictures: Pictures) -> Section | None:
    """Return the section on programs and clusters of regions; None for a model without programs."""
    if not fit.posterior.has_programs:
        return None
    aligned, found = aligned_programs(fit), clusters(fit)
    body = paragraph(
        "Programs are known up to rotations, which differ from draw to draw: here every draw is turned to the "
        "posterior mean's principal axes, the strongest first. Stability is the share of a program's variance that all "
        "draws agree on."
    )
    body += pictures.programs(fit)
    names = aligned.names[["program", "name", "share", "stability"]]
    body += plain_table(names.head(8), caption="The strongest programs, named by their strongest regions and genes")
    body += heading("Clusters of regions") + paragraph(_cluster_words(found.settings, found.choice))
    shown = found.summary[["name", "size", "probability", "regions"]].copy()
    body += plain_table(shown, caption="Clusters by posterior similarity of their programs")
    body += pictures.clusters(found)
    return Section("programs", "Programs and clusters", body)


def genes_section(fit: Fit, enriched: pd.DataFrame | None) -> Section | None:
    """Return the section on genes: ranked, in modules, and in the user's gene sets; None for a model without genes."""
    if not fit.posterior.has_genes:
        return None
    table = fit.genes()
    order = (table["weight"].abs() / table["sd"].where(table["sd"] > 0)).fillna(0).sort_values(ascending=False).index
    table = table.loc[order].reset_index(drop=True)
    if len(fit.study.maps) == 1:
        table = table.drop(columns="map")
    body = paragraph(
        "A gene's weight is the slope of the transcriptomic part of thinning on its expression, per standard "
        "deviation: a marginal association of that part, shared by hundreds of co-expressed genes, and no sign of a "
        "gene that causes anything. A negative weight: where the gene is expressed more, the cortex is thinner. The "
        "local false sign rate is the probability that the sign is wrong or that there is no transcriptomic part at "
        "all; q_value is its mean over the genes at least as sure. Which genes may be called, the null maps say."
    )
    body += data_table(table, name="genes.csv", caption="Genes, the surest first")
    if fit.posterior.has_programs:
        modules = gene_modules(fit)
        body += heading("Gene modules") + paragraph(_module_words(modules.settings))
        weights = modules.weights.merge(modules.summary[["module", "name", "size"]], on="module")
        columns = ["map", "name", "size", "mean", "lower90", "upper90", "p_positive"]
        body += plain_table(weights[columns], caption="Modules with their weight on thinning")
    if enriched is not None:
        body += heading("Gene sets") + paragraph(
            "Each set's mean weight against that of the other genes; p against null maps, q over all sets of a map "
            "(Benjamini-Hochberg)."
        )
        body += data_table(enriched, name="enrichment.csv", caption="Gene sets")
    return Section("genes", "Genes", body)


def _cluster_words(settings: dict[str, object], choice: pd.DataFrame) -> str:
    number = settings.get("number")
    rule = "chosen by the silhouette over draws" if settings.get("chosen") else "as asked for"
    best = choice.loc[choice["k"] == number, "excess"]
    beyond = f" (silhouette {best.iloc[0]:+.2f} beyond that of random smooth programs)" if len(best) else ""
    return (
        f"{number} clusters, {rule}{beyond}. Membership has an uncertainty: the matrix shows how probably two regions "
        "are in one cluster."
    )


def _module_words(settings: dict[str, object]) -> str:
    number = settings.get("number")
    rule = "chosen by the silhouette over draws" if settings.get("chosen") else "as asked for"
    return f"{number} modules of genes that programs make alike, {rule}."
