"""The two groups of a contrast: who is in them, one row each, with every covariate known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from ..errors import InputError, SettingsError
from ..wording import counted, first_names
from .covariates import covariate_column
from .diagnoses import diagnosis_word
from .missing_codes import CodesInput, MissingCodes, check_suspects, read_codes
from .sheet import cell_text, is_blank
from .subjects import REPEATS, Subjects

__all__ = ["two_groups"]

MINIMUM_GROUP = 5
MISSING = ("error", "drop")

_MOST_NAMED = 8


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
        Numbers of covariates that stand for a missing value, as `read_subjects` takes them.

    Raises
    ------
    InputError
        If a column or a group is not there, a group has under 5 subjects, or a value is missing or repeated where
        that is an error.
    SettingsError
        For an unknown rule.
    """
    _check_rules(missing, repeats)
    for column in (group, *map(covariate_column, covariates)):
        if column not in subjects.table.columns:
            raise InputError(
                f"{subjects.source}: no column {column!r} among {first_names(list(subjects.table.columns), limit=20)}."
            )
    codes = read_codes(missing_codes)
    kept = _without_codes(subjects, [group], replace(codes, everywhere=None))  # a group may well be called -1
    kept = _of_groups(_with_values(kept, [group], missing), group, {"control": control, "case": case})
    names = list(dict.fromkeys(map(covariate_column, covariates)))
    kept = _without_codes(kept, [name for name in names if name != group], codes)
    for name in set(names) & set(covariates):  # of a factor, C(site), any number may be a level
        if not codes.settled(name):
            numbers = pd.to_numeric(kept.table[name].map(cell_text), errors="coerce").to_numpy(dtype=float)
            check_suspects(kept.source, name, numbers, values_are=f"{name}=none")
    kept = _with_values(kept, names, missing, group)
    return _measured_regions(_single_rows(kept, repeats), group, {"control": control, "case": case})


def _check_rules(missing: str, repeats: str) -> None:
    for name, value, known in (("missing", missing, MISSING), ("repeats", repeats, REPEATS)):
        if value not in known:
            raise SettingsError(f"{name} is {value!r}: the known ones are {', '.join(known)}.")


def _of_groups(subjects: Subjects, group: str, values: dict[str, object]) -> Subjects:
    """The rows of either group, under the word that was asked for, however a row spells it.

    Letter case makes no other group, and neither does another word for a diagnosis, unless both are asked for.
    """
    label = subjects.table[group].map(cell_text)
    asked = [cell_text(value) for value in values.values()]
    if asked[0] == asked[1]:
        raise InputError(f"cases and controls are both {group} {asked[0]}; name two different values.")
    exact = _same_word(*asked)
    table, chosen, notices = subjects.table.copy(), np.zeros(subjects.n_rows, dtype=bool), []
    for (name, value), wanted, other in zip(values.items(), asked, reversed(asked), strict=True):
        found = [one == wanted if exact else one != other and _same_word(one, wanted) for one in label]
        rows = np.array(found, dtype=bool)
        if not rows.any():
            raise InputError(
                f"{subjects.source}: no row has {group} {value} (the {name}s); the values are "
                f"{first_names(sorted(set(label)), limit=12)}."
            )
        spelled = _counts(label[rows])
        if len(set(label[rows])) > 1:
            notices.append(f"{group} of the {name}s is spelled in several ways: {spelled}.")
        table[group] = table[group].astype(object).mask(rows, wanted)
        chosen |= rows
    if not chosen.all():
        notices.append(f"{int((~chosen).sum())} rows of other groups in {group} left out: {_counts(label[~chosen])}.")
    return replace(subjects, table=table).take(chosen, *notices)


def _counts(words: pd.Series) -> str:
    """How often each word stands there, the commonest first."""
    return first_names([f"{word} ({count})" for word, count in Counter(words).most_common()], limit=_MOST_NAMED)


def _same_word(cell: str, wanted: str) -> bool:
    meant = diagnosis_word(wanted)
    return cell.lower() == wanted.lower() or (meant is not None and diagnosis_word(cell) == meant)


def _without_codes(subjects: Subjects, columns: Sequence[str], codes: MissingCodes) -> Subjects:
    """Empty the codes for missing of some columns, and say how many there were."""
    found = {name: codes.emptied(name, subjects.table[name]) for name in columns}
    table = subjects.table.assign(**{name: cells for name, (cells, _) in found.items()})
    return replace(subjects, table=table, notices=(*subjects.notices, *(told for _, told in found.values() if told)))


def _with_values(subjects: Subjects, columns: Sequence[str], missing: str, group: str | None = None) -> Subjects:
    for column in columns:
        blank = is_blank(subjects.table[column])
        if not blank.any():
            continue
        count, total = int(blank.sum()), subjects.n_rows
        first = subjects.names[int(np.argmax(blank))]
        why = next((f" ({told[:-1]})" for told in subjects.notices if ": no row for " in told), "")
        if count == total:
            raise InputError(f"{subjects.source}: column {column} is empty for all {total} subjects{why}; fill it in.")
        if missing == "error":
            raise InputError(
                f"{subjects.source}: column {column} is empty for {count} of {total} subjects, {first} the first{why}; "
                f'fill it in, or keep the other {total - count} with --missing drop (missing="drop").'
            )
        whose = f": {_counts(subjects.table[group][blank])}" if group else ""
        subjects = subjects.take(~blank, f"{count} subjects without {column} left out{whose}.")
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
            f"{subjects.source}: subject {name} has {len(rows)} rows{where}, {counted(len(twice), 'such subject')} in "
            'all; keep one row each with --visit, or choose --repeats first or mean (repeats="first").'
        )
    kept = subjects.take(np.array([rows[0] for rows in first.values()]))
    if repeats == "mean":
        kept.thickness[:] = [_mean(subjects.thickness[rows]) for rows in first.values()]
    told = "their first row kept" if repeats == "first" else "the thickness of their rows averaged"
    return kept.take(np.ones(kept.n_rows, dtype=bool), f"{len(twice)} subjects have several rows; {told}.")


def _mean(rows: np.ndarray) -> np.ndarray:
    """Mean over rows of what is there; NaN where nothing is."""
    seen = ~np.isnan(rows)
    return np.where(seen.any(0), np.where(seen, rows, 0).sum(0) / np.maximum(seen.sum(0), 1), np.nan)


def _measured_regions(subjects: Subjects, group: str, values: dict[str, object]) -> Subjects:
    """The regions that enough subjects of either group have."""
    enough = np.ones(len(subjects.regions), dtype=bool)
    for name, value in values.items():
        rows = (subjects.table[group] == cell_text(value)).to_numpy(dtype=bool)
        if rows.sum() < MINIMUM_GROUP:
            raise InputError(
                f"{subjects.source}: {rows.sum()} {name}s ({group} {value}); a contrast needs at least {MINIMUM_GROUP}."
            )
        enough &= (~np.isnan(subjects.thickness[rows])).sum(0) >= MINIMUM_GROUP
    if enough.all():
        return subjects
    thin = first_names([region for region, kept in zip(subjects.regions, enough, strict=True) if not kept])
    if not enough.any():
        raise InputError(f"{subjects.source}: no region has {MINIMUM_GROUP} thicknesses in either group; fill them in.")
    return replace(
        subjects,
        regions=tuple(region for region, kept in zip(subjects.regions, enough, strict=True) if kept),
        thickness=subjects.thickness[:, enough],
        notices=(*subjects.notices, f"{thin} left out: fewer than {MINIMUM_GROUP} controls or cases have it."),
    )
