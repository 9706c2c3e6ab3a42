"""Checks of single settings: each raises one sentence that names the setting and what to give."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

from pyro_neurovae.errors import SettingsError

__all__ = ["check_flag", "check_known", "check_most", "check_number", "check_whole"]


def check_whole(record: Any, *names: str, least: int = 1) -> None:
    """Check that fields are whole numbers of at least ``least``; SettingsError otherwise."""
    for name in names:
        value = getattr(record, name)
        if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
            raise SettingsError(f"{name} is {value!r}; give a whole number of at least {least}.")


def check_most(record: Any, **most: int) -> None:
    """Check that fields are no larger than anybody's machine could be asked for; SettingsError otherwise."""
    for name, bound in most.items():
        value = getattr(record, name)
        if value > bound:
            raise SettingsError(f"{name} is {value!r}; give at most {bound:,}.")


def check_number(record: Any, name: str, *, least: float = -math.inf, above: float = -math.inf) -> None:
    """Check that a field is a finite number of at least, or above, a bound; SettingsError otherwise."""
    value = getattr(record, name)
    fits = isinstance(value, Real) and not isinstance(value, bool)
    if not fits or not (value >= least and value > above and math.isfinite(value)):
        limit = f"of at least {least:g}" if least > -math.inf else f"above {above:g}"
        prior = ", or PCPrior(upper=..., alpha=...)" if name in ("lam", "unexplained_scale") else ""
        raise SettingsError(f"{name} is {value!r}; give a number {limit}{prior}.")


def check_flag(record: Any, name: str) -> None:
    """Check that a field is True or False; SettingsError otherwise."""
    if not isinstance(getattr(record, name), bool):
        raise SettingsError(f"{name} is {getattr(record, name)!r}; give True or False.")


def check_known(name: str, value: str, known: Sequence[str]) -> None:
    """Check that a word is among the known ones; SettingsError, which lists them, otherwise."""
    if value not in known:
        raise SettingsError(f"unknown {name} {value!r}: the known ones are {', '.join(known)}.")
