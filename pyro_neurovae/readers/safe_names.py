"""Names of files made of names that come from data: safe in every folder and on every system, and told apart."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence

__all__ = ["file_names"]

# Bytes that a name may have here: systems allow 255 for the whole, and endings and quantities are added to it.
_LONGEST = 120

# What separates folders, steers a shell or a drive, or is refused by Windows.
_UNSAFE = re.compile(r'[/\\:*?"<>|%$`!&;\'{}\[\]()~#=@^]')

# Names that Windows gives to devices, whatever their ending.
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)", re.IGNORECASE)


def file_names(names: Sequence[str]) -> list[str]:
    """Return a name for a file, or a part of one, for each name: no folder, nothing hidden, no two alike.

    Letters, digits, blanks and ``. _ - +`` stay; all else becomes an underscore. A name that would then be
    another's, differ from it in the case of letters only, or be too long ends with a checksum of its own.

    Parameters
    ----------
    names
        Names of maps, sets, programs or folds, as data have them.

    Examples
    --------
    >>> file_names(["enigma_ad", "../../x", "A", "a"])
    ['enigma_ad', '__.._x', 'A', 'a-ca978112']
    """
    taken: set[str] = set()
    found = []
    for name in names:
        safe = _safe(name)
        if len(safe.encode()) > _LONGEST or safe.casefold() in taken:
            kept = safe.encode()[: _LONGEST - 9].decode(errors="ignore")
            safe = f"{kept}-{hashlib.sha256(name.encode(errors='surrogatepass')).hexdigest()[:8]}"
        while safe.casefold() in taken:
            safe += "_"
        taken.add(safe.casefold())
        found.append(safe)
    return found


def _safe(name: str) -> str:
    """The name without what a file's name must not have."""
    composed = unicodedata.normalize("NFC", name)
    plain = "".join(sign if sign == " " or unicodedata.category(sign)[0] in "LMNPS" else "_" for sign in composed)
    plain = _UNSAFE.sub("_", plain)
    plain = re.sub(r"^[ .\-]+|[ .]+$", "_", plain)
    return f"_{plain}" if not plain or _RESERVED.match(plain) else plain
