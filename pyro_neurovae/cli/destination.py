"""Where a command's files go: all of them, or none."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..readers.whole_file import abandoned, stage, write_whole
from .interrupts import uninterrupted
from .streams import say

__all__ = ["Destination", "check_out", "clean", "staged"]

# What lies beside staged files: what was in the folder before, and the list of what goes where.
_EARLIER, _MOVES = "earlier", "moves.json"
# Letters of a path that a message may have.
_LONGEST = 400
# Results whose names a table of the user's own may well have.
_TABLES = ("regions.csv", "genes.csv", "variance.csv")
# Folders above a destination that a killed process may have staged in.
_ABOVE = 3


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
    inputs
        As `check_out` takes them.

    Raises
    ------
    InputError
        As `check_out`.
    """

    out: Path | None
    files: Sequence[str]
    overwrite: bool = field(kw_only=True)
    inputs: Iterable[Any] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        if self.out is not None:
            check_out(self.out, self.files, overwrite=self.overwrite, inputs=self.inputs)

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


def check_out(out: Path, files: Sequence[str], *, overwrite: bool, inputs: Iterable[Any] = ()) -> None:
    """Check, before any work, that results can be written to the folder ``out``.

    Parameters
    ----------
    out
        The folder, which need not exist.
    files
        Patterns of the files that the command writes: one that is there already is an earlier result.
    overwrite
        Whether earlier results may be replaced.
    inputs
        What the command reads: paths, lists of such, and values of other options.

    Raises
    ------
    InputError
        When ``out`` is a file, can't be written, or holds results that may not be replaced, something that the command
        reads, or a table of the user's own of a result's name.
    """
    try:
        if "\0" in str(out):
            raise ValueError("there is a null in its name")
        place = _existing(out)
        clean(out)
        if not place.is_dir():
            where = "is a file" if place == out.absolute() else f"lies below the file {place}"
            raise InputError(f"--out {out} {where}; name a folder.")
        with tempfile.TemporaryFile(dir=place):
            held = _held(out, files)
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        why = getattr(error, "strerror", None) or error
        raise InputError(
            f"--out {str(out)[:_LONGEST]} can't be written ({why}); name a folder that you may write to."
        ) from error
    if held and not overwrite:
        name = held[0].name
        raise InputError(f"--out {out} holds {name} already; add --overwrite to replace it, or name another folder.")
    alone = all(file.name in _TABLES for file in held)  # beside other results it is one of theirs
    for file in held:
        if any(file.samefile(path) for path in _paths(inputs)):
            raise InputError(f"--out {out} would overwrite {file.name}, which is read too; name another folder.")
        if file.name in _TABLES and alone and not _is_result(file):
            raise InputError(f"--out {out} holds a {file.name} that no command wrote; move it, or name another folder.")


def _paths(values: Iterable[Any]) -> Iterator[Path]:
    """Files that values of options name."""
    for value in values:
        if isinstance(value, list | tuple):
            yield from _paths(value)
        elif isinstance(value, str | Path):
            with suppress(OSError, ValueError):
                if Path(value).is_file():
                    yield Path(value)


def _is_result(file: Path) -> bool:
    """Whether a table has the column that those of results have."""
    with file.open(encoding="utf-8", errors="replace") as lines:
        return "map" in lines.readline(10_000).rstrip("\n").split(",")


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
        with stage(_existing(out)) as folder:
            yield folder
            with uninterrupted():
                _exchange(out, files, folder)
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


def clean(out: Path) -> None:
    """Finish or remove what killed processes left in ``out`` and the folders above that they may have made it from.

    A process that was killed while its files changed place, new ones in and earlier ones out, had written all of them:
    they are moved on, so that neither the earlier results nor the new ones are lost.
    """
    place = out.absolute()
    for folder in (place, *place.parents[:_ABOVE]):
        for left in abandoned(folder):
            with suppress(OSError):  # then it stays for another run
                _finish(left)
                shutil.rmtree(left.parent, ignore_errors=True)


def _finish(folder: Path) -> None:
    """Go on with an exchange that was cut off, where one had begun."""
    with suppress(FileNotFoundError, ValueError, KeyError):
        record = json.loads((folder.parent / _MOVES).read_text(encoding="utf-8"))
        _move(folder, Path(record["out"]), record["earlier"], record["new"])


def _exchange(out: Path, files: Sequence[str], folder: Path) -> None:
    """Move earlier results out of ``out`` and the staged ones in; if a move fails, all go back."""
    out.mkdir(parents=True, exist_ok=True)
    earlier, new = [one.name for one in _held(out, files)], sorted(one.name for one in folder.iterdir())
    (folder.parent / _EARLIER).mkdir()
    record = json.dumps({"out": str(out.absolute()), "earlier": earlier, "new": new})
    write_whole(folder.parent / _MOVES, record.encode())
    _move(folder, out, earlier, new)


def _move(folder: Path, out: Path, earlier: Sequence[str], new: Sequence[str]) -> None:
    """Move files that are not moved yet; OSError, with all that was moved moved back, where one can't be."""
    kept = folder.parent / _EARLIER
    moves = [(out / name, kept / name) for name in earlier if not (kept / name).exists()]
    moves += [(folder / name, out / name) for name in new]
    moved = []
    try:
        for source, target in moves:
            if source.exists():
                source.replace(target)
                moved.append((source, target))
    except OSError:
        for source, target in reversed(moved):
            target.replace(source)
        raise
