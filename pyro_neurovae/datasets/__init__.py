"""Public maps, expression and connectivity by name."""

from __future__ import annotations

from .catalogue import DATA_VARIABLE, Dataset, MissingDataError, content_checksum, fetch, find, names, table
from .examples import example
from .frames import load

__all__ = [
    "DATA_VARIABLE",
    "Dataset",
    "MissingDataError",
    "content_checksum",
    "example",
    "fetch",
    "find",
    "load",
    "names",
    "table",
]
