"""Public maps, expression and connectivity by name: built in, in a folder of yours, or fetched once and checked."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pandas as pd

from ..atlases.atlas import dk68_names
from ..errors import InputError
from ..readers.whole_file import abandoned, stage
from ..studies.provenance import file_checksum

__all__ = [
    "DATA_VARIABLE",
    "Dataset",
    "MissingDataError",
    "content_checksum",
    "fetch",
    "find",
    "names",
    "of_checksum",
    "table",
]

DATA_VARIABLE = "PYRO_NEUROVAE_DATA"

_TABLES = Path(__file__).parent / "tables"
_RECORD = "checksums.json"
# Seconds without an answer, and bytes of the largest file that is fetched.
_PATIENCE, _LARGEST = 60, 1_000_000_000
_TERMS = {
    "adni1": "published figures, which come with the package. Adjusted differences of 142 people with Alzheimer's "
    "disease from 197 controls, APOE4 among the covariates; the standard error is the width of the published 95% "
    "interval over 3.92. Left and right may be exchanged in the published tables (the sides correlate .98): use the "
    "hemispheres' means where it matters. Regions are DKT's, whose borders differ a little from Desikan-Killiany's; no "
    "bankssts, frontal and temporal pole",
    "enigma": "as the ENIGMA Toolbox distributes it (BSD-3-Clause); cite it (Larivière et al. 2021, Nature Methods 18, "
    "698-700) beside the study",
    "published": "published summary statistics",
    "enigma-extra": "as the ENIGMA Toolbox distributes it; cite it (Larivière et al. 2021, Nature Methods 18, 698-700)",
    "brainenrich": "as BrainEnrich distributes it (github.com/zh1peng/BrainEnrich); landmark genes from "
    "github.com/dhimmel/lincs, CC BY 4.0",
    "farahani": "no terms are stated, so that it is not passed on; projected to fsaverage5 in data/disease* of "
    "github.com/netneurolab/Farahani_Blood_Perfusion",
    "seidlitz": "no terms are stated, so that it is not passed on; made from data/seidlitz_cell_genes.csv of "
    "github.com/richardajdear/AHBA_gradients, one set a class of cells",
}


class MissingDataError(InputError):
    """A dataset that is neither at hand nor to be fetched; the sentence says which file to put where."""


@dataclass(frozen=True)
class Dataset:
    """One file that is built in or can be fetched.

    Attributes
    ----------
    name, kind, what
        Its name here; thickness, vertices, expression, connectivity, subjects or gene sets; in words.
    file
        Where it lies below a local folder, or among the package's own tables.
    url
        Where it is fetched from, "" where it is built in or can only be had from a local folder.
    sha256
        Checksum of the file, "" where none is known yet: then the first download's is kept and later ones must match.
    citation, terms
        What to cite, and under which terms it comes.
    unit
        Unit of a map's effect, "mm" or "Cohen's d"; "" for other kinds.
    """

    name: str
    kind: str
    what: str
    file: str
    url: str
    sha256: str
    citation: str
    terms: str
    unit: str = ""

    @property
    def built_in(self) -> bool:
        """Whether the package holds the file, so that neither network nor local folder is needed."""
        return (_TABLES / self.file).is_file()


def names(kind: str | None = None) -> list[str]:
    """Names of the datasets, of all kinds or of one."""
    return [one.name for one in _registry().values() if kind in (None, one.kind)]


def table() -> pd.DataFrame:
    """List the datasets: name, kind, what, checksum ("built in", "pinned" or "first download"), citation, url."""
    rows = [
        {
            "name": one.name,
            "kind": one.kind,
            "what": one.what,
            "checksum": "built in" if one.built_in else "pinned" if one.sha256 else "first download",
            "citation": one.citation,
            "url": one.url,
        }
        for one in _registry().values()
    ]
    return pd.DataFrame(rows)


def find(name: str) -> Dataset:
    """Look a dataset up.

    Raises
    ------
    InputError
        For a name that is not in the list, with the nearest ones.
    """
    import difflib

    registry = _registry()
    if name in registry:
        return registry[name]
    near = difflib.get_close_matches(name, registry, n=3, cutoff=0.3)
    hint = f"the nearest are {', '.join(near)}" if near else "pyro-neurovae datasets lists them"
    raise InputError(f"no dataset {name}; {hint}.")


def of_checksum(sha256: str) -> Dataset | None:
    """Dataset whose file has a SHA-256, as it is built in, pinned or was once downloaded; None where there is none."""
    for one in _registry().values():
        known = {one.sha256, _recorded(one, _cache())} if not one.built_in else {file_checksum(_TABLES / one.file)}
        if sha256 and sha256 in known:
            return one
    return None


def fetch(name: str, *, cache: str | os.PathLike[str] | None = None) -> Path:
    """Return the path of a dataset's file: the package's own, from the local folder, from the cache, or fetched.

    What is not built in is looked for in the folder that the environment variable ``PYRO_NEUROVAE_DATA`` names, under
    `Dataset.file` or the file's own name; then in the cache; then downloaded. What is found or fetched must have the
    known SHA-256.

    Parameters
    ----------
    name
        One of `names`.
    cache
        Folder for downloads; None (the default) for the user's cache folder.

    Raises
    ------
    MissingDataError
        Where there is neither network nor local file.
    InputError
        For an unknown name and a checksum that does not match.

    Examples
    --------
    >>> import pyro_neurovae as nv
    >>> nv.Study.from_files(nv.datasets.fetch("ahba_dk68_stable0.6"), nv.datasets.fetch("enigma_pd"))
    """
    one = find(name)
    if one.built_in:
        return _TABLES / one.file
    if f"{name}_labels" in _registry():  # a matrix takes its labels from the file beside it
        fetch(f"{name}_labels", cache=cache)
    local = _local(one)
    folder = Path(cache) if cache is not None else _cache()
    if local is not None and one.kind == "expression" and one.url and local.name == _own_name(one):
        return _bring(one, folder, "", local)  # as it lies at its address: more than the cortex
    if local is not None:
        _check(one, local, one.sha256)
        return local
    recorded = _recorded(one, folder)
    # A table cut to the cortex here is not the pinned file byte by byte: its numbers were compared when it came.
    known = recorded if one.kind == "expression" else one.sha256 or recorded
    kept = folder / one.file
    if kept.is_file():
        _check(one, kept, known)
        return kept
    if not one.url:
        raise MissingDataError(
            f"{one.name} can't be downloaded; put {one.file} in a folder and name that folder in {DATA_VARIABLE}."
        )
    return _bring(one, folder, known)


def _local(one: Dataset) -> Path | None:
    folder = os.environ.get(DATA_VARIABLE)
    if not folder:
        return None
    places = [Path(folder) / one.file, Path(folder) / Path(one.file).name, Path(folder) / _own_name(one)]
    return next((place for place in places if place.is_file()), None)


def _own_name(one: Dataset) -> str:
    """Name of the file where it lies at its address: as a browser saves it."""
    return one.url.rsplit("/", 1)[-1] or Path(one.file).name


def _cache() -> Path:
    import pooch

    return Path(pooch.os_cache("pyro_neurovae"))


def _bring(one: Dataset, folder: Path, known: str, local: Path | None = None) -> Path:
    """Fetch, or copy a local file, to the cache: whole or not at all, and checked before it is there."""
    target = folder / one.file
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        for left in abandoned(target.parent):
            shutil.rmtree(left.parent, ignore_errors=True)
        with stage(target.parent) as place:
            came = place / "download"
            _get(one, came) if local is None else shutil.copy(local, came)
            if one.kind == "expression":
                came = _cortex_only(one, came, target)
                _check_content(one, came)
            else:
                _check(one, came, known)
            _record(one, folder, came)
            came.replace(target)
    except OSError as fault:  # requests' errors are among them
        raise MissingDataError(
            f"{one.name} can't be fetched ({_reason(fault)}) and is not in a local folder; get {one.url} where there "
            f"is a network, put that file in a folder, and name the folder in {DATA_VARIABLE}."
        ) from fault
    return target


def _get(one: Dataset, path: Path) -> None:
    """Fetch an address to a file; InputError where it, or one that it leads to, is not encrypted, or sends too much."""
    import requests

    _check_address(one, one.url)
    with requests.get(one.url, stream=True, timeout=_PATIENCE) as answer:
        answer.raise_for_status()
        for step in (*answer.history, answer):
            _check_address(one, step.url)
        size = 0
        with path.open("wb") as file:
            for piece in answer.iter_content(1 << 20):
                size += len(piece)
                if size > _LARGEST:
                    raise InputError(f"{one.name}: {one.url} sends more than {_LARGEST:,} bytes; report it.")
                file.write(piece)


def _check_address(one: Dataset, address: str) -> None:
    parts = urlsplit(address)
    if parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "localhost", "::1"):
        raise InputError(f"{one.name}: {address} is no https address, by which alone files are fetched; report it.")


def _reason(fault: OSError) -> str:
    """The innermost cause in a few words: the errors of an HTTP library quote each other."""
    text = str(fault)
    known = {"404": "404, no such file there", "403": "403, refused"} | {
        sign: sign.lower()
        for sign in ("Name or service not known", "Temporary failure in name resolution", "Connection refused")
    }
    for sign, told in known.items():
        if sign in text:
            return told
    return (fault.strerror or text.splitlines()[0])[:120]


def _cortex_only(one: Dataset, came: Path, target: Path) -> Path:
    """The toolbox's table of expression without its subcortical rows, compressed as the file's name says."""
    frame = pd.read_csv(came)
    frame = frame.rename(columns={frame.columns[0]: "region"})
    kept = frame[frame["region"].isin(dk68_names())]
    if len(kept) != len(dk68_names()):
        raise InputError(f"{one.name}: the file at {one.url} has {len(kept)} of 68 regions; it has changed, report it.")
    path = came.with_name(target.name)
    kept.to_csv(path, index=False, float_format="%.12g")
    return path


def _check(one: Dataset, path: Path, known: str) -> None:
    if not known:
        return
    found = file_checksum(path)
    if found != known:
        raise InputError(
            f"{path}: checksum mismatch, SHA-256 {found[:12]}... where {one.name} has {known[:12]}...; the file is "
            "damaged or another version: remove it and fetch it again."
        )


def _check_content(one: Dataset, path: Path) -> None:
    """Compare the table's numbers with those of the pinned file: the bytes depend on who wrote them."""
    pinned = json.loads((_TABLES / "content.json").read_text(encoding="utf-8"))
    if content_checksum(path) != pinned[one.name]:
        raise InputError(f"{one.name}: checksum mismatch, the numbers at {one.url} are not those known; report it.")


