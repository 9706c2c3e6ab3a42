"""Which columns of a table hold the effect, its standard error and the group sizes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import InputError
from .column_names import ColumnRole, column_roles, name_words
from .effect_columns import MOST_COLUMNS, asked_column, check_effect, usual_effect
from .text_table import plain_name

__all__ = ["SPREAD_SHARE", "ThinningColumns", "choose_columns", "effect_table", "first_column", "group_size_columns"]

# Not those corrected for multiple testing, which say nothing of the standard error.
P_VALUES = (
    "p",
    "pval",
    "pvalue",
    "pobs",
    "pobserved",
    "praw",
    "puncorrected",
    "puncorr",
    "punc",
    "pnominal",
    "prt",
    "pt",
)
CONTROLS = ("ncontrols", "ncontrol", "nhc", "nctl", "nctrl", "nctr", "ncn", "nnc", "nhealthy", "n0", "n2")
CASES = ("npatients", "npatient", "ncases", "ncase", "npd", "nad", "nmci", "nscz", "nbd", "nmdd", "nepi", "n1")
# What else tables count, beside the people of a group.
NO_GROUPS = {"sites", "site", "studies", "study", "cohorts", "total", "all", "vertices", "voxels", "obs", "sample",
             "samples", "men", "women", "male", "males", "female", "females", "subjects", "regions"}  # fmt: skip
# Kinds whose standard errors are in the units of the data; a standard error without a name beside another is theirs.
IN_UNITS = ("b", "mm")
USUAL_LEVEL = 0.95
# As `contrast` names it; it speaks of its columns d and se.
SPREAD_SHARE = "spread_share"


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
    kind
        Kind of the effect, a key of `column_names.KINDS`; group sizes speak of Cohen's d alone.
    interval
        Lower and upper end of the effect's interval and its coverage, or None; one name twice for both in one cell.
    statistic
        Test statistic of the effect, or None.
    foreign_error
        A column of standard errors that may belong to another effect of the table and is therefore not read.
    rivals
        The effects that it may belong to.
    p_values
        P values of the effect, not corrected for multiple testing, or None.
    spread_share
        Share of each squared standard error that comes from estimating the sd, as `contrast` writes it, or None.
    """

    value: str
    error: str | None
    sizes: tuple[str, str] | None
    kind: str = ""
    interval: tuple[str, str, float] | None = None
    statistic: str | None = None
    foreign_error: str | None = None
    rivals: tuple[str, ...] = ()
    p_values: str | None = None
    spread_share: str | None = None

    @property
    def effect_size(self) -> bool:
        """Whether the effect is an effect size: only then do group sizes tell its standard errors."""
        return self.kind == "d"


def choose_columns(
    columns: Sequence[str],
    *,
    source: str,
    value_column: str | None = None,
    se_column: str | None = None,
    kind: str = "auto",
) -> ThinningColumns:
    """Choose by the user's word first, by the common spellings otherwise.

    What else is said of an effect is found by the rest of its name: ``se_icv`` goes with ``d_icv``, ``AD_se`` with
    ``AD_d``. A bare ``SE`` is the effect's unless the table has another that it may belong to; beside a difference or
    coefficient in the units of the data, it is no effect size's.

    Parameters
    ----------
    columns, source
        The table's columns, and its name for messages.
    value_column, se_column
        The columns of the effect and of its standard error; None (the default) looks for the usual names.
    kind
        Kind of the effect, a key of `column_names.KINDS`, of which a column is looked for unless one is asked for;
        "auto" (the default) takes the first of Cohen's d, effects of other units, t and z values, by their names.

    Raises
    ------
    InputError
        If the column asked for is not there or holds no effect, no column has a known name, or several may be meant.
    """
    roles = column_roles(columns)
    value = asked_column(columns, value_column, "--value-column", source)
    if value is None:
        value = usual_effect(columns, roles, kind, source)
    sizes = group_size_columns(columns)
    check_effect(value, roles[value], source, sizes=sizes)
    error = asked_column(columns, se_column, "--se-column", source)
    counted = error is not None and error in (sizes or ())
    if error is not None and (error == value or counted or roles[error].what == "p"):
        held = "the effect" if error == value else "the size of a group" if counted else "p values"
        raise InputError(f"{source}: {error} holds {held}, no standard errors; give --se-column the column of these.")
    foreign: str | None = None
    rivals: tuple[str, ...] = ()
    if error is None:
        error, foreign, rivals = _matching_error(columns, roles, value)
    return ThinningColumns(
        value,
        error,
        sizes,
        roles[value].kind if kind == "auto" else kind,
        _matching_interval(columns, roles, value),
        _matching_statistic(columns, roles, value),
        foreign,
        rivals,
        _matching_p(columns, value),
        SPREAD_SHARE if SPREAD_SHARE in columns and error in ("se", None) and value == "d" else None,
    )


