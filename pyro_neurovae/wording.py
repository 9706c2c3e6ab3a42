"""Words that many sentences share: lists of names, and counts."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["counted", "first_names"]


def first_names(names: Sequence[str], limit: int = 5) -> str:
    """Join the first few names, and say how many there are where some are left out."""
    shown = ", ".join(names[:limit])
    return shown if len(names) <= limit else f"{shown}, ... ({len(names)} in all)"


def counted(number: int, noun: str) -> str:
    """Put a number before its noun, in the plural unless it is one: "1 map", "2 maps"."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
