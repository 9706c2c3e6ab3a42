"""What may be asked of a contrast: its choices, the names of columns, and the room that resampling takes."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral

from ..errors import SettingsError, check_seed
from ..readers.limits import check_memory
from .balance import SCHEMES
from .covariates import covariate_column
from .subjects import Subjects

__all__ = ["EFFECTS", "ERRORS", "check_choices", "check_names", "check_room", "plain_covariates"]

EFFECTS = ("d", "mm")
ERRORS = ("hc3", "classical", "bootstrap")

_FEWEST_PERMUTATIONS = 19


def check_choices(effect: str, errors: str, weights: str, bootstrap: int, permutations: int, seed: int) -> None:
    """Raise SettingsError for an unknown choice, or a number of replicates or permutations that makes no sense."""
    choices = {"effect": (effect, EFFECTS), "errors": (errors, ERRORS), "weights": (weights, SCHEMES)}
    for name, (value, known) in choices.items():
        if value not in known:
            raise SettingsError(f"{name} is {value!r}: the known ones are {', '.join(known)}.")
    for name, number in (("bootstrap", bootstrap), ("permutations", permutations)):
        if not isinstance(number, Integral) or isinstance(number, bool):
            raise SettingsError(f"{name} is {number!r}; give a whole number.")
    if bootstrap != 0 and bootstrap < 100:
        raise SettingsError(f"bootstrap is {bootstrap}; give at least 100 replicates, or 0 for none.")
    if permutations != 0 and permutations < _FEWEST_PERMUTATIONS:
        raise SettingsError(
            f"permutations is {permutations}; give at least {_FEWEST_PERMUTATIONS}, below which no p can reach .05, "
            "or 0 for none."
        )
    if errors == "bootstrap" and not bootstrap:
        raise SettingsError(
            "errors are to come from the bootstrap, of which there are no replicates; give --bootstrap 2000."
        )
    check_seed(seed)


def check_names(**names: str | Sequence[str] | None) -> None:
    """Raise SettingsError for an option whose name of a column is empty."""
    for option, given in names.items():
        for name in [given] if isinstance(given, str) else given or ():
            if not str(name).strip():
                raise SettingsError(f"{option} has an empty name; give the name of a column.")


def plain_covariates(covariates: str | Sequence[str]) -> list[str]:
    """Names of covariates, from one text with commas too; SettingsError for a column that is given in two ways."""
    listed = [name.strip() for name in covariates.split(",")] if isinstance(covariates, str) else list(covariates)
    columns: dict[str, str] = {}
    for covariate in listed:
        name = covariate_column(covariate)
        if columns.setdefault(name, covariate) != covariate:
            raise SettingsError(f"covariate {name} is given twice, as {columns[name]} and {covariate}; keep one.")
    return listed


def check_room(subjects: Subjects, bootstrap: int, permutations: int) -> None:
    """Check that the memory holds all replicates and permutations: rows drawn, effects, and their table."""
    regions = len(subjects.regions)
    for option, number, size in (("bootstrap", bootstrap, 2), ("permutations", permutations, 6)):
        needed = 8 * number * (subjects.n_rows + size * regions)
        check_memory(needed, f"--{option} {number:,}", "ask for fewer")