def first_column(columns: Sequence[str], spellings: Sequence[str]) -> str | None:
    """Column with the earliest of some plain spellings, the first of equal ones; None where there is none."""
    plain = {plain_name(column): column for column in reversed(columns)}
    return next((plain[spelling] for spelling in spellings if spelling in plain), None)


def effect_table(columns: Sequence[str]) -> tuple[str, ...]:
    """The columns by which a table is one of effects: an effect, and an error or the group sizes; empty for none."""
    roles = column_roles(columns)
    effects = [name for name in columns if roles[name].what == "effect"]
    beside = [name for name in columns if roles[name].what == "error"] or list(group_size_columns(columns) or ())
    return (effects[0], *beside[:2]) if effects and beside and len(columns) <= MOST_COLUMNS else ()


def group_size_columns(columns: Sequence[str]) -> tuple[str, str] | None:
    """Columns of the sizes of the control and of the case group, or of two other groups; None where one is lacking."""
    controls, cases = first_column(columns, CONTROLS), first_column(columns, CASES)
    if controls is not None and cases is not None:
        return controls, cases
    words = {column: name_words(column) or [""] for column in columns}
    counts = [column for column, (first, *rest) in words.items() if first == "n" and rest and not NO_GROUPS & set(rest)]
    return (counts[0], counts[1]) if len(counts) == 2 else None


def _owners(roles: dict[str, ColumnRole], value: str, held: str) -> list[str]:
    """The effects that a column may speak of, the value first where it is one."""
    own, one = roles[value], roles[held]
    if (one.tag and one.tag != own.tag) or (one.kind and one.kind != own.kind):
        return []
    others = [
        name
        for name, role in roles.items()
        if name != value
        and role.what == "effect"
        and role.kind not in ("t", "z")
        and (role.kind or not role.tag)
        and role.tag in (one.tag or role.tag,)
        and role.kind in (one.kind or role.kind,)
        and not (own.kind in IN_UNITS and role.kind not in IN_UNITS)
    ]
    if not one.tag:  # those with one of their own, by the rest of the name, need this one not
        alike = [role for role in roles.values() if role.what == one.what]
        tags, kinds = {role.tag for role in alike} - {""}, {role.kind for role in alike} - {""}
        others = [name for name in others if roles[name].tag not in tags and roles[name].kind not in kinds]
    in_units = [name for name in others if roles[name].kind in IN_UNITS]
    return [value, *(in_units or others)]


def _matching_error(
    columns: Sequence[str], roles: dict[str, ColumnRole], value: str
) -> tuple[str | None, str | None, tuple[str, ...]]:
    """The effect's standard error; else one that may be another's, and whose."""
    stem = plain_name(value)
    own = [name for name in (f"se{stem}", f"{stem}se", f"se{stem[1:]}") if len(stem) > 1]
    spelled = first_column(columns, own)
    if spelled is not None:
        return spelled, None, ()
    errors = [name for name in columns if roles[name].what == "error"]
    # Those of the same rest of the name, or that name the kind, before a bare one.
    errors.sort(key=lambda name: not (roles[name].tag or roles[name].kind))
    foreign: tuple[str | None, tuple[str, ...]] = (None, ())
    for name in errors:
        owners = _owners(roles, value, name)
        if owners == [value]:
            return name, None, ()
        if foreign[0] is None or owners:
            foreign = name, tuple(owners[1:])
    return None, *foreign


def _matching_interval(
    columns: Sequence[str], roles: dict[str, ColumnRole], value: str
) -> tuple[str, str, float] | None:
    """Ends of the effect's interval, those nearest to the usual coverage where there are several."""
    ends = [
        (abs((roles[low].level or USUAL_LEVEL) - USUAL_LEVEL), low, high, roles[low].level or USUAL_LEVEL)
        for low in columns
        for high in columns
        if (
            (roles[low].what, roles[high].what) == ("lower", "upper") or (low == high and roles[low].what == "interval")
        )
        and roles[low].tag == roles[high].tag
        and abs((roles[low].level or USUAL_LEVEL) - (roles[high].level or USUAL_LEVEL)) < 1e-9
        and all(_owners(roles, value, end) == [value] for end in (low, high))
    ]
    return min(ends)[1:] if ends else None


def _matching_statistic(columns: Sequence[str], roles: dict[str, ColumnRole], value: str) -> str | None:
    found = [
        name
        for name, role in roles.items()
        if name != value and role.what == "effect" and role.kind in ("t", "z") and role.tag in ("", roles[value].tag)
    ]
    return found[0] if found else first_column([name for name in columns if name != value], ["statistic", "stat"])


def _matching_p(columns: Sequence[str], value: str) -> str | None:
    stem = plain_name(value)
    stems = [stem, stem[1:]] if stem[:1] == "d" and len(stem) > 1 else [stem]
    own = [name for one in stems for p in ("p", "pval", "pvalue") for name in (p + one, one + p)]
    return first_column([column for column in columns if column != value], [*own, *P_VALUES])
