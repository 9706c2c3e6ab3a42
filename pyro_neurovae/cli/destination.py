"""Where a command's files go: all of them, or none."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import InputError
from .interrupts import uninterrupted
from .streams import say

__all__ = ["Destination", "check_out", "staged"]


@dataclass(frozen=True)
class Destination:
    """Folder for a command's results, checked before any work.

    Attributes
    ----------
    out
        The folder, which need not exist; None where nothing is to be written.
    files
        Patterns of the files that the command writes.
    overwrite
        Whether earlier results may be replaced.

    Raises
    ------
    InputError
        As `check_out`.
    """

    out: Path | None
    files: Sequence[str]
    overwrite: bool = field(kw_only=True)

    def __post_init__(self) -> None:
        if self.out is not None:
            check_out(self.out, self.files, overwrite=self.overwrite)

    def fill(self, write: Callable[[Path], Sequence[str]], *, show: Callable[[], None] = lambda: None) -> None:
        """Let a function write to a folder and give the names; all files go to ``out`` together, and are printed.

        ``show`` prints what was found, once the files are there: what becomes of the terminal costs no work.
        """
        written: Sequence[str] = ()
        if self.out is not None:
            with staged(self.out, self.files) as folder:
                written = write(folder)
        show()
        if self.out is not None:
            say(f"wrote {', '.join(written)} to {self.out}")


def check_out(out: Path, files: Sequence[str], *, overwrite: bool) -> None:
    """Check, before any work, that results can be written to the folder ``out``.

    Parameters
    ----------
    out
        The folder, which need not exist.
    files
        Patterns of the files that the command writes: one that is there already is an earlier result.
    overwrite
        Whether earlier results may be replaced.

    Raises
    ------
    InputError
        When ``out`` is a file, can't be written, or holds results that may not be replaced.
    """
    try:
        place = _existing(out)
        if not place.is_dir():
            where = "is a file" if place == out.absolute() else f"lies below the file {place}"
            raise InputError(f"--out {out} {where}; name a folder.")
        with tempfile.TemporaryFile(dir=place):
            held = _held(out, files)
    except OSError as error:
        raise InputError(
            f"--out {out} can't be written ({error.strerror}); name a folder that you may write to."
        ) from error
    if held and not overwrite:
        name = held[0].name
        raise InputError(f"--out {out} holds {name} already; add --overwrite to replace it, or name another folder.")


@contextmanager
def staged(out: Path, files: Sequence[str]) -> Iterator[Path]:
    """Give a folder to write to, whose files go to ``out`` together at the end, or vanish on any error.

    The earlier results in ``out``, all that match the patterns ``files``, stay until then and go as the new ones
    come, so that what a run did not write (an old report) never lies beside what it did.

    Raises
    ------
    InputError
        When the file system refuses.
    """
    try:
        stage = Path(tempfile.mkdtemp(prefix=".partial-", dir=_existing(out)))
        try:
            yield stage
            with uninterrupted():
                _exchange(out, files, stage)
        finally:
            with uninterrupted():
                shutil.rmtree(stage, ignore_errors=True)
    except OSError as error:
        raise InputError(
            f"--out {out} can't be written ({error.strerror or error}) and is as it was; "
            "make room there or name another folder."
        ) from error


def _existing(out: Path) -> Path:
    """Return the deepest of ``out`` and the folders above it that exists."""
    return next(place for place in (out.absolute(), *out.absolute().parents) if place.exists())


def _held(out: Path, files: Sequence[str]) -> list[Path]:
    return [file for pattern in files for file in sorted(out.glob(pattern)) if file.is_file()]


def _exchange(out: Path, files: Sequence[str], stage: Path) -> None:
    """Move earlier results out of ``out`` and the staged ones in; if a move fails, all go back."""
    new = sorted(stage.iterdir())
    kept, moved = Path(tempfile.mkdtemp(dir=stage)), []
    out.mkdir(parents=True, exist_ok=True)
    moves = [(file, kept / file.name) for file in _held(out, files)] + [(file, out / file.name) for file in new]
    try:
        for source, target in moves:
            source.replace(target)
            moved.append((source, target))
    except OSError:
        for source, target in reversed(moved):
            target.replace(source)
        raise
