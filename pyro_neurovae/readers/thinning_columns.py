"""Which columns of a table hold the effect, its standard error and the group sizes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import InputError
from ..wording import first_names
from .text_table import plain_name

__all__ = ["STANDARDISED", "ThinningColumns", "choose_columns", "first_column"]

STANDARDISED = ("dicv", "d", "cohensd", "cohend", "effectsize", "smd", "hedgesg", "g")
IN_MM = ("differencemm", "differenceinmm", "diffmm", "diffinmm", "meandifferencemm", "thicknessdifferencemm")
DIFFERENCES = (*IN_MM, "difference", "meandifference", "adjusteddifference", "thicknessdifference")
VALUES = (*STANDARDISED, "effect", "value", "estimate", "thinning", *DIFFERENCES, "thickness", "b", "beta", "mean")
ERRORS = ("se", "standarderror", "stderr", "stderror")
UNSTANDARDISED = ("b", "beta", "coef", "coefficient", "estimate", *IN_MM)
RAW = (*UNSTANDARDISED, *DIFFERENCES, "thickness", "thick", "thickavg")
# Words of a column's name, as "adjusted difference (mm)" has three, that tell what its numbers are.
RAW_WORDS = {"b", "beta", "coef", "coefficient", "estimate", "difference", "diff", "thickness", "thick", "t", "z"}
STANDARDISED_WORDS = {"d", "g", "cohen", "cohens", "hedges", "smd"}
# Not those corrected for multiple testing, which say nothing of the standard error.
P_VALUES = ("p", "pval", "pvalue", "pobs", "pobserved", "praw", "puncorrected", "puncorr", "punc", "pnominal")
CONTROLS = ("ncontrols", "ncontrol", "nhc", "nctl", "nctrl", "nctr", "ncn", "nnc", "nhealthy", "n0", "n2")
CASES = (
    "npatients",
    "npatient",
    "ncases",
    "ncase",
    "npd",
    "nad",
    "nmci",
    "nscz",
    "nbd",
    "nmdd",
    "nepi",
    "n1",
)


@dataclass(frozen=True)
class ThinningColumns:
    """Names of the columns to read, in the table's spelling.

    Attributes
    ----------
    value
        The effect.
    error
        Its standard error, or None.
    sizes
        Sizes of the control and of the case group, or None.
    standardised
        Whether the group sizes speak of the effect: they do not where it is in raw units such as mm.
    foreign_error
        A column of standard errors that belongs to another effect of the table and is therefore not read.
    p_values
        P values of the effect, not corrected for multiple testing, or None.
    """

    value: str
    error: str | None
    sizes: tuple[str, str] | None
    standardised: bool
    foreign_error: str | None = None
    p_values: str | None = None

    @property
    def effect_size(self) -> bool:
        """Whether the effect is called an effect size: only then are its errors held against the group sizes."""
        return self.standardised and (
            plain_name(self.value) in STANDARDISED or bool(STANDARDISED_WORDS & _words(self.value))
        )


def choose_columns(
    columns: Sequence[str], *, source: str, value_column: str | None = None, se_column: str | None = None
) -> ThinningColumns:
    """Choose by the user's word first, by the common spellings otherwise.

    A column ``se_x`` or ``x_se`` goes with the effect ``x`` (``se_icv`` with ``d_icv``). A bare ``SE`` is
    taken for the effect unless the table also has a raw effect such as ``b``: then it belongs to that one.

    Raises
    ------
    InputError
        If the column asked for is not there, or no column has a known name.
    """
    value = _asked(columns, value_column, "--value-column", source)
    value = value or first_column(columns, VALUES)
    if value is None:
        raise InputError(
            f"{source}: no column of effects among {first_names(list(filter(None, columns)), limit=12)}; "
            "name it with --value-column."
        )
    error, foreign = _asked(columns, se_column, "--se-column", source), None
    if error is None:
        error, foreign = _matching_error(columns, value)
    controls, cases = first_column(columns, CONTROLS), first_column(columns, CASES)
    sizes = (controls, cases) if controls is not None and cases is not None else None
    return ThinningColumns(value, error, sizes, not _is_raw(value), foreign, _matching_p(columns, value))


def _asked(columns: Sequence[str], name: str | None, option: str, source: str) -> str | None:
    if name is None:
        return None
    if name in columns:
        return name
    alike = [column for column in columns if plain_name(column) == plain_name(name)]
    if len(alike) == 1:
        return alike[0]
    raise InputError(
        f"{source}: no column {name!r}; give {option} one of {first_names(list(filter(None, columns)), limit=12)}."
    )


def first_column(columns: Sequence[str], spellings: Sequence[str]) -> str | None:
    """Column with the earliest of some plain spellings, the first of equal ones; None where there is none."""
    plain = {plain_name(column): column for column in reversed(columns)}
    return next((plain[spelling] for spelling in spellings if spelling in plain), None)


def _words(name: str) -> set[str]:
    return set(re.split(r"[^a-z0-9]+", str(name).lower()))


def _is_raw(value: str) -> bool:
    """Whether the effect is in mm or other raw units, or a test statistic."""
    words = _words(value)
    return "mm" in words or plain_name(value) in RAW or (bool(words & RAW_WORDS) and not words & STANDARDISED_WORDS)


def _matching_p(columns: Sequence[str], value: str) -> str | None:
    stem = plain_name(value)
    stems = [stem, stem[1:]] if stem[:1] == "d" and len(stem) > 1 else [stem]
    own = [name for one in stems for p in ("p", "pval", "pvalue") for name in (p + one, one + p)]
    return first_column([column for column in columns if column != value], [*own, *P_VALUES])


def _matching_error(columns: Sequence[str], value: str) -> tuple[str | None, str | None]:
    stem = plain_name(value)
    own = [name for error in ERRORS for name in (error + stem, stem + error)]
    own += [error + stem[1:] for error in ERRORS if stem[:1] == "d" and len(stem) > 1]
    found = first_column(columns, own)
    if found is not None:
        return found, None
    bare = first_column(columns, ERRORS)
    others = [column for column in columns if plain_name(column) in UNSTANDARDISED and column != value]
    return (None, bare) if bare is not None and others else (bare, None)
