"""Files of labels that belong to a table of numbers and lie beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..errors import InputError

__all__ = ["file_beside", "plain_stem"]

_ENDINGS = (".csv", ".txt", ".tsv")


def plain_stem(path: Path) -> tuple[str, str]:
    """Return the name of a file without ``.gz`` and extension, and the extension."""
    name = Path(path.name[:-3] if path.name.lower().endswith(".gz") else path.name)
    return name.stem, name.suffix


def file_beside(path: Path, stems: Sequence[str]) -> Path | None:
    """Find a text file in a file's folder by its name without extension, in any case; None where there is none.

    Parameters
    ----------
    path
        The file beside which it lies; its own extension goes first.
    stems
        Names without extension, the likeliest first.

    Raises
    ------
    InputError
        If two files have the name in different case, and neither in that of the table.
    """
    own, suffix = plain_stem(path)
    here = sorted(place for place in path.parent.iterdir() if place.is_file())
    for stem in (one for one in stems if one.lower() != own.lower()):
        for ending in dict.fromkeys((suffix, *_ENDINGS)):
            exact = [place for place in here if place.name == stem + ending]
            alike = exact or [place for place in here if place.name.lower() == (stem + ending).lower()]
            if len(alike) > 1:
                both = " and ".join(place.name for place in alike[:2])
                raise InputError(f"{path.name}: {both} may both be its labels; keep one of them beside it.")
            if alike:
                return alike[0]
    return None
