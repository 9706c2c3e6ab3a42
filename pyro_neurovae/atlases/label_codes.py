"""The codes under which FreeSurfer and ADNI know the regions of the Desikan-Killiany atlas."""

from __future__ import annotations

import re
from functools import lru_cache

from .atlas import adni_thickness, dk68_names

__all__ = ["decoded"]

# Place among FreeSurfer's ids of the label that is no region of the Desikan-Killiany atlas.
_CALLOSUM = 3
# ADNI's columns of the corpus callosum and of what has no label.
_ADNI_EXTRA = ("ST22TA", "ST81TA", "ST64TA", "ST123TA")


def decoded(label: object) -> str:
    """Return the name of the region that a code stands for; the label itself where it is no code.

    Codes are FreeSurfer's ids (1001, 2035.0) and ADNI's columns, with or without their table's ending (ST13TA).
    """
    code = re.sub(r"^(\d+)\.0+$|^(ST\d+TA)_.*$", r"\1\2", str(label).strip().upper())
    return _codes().get(code, str(label))


@lru_cache(maxsize=1)
def _codes() -> dict[str, str]:
    """Code of a table to the name of its region: FreeSurfer's ids of the two hemispheres, and ADNI's columns."""
    codes = adni_thickness() | dict.fromkeys(_ADNI_EXTRA, "unknown")
    left = [name[2:] for name in dk68_names() if name[0] == "L"]
    left.insert(_CALLOSUM, "corpuscallosum")
    for first, side in ((1000, "L"), (2000, "R")):
        codes |= {str(first + place): f"{side}_{name}" for place, name in enumerate(["unknown", *left])}
    return codes
