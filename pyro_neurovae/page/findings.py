"""The sections on what was found: the answer, regions, variance, programs and genes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from ..atlases.readable_names import readable_name
from ..atlases.vertices import patch_regions
from ..interpretation.gene_groups import gene_modules
from ..interpretation.region_clusters import clusters
from ..interpretation.region_statements import region_report
from ..plots.selection import UNKNOWN, unit_of
from ..posterior.sources import SOURCES
from ..posterior.tables import largest_first, surest_genes
from ..readers.safe_names import file_names
from ..wording import bounded_p, counted
from .elements import Section, data_table, heading, paragraph, plain_table, unordered
from .pictures import Pictures

if TYPE_CHECKING:
    from ..posterior.fits import Fit

__all__ = ["answer_section", "genes_section", "programs_section", "region_sections", "variance_section"]

_LIMITS = (
    "A gene's weight is an association: with more genes than regions no method can tell one gene's effect with the "
    "others held fixed.",
    "The map is a mean over groups: it says little of a single person.",
    "Thinning and expression that go together over regions need not be cause and effect.",
)

# Heading of a column where its name does not say enough.
_HEADINGS = {
    "mean": "effect",
    "sd": "sd of effect",
    "lower90": "90% from",
    "upper90": "to",
    "simultaneous_lower90": "all at once from",
    "simultaneous_upper90": "to",
    "p_negative": "P(below 0)",
    "p_top": "P(among 10 lowest)",
    "se": "standard error",
    "local_false_sign_rate": "P(false sign)",
}
_REGION_COLUMNS = (
    "region", "lies_in", "mean", "lower90", "upper90", "simultaneous_lower90", "simultaneous_upper90", "p_negative",
    "p_beyond", "observed", "se",
)  # fmt: skip
_GENE_COLUMNS = ("gene", "weight", "lower90", "upper90", "local_false_sign_rate", "q_value")
_SET_COLUMNS = ("set", "found", "score", "lower90", "upper90", "probability", "p", "q")


def answer_section(sentences: Mapping[str, Sequence[str]], cortex: str, limits: Sequence[str] = ()) -> Section:
    """Return the answer: each map's sentences, what they do not say (``limits`` of this study too), and the cortex."""
    body = ""
    for name, told in sentences.items():
        body += heading(name) if len(sentences) > 1 else ""
        body += f'<div class="answer">{"".join(paragraph(one) for one in told)}</div>'
    body += f'<div class="limits"><h3>What this does not say</h3>{unordered([*limits, *_LIMITS])}</div>{cortex}'
    return Section("answer", "What was found", body)


def region_sections(fit: Fit, pictures: Pictures, threshold: float | None) -> list[Section]:
    """Return a section for each map: cortex, forest, and the table with joint statements."""
    maps = zip(fit.study.maps, file_names(fit.study.maps), strict=True)
    return [_region_section(fit, pictures, threshold, *one, place) for place, one in enumerate(maps)]


def variance_section(fit: Fit, pictures: Pictures) -> Section:
    """Return the section on what each map is made of."""
    rows = [
        {"map": row["map"], "source": row["source"], "share": f"{row['mean']:.0%}"}
        | {"90% interval": f"{row['lower90']:.0%} to {row['upper90']:.0%}", "what": SOURCES.get(row["source"], "")}
        for row in fit.variance().to_dict("records")
    ]
    table = pd.DataFrame(rows)
    table = table.drop(columns="map") if len(fit.study.maps) == 1 else table
    body = pictures.variance(fit) + plain_table(table, caption="Shares of the variance")
    return Section("variance", "What the maps are made of" if len(fit.study.maps) > 1 else "What it is made of", body)


def programs_section(fit: Fit, pictures: Pictures) -> Section | None:
    """Return the section on programs and clusters of regions; None for a model without programs."""
    if not fit.posterior.has_programs:
        return None
    aligned, found = fit.aligned, clusters(fit)
    body = paragraph(
        "Programs are known up to rotations, which differ from draw to draw: here every draw is turned to the "
        "posterior mean's principal axes, the strongest first. Stability is the share of a program's variance that all "
        "draws agree on."
    )
    body += pictures.programs(fit)
    names = aligned.names[["program", "name", "share", "stability"]]
    own = "regions" if fit.study.places is None else "parcels"
    body += plain_table(names.head(8), caption=f"The strongest programs, named by their strongest {own} and genes")
    body += heading("Clusters of regions") + paragraph(_cluster_words(found.settings, found.choice))
    shown = found.summary[["name", "size", "probability", "regions"]].copy()
    body += plain_table(shown, caption="Clusters by posterior similarity of their programs")
    body += pictures.clusters(found)
    return Section("programs", "Programs and clusters", body)


