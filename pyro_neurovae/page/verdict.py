"""How far a map's results can be trusted: all that was weighed, and a sentence on what it comes to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..evidence.null_sources import described_nulls
from ..readers.effect_checks import TURN_ROUND
from ..studies.summary import ceiling_alarms
from ..wording import counted, first_names, least_p, listed, told_p

if TYPE_CHECKING:
    from ..evidence.null_tests import Nulls
    from ..evidence.sensitivities import Sensitivity
    from ..evidence.validation import Validation
    from ..posterior.fits import Fit

__all__ = [
    "AGAINST",
    "AGREES",
    "HEED",
    "STANDARD_ERRORS",
    "UNTRIED",
    "Evidence",
    "held_out_row",
    "null_p",
    "null_row",
    "scored_model",
    "verdict_sentence",
    "weigh",
]

# How a piece of evidence bears on the intervals and on what is said of expression.
AGREES, AGAINST, UNTRIED, HEED = "agrees", "speaks against", "not tried", "to be heeded"

# How many of its standard errors a difference exceeds that is one.
STANDARD_ERRORS = 2

_LEVEL = 0.05
_CONFLICT = "prior-data conflict"
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
        sentences.append(f"Not tried here: {listed([one.kind for one in parts[UNTRIED]])}")
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


def held_out_row(fit: Fit, name: str, validation: Validation | None) -> Any:
    """Row of the fit's model among the scores of a map's held-out regions; None where there is none."""
    if validation is None:
        return None
    scores = validation.summary()
    rows = scores[(scores["map"] == name) & (scores["model"] == fit.settings.model)]
    return rows.iloc[0] if len(rows) else None


def scored_model(fit: Fit, validation: Validation | None) -> str:
    """The fit's model, or the best of a validation that did not score it."""
    own = fit.settings.model
    if validation is None or own in set(validation.scores["model"]):
        return own
    return str(validation.summary().sort_values("elpd")["model"].iloc[-1])


def null_row(name: str, nulls: Nulls | None) -> Any:
    """Row of a map's transcriptomic share among its null maps; None where there is none."""
    if nulls is None:
        return None
    rows = nulls.summary[(nulls.summary["map"] == name) & (nulls.summary["statistic"] == "transcriptomic_share")]
    return rows.iloc[0] if len(rows) else None


def null_p(row: Any) -> str:
    """Its p, bounded by the number of null maps."""
    return told_p(float(row["p"]), least_p(row["n"]))


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
    row = held_out_row(fit, name, validation)
    if row is None:
        return Evidence(kind, "no region was held out", UNTRIED)
    number = int(fit.study.thinning_observed[fit.study.maps.index(name)].sum())
    least = 0.9 - STANDARD_ERRORS * np.sqrt(2 * 0.9 * 0.1 / number)  # homologues count once
    told = f"90% intervals of regions held out cover {row['coverage90']:.0%} of the values"
    return Evidence(kind, told, AGREES if row["coverage90"] >= least else AGAINST)


def _against_nulls(name: str, nulls: Nulls | None) -> Evidence:
    kind = "null maps"
    row = null_row(name, nulls)
    if row is None:
        return Evidence(kind, "no null maps were fitted", UNTRIED)
    more = float(row["p"]) <= _LEVEL
    told = f"expression explains {'more' if more else 'no more'} of it than of {described_nulls(row['method'])}"
    return Evidence(kind, f"{told} ({null_p(row)})", AGREES if more else AGAINST)


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
    told = [f"the shares of the variance ({listed(shares)})"] if shares else []
    told += [first_names(others)] if others else []
    return [Evidence("prior against data", f"prior and data pull against each other in {listed(told)}", AGAINST)]


def _notices(fit: Fit, name: str) -> list[Evidence]:
    alarms = [one for one in ceiling_alarms(fit.study) if one.startswith(f"{name}: ")]
    found = [Evidence("notices", one.removeprefix(f"{name}: ").rstrip("."), AGAINST) for one in alarms]
    found += [Evidence("notices", one.rstrip("."), AGAINST) for one in fit.posterior.notices]
    elsewhere = tuple(f"{other}{end}" for other in fit.study.maps if other != name for end in ":.")
    own = [one for one in fit.study.notices if not one.startswith(elsewhere)]
    if any(TURN_ROUND in one for one in own):
        found.append(Evidence("notices", "positive may mean thinner in the file, against what is said here", AGAINST))
    if own:
        found.append(Evidence("notices", f"the data come with {counted(len(own), 'notice')}, listed under Data", HEED))
    return found
