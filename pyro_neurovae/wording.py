"""Words that many sentences share: lists of names, counts, and texts of others' making."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

__all__ = ["bounded_p", "counted", "first_names", "least_p", "listed", "minus", "told_p", "told_probability", "visible"]

# Controls but tab and newline, marks that turn the direction of reading, other ends of lines, halves of characters.
_STEERING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


def first_names(names: Sequence[str], limit: int = 5) -> str:
    """Join the first few names, and say how many there are where some are left out."""
    shown = ", ".join(names[:limit])
    return shown if len(names) <= limit else f"{shown}, ... ({len(names)} in all)"


def listed(names: Sequence[str]) -> str:
    """Join names, with "and" before the last."""
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)


def counted(number: int, noun: str) -> str:
    """Put a number before its noun, in the plural unless it is one: "1 map", "2 maps"."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def minus(text: str) -> str:
    """Write the hyphens of numbers in a text as minus signs."""
    return text.replace("-", "\u2212")


def least_p(number: int) -> float:
    """Least p-value that so many null maps or draws can give: 1 / (1 + n), the map itself being one of them."""
    return 1 / (1 + int(number))


def told_p(p: float, least: float = 0.0) -> str:
    """Write a p-value, bounded by the least that its null maps or draws can give: "p = .012", "p < .0034".

    Examples
    --------
    >>> told_p(0.0123, least_p(299)), told_p(1 / 300, least_p(299))
    ('p = .012', 'p < .0034')
    """
    found = bounded_p(p, least)
    return f"p {found}" if found[0] in "<≤" else f"p = {found}"


def bounded_p(p: float, least: float = 0.0) -> str:
    """Write a p-value as `told_p` without "p =", for a table: ".012", "< .0034"."""
    bound = max(least, 1e-4)
    if p > bound * (1 + 1e-9):
        return _decimal(f"{p:.2g}")
    digits = 1 - math.floor(math.log10(bound))
    above = math.ceil(round(bound * 10**digits, 6)) / 10**digits
    return f"{'<' if above > bound * (1 + 1e-6) else '≤'} {_decimal(f'{above:.{digits}f}'.rstrip('0'))}"


def told_probability(probability: float, draws: int) -> str:
    """Write a probability counted in draws, bounded by their number: ".97", "> .999", "< .001".

    Examples
    --------
    >>> told_probability(0.97, 1000), told_probability(1.0, 1000)
    ('.970', '> .999')
    """
    digits = max(1, math.floor(math.log10(draws)))
    least = 10.0**-digits
    if probability >= 1 - least / 2:
        return f"> {_decimal(f'{1 - least:.{digits}f}')}"
    if probability < least / 2:
        return f"< {_decimal(f'{least:.{digits}f}')}"
    return _decimal(f"{probability:.{min(digits, 3)}f}")


def _decimal(number: str) -> str:
    """Leave out the nought before the point, as of what is never above one."""
    return number.removeprefix("0") if number.startswith("0.") else number


def visible(text: str) -> str:
    r"""Write out what would steer a terminal or turn the direction of reading: an escape becomes ``\x1b``."""
    return _STEERING.sub(lambda found: _written(ord(found[0])), text)


def _written(code: int) -> str:
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