def genes_section(fit: Fit, enriched: pd.DataFrame | None) -> Section | None:
    """Return the section on genes: ranked, in modules, and in the user's gene sets; None for a model without genes."""
    if not fit.posterior.has_genes:
        return None
    body = paragraph(
        "A gene's weight is the slope of the transcriptomic part of thinning on its expression, per standard "
        "deviation: a marginal association of that part, shared by hundreds of co-expressed genes, and no sign of a "
        "gene that causes anything. A negative weight: where the gene is expressed more, the cortex is thinner. The "
        "local false sign rate is the probability that the sign is wrong or that there is no transcriptomic part at "
        "all; q_value is its mean over the genes at least as sure. Only null maps say which genes may be called."
    )
    body += "".join(
        _gene_table(fit, name, file) for name, file in zip(fit.study.maps, file_names(fit.study.maps), strict=True)
    )
    if fit.posterior.has_programs:
        modules = gene_modules(fit)
        body += heading("Gene modules") + paragraph(_module_words(modules.settings))
        weights = modules.weights.merge(modules.summary[["module", "name", "size"]], on="module")
        columns = ["map", "name", "size", "mean", "lower90", "upper90", "p_positive"]
        body += plain_table(
            weights[columns], caption="Modules with their weight on thinning", draws={"p_positive": _draws(fit)}
        )
    return Section("genes", "Genes", body + ("" if enriched is None else _gene_sets(fit, enriched)))


def _region_section(fit: Fit, pictures: Pictures, threshold: float | None, name: str, file: str, place: int) -> Section:
    several, unit = len(fit.study.maps) > 1, unit_of(fit.study, pictures.unit)
    signs = "negative is thinner" if unit == UNKNOWN else f"{unit}; negative is thinner"
    table = _region_table(fit, threshold, name)
    beyond = "" if threshold is None else f"P({'above' if threshold > 0 else 'below'} {threshold:g})"
    body = pictures.regions(fit, name) + data_table(
        table,
        name=f"regions_{file}.csv" if several else "regions.csv",
        caption=f"Regions of {name}, the largest effect first ({signs})",
        first=_REGION_COLUMNS,
        headings=_HEADINGS | {"p_beyond": beyond},
        draws=dict.fromkeys(("p_negative", "p_beyond", "p_top"), _draws(fit)),
    )
    body += paragraph(
        "The effect is all that is real in a region, what is its own included and sampling error left out: posterior "
        "mean with its 90% interval, for statements on this region alone. 'All at once' is the band that covers every "
        "region of the map together with probability 90%, for statements on several. "
        + ("" if threshold is None else f"{beyond} is the probability of an effect beyond the threshold given. ")
        + "All columns: predictable is the part that programs and fields give; P(among 10 lowest) the probability of "
        "being among the ten most negative; shrinkage the share of the standard error that the model took away; move "
        "the effect minus the observed value."
        + (" A patch lies in the region that has most of its vertices." if "lies_in" in table else ""),
        kind="lead",
    )
    return Section(f"map-{place + 1}", f"Regions of {name}" if several else "Regions", body)


def _region_table(fit: Fit, threshold: float | None, name: str) -> pd.DataFrame:
    """Rows of one map, the largest effect first, and what is shown at once before the rest."""
    table = region_report(fit, threshold=threshold, map=name).drop(columns="map")
    within = patch_regions(fit.study.regions, fit.study.graph.label)
    if within is not None:
        table["lies_in"] = [readable_name(one) for one in within]
    table = largest_first(table).reset_index(drop=True)
    table = table.drop(columns="p_beyond") if threshold is None else table
    first = [column for column in _REGION_COLUMNS if column in table]
    return table[[*first, *(column for column in table.columns if column not in first)]]


def _gene_table(fit: Fit, name: str, file: str) -> str:
    several = len(fit.study.maps) > 1
    table = fit.genes().loc[lambda rows: rows["map"] == name].drop(columns="map")
    return data_table(
        surest_genes(table).reset_index(drop=True),
        name=f"genes_{file}.csv" if several else "genes.csv",
        caption=f"Genes of {name}, the surest first",
        first=_GENE_COLUMNS,
        headings={key: told for key, told in _HEADINGS.items() if key not in ("mean", "sd")},
        draws=dict.fromkeys(("p_positive", "local_false_sign_rate"), _draws(fit)),
    )


def _gene_sets(fit: Fit, enriched: pd.DataFrame) -> str:
    """Table of gene sets, and which were left out."""
    body = heading("Gene sets") + paragraph(
        "Each set's mean weight against that of the other genes; p against null maps, q over all sets of a map "
        "(Benjamini-Hochberg)."
    )
    least, absent = enriched.attrs.get("least_p"), enriched.attrs.get("left_out", ())
    if least is not None:
        body += paragraph(f"No p can be below {bounded_p(0, least).split()[-1]}, by the number of null maps.")
    if absent:
        body += paragraph(
            f"{counted(len(absent), 'set')} with too few or too many genes in the study left out: {', '.join(absent)}."
        )
    ordered = [*(one for one in _SET_COLUMNS if one in enriched), *(one for one in enriched if one not in _SET_COLUMNS)]
    return body + data_table(
        enriched[ordered],
        name="enrichment.csv",
        caption="Gene sets",
        first=[*_SET_COLUMNS, *(["map"] if len(fit.study.maps) > 1 else [])],
        headings={key: told for key, told in _HEADINGS.items() if key.endswith("90")},
        draws={"probability": _draws(fit)},
        least={} if least is None else {"p": least},
    )


def _draws(fit: Fit) -> int:
    return len(fit.posterior.draws("thinning"))


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
