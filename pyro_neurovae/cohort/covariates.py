"""A covariate as columns of a design: a number, or a factor with a column for each level but its first."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..errors import InputError
from ..readers.magnitudes import check_magnitude
from ..readers.text_table import plain_name
from ..wording import first_names
from .sheet import cell_text
from .subjects import Subjects

__all__ = ["covariate_column", "covariate_columns", "covariate_notices"]

_FACTOR = re.compile(r"^C\((.+)\)$")


# Columns whose numbers are names: a slope over them means nothing.
_NOMINAL = re.compile(
    r"(?:site|center|centre|scanner|batch|cohort|dataset|study|protocol|manufacturer|country|race|ethnicity|ethcat|"
    r"handedness)(?:s|id|no|nr|num|number|code)?|ptraccat|ptethcat|ptmarry"
)


def covariate_column(covariate: str) -> str:
    """Column of a covariate, which ``C(column)`` makes a factor."""
    match = _FACTOR.match(covariate)
    return match[1] if match else covariate


def covariate_columns(subjects: Subjects, covariate: str) -> list[tuple[str, np.ndarray]]:
    """Columns of the design that a covariate makes, with their names: one of numbers, or one for each level but one.

    Raises
    ------
    InputError
        For words among numbers, for numbers of no reasonable size, and for a factor of too many levels.
    """
    name = covariate_column(covariate)
    label = subjects.table[name].map(cell_text)
    if name == covariate:
        numbers = pd.to_numeric(label, errors="coerce").to_numpy(dtype=float)
        words = ~np.isfinite(numbers)
        if not words.any():
            check_magnitude(numbers, labels=subjects.names, source=subjects.source, what=f"covariate {name}")
            return [(name, numbers)]
        if not words.all():
            odd = words if words.sum() <= len(words) / 2 else ~words
            what = "a word among numbers" if odd is words else "a number among words"
            raise InputError(
                f"{subjects.source}: covariate {name} of subject {subjects.names[int(np.argmax(odd))]} is "
                f"{label[odd].iloc[0]!r}, {what} ({int(odd.sum())} of {len(words)}); correct it, leave it empty if it "
                f"is missing, or write C({name}) for a factor."
            )
    levels = sorted(set(label))
    if name == covariate and len(levels) > max(20, subjects.n_rows // 4):
        raise InputError(
            f"{subjects.source}: covariate {name} has {len(levels)} different values, {first_names(levels, limit=3)}, "
            f"for {subjects.n_rows} subjects; leave it out."
        )
    if len(levels) == 1:
        return [(name, np.zeros(subjects.n_rows))]
    return [(f"{name}[{level}]", (label == level).to_numpy(dtype=float)) for level in levels[1:]]


def covariate_notices(subjects: Subjects, covariates: Sequence[str]) -> tuple[str, ...]:
    """Sentences on covariates that may not mean what was meant: codes as numbers, levels of one subject."""
    told = []
    for covariate in dict.fromkeys(covariates):
        name = covariate_column(covariate)
        times = Counter(subjects.table[name].map(cell_text))
        if [column for column, _ in covariate_columns(subjects, covariate)] == [name]:
            if len(times) > 2 and _NOMINAL.fullmatch(plain_name(name)):
                told.append(
                    f"the {len(times)} numbers of {name} are taken as a slope; where they are codes, C({name}) makes "
                    "a factor of them."
                )
            continue
        alone = [level for level, count in times.items() if count == 1]
        if alone:
            told.append(
                f"{first_names(alone)} of {name} has one subject only, who says nothing of the groups once {name} is "
                "adjusted for."
            )
    return tuple(told)
