"""What a column of a table of effects holds, as its name tells: an effect of some kind, an error, an interval's end."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from .text_table import plain_name

__all__ = ["KINDS", "ColumnRole", "column_roles", "name_words"]

# Kinds of effects as the option names them, and in words. "" stands for one whose name does not tell.
KINDS = {
    "d": "Cohen's d",
    "mm": "in mm",
    "percent": "in percent",
    "rate": "a rate of change",
    "t": "t values",
    "z": "z values",
    "b": "a difference or coefficient in units of the measurement",
    "": "in units that its name does not tell",
}
# Words of a name that tell the kind, of which the first counts: "d_mm" is in mm, "z_thickness" are z values.
KIND_WORDS = {
    "rate": {"rate", "annual", "annualised", "annualized", "yearly", "yr", "year"},
    "percent": {"%", "percent", "percentage", "pct", "perc"},
    "mm": {"mm"},
    "d": {"d", "g", "cohen", "cohens", "cohend", "cohensd", "hedges", "hedgesg", "smd", "dicv", "effectsize"},
    "t": {"t", "tstat", "tvalue", "tval", "tmap", "tratio"},
    "z": {"z", "zstat", "zvalue", "zval", "zmap", "zratio", "zscore", "zscores"},
    "b": {"b", "beta", "slope", "coef", "coeff", "coefficient", "estimate", "est", "fc", "logfc", "difference",
          "differences", "diff", "meandiff", "meandifference", "delta"},
}  # fmt: skip
THICKNESS = {"thickness", "thick", "thickavg"}
UNTOLD = {"effect", "value", "thinning", "atrophy"}
ERROR_WORDS = {"se", "sem", "stderr", "stderror", "standarderror", "esterror"}
# Words beside "error" that make it a standard error: "Std. Error", brms's "Est.Error".
OF_ERROR = {"std", "standard", "est", "estimation"}
P_WORDS = {
    "p",
    "pr",
    "pval",
    "pvalue",
    "pvalues",
    "pobs",
    "pobserved",
    "praw",
    "q",
    "qval",
    "qvalue",
    "fdr",
    "padj",
    "sig",
}
LOWER = {"lower", "low", "lo", "lwr", "lcl", "lci", "lb", "ll"}
UPPER = {"upper", "up", "upr", "ucl", "uci", "ub", "ul", "high", "hi"}
# Ends of an interval that need no word such as "ci" beside them.
PLAIN_ENDS = {"lower", "lwr", "lcl", "lci", "upper", "upr", "ucl", "uci"}
OF_INTERVAL = {"ci", "conf", "confidence", "cl", "asymp", "interval", "limit", "bound", "hdi", "hpd", "credible"}
# Words for both ends in one cell, as "95% CI" has them.
BOTH_ENDS = {"ci", "confidence", "interval"}
# Words that say nothing of whose a column is.
FILLERS = {"value", "values", "val", "stat", "statistic", "ratio", "effect", "size", "of", "the", "in", "map",
           "mean", "log", "%"} | OF_INTERVAL | OF_ERROR  # fmt: skip
# Columns of limma's tables, whose B is the log odds that there is an effect.
LIMMA = {"aveexpr", "adjpval", "logfc"}
# A letter after a digit is no word of its own, as in the gene DENND2D; one before digits is of one word with them.
WORD = re.compile(
    r"%|(?<![a-zA-Z])[A-PR-Za-pr-z]\d+(?![.\d])|[A-Z]{2,}(?![a-z])|[A-Z]?[a-z]{2,}|[A-Z][a-z]|(?<!\d)[A-Za-z]|\d*\.?\d+"
)


@dataclass(frozen=True)
class ColumnRole:
    """What a column holds.

    Attributes
    ----------
    what
        "effect", "thickness" (which may be one, or the mean of a group), "error" (a standard error), "lower" or "upper"
        (an end of an interval), "interval" (both ends in one cell), "p", or "other".
    kind
        Key of `KINDS`: of an effect, and of the effect that an error, an end or a p value names; "" where none is told.
    tag
        The rest of the name in lower case: "icv" of d_icv and of se_icv, "ad" of AD_d.
    level
        Coverage of the interval, from 0 to 1, where the name tells it.
    """

    what: str
    kind: str = ""
    tag: str = ""
    level: float | None = None


def column_roles(columns: Sequence[str]) -> dict[str, ColumnRole]:
    """Return what each column of a table holds, by its name."""
    plain = {plain_name(column) for column in columns}
    roles = {column: _role(column) for column in columns}
    for column in columns:
        coordinate = plain_name(column) in ("x", "y", "z") and {"x", "y"} <= plain
        log_odds = column == "B" and bool(plain & LIMMA)
        if coordinate or log_odds:
            roles[column] = ColumnRole("other")
    return roles


def name_words(name: object) -> list[str]:
    """Words of a name in lower case: those between signs, and those that capitals or digits tell apart."""
    return [word.lower() for word in WORD.findall(str(name).replace("'", ""))]


def _role(name: str) -> ColumnRole:
    words = name_words(name)
    held, tag = set(words), _tag(words)
    end = _interval_end(words)
    if end is not None:
        return ColumnRole(end[0], _kind(held - {"%"}), tag, end[1])
    if P_WORDS & held:
        return ColumnRole("p", _kind(held), tag)
    if ERROR_WORDS & held or ({"error", "err"} & held and OF_ERROR & held):
        return ColumnRole("error", _kind(held - OF_ERROR), tag)
    kind, named = _kind(held), held & (UNTOLD | {"effect"})
    volume = any(first == "mm" and second in "23" for first, second in pairwise(words))
    if volume or tag in ("x", "y", "z") or "df" in held:
        return ColumnRole("other", tag=tag)
    if kind or named:
        return ColumnRole("effect", kind, tag)
    return ColumnRole("thickness", "mm") if held & THICKNESS and not tag else ColumnRole("other", tag=tag)


def _kind(words: set[str]) -> str:
    """Kind of effect that words tell, "" for none."""
    if {"effect", "size"} <= words:
        return "d"
    return next((kind for kind, known in KIND_WORDS.items() if words & known), "")


def _tag(words: Sequence[str]) -> str:
    """What words say beside what the column holds."""
    known = set().union(*KIND_WORDS.values()) | UNTOLD | THICKNESS | ERROR_WORDS | P_WORDS | LOWER | UPPER | FILLERS
    known |= {"error", "err", "s", "l", "u"}
    return " ".join(word for word in words if word not in known and not _is_number(word))


def _interval_end(words: Sequence[str]) -> tuple[str, float | None] | None:
    """Which end of an interval words name, or both, and its coverage where they tell it; None for none."""
    held = {word for word in words if not _is_number(word)}
    numbers = [float(word) for word in words if _is_number(word)]
    levels = [number / 100 for number in numbers if 50 <= number < 100]
    marked = bool(held & OF_INTERVAL or levels)
    for what, ends, letter in (("lower", LOWER, "l"), ("upper", UPPER, "u")):
        if held & ends & PLAIN_ENDS or (marked and held & (ends | {letter})):
            return what, (levels[0] if levels else None)
    if held & BOTH_ENDS and (levels or not numbers):
        return "interval", (levels[0] if levels else None)
    # A quantile, such as 2.5 %, Q97.5 or [0.025.
    if len(numbers) == 1 and held <= OF_INTERVAL | {"q", "%"} and (held or "." in words[0]):
        quantile = numbers[0] / 100 if numbers[0] >= 1 else numbers[0]
        if 0 < quantile < 1 and quantile != 0.5:
            return ("lower" if quantile < 0.5 else "upper"), abs(1 - 2 * quantile)
    return None


def _is_number(word: str) -> bool:
    return word[-1].isdigit() and not word[0].isalpha()
