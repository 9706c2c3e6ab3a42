"""The two groups and the covariates as a design matrix, checked for what would spoil the contrast."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ..errors import InputError, SettingsError
from ..wording import first_names
from .missing_codes import CodesInput, MissingCodes, check_suspects
from .missing_codes import missing_codes as read_codes
from .sheet import is_blank
from .subjects import REPEATS, Subjects

__all__ = ["Design", "make_design", "two_groups"]

MINIMUM_GROUP = 5
MISSING = ("error", "drop")

_FACTOR = re.compile(r"^C\((.+)\)$")
_SYNONYMS = {"ad": "dementia", "dementia": "ad", "cn": "nl", "nl": "cn"}


@dataclass(frozen=True, eq=False)
class Design:
    """Columns of a regional linear model.

    Attributes
    ----------
    names
        Name of each column: intercept, group, then the covariates.
    matrix
        Design (row, column): ones; 0 for a control and 1 for a case; covariates centred, a factor as one column for
        each level but its first.
    centres
        What was taken off each column; (column,).
    """

    names: tuple[str, ...]
    matrix: np.ndarray
    centres: np.ndarray

    @property
    def case(self) -> np.ndarray:
        """Whether a row is a case; (row,) bool."""
        return self.matrix[:, 1] == 1

    @property
    def without_group(self) -> np.ndarray:
        """Columns but the group's; (row, column)."""
        return np.delete(self.matrix, 1, axis=1)


def two_groups(
    subjects: Subjects,
    group: str,
    case: object,
    control: object,
    covariates: Sequence[str] = (),
    *,
    missing: str = "error",
    repeats: str = "error",
    missing_codes: CodesInput = None,
) -> Subjects:
    """Keep the subjects of two groups, one row each, with every covariate known.

    Parameters
    ----------
    subjects
        All that was read.
    group, case, control
        Column of the groups, and its values in either.
    covariates
        Columns that the model will need.
    missing
        "error" (the default): an empty group or covariate ends in an error; "drop" leaves such rows out and counts
        them.
    repeats
        "error" (the default) for a subject with several rows; "first" keeps its first row, "mean" averages the
        thickness of its rows and keeps the first row's covariates.
    missing_codes
        Numbers of covariates that stand for a missing value, as `missing_codes` takes them.

    Raises
    ------
    InputError
        If a column or a group is not there, a group has under 5 subjects, or a value is missing or repeated where
        that is an error.
    SettingsError
        For an unknown rule.
    """
    _check_rules(missing, repeats)
    for column in (group, *map(_plain_name, covariates)):
        if column not in subjects.table.columns:
            raise InputError(
                f"{subjects.source}: no column {column!r} among {first_names(list(subjects.table.columns), limit=20)}."
            )
    codes = read_codes(missing_codes)
    kept = _without_codes(subjects, [group], replace(codes, everywhere=None))  # a group may well be called -1
    kept = _with_values(kept, [group], missing)
    label = kept.table[group].map(_text)
    rows = {name: _matches(label, value) for name, value in (("control", control), ("case", case))}
    for name, value in (("control", control), ("case", case)):
        if not rows[name].any():
            raise InputError(
                f"{kept.source}: no row has {group} {value} (the {name}s); the values are "
                f"{first_names(sorted(set(label)), limit=12)}."
            )
    if (rows["control"] & rows["case"]).any():
        raise InputError(f"cases and controls are both {group} {case}; name two different values.")
    chosen = rows["control"] | rows["case"]
    other = int((~chosen).sum())
    kept = kept.take(chosen, *([f"{other} rows of other groups in {group} left out."] if other else []))
    kept = _without_codes(kept, list(dict.fromkeys(map(_plain_name, covariates))), codes)
    for name in covariates:  # of a factor, C(site), any number may be a level
        if name in kept.table.columns and not codes.settled(name):
            numbers = pd.to_numeric(kept.table[name].map(_text), errors="coerce").to_numpy(dtype=float)
            check_suspects(kept.source, name, numbers, values_are=f"{name}=none")
    kept = _with_values(kept, [_plain_name(one) for one in covariates], missing)
    kept = _single_rows(kept, repeats)
    _check_sizes(kept, group, case, control)
    return kept


def make_design(subjects: Subjects, group: str, case: object, covariates: Sequence[str] = ()) -> Design:
    """Build the design matrix of `two_groups`' rows.

    A covariate is linear where all its values are numbers; else, or written ``C(name)``, it is a factor.

    Raises
    ------
    InputError
        For a covariate that is constant, or that the others and the group determine.
    """
    label = subjects.table[group].map(_text)
    names, columns = ["intercept", "group"], [np.ones(subjects.n_rows), _matches(label, case).astype(float)]
    centres = [0.0, 0.0]
    for covariate in dict.fromkeys(covariates):
        for name, column in _columns(subjects, covariate):
            scale = float(np.std(column))
            if scale <= 1e-12 * max(1.0, float(np.abs(column).max())):
                raise InputError(
                    f"{subjects.source}: covariate {name} is the same for all {subjects.n_rows} subjects; leave it out."
                )
            names.append(name)
            columns.append(column - column.mean())
            centres.append(float(column.mean()))
            _check_new(columns, names, subjects)
    if subjects.n_rows <= len(names):
        raise InputError(f"{subjects.n_rows} subjects for {len(names)} columns of the model; leave covariates out.")
    return Design(tuple(names), np.stack(columns, axis=1), np.array(centres))