def content_checksum(path: Path) -> str:
    """SHA-256 of a table's region and gene names and its numbers to six decimals, whatever the order and format."""
    with np.errstate(over="ignore"):  # a number too large to be rounded is another's anyway
        frame = pd.read_csv(path, index_col=0).sort_index(axis=0).sort_index(axis=1).round(6)
    text = ",".join([*map(str, frame.index), *map(str, frame.columns)])
    return hashlib.sha256(text.encode() + (frame.to_numpy(dtype="<f8") + 0.0).tobytes()).hexdigest()


def _recorded(one: Dataset, folder: Path) -> str:
    """Checksum of what was downloaded before, so that a changed file is noticed; "" where nothing was."""
    try:
        return _record_of(one, folder).read_text(encoding="utf-8").strip()
    except OSError:
        pass
    try:  # as version 0.1 kept them, all in one file
        held = json.loads((folder / _RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    return str(held.get(one.name, "")) if isinstance(held, dict) else ""


def _record(one: Dataset, folder: Path, came: Path) -> None:
    """Keep the checksum of a download; of two processes that fetch at once, the second must have what the first had."""
    record = _record_of(one, folder)
    record.parent.mkdir(parents=True, exist_ok=True)
    kept = came.with_name("checksum")
    kept.write_text(file_checksum(came), encoding="utf-8")
    try:
        os.link(kept, record)
    except FileExistsError:
        _check(one, came, "" if one.kind == "expression" else _recorded(one, folder))
        kept.replace(record)
    except OSError:  # a file system without links
        kept.replace(record)


def _record_of(one: Dataset, folder: Path) -> Path:
    return folder / "checksums" / f"{one.name}.sha256"


@lru_cache(maxsize=1)
def _registry() -> dict[str, Dataset]:
    citations = pd.read_csv(_TABLES / "citations.csv").set_index("key")["citation"]
    rows = pd.read_csv(_TABLES / "datasets.csv", keep_default_na=False).to_dict("records")
    found = {}
    for row in rows:
        text = {str(column): str(cell) for column, cell in row.items()}
        text |= {"citation": str(citations[text["citation"]]), "terms": _TERMS[text["terms"]]}
        found[text["name"]] = Dataset(**text)
    return found
