"""What was found, and how far it can be trusted: three sentences a map, made from the results that they weigh."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..evidence.null_sources import described_nulls
from ..evidence.score_tables import gain_over
from ..interpretation.region_statements import region_report
from ..plots.selection import UNKNOWN, unit_of
from ..posterior.tables import largest_first
from ..studies.summary import ceiling_alarms
from ..wording import counted, first_names, told_p

if TYPE_CHECKING:
    from ..evidence.null_tests import Nulls
    from ..evidence.sensitivities import Sensitivity
    from ..evidence.validation import Validation
    from ..posterior.fits import Fit

__all__ = ["Evidence", "expression_sentence", "regions_sentence", "verdict_sentence", "weigh"]

# How a piece of evidence bears on the intervals and on what is said of expression.
AGREES, AGAINST, UNTRIED, HEED = "agrees", "speaks against", "not tried", "to be heeded"

_NAMED, _FEW = 3, 5  # regions that a sentence names; so few are named all
_LEAST_SHARE = 0.05  # a share whose interval goes below may be next to nothing
_LEVEL = 0.05
_SURE = 0.95
_CONFLICT = "prior-data conflict"
# Model that knows no expression to what the fit's model is then compared with.
_BEYOND = {"structural": "structure and neighbours alone", "twin": "the twin in the other hemisphere"}
_STANDARD_ERRORS = 2
_MOST_CHANGED, _LARGEST_SHIFT = 0.1, 1.0  # of the regions; in posterior sds


@dataclass(frozen=True)
class Evidence:
    """One thing that a verdict weighs.

    Attributes
    ----------
    kind
        What it is: "checks of the fit", "held-out regions", "null maps", "other priors and choices", "notices".
    found
        What it came to, as part of a sentence.
    bearing
        "agrees", "speaks against", "not tried" or "to be heeded".
    """

    kind: str
    found: str
    bearing: str


# The three sentences


def regions_sentence(fit: Fit, name: str, unit: str | None = None, threshold: float | None = None) -> str:
    """Say how many regions, and which, differ from zero by the band that covers all regions of a map at once.

    With a threshold it also counts the regions whose effect is beyond it with a probability of at least 95%.
    """
    sentence = _band_sentence(fit, name, unit)
    if threshold is None:
        return sentence
    beyond = int((region_report(fit, threshold=threshold, map=name)["p_beyond"] >= _SURE).sum())
    side, told = "above" if threshold > 0 else "below", f"{threshold:+g}".replace("-", "\u2212")
    return f"{sentence} {beyond} have an effect {side} {told} with probability at least {_SURE:.0%}."


def _band_sentence(fit: Fit, name: str, unit: str | None) -> str:
    table = largest_first(region_report(fit, map=name))
    thin, thick = table["simultaneous_upper90"] < 0, table["simultaneous_lower90"] > 0
    counts = [f"{int(sure.sum())} {word}" for sure, word in ((thin, "thinner"), (thick, "thicker")) if sure.any()]
    band = "by the 90% band that covers all regions at once"
    if not counts:
        largest = _effects(table.head(1), fit, unit)
        return f"None of {len(table)} regions can be told from zero {band}; the largest effect is that of {largest}."
    found, rest = table[thin | thick], table.loc[~(thin | thick), "region"].tolist()
    told = f"Of {len(table)} regions, {' and '.join(counts)} {band}"
    told = told.replace(" thin", " are thin", 1) if thin.any() else told.replace(" thick", " are thick", 1)
    if len(found) <= _FEW:
        return f"{told}: {_effects(found, fit, unit)}."
    told += f": most of all {_effects(found.head(_NAMED), fit, unit)}"
    return f"{told}; all but {_listed(rest)}." if 0 < len(rest) <= _FEW else f"{told}."


def expression_sentence(fit: Fit, name: str, validation: Validation | None = None, nulls: Nulls | None = None) -> str:
    """Say what expression explains of a map beside its structure, and beyond the structure or the twin held out."""
    if not fit.posterior.has_genes:
        return f"The model {fit.settings.model} has no genes and says nothing of expression."
    shares = fit.variance()
    shares = shares[shares["map"] == name].set_index("source")
    own = shares.loc["transcriptomic"]
    nothing = ", so perhaps with next to nothing" if own["lower90"] < _LEAST_SHARE else ""
    told = (
        f"Gene expression goes with {own['mean']:.0%} of the map's variance (90% interval {own['lower90']:.0%} to "
        f"{own['upper90']:.0%}{nothing})"
    )
    beside = [
        f"{shares.loc[source, 'mean']:.0%} that {words}"
        for source, words in (("structural", "goes as healthy people differ"), ("spatial", "is smooth over the cortex"))
        if source in shares.index
    ]
    told += f", beside {' and '.join(beside)}" if beside else ""
    return " ".join(filter(None, [f"{told}.", _held_out_sentence(fit, name, validation), _null_sentence(name, nulls)]))


def verdict_sentence(evidence: Sequence[Evidence]) -> str:
    """Say whether what was weighed agrees, what speaks against the results, and what was not tried."""
    parts = {
        bearing: [one for one in evidence if one.bearing == bearing] for bearing in (AGAINST, AGREES, HEED, UNTRIED)
    }
    sentences = []
    if parts[AGAINST]:
        sentences.append(f"Read this with care: {'; '.join(one.found for one in parts[AGAINST])}")
    if parts[AGREES]:
        lead = "In its favour: " if parts[AGAINST] else ""
        sentences.append(f"{lead}{'; '.join(one.found for one in parts[AGREES])}")
    sentences += [one.found for one in parts[HEED]]
    if parts[UNTRIED]:
        sentences.append(f"Not tried here: {_listed([one.kind for one in parts[UNTRIED]])}")
    return " ".join(f"{one[0].upper()}{one[1:]}." for one in sentences)


def weigh(
    fit: Fit,
    name: str,
    checks: pd.DataFrame,
    *,
    validation: Validation | None = None,
    nulls: Nulls | None = None,
    sensitivity: Sensitivity | None = None,
) -> list[Evidence]:
    """Weigh all that is known of one map's fit: its checks, held-out coverage, null maps, other priors, notices."""
    return [
        _checks(checks, name),
        _coverage(fit, name, validation),
        _against_nulls(name, nulls),
        *_robust(name, sensitivity),
        *_notices(fit, name),
    ]


