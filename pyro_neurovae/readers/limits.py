"""How much may be read and held: of the memory that there is, or of what an environment variable allows."""

from __future__ import annotations

import math
import os
import zipfile
import zlib
from pathlib import Path
from stat import S_ISDIR, S_ISREG

from ..errors import InputError, SettingsError

__all__ = [
    "MEMORY_VARIABLE",
    "check_archive",
    "check_memory",
    "check_regular",
    "memory_limit",
    "read_bytes",
    "unpack_gzip",
]

MEMORY_VARIABLE = "PYRO_NEUROVAE_MEMORY_GB"

_GB = 1e9
# Where a system does not say how much memory it has.
_UNKNOWN = 8 * _GB
# Bytes of memory that a byte of text takes while it is read: every cell becomes a string of its own.
_TEXT = 20
_GROUPS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
_PIECE = 1 << 22


def memory_limit() -> float:
    """Bytes that may be taken: what PYRO_NEUROVAE_MEMORY_GB says, else what machine, group and process may have.

    Raises
    ------
    SettingsError
        When the variable holds no positive number.
    """
    told = os.environ.get(MEMORY_VARIABLE, "").strip()
    if not told:
        return min(_machine(), *_group(), *_process())
    try:
        limit = float(told) * _GB
    except ValueError:
        limit = math.nan
    if not limit > 0:
        raise SettingsError(f"{MEMORY_VARIABLE} is {told!r}; give a number of gigabytes, or leave it unset.")
    return limit


def check_memory(needed: float, what: str, remedy: str) -> None:
    """Check that so many bytes may be taken; SettingsError, with what takes them and what to do, otherwise."""
    limit = memory_limit()
    if not needed <= limit:
        raise SettingsError(
            f"{what} would take about {_told(needed)} of memory, and {_told(limit)} may be had; {remedy}, or set "
            f"{MEMORY_VARIABLE} to the gigabytes that may be taken."
        )


def check_regular(path: Path) -> None:
    """Check that a path is a file that can be read to its end.

    Raises
    ------
    InputError
        For what is not there, a folder, a pipe and a device.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError as fault:
        raise InputError(f"{path}: no such file; check the path and the spelling.") from fault
    except (OSError, ValueError) as fault:  # ValueError: a name with a null in it
        told = getattr(fault, "strerror", None) or str(fault)
        raise InputError(f"{str(path)[:200]} can't be read ({told}); check the path and its permissions.") from fault
    if S_ISDIR(mode):
        raise InputError(f"{path} is a folder; name the file in it that holds the table.")
    if not S_ISREG(mode):
        raise InputError(f"{path} is a pipe or a device, no file; save what it gives as a file and name that.")


def read_bytes(path: Path) -> bytes:
    """Read a file of text, packed or not, whose text the memory can hold.

    Raises
    ------
    InputError
        As `check_regular`, and for a file that can't be read or is too large.
    """
    check_regular(path)
    try:
        if path.stat().st_size > _most_text():
            raise _too_large(path)
        return path.read_bytes()
    except OSError as fault:
        raise InputError(f"{path} can't be read ({fault.strerror}); check its permissions.") from fault


def unpack_gzip(content: bytes, path: Path) -> bytes:
    """Unpack the content of a gzip file, as far as the memory can hold its text.

    Raises
    ------
    InputError
        For a damaged file, or one that unpacks to too much.
    """
    most, pieces, size = _most_text(), [], 0
    rest = content
    try:
        while rest:
            unpacker = zlib.decompressobj(wbits=31)
            while not unpacker.eof:
                piece = unpacker.decompress(rest, _PIECE)
                rest = unpacker.unconsumed_tail or unpacker.unused_data
                if not piece and not unpacker.eof and not rest:
                    raise EOFError("it ends too soon")
                size += len(piece)
                if size > most:
                    raise _too_large(path)
                pieces.append(piece)
            rest = unpacker.unused_data.lstrip(b"\0")  # archives may be padded
    except (EOFError, zlib.error) as fault:
        raise InputError(f"{path.name}: damaged gzip file ({fault}); fetch or compress it again.") from fault
    return b"".join(pieces)


def check_archive(path: Path) -> None:
    """Check that what a zip archive unpacks to fits the memory, by what its own list says.

    Raises
    ------
    InputError
        As `check_regular`, and for an archive that unpacks to too much.
    OSError, zipfile.BadZipFile
        For what is no archive.
    """
    check_regular(path)
    with zipfile.ZipFile(path) as archive:
        if sum(one.file_size for one in archive.infolist()) > _most_text():
            raise _too_large(path)


def _too_large(path: Path) -> InputError:
    return InputError(
        f"{path} holds more than {_told(_most_text())} of text, too much to be a table that can be read in the "
        f"{_told(memory_limit())} of memory that may be had; check that it is the right file, or set {MEMORY_VARIABLE} "
        "to the gigabytes that may be taken."
    )


def _most_text() -> float:
    return memory_limit() / _TEXT


def _told(size: float) -> str:
    return f"{size / _GB:.3g} GB"


def _machine() -> float:
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, OSError, ValueError):
        return _UNKNOWN


def _group() -> list[float]:
    """Limits of the control group, as containers have them."""
    found = []
    for place in _GROUPS:
        try:
            found.append(float(Path(place).read_text(encoding="ascii")))
        except (OSError, ValueError):  # no such group, or "max"
            continue
    return found


def _process() -> list[float]:
    """Limits of the process, as ``ulimit -v`` sets them."""
    try:
        import resource
    except ImportError:
        return []
    kinds = (resource.RLIMIT_AS, resource.RLIMIT_DATA)
    return [float(soft) for soft, _ in map(resource.getrlimit, kinds) if soft != resource.RLIM_INFINITY]
