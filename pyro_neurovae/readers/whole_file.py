"""Files that are written whole or not at all, and what a killed process leaves of them cleaned up by the next."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows, where no file that is open can be removed
    fcntl = None  # type: ignore[assignment]

__all__ = ["abandoned", "stage", "write_whole"]

_PREFIX = ".partial-"

# Held by the process that writes; the system lets go of it when the process ends, however it does.
_LOCK = "lock"
# Where it writes.
_NEW = "new"
# Seconds that a folder without a lock is left alone: it may have been made this moment.
_GRACE = 60.0


@contextmanager
def stage(folder: Path) -> Iterator[Path]:
    """Give an empty folder to write to, within one in ``folder`` that is gone at the end; OSError where it can't."""
    made = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=folder))
    try:
        with _locked(made / _LOCK, os.O_CREAT):
            (made / _NEW).mkdir()
            yield made / _NEW
    finally:
        shutil.rmtree(made, ignore_errors=True)


def abandoned(folder: Path) -> Iterator[Path]:
    """Folders that `stage` gave within ``folder`` to processes of this user that are dead, each while locked."""
    for one in sorted(folder.glob(f"{_PREFIX}*")) if folder.is_dir() else ():
        with suppress(OSError):
            if not one.is_dir() or one.is_symlink() or one.stat().st_uid != _user():
                continue
            new = time.time() - one.stat().st_mtime < _GRACE
            if (one / _LOCK).exists() and not (new and fcntl is None):
                with _locked(one / _LOCK):
                    yield one / _NEW
            elif not new:
                yield one / _NEW


def write_whole(path: Path, content: bytes | memoryview) -> None:
    """Write beside ``path`` first, then move into place, so that no half file is ever there; OSError where it can't."""
    for left in abandoned(path.parent):
        if [one.name for one in left.parent.iterdir()] in ([_LOCK, _NEW], [_NEW, _LOCK], [_LOCK], []):
            shutil.rmtree(left.parent, ignore_errors=True)  # nothing else was to be moved
    with stage(path.parent) as folder:
        staged = folder / "content"
        staged.write_bytes(content)
        staged.replace(path)


def _user() -> int:
    return os.getuid() if hasattr(os, "getuid") else 0


@contextmanager
def _locked(path: Path, make: int = 0) -> Iterator[None]:
    """Hold a lock on a file; BlockingIOError where another process does."""
    handle = os.open(path, os.O_RDWR | make, 0o600)
    try:
        if fcntl is not None:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(handle)
