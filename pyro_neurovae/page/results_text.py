"""A results paragraph, every number of it computed from the fit and from what stands beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from ..atlases.readable_names import names_in_words
from ..interpretation.region_statements import region_report
from ..plots.selection import UNKNOWN, unit_of
from ..posterior.tables import largest_first
from .answer import signed
from .verdict import held_out_row, null_p, null_row

if TYPE_CHECKING:
    from ..evidence.null_tests import Nulls
    from ..evidence.sensitivities import Sensitivity
    from ..evidence.validation import Validation
    from ..posterior.fits import Fit

__all__ = ["results_paragraph"]

_NAMED = 3


def results_paragraph(
    fit: Fit,
    *,
    validation: Validation | None = None,
    nulls: Nulls | None = None,
    sensitivity: Sensitivity | None = None,
    unit: str | None = None,
) -> str:
    """Write what was found, for the results section of a paper: a few sentences a map.

    Parameters
    ----------
    fit
        The fit.
    validation, nulls, sensitivity
        What stands beside it; None (the default) leaves its sentence out.
    unit
        Unit of the maps; None (the default) for what the study knows.
    """
    sentences = []
    for name in fit.study.maps:
        sentences += [_regions(fit, name, unit), _expression(fit, name)]
        sentences += [_held_out(fit, name, validation), _null_maps(name, nulls), _other_priors(name, sensitivity)]
    return " ".join(one for one in sentences if one)


def _regions(fit: Fit, name: str, unit: str | None) -> str:
    table = largest_first(region_report(fit, map=name))
    thin, thick = (table["simultaneous_upper90"] < 0).sum(), (table["simultaneous_lower90"] > 0).sum()
    known = unit_of(fit.study, unit)
    told = "" if known == UNKNOWN else f" {known}"
    words = names_in_words(list(table["region"]), fit.study.graph.label)
    largest = "; ".join(
        f"{words[row['region']]}, {signed(row['mean'])}{told if place == 0 else ''} "
        f"[{signed(row['lower95'])}, {signed(row['upper95'])}]"
        for place, row in enumerate(table.head(_NAMED).to_dict("records"))
    )
    return (
        f"In {name}, the cortex was thinner in {thin} and thicker in {thick} of {len(table)} regions by the 90% band "
        f"that covers all regions at once; the largest effects (posterior mean [95% interval]) were {largest}."
    )


def _expression(fit: Fit, name: str) -> str:
    shares = fit.variance()
    own = shares[(shares["map"] == name) & (shares["source"] == "transcriptomic")]
    if own.empty or not fit.posterior.has_genes:
        return ""
    row = own.iloc[0]
    return (
        f"Gene expression went with {row['mean']:.0%} of the map's variance (90% interval {row['lower90']:.0%} to "
        f"{row['upper90']:.0%})."
    )


def _held_out(fit: Fit, name: str, validation: Validation | None) -> str:
    row = held_out_row(fit, name, validation)
    if row is None:
        return ""
    ceiling = "" if pd.isna(row["noise_ceiling"]) else f" (noise ceiling {row['noise_ceiling']:.2f})"
    return (
        f"Of regions held out by {row['folds']}, R2 was {row['r2']:.2f}{ceiling} and 90% intervals covered "
        f"{row['coverage90']:.0%}."
    )


def _null_maps(name: str, nulls: Nulls | None) -> str:
    row = null_row(name, nulls)
    if row is None:
        return ""
    return f"Among {int(row['n'])} null maps ({row['method']}) that share had {null_p(row)}, one-sided."


def _other_priors(name: str, sensitivity: Sensitivity | None) -> str:
    if sensitivity is None or name not in set(sensitivity.variants["map"]):
        return ""
    return sensitivity.conclusion(name)
