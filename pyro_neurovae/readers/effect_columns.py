"""Which column of a table is the effect: the one that the user names, or the first of a usual name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..errors import InputError
from ..wording import first_names
from .column_names import KINDS, ColumnRole
from .text_table import plain_name

__all__ = ["MOST_COLUMNS", "asked_column", "check_effect", "usual_effect"]

# Which effect is read where there are several: earlier kinds before later ones. A level of thickness comes before the
# statistics of a test, for it may be called so and be an effect.
RANKS = {"d": 0, "": 1, "b": 2, "mm": 2, "percent": 2, "rate": 2, "t": 4, "z": 5}
THICKNESS = 3
# More columns than a table of effects has: those of expression are its genes.
MOST_COLUMNS = 60
NO_EFFECTS = {
    "error": "standard errors",
    "p": "p values",
    "lower": "ends of intervals",
    "upper": "ends of intervals",
    "interval": "intervals",
}


def asked_column(columns: Sequence[str], name: str | None, option: str, source: str) -> str | None:
    """Find the column that the user names, in any case and punctuation; None for None, InputError for none.

    ``option`` is what names it on the command line, for the sentence.
    """
    if name is None or name in columns:
        return name
    alike = [column for column in columns if plain_name(column) == plain_name(name)]
    if len(alike) == 1:
        return alike[0]
    raise InputError(f"{source}: no column {name!r}; give {option} one of {_named(columns)}.")


def usual_effect(columns: Sequence[str], roles: Mapping[str, ColumnRole], kind: str, source: str) -> str:
    """Find the effect of the kind asked for or, for "auto", of the first kind that there is.

    Raises
    ------
    InputError
        If there is none, several may be meant, or the table is no map.
    """
    if len(columns) > MOST_COLUMNS:
        raise InputError(
            f"{source}: {len(columns)} columns, as a table of expression has them and a map has not; are --expression "
            "and --thinning swapped? If not, name the effect with --value-column."
        )
    ranks = {name: RANKS[role.kind] for name, role in roles.items() if role.what == "effect"}
    ranks |= {name: THICKNESS for name, role in roles.items() if role.what == "thickness"}
    if not ranks:
        raise InputError(f"{source}: no column of effects among {_named(columns)}; name it with --value-column.")
    for kinds in () if kind == "auto" else (("", kind), (kind,)):  # of this kind best, or of one that is not told
        ranks = {name: rank for name, rank in ranks.items() if roles[name].kind in kinds} or ranks
    first = [name for name in dict.fromkeys(columns) if ranks.get(name) == min(ranks.values())]
    bare = [name for name in first if not roles[name].tag]
    if len(first) > 1 and not bare:
        raise InputError(f"{source}: several effects, {first_names(first)}; name one with --value-column.")
    found = (bare or first)[0]
    if kind != "auto" and roles[found].kind not in ("", kind):
        raise InputError(
            f"{source}: --kind {kind}, but no column has such effects by its name ({found} is "
            f"{KINDS[roles[found].kind]}); leave --kind out, or name the column with --value-column."
        )
    return found


def check_effect(value: str, role: ColumnRole, source: str, *, sizes: tuple[str, str] | None = None) -> None:
    """Raise InputError for a column that holds no effects by its name, or is one of those of the group sizes."""
    what = "sizes of a group" if value in (sizes or ()) else NO_EFFECTS.get(role.what)
    if value == "B" and role.what == "other":
        what = "limma's log odds"
    if what is not None:
        raise InputError(f"{source}: {value} holds {what} by its name, no effects; give --value-column the effect.")


def _named(columns: Sequence[str]) -> str:
    return first_names(list(filter(None, columns)), limit=12)
