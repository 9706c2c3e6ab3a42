"""The readers, by the kind of table that they read; the one list of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ..errors import SettingsError
from .connections import read_connections
from .covariance_table import read_covariance
from .expression_table import read_expression
from .fold_table import read_folds
from .gene_lists import read_genes
from .gene_sets import read_gmt
from .labelled_surface import read_labelled_surface
from .null_map_table import read_null_maps
from .region_table import read_regions
from .reliability import read_reliability
from .thinning_files import read_thinning
from .vertex_files import ENDINGS
from .vertex_maps import read_vertex_map

__all__ = ["READERS", "read", "read_if_file", "register_reader"]

FilePath = str | os.PathLike[str]
Reader = Callable[..., Any]

# Kind of table to the readers of its files, by the ending of the file's name; "" stands for any other ending.
READERS: dict[str, dict[str, Reader]] = {
    "connections": {"": read_connections},
    "covariance": {"": read_covariance},
    "expression": {"": read_expression},
    "folds": {"": read_folds},
    "gene sets": {"": read_gmt},
    "reliability": {"": read_reliability},
    "genes": {"": read_genes},
    "labelled surface": {"": read_labelled_surface},
    "null maps": {"": read_null_maps},
    "regions": {"": read_regions},
    "thinning": {"": read_thinning, **dict.fromkeys(ENDINGS, read_vertex_map)},
}


def register_reader(kind: str, reader: Reader, *, ending: str = "") -> None:
    """Let files of another form, or another kind of table, be read wherever the package reads that kind.

    Parameters
    ----------
    kind
        What the table holds: one of `READERS`, or a kind of your own.
    reader
        A function that is called, and gives, as the kind's own reader is and does: ``read_expression(path, names,
        genes=...)`` gives an `ExpressionTable` of the regions named, which `align_expression` makes of a DataFrame.
        Each fault is an InputError that names the file, the row and the remedy.
    ending
        End of the names of its files, such as ".gct", in any case, before ".gz" where there is one; "" (the default)
        for all of a kind of your own.

    Raises
    ------
    SettingsError
        When there is such a reader already.

    Examples
    --------
    >>> register_reader("expression", read_gct, ending=".gct")
    >>> nv.Study.from_files("brain.gct", "map.csv")
    """
    forms = READERS.setdefault(kind, {})
    if ending.lower() in forms:
        what = f"files that end with {ending}" if ending else "any file"
        raise SettingsError(f"there is a reader of {kind} for {what} already; register yours for another ending.")
    forms[ending.lower()] = reader


def read(kind: str, source: Any, /, *arguments: Any, **options: Any) -> Any:
    """Read a table of some kind by the reader for its ending, the longest that fits.

    Parameters
    ----------
    kind
        One of `READERS`.
    source
        A path, or a sequence of paths of which the first tells the form; what is neither, such as a DataFrame where
        the kind has them, goes to the reader for any ending.
    *arguments, **options
        Further arguments of the kind's reader.

    Raises
    ------
    SettingsError
        For a kind that nothing reads.
    InputError
        As the reader says.
    """
    forms = READERS.get(kind, {})
    name = _name(source)
    fitting = [one for one in forms if name.endswith(one) or name.removesuffix(".gz").endswith(one)]
    ending = max(fitting, key=len, default=None)
    if ending is None:
        raise SettingsError(f"nothing reads {kind} from {name or 'this'}; the kinds known are {', '.join(READERS)}.")
    return forms[ending](source, *arguments, **options)


def read_if_file(kind: str, given: Any) -> Any:
    """Return what is given, or what it holds where it is the path of a file."""
    return read(kind, given) if isinstance(given, str | os.PathLike) else given


def _name(source: Any) -> str:
    """Name of the file, or of the first of several, in lower case; empty for what is no file."""
    if isinstance(source, Sequence) and not isinstance(source, str) and source:
        source = source[0]
    return Path(source).name.lower() if isinstance(source, str | os.PathLike) else ""
