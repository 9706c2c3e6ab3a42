"""Keys of what decides a result: studies, arrays and texts, and the versions of what computes it."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterator
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from ..graphs.parts import parts_of
from .study import Study

__all__ = ["fingerprint", "versions"]

_PACKAGES = ("pyro_neurovae", "torch", "pyro-ppl", "torch_geometric", "arviz", "numpy", "scipy")


def fingerprint(*parts: Study | np.ndarray | str | bytes | None) -> str:
    """Key of everything that decides a result: studies, arrays and texts, and the versions of what computes it."""
    digest = hashlib.sha256(repr(sorted(versions().items())).encode())
    for part in parts:
        for piece in _pieces(part):
            array = np.ascontiguousarray(piece) if isinstance(piece, np.ndarray) else None
            data = str(piece).encode() if array is None else array.tobytes()
            shape = "" if array is None else f"{array.dtype}{array.shape}"
            digest.update(f"{type(piece).__name__}{shape}{len(data)}:".encode())
            digest.update(data)
    return digest.hexdigest()[:40]


def _pieces(part: Any) -> Iterator[Any]:
    """What of an argument is hashed: of a study, the names and values of all that decides a result."""
    if not isinstance(part, Study):
        yield part
        return
    for name, held in parts_of(part).items():
        if held.decides:
            yield name
            yield held.value


@lru_cache(maxsize=1)
def versions() -> dict[str, str]:
    """Versions of Python and of what the numbers depend on."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "unknown"
    return found