# What each of them comes to


def _checks(checks: pd.DataFrame, name: str) -> Evidence:
    own = checks[checks["map"].isin([name, "all"])]
    failed = own.loc[own["status"] != "pass", "check"].tolist()
    if failed:
        return Evidence(
            "checks of the fit", f"{len(failed)} of {len(own)} checks of the fit fail ({', '.join(failed)})", AGAINST
        )
    return Evidence("checks of the fit", f"all {len(own)} checks of the fit pass", AGREES)


def _coverage(fit: Fit, name: str, validation: Validation | None) -> Evidence:
    kind = "held-out regions"
    row = _scores(fit, name, validation)
    if row is None:
        return Evidence(kind, "no region was held out", UNTRIED)
    number = int(fit.study.thinning_observed[fit.study.maps.index(name)].sum())
    least = 0.9 - _STANDARD_ERRORS * np.sqrt(2 * 0.9 * 0.1 / number)  # homologues count once
    told = f"90% intervals of regions held out cover {row['coverage90']:.0%} of the values"
    return Evidence(kind, told, AGREES if row["coverage90"] >= least else AGAINST)


def _against_nulls(name: str, nulls: Nulls | None) -> Evidence:
    kind = "null maps"
    row = _null_row(name, nulls)
    if row is None:
        return Evidence(kind, "no null maps were fitted", UNTRIED)
    more = float(row["p"]) <= _LEVEL
    told = f"expression explains {'more' if more else 'no more'} of it than of {described_nulls(row['method'])}"
    return Evidence(kind, f"{told} ({_null_p(row)})", AGREES if more else AGAINST)


