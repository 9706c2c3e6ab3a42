"""Words that many sentences share: lists of names, counts, and texts of others' making."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["counted", "first_names", "visible"]

# Controls but tab and newline, marks that turn the direction of reading, other ends of lines, halves of characters.
_STEERING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


def first_names(names: Sequence[str], limit: int = 5) -> str:
    """Join the first few names, and say how many there are where some are left out."""
    shown = ", ".join(names[:limit])
    return shown if len(names) <= limit else f"{shown}, ... ({len(names)} in all)"


def counted(number: int, noun: str) -> str:
    """Put a number before its noun, in the plural unless it is one: "1 map", "2 maps"."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def visible(text: str) -> str:
    r"""Write out what would steer a terminal or turn the direction of reading: an escape becomes ``\x1b``."""
    return _STEERING.sub(lambda found: _written(ord(found[0])), text)


def _written(code: int) -> str:
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
