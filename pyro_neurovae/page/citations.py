"""References of a text: the entries of its keys as BibTeX, and as a list to read."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

__all__ = ["bibtex", "keys_of", "reference_list"]

_ACCENTS = {r"{\o}": "ø", r"{\aa}": "å", r"{\'e}": "é", r"{\"u}": "ü", r"{\"o}": "ö", r"{\ss}": "ß", "--": "\u2013"}
_FIELD = re.compile(r"(\w+) = \{((?:[^{}]|\{[^{}]*\})*)\}")


def keys_of(text: str) -> list[str]:
    """Keys that a text holds in brackets, in the order of their first mention."""
    found = dict.fromkeys(key for group in re.findall(r"\[([a-z0-9, ]+)\]", text) for key in group.split(", "))
    return [key for key in found if key in _entries()]


def bibtex(text: str) -> str:
    """Return the BibTeX entries of the keys that a text holds in brackets, in the order of their first mention."""
    return "\n".join(_entries()[key] for key in keys_of(text))


def reference_list(text: str) -> list[str]:
    """Return the same references to read, each with its key.

    Examples
    --------
    >>> reference_list("as in [bingham2019]")
    ['[bingham2019] Bingham E, et al. (2019). Pyro: deep universal probabilistic programming. Journal of Machine \
Learning Research 20, 1\u20136.']
    """
    return [f"[{key}] {_told(_entries()[key])}" for key in keys_of(text)]


def _told(entry: str) -> str:
    """One entry as a reference."""
    for mark, sign in _ACCENTS.items():
        entry = entry.replace(mark, sign)
    held = dict(_FIELD.findall(entry))
    authors = ", ".join(map(_author, held["author"].split(" and "))) if "author" in held else ""
    place = held["journal"]
    place += f" {held['volume']}" if "volume" in held else ""
    place += f", {held['pages']}" if "pages" in held else ""
    place += f":{held['eprint']}" if "eprint" in held else ""
    lead = f"{authors} ({held['year']})" if authors else f"({held['year']})"
    return f"{lead}. {held['title']}. {place}."


def _author(name: str) -> str:
    """Family name and initials: "Kumar, Ravin" is "Kumar R"."""
    if name == "others":
        return "et al."
    family, _, given = name.partition(", ")
    return f"{family} {''.join(part[0] for part in re.split(r'[ -]+', given) if part)}".strip()


@lru_cache(maxsize=1)
def _entries() -> dict[str, str]:
    text = (Path(__file__).parent / "references.bib").read_text(encoding="utf-8")
    return {found[1]: line for line in text.splitlines() if (found := re.match(r"@\w+\{(\w+),", line))}
