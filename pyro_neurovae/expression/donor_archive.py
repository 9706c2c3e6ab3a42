"""Donors' expression as one .npz: written whole or not at all, read without pickle."""

from __future__ import annotations

import io
import json
import os
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InputError
from ..readers.limits import check_archive
from ..readers.whole_file import write_whole

if TYPE_CHECKING:
    from .donor_expression import DonorExpression

__all__ = ["read_archive", "write_archive"]

FORMAT = "pyro_neurovae donor expression 1"
_NAMES = ("genes", "regions", "donors")


def write_archive(expression: DonorExpression, path: str | os.PathLike[str]) -> None:
    """Write to ``path``, as it is spelled: first beside it, then moved into place.

    Raises
    ------
    InputError
        When the folder does not exist or can't be written, or a setting is no text, number, boolean or None.
    """
    target, buffer = Path(path), io.BytesIO()
    try:
        record = json.dumps({"settings": dict(expression.settings), "notices": expression.notices})
    except TypeError as fault:
        raise InputError(f"the settings can't be written ({fault}); keep text, numbers and lists in them.") from fault
    names: dict[str, Any] = {name: np.array(getattr(expression, name), dtype=np.str_) for name in _NAMES}
    np.savez_compressed(buffer, format=FORMAT, record=record, values=expression.values, **names)
    try:
        write_whole(target, buffer.getvalue())
    except OSError as fault:
        raise InputError(
            f"{target}: can't write there ({fault.strerror}); choose a folder that exists and is writable."
        ) from fault


def read_archive(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the fields of a `DonorExpression`.

    Raises
    ------
    InputError
        When the file is missing or was not written by `write_archive`.
    """
    source = Path(path)
    if not source.is_file():
        raise InputError(f"{source}: no such file; give the .npz that DonorExpression.save wrote.")
    try:
        check_archive(source)
        with np.load(io.BytesIO(source.read_bytes()), allow_pickle=False) as archive:
            if str(archive["format"]) != FORMAT:
                raise KeyError("format")
            names = {name: tuple(archive[name].tolist()) for name in _NAMES}
            return {**names, "values": archive["values"], **json.loads(str(archive["record"]))}
    except InputError:  # too large
        raise
    except (OSError, ValueError, KeyError, IndexError, EOFError, TypeError, zipfile.BadZipFile) as fault:
        raise InputError(
            f"{source} holds no expression of donors that can be read; give the .npz that DonorExpression.save wrote."
        ) from fault