def _robust(name: str, sensitivity: Sensitivity | None) -> list[Evidence]:
    kind = "other priors and choices"
    if sensitivity is None or name not in set(sensitivity.variants["map"]):
        return [Evidence(kind, "priors were not varied", UNTRIED)]
    own, regions = (table[table["map"] == name] for table in (sensitivity.variants, sensitivity.regions))
    usable = own[(own["how"] != "unreliable") & (own["variant"] != "another seed")]
    regions = regions[regions["variant"].isin(usable["variant"])]
    changed = regions["flips_excludes_zero"].groupby(regions["region"]).any()
    largest = float(usable["largest_shift"].max())
    told = (
        f"under other priors and choices {int(changed.sum())} of {len(changed)} regions come to exclude zero or no "
        f"longer do, and none moves by more than {largest:.1f} posterior sd"
    )
    steady = changed.mean() <= _MOST_CHANGED and largest <= _LARGEST_SHIFT
    return [Evidence(kind, told, AGREES if steady else AGAINST), *_conflicts(name, sensitivity)]


def _conflicts(name: str, sensitivity: Sensitivity) -> list[Evidence]:
    if sensitivity.power.empty:
        return []
    found = sensitivity.power[(sensitivity.power["map"] == name) & (sensitivity.power["diagnosis"] == _CONFLICT)]
    if found.empty:
        return []
    names = list(dict.fromkeys(found["quantity"]))
    shares = [name.removeprefix("share ") for name in names if name.startswith("share ")]
    others = [name for name in names if not name.startswith("share ")]
    told = [f"the shares of the variance ({_listed(shares)})"] if shares else []
    told += [first_names(others)] if others else []
    return [Evidence("prior against data", f"prior and data pull against each other in {_listed(told)}", AGAINST)]


def _notices(fit: Fit, name: str) -> list[Evidence]:
    alarms = [one for one in ceiling_alarms(fit.study) if one.startswith(f"{name}: ")]
    found = [Evidence("notices", one.removeprefix(f"{name}: ").rstrip("."), AGAINST) for one in alarms]
    found += [Evidence("notices", one.rstrip("."), AGAINST) for one in fit.posterior.notices]
    elsewhere = tuple(f"{other}{end}" for other in fit.study.maps if other != name for end in ":.")
    others = sum(not one.startswith(elsewhere) for one in fit.study.notices)
    if others:
        found.append(Evidence("notices", f"the data come with {counted(others, 'notice')}, listed under Data", HEED))
    return found


def _held_out_sentence(fit: Fit, name: str, validation: Validation | None) -> str:
    """Whether expression predicts beyond the structure, and the twin, in words; empty where neither was scored."""
    told = []
    for other, words in _BEYOND.items() if validation is not None else ():
        gains = gain_over(fit.study, validation.pointwise, name, other)
        if fit.settings.model in gains.index and fit.settings.model != other:
            gain, error = gains.loc[fit.settings.model, ["gain", "se"]]
            sure = abs(gain) > _STANDARD_ERRORS * error
            verb = ("better" if gain > 0 else "worse") if sure else "not surely better or worse"
            told.append(f"{verb} than those of {words} ({gain:+.2f} ± {error:.2f}".replace("-", "\u2212"))
    if not told:
        return ""
    return f"For regions held out its predictions are {'), and '.join(told)}; log density a region)."


def _null_sentence(name: str, nulls: Nulls | None) -> str:
    row = _null_row(name, nulls)
    return "" if row is None else f"Among {int(row['n'])} null maps without expression that share has {_null_p(row)}."


def _null_row(name: str, nulls: Nulls | None) -> Any:
    if nulls is None:
        return None
    rows = nulls.summary[(nulls.summary["map"] == name) & (nulls.summary["statistic"] == "transcriptomic_share")]
    return rows.iloc[0] if len(rows) else None


def _null_p(row: Any) -> str:
    return told_p(float(row["p"]), 1 / (1 + int(row["n"])))


def _scores(fit: Fit, name: str, validation: Validation | None) -> Any:
    if validation is None:
        return None
    scores = validation.summary()
    rows = scores[(scores["map"] == name) & (scores["model"] == fit.settings.model)]
    return rows.iloc[0] if len(rows) else None


def _effects(rows: pd.DataFrame, fit: Fit, unit: str | None) -> str:
    """Regions with their effects, the unit said once where it is known."""
    known = unit_of(fit.study, unit)
    units = ["" if known == UNKNOWN else f" {known}", *[""] * len(rows)]
    told = zip(rows["region"], rows["mean"], units, strict=False)
    return _listed([f"{region} ({_signed(mean)}{unit})" for region, mean, unit in told])


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "\u2212")


def _listed(names: Sequence[str]) -> str:
    """Names with "and" before the last."""
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)
