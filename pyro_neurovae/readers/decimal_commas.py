"""Numbers written with a decimal comma, told from thousands by all cells of their column."""

from __future__ import annotations

import re

from ..errors import InputError

__all__ = ["point_decimals"]

Lines = list[tuple[int, list[str]]]

# 0,5 and 1.234,56; what a point alone makes a fraction; and what may as well be thousands: 1,234.
_COMMA = re.compile(r"[+-]?(?:\d{1,3}(?:\.\d{3})+|\d*),\d+(?:e[+-]?\d+)?", re.IGNORECASE)
_POINT = re.compile(r"[+-]?\d*\.\d+(?:e[+-]?\d+)?", re.IGNORECASE)
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")


def point_decimals(lines: Lines, *, source: str, semicolons: bool) -> Lines:
    """Write the numbers with a point where a file has decimal commas; the lines as they are where it has none.

    A column has decimal commas where its cells do not all look like thousands (1,234), or another column's do not.
    Where all of them look so, a delimiter of semicolons decides for decimal commas, as spreadsheets write it because
    the comma is taken; otherwise the cells are left as they are, which no number is read from.

    Parameters
    ----------
    lines
        Line number and fields of each line.
    source
        File, for messages.
    semicolons
        Whether the delimiter is one.

    Raises
    ------
    InputError
        If a column has numbers of both kinds.
    """
    commas = _cells_like(_COMMA, lines)
    if not commas:
        return lines
    points = _cells_like(_POINT, lines)
    both = next((column for column in commas if column in points), None)
    if both is not None:
        one, other = commas[both][0], points[both][0]
        raise InputError(
            f"{source}: column {both + 1} has numbers with a comma and with a point, {one[1]!r} in line {one[0]} and "
            f"{other[1]!r} in line {other[0]}; write all of them in one way."
        )
    sure = any(not _THOUSANDS.fullmatch(cell) for cells in commas.values() for _, cell in cells)
    if not sure and not (semicolons and not points):
        return lines
    return [(number, [_pointed(cell, place in commas) for place, cell in enumerate(row)]) for number, row in lines]


def _cells_like(pattern: re.Pattern[str], lines: Lines) -> dict[int, list[tuple[int, str]]]:
    """Line and text of the cells of one form, by the number of their column."""
    sign = "," if pattern is _COMMA else "."
    found: dict[int, list[tuple[int, str]]] = {}
    for number, row in lines:
        for place, cell in enumerate(row):
            if sign in cell and pattern.fullmatch(cell):
                found.setdefault(place, []).append((number, cell))
    return found


def _pointed(cell: str, numbers: bool) -> str:
    return cell.replace(".", "").replace(",", ".") if numbers and "," in cell and _COMMA.fullmatch(cell) else cell
