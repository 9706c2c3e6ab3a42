"""What was found, in two sentences a map made from its results: on the regions, and on expression."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from ..atlases.readable_names import names_in_words
from ..evidence.score_tables import gain_over
from ..interpretation.region_statements import region_report
from ..plots.selection import UNKNOWN, unit_of
from ..posterior.tables import largest_first
from ..wording import listed, minus
from .verdict import STANDARD_ERRORS, null_p, null_row

if TYPE_CHECKING:
    from ..evidence.null_tests import Nulls
    from ..evidence.validation import Validation
    from ..posterior.fits import Fit

__all__ = ["expression_sentence", "regions_sentence", "signed", "vertices_sentence"]

_NAMED, _FEW = 3, 5  # regions that a sentence names; so few are named all
_LEAST_SHARE = 0.05  # a share whose interval goes below may be next to nothing
_SURE = 0.95
# Model that knows no expression to what the fit's model is then compared with.
_BEYOND = {"structural": "structure and neighbours alone", "twin": "the twin in the other hemisphere"}


def regions_sentence(fit: Fit, name: str, unit: str | None = None, threshold: float | None = None) -> str:
    """Say how many regions, and which, differ from zero by the band that covers all regions of a map at once.

    With a threshold it also counts the regions whose effect is beyond it with a probability of at least 95%.
    """
    sentence = _band_sentence(fit, name, unit)
    if threshold is None:
        return sentence
    beyond = int((region_report(fit, threshold=threshold, map=name)["p_beyond"] >= _SURE).sum())
    side, told = "above" if threshold > 0 else "below", minus(f"{threshold:+g}")
    return f"{sentence} {beyond} have an effect {side} {told} with probability at least {_SURE:.0%}."


def _band_sentence(fit: Fit, name: str, unit: str | None) -> str:
    table = largest_first(region_report(fit, map=name))
    table = table.assign(words=list(names_in_words(list(table["region"]), fit.study.graph.label).values()))
    thin, thick = table["simultaneous_upper90"] < 0, table["simultaneous_lower90"] > 0
    counts = [f"{int(sure.sum())} {word}" for sure, word in ((thin, "thinner"), (thick, "thicker")) if sure.any()]
    band = "by the 90% band that covers all regions at once"
    if not counts:
        largest = _effects(table.head(1), fit, unit)
        return f"None of {len(table)} regions can be told from zero {band}; the largest effect is that of {largest}."
    found, rest = table[thin | thick], list(table.loc[~(thin | thick), "words"])
    told = f"Of {len(table)} regions, {' and '.join(counts)} {band}"
    told = told.replace(" thin", " are thin", 1) if thin.any() else told.replace(" thick", " are thick", 1)
    if len(found) <= _FEW:
        return f"{told}: {_effects(found, fit, unit)}."
    told += f": most of all {_effects(found.head(_NAMED), fit, unit)}"
    return f"{told}; all but {listed(rest)}." if 0 < len(rest) <= _FEW else f"{told}."


def vertices_sentence(fit: Fit, name: str, unit: str | None = None) -> str:
    """Say what the effects at the vertices of a map are, and how wide their intervals are beside the regions'."""
    table, regions = fit.vertices([name]), fit.regions()
    widths = [float((rows["upper90"] - rows["lower90"]).median()) for rows in (table, regions[regions["map"] == name])]
    known = unit_of(fit.study, unit)
    told = "" if known == UNKNOWN else f" {known}"
    vertex, region = f"{widths[0]:.2f}{told}", f"{widths[1]:.2f}"
    wide = (
        f", so that the 90% interval of a vertex is wider than a region's, {vertex} against {region} in the median"
        if widths[0] > widths[1]
        else f"; the 90% interval of a vertex is {vertex} wide in the median, and that of a region {region}"
    )
    return (
        f"At the {len(table):,} vertices where the map has a value, the effects of regions, which are the model's, are "
        "joined by a smooth interpolation. The detail within a region is the map's own, effect and error in a share "
        "that one map does not tell: every share that its standard errors allow counts as equally likely"
        f"{wide}. Read shapes smaller than a region as possible, not as found."
    )


def expression_sentence(fit: Fit, name: str, validation: Validation | None = None, nulls: Nulls | None = None) -> str:
    """Say what expression explains of a map beside its structure, and beyond the structure or the twin held out."""
    if not fit.posterior.has_genes:
        return f"The model {fit.settings.model} has no genes and says nothing of expression."
    table = fit.variance()
    shares: dict[Any, Any] = table[table["map"] == name].set_index("source").to_dict("index")
    own = shares["transcriptomic"]
    nothing = ", so perhaps with next to nothing" if own["lower90"] < _LEAST_SHARE else ""
    told = (
        f"Gene expression goes with {own['mean']:.0%} of the map's variance (90% interval {own['lower90']:.0%} to "
        f"{own['upper90']:.0%}{nothing})"
    )
    beside = [
        f"{shares[source]['mean']:.0%} that {words}"
        for source, words in (("structural", "goes as healthy people differ"), ("spatial", "is smooth over the cortex"))
        if source in shares
    ]
    told += f", beside {' and '.join(beside)}" if beside else ""
    return " ".join(filter(None, [f"{told}.", _held_out_sentence(fit, name, validation), _null_sentence(name, nulls)]))


def _held_out_sentence(fit: Fit, name: str, validation: Validation | None) -> str:
    """Whether expression predicts beyond the structure, and the twin, in words; empty where neither was scored."""
    if validation is None:
        return ""
    told = []
    for other, words in _BEYOND.items():
        gains = gain_over(fit.study, validation.pointwise, name, other)
        for gain, error in gains.reindex([fit.settings.model]).dropna().itertuples(index=False):
            sure = abs(gain) > STANDARD_ERRORS * error
            verb = ("better" if gain > 0 else "worse") if sure else "not surely better or worse"
            told.append(minus(f"{verb} than those of {words} ({gain:+.2f} ± {error:.2f}"))
    if not told:
        return ""
    return f"For regions held out its predictions are {'), and '.join(told)}; log density a region)."


def _null_sentence(name: str, nulls: Nulls | None) -> str:
    row = null_row(name, nulls)
    return "" if row is None else f"Among {int(row['n'])} null maps without expression that share has {null_p(row)}."


def _effects(rows: pd.DataFrame, fit: Fit, unit: str | None) -> str:
    """Regions with their effects, the unit said once where it is known."""
    known = unit_of(fit.study, unit)
    units = ["" if known == UNKNOWN else f" {known}", *[""] * len(rows)]
    told = zip(rows["words"], rows["mean"], units, strict=False)
    return listed([f"{region} ({signed(mean)}{unit})" for region, mean, unit in told])


def signed(value: float) -> str:
    """An effect as a sentence has it, to two places with its sign."""
    return minus(f"{value:+.2f}")