def _check_rules(missing: str, repeats: str) -> None:
    for name, value, known in (("missing", missing, MISSING), ("repeats", repeats, REPEATS)):
        if value not in known:
            raise SettingsError(f"{name} is {value!r}: the known ones are {', '.join(known)}.")


def _plain_name(covariate: str) -> str:
    match = _FACTOR.match(covariate)
    return match[1] if match else covariate


def _text(cell: object) -> str:
    return re.sub(r"^(-?\d+)\.0+$", r"\1", str(cell).strip())


def _matches(label: pd.Series, value: object) -> np.ndarray:
    """Rows whose group is the value; for a diagnosis Dementia and AD are one, and so are CN and NL."""
    wanted = _text(value)
    found = (label == wanted).to_numpy(dtype=bool)
    if not found.any() and wanted.lower() in _SYNONYMS:
        found = (label.str.lower() == _SYNONYMS[wanted.lower()]).to_numpy(dtype=bool)
    return found


def _without_codes(subjects: Subjects, columns: Sequence[str], codes: MissingCodes) -> Subjects:
    """Empty the codes for missing of some columns, and say how many there were."""
    found = {name: codes.emptied(name, subjects.table[name]) for name in columns}
    table = subjects.table.assign(**{name: cells for name, (cells, _) in found.items()})
    return replace(subjects, table=table, notices=(*subjects.notices, *(told for _, told in found.values() if told)))


def _with_values(subjects: Subjects, columns: Sequence[str], missing: str) -> Subjects:
    for column in columns:
        blank = is_blank(subjects.table[column])
        if not blank.any():
            continue
        count, total = int(blank.sum()), subjects.n_rows
        first = subjects.names[int(np.argmax(blank))]
        if count == total:
            raise InputError(f"{subjects.source}: column {column} is empty for all {total} subjects; fill it in.")
        if missing == "error":
            raise InputError(
                f"{subjects.source}: column {column} is empty for {count} of {total} subjects, {first} the first; "
                'fill it in, or leave them out with --missing drop (missing="drop").'
            )
        subjects = subjects.take(~blank, f"{count} subjects without {column} left out.")
    return subjects


def _single_rows(subjects: Subjects, repeats: str) -> Subjects:
    first: dict[str, list[int]] = {}
    for row, name in enumerate(subjects.names):
        first.setdefault(name, []).append(row)
    twice = {name: rows for name, rows in first.items() if len(rows) > 1}
    if not twice:
        return subjects
    name, rows = next(iter(twice.items()))
    visits = first_names([visit for visit in (subjects.visits[row] for row in rows) if visit])
    if repeats == "error":
        where = f" (visits {visits})" if visits else ""
        raise InputError(
            f"{subjects.source}: subject {name} stands {len(rows)} times{where}, {len(twice)} subjects do; keep one "
            'row each with --visit, or choose --repeats first or mean (repeats="first").'
        )
    kept = subjects.take(np.array([rows[0] for rows in first.values()]))
    if repeats == "mean":
        kept.thickness[:] = [_mean(subjects.thickness[rows]) for rows in first.values()]
    told = "their first row kept" if repeats == "first" else "the thickness of their rows averaged"
    return kept.take(np.ones(kept.n_rows, dtype=bool), f"{len(twice)} subjects stand several times; {told}.")


def _mean(rows: np.ndarray) -> np.ndarray:
    """Mean over rows of what is there; NaN where nothing is."""
    seen = ~np.isnan(rows)
    return np.where(seen.any(0), np.where(seen, rows, 0).sum(0) / np.maximum(seen.sum(0), 1), np.nan)


def _check_sizes(subjects: Subjects, group: str, case: object, control: object) -> None:
    label = subjects.table[group].map(_text)
    for name, value in (("controls", control), ("cases", case)):
        size = int(_matches(label, value).sum())
        if size < MINIMUM_GROUP:
            raise InputError(
                f"{subjects.source}: {size} {name} ({group} {value}); a contrast needs at least {MINIMUM_GROUP}."
            )


def _columns(subjects: Subjects, covariate: str) -> list[tuple[str, np.ndarray]]:
    name = _plain_name(covariate)
    cells = subjects.table[name]
    numbers = pd.to_numeric(cells.map(_text), errors="coerce").to_numpy(dtype=float)
    if name == covariate and np.isfinite(numbers).all():
        return [(name, numbers)]
    label = cells.map(_text)
    levels = sorted(set(label))
    if name == covariate and len(levels) > max(20, subjects.n_rows // 4):
        word = next(text for text, number in zip(label, numbers, strict=True) if not np.isfinite(number))
        raise InputError(
            f"{subjects.source}: covariate {name} has {len(levels)} different values, {word!r} among them, which is no "
            "number; correct it or leave it out."
        )
    if len(levels) == 1:
        return [(name, np.zeros(subjects.n_rows))]
    return [(f"{name}[{level}]", (label == level).to_numpy(dtype=float)) for level in levels[1:]]


def _check_new(columns: list[np.ndarray], names: list[str], subjects: Subjects) -> None:
    """Whether the last column is more than a mixture of those before it."""
    scaled = np.stack([column / np.linalg.norm(column) for column in columns], axis=1)
    before, new = scaled[:, :-1], scaled[:, -1]
    left = new - before @ np.linalg.lstsq(before, new, rcond=None)[0]
    if np.linalg.norm(left) < 1e-6:
        raise InputError(
            f"{subjects.source}: covariate {names[-1]} is collinear with {first_names(names[1:-1], limit=6)}, so their "
            "effects can't be told apart; leave it out."
        )
