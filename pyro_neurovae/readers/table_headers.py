"""Headers that lack a corner, delimiters at the ends of lines, titles above a table and notes below it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..errors import InputError
from ..wording import counted

__all__ = ["check_columns", "is_number", "plain_name", "split_header"]

Lines = list[tuple[int, list[str]]]

# Names of a first column, the labels of the rows: where a header begins with one its corner is there.
_LABELS = frozenset(
    """
    region label roi structure parcel area name names regionname roiname index id gene genes genesymbol symbol hem hemi
    hemisphere side subject subjects subjid subjectid subjectlabel participantid participant rid ptid eid map fold
    source from first region1 unnamed0
    """.split()  # noqa: SIM905
)
_NOTE = re.compile(
    r"(?:[*\u2020\u2021(]|(?:foot)?notes?\b|source\b|abbreviations?\b|legend\b|values are\b).*|.{60,}", re.IGNORECASE
)
# Lines at the end that are looked at.
_MOST_NOTES = 20


def plain_name(name: object) -> str:
    """Return a column's name in lower case, letters and digits only."""
    return re.sub(r"[^a-z0-9]", "", str(name).lower())


def check_columns(header: Sequence[str], wanted: Sequence[str], *, source: str, what: str) -> None:
    """Raise InputError unless a header has each of the wanted columns once; ``what`` says what such tables have."""
    for column in wanted:
        times = list(header).count(column)
        if not times:
            raise InputError(f"{source} has no column {column}; {what}.")
        if times > 1:
            raise InputError(f"{source} has {times} columns {column}; keep one of them.")


def split_header(lines: Lines, source: str) -> tuple[list[str], Lines]:
    """Return the header, one name a column, and the rows below it, unnamed empty columns at the end left out.

    Rows that all have one field more than the header have labels that it does not name (R's ``write.table``, pandas'
    ``index_label=False``): the numbers of fields decide that, whatever the cells hold. Only where the header begins
    with the name of a column of labels, and the last field is empty throughout, is that a delimiter at the ends.

    Raises
    ------
    InputError
        If a title stands above the header or a note below the rows, if there is no header, or if its corner may be
        there or not.
    """
    _check_titles(lines, source)
    header, body = [cell.lstrip("#").strip() for cell in lines[0][1]], lines[1:]
    named = [cell for cell in header[1:] if cell]
    if len(named) > 1 and 2 * sum(map(_is_fraction, named)) > len(named):
        raise InputError(
            f"{source}, line {lines[0][0]}: numbers where the names of the columns should be ({', '.join(named[:3])}); "
            "write a header line above them."
        )
    spare = min((len(row) for _, row in body), default=0) - len(header)
    if spare > 0 and _is_corner(header, body, spare, source):
        header.insert(0, "")
    while header and not header[-1] and not any(any(row[len(header) - 1 :]) for _, row in body):
        header.pop()
    _check_notes(header, body, source)
    return header, body


def _is_corner(header: list[str], body: Lines, spare: int, source: str) -> bool:
    """Whether the fields that rows have beyond the header's are labels without a name."""
    if any(any(row[len(header) :]) for _, row in body):
        return spare == 1 and all(len(row) == len(header) + 1 for _, row in body)
    named = plain_name(header[0]) in _LABELS | {""}
    numbered = [row[0] for _, row in body] == [str(number) for number in range(1, len(body) + 1)]
    if named and not (spare == 1 and numbered and header[0]):
        return False
    if spare == 1 and not named:
        return True
    raise InputError(
        f"{source}: the rows have {counted(spare, 'field')} more than the header's {len(header)}, empty at their ends; "
        "name the first column if the labels lack a name, or take the delimiters off the ends of the lines."
    )


def _check_titles(lines: Lines, source: str) -> None:
    """A title is a line of one text above a header of more; a header over labels has numbers below."""
    single = [sum(map(bool, row)) == 1 for _, row in lines]
    title = lines[0][1][0]
    if not single[0] or all(single) or not title:
        return
    first = single.index(False)
    if first > 1 or " " in title or not any(map(_is_value, lines[first][1][1:])):
        raise InputError(
            f"{source}, line {lines[0][0]}: {title[:60]!r} is a title above the table; delete the lines above line "
            f"{lines[first][0]}, where the header is."
        )


def _check_notes(header: list[str], body: Lines, source: str) -> None:
    """A note is a text of one field below the rows."""
    notes = [
        (line, row[0])
        for line, row in body[-_MOST_NOTES:]
        if row[0] and not any(row[1:]) and (len(row) < min(len(header), 3) or _NOTE.fullmatch(row[0]))
    ]
    if notes:
        line, note = notes[0]
        raise InputError(
            f"{source}, line {line}: {note[:60]!r} is a note below the table, not a row of {len(header)} fields; "
            f"delete {'it' if len(notes) == 1 else f'the last {len(notes)} lines'}."
        )


def _is_fraction(cell: str) -> bool:
    """Whether a cell is a number that no identifier could be."""
    return not cell.isdigit() and cell.lower() not in ("na", "n/a", "nan", "inf", "infinity") and is_number(cell)


def _is_value(cell: str) -> bool:
    """Whether a cell is a number or says that one is missing."""
    return is_number(cell) or cell.lower() in ("na", "n/a")


def is_number(text: str) -> bool:
    """Whether a text is written as a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True
