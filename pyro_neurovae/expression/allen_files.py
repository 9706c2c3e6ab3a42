"""The folder of the Allen Human Brain Atlas' microarray files, and what it lacks."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack, redirect_stderr, suppress
from io import StringIO
from pathlib import Path
from types import ModuleType

from ..errors import InputError

__all__ = ["ENVIRONMENT", "fetch_microarray", "microarray_folder", "missing_donors"]

ENVIRONMENT = "PYRO_NEUROVAE_DATA"
_FILES = ("MicroarrayExpression.csv", "Ontology.csv", "PACall.csv", "Probes.csv", "SampleAnnot.csv")


def microarray_folder(data_dir: str | os.PathLike[str] | None = None) -> Path:
    """Return the folder ``microarray``, which need not exist, that holds the donors' files.

    Parameters
    ----------
    data_dir
        The folder above it, or itself. None (the default) means the first that has one of: the folder that the
        environment variable PYRO_NEUROVAE_DATA names, the one that ABAGEN_DATA names, ``~/abagen-data``; if none
        has, it is to be in the first of the last two.
    """
    if data_dir is not None:
        given = Path(data_dir).expanduser().absolute()
        return given if given.name == "microarray" else given / "microarray"
    shared = [os.environ.get("ABAGEN_DATA") or "~/abagen-data", "~/abagen-data"]
    named = [os.environ.get(ENVIRONMENT) or shared[0], *shared]
    folders = [Path(one).expanduser().absolute() / "microarray" for one in named]
    return next((folder for folder in folders if folder.is_dir()), folders[1])


def missing_donors(folder: Path, donors: Sequence[str]) -> list[str]:
    """Return the donors of whom a file is missing."""
    places = {donor: folder / f"normalized_microarray_donor{donor}" for donor in donors}
    return [donor for donor, place in places.items() if not all((place / name).is_file() for name in _FILES)]


def fetch_microarray(abagen: ModuleType, folder: Path, donors: Sequence[str], *, verbose: int = 0) -> None:
    """Download the files of the donors that the folder lacks from the Allen Institute.

    Raises
    ------
    InputError
        When they can't be had; the sentence names the folder, the donors and the remedy.
    """
    missing = missing_donors(folder, donors)
    if not missing:
        return
    made = [place for place in (folder, *folder.parents) if not place.exists()]
    before = set() if made else set(folder.iterdir())
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as quiet:
            if not verbose:
                quiet.enter_context(redirect_stderr(StringIO()))
            abagen.fetch_microarray(data_dir=str(folder), donors=missing, verbose=verbose)
    except (OSError, ValueError) as fault:
        _remove_empty(folder, before, made)
        raise InputError(
            f"{folder} lacks the microarray files of donor(s) {', '.join(missing)}, and they can't be downloaded from "
            f"the Allen Institute ({' '.join(str(fault).split())}); connect to the internet, or unpack them there as "
            f"normalized_microarray_donor{missing[0]}{os.sep}{_FILES[0]} and so on, name another folder by data_dir, "
            "or the donors that are there by donors."
        ) from fault


def _remove_empty(folder: Path, before: set[Path], made: Sequence[Path]) -> None:
    """Take away the empty folders that a failed download leaves; a part of a file stays, to be resumed."""
    new = set(folder.iterdir()) - before if folder.is_dir() else set()
    for place in (*new, *made):
        with suppress(OSError):
            place.rmdir()
