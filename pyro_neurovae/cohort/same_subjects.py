"""One subject under two spellings: 7 and 0007, RID and PTID, an id with its folder, a longitudinal id."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence

from ..errors import InputError

__all__ = ["match_subjects"]

_NUMBER = re.compile(r"(?:sub-)?(?:\d{3}_S_|ADNI\d{3}S)?0*(\d+)", re.IGNORECASE)
_TEMPLATE = re.compile(r"^(?:base|template)[._-]|[._-](?:base|template|long)$", re.IGNORECASE)


def match_subjects(
    subjects: Sequence[str], scanned: Sequence[str], source: str, other: str, notices: list[str]
) -> list[str]:
    """Subjects of a table as the scans spell them; one that no scan has keeps its name.

    Equal text goes first. What is left is matched by ever freer readings of a name, each only where it tells the
    subjects of either table apart: without its folder and a slash at its end, by the time point and by the template of
    a longitudinal id (TIME.long.TEMPLATE), as numbers (7, 0007, 011_S_0007, sub-ADNI011S0007), and without "sub-" and
    letter case. Notices say how many were matched by which.

    Raises
    ------
    InputError
        If no subject is among the scans.
    """
    taken: dict[str, str] = {name: name for name in set(subjects) & set(scanned)}
    for how, reading in _READINGS:
        ours, theirs = _told_apart(subjects, reading), _told_apart(scanned, reading)
        used = set(taken.values())
        new = {
            ours[key]: theirs[key]
            for key in ours
            if key in theirs and ours[key] not in taken and theirs[key] not in used
        }
        if new:
            first = next(iter(new))
            notices.append(f"{source}: {len(new)} subjects matched with {other} {how} ({first} is {new[first]}).")
        taken |= new
    if not taken:
        raise InputError(
            f"no subject of {source} is among those of {other} (the first are {subjects[0]} and {scanned[0]}); "
            "give both tables the same names of subjects, or name the column with --subject-column."
        )
    return [taken.get(name, name) for name in subjects]


def _told_apart(names: Sequence[str], reading: Callable[[str], str]) -> dict[str, str]:
    """What each name reads as, to the name; without what two different names read as."""
    unique = dict.fromkeys(names)
    times = Counter(reading(name) for name in unique)
    return {reading(name): name for name in unique if reading(name) and times[reading(name)] == 1}


def _alone(name: str) -> str:
    return name.rstrip("/\\").replace("\\", "/").rsplit("/", 1)[-1]


def _time(name: str) -> str:
    return _alone(name).split(".long.", 1)[0]


def _template(name: str) -> str:
    return _TEMPLATE.sub("", _alone(name).split(".long.", 1)[-1])


def _number(name: str) -> str:
    found = _NUMBER.fullmatch(_alone(name))
    return found[1] if found else ""


def _plain(name: str) -> str:
    return _template(name).lower().removeprefix("sub-")


_READINGS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("without folders", _alone),
    ("by their time points", _time),
    ("by their templates", _template),
    ("as numbers", _number),
    ("but for sub- and letter case", _plain),
)
