"""Many independent parts of one run: in this process or on workers, kept as they finish, taken up again."""

from __future__ import annotations

import io
import os
import tempfile
import threading
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path
from typing import Any, cast

import numpy as np

from ..errors import InputError, NeurovaeError, SettingsError
from ..inference.progress import Progress, training_progress
from ..models.options import FitSettings
from ..readers.limits import check_archive
from ..readers.whole_file import write_whole
from ..studies.fingerprints import fingerprint
from ..studies.requests import check_workers

__all__ = ["Arrays", "Job", "Progress", "run_jobs"]

Arrays = dict[str, np.ndarray]

# Times that what is left is handed out again after a worker has died.
_TRIES = 3


@dataclass(frozen=True)
class Job:
    """One part of a run: all that its result depends on.

    Attributes
    ----------
    arguments
        Positional arguments of the run's function: studies, settings, arrays, texts, None, and lists and mappings of
        such. They travel to workers by pickle.
    name
        What can't be fitted where the function fails, as in "variant 'few programs'"; None (the default) leaves its
        errors as they are.
    """

    arguments: tuple[Any, ...]
    name: str | None = None

    def key(self, label: str) -> str:
        """Key of what a run of that label makes of the arguments; the name is no part of it."""
        return fingerprint(label, *(part for one in self.arguments for part in _parts(one)))


def run_jobs(
    function: Callable[..., Arrays],
    jobs: Sequence[Job],
    *,
    workers: int = 1,
    resume: str | os.PathLike[str] | None = None,
    label: str = "parts",
    progress: bool | Progress | None = None,
) -> list[Arrays]:
    """Run a function for every job and return its arrays in the jobs' order.

    Parameters
    ----------
    function
        A module's own function, from a job's arguments to named arrays; with one worker it gets ``progress`` to call.
    jobs
        The parts; results depend on nothing but a job's arguments, so that the number of workers changes none.
    workers
        Processes; 1 (the default) runs in this one. More go through joblib, whose active backend
        (``joblib.parallel_config(backend="dask")``) decides where they run.
    resume
        Folder that keeps each result as it is finished; what it holds already is not run again. None (the default)
        keeps nothing.
    label
        What progress calls the parts; a word of their keys, so that runs of two kinds can share a folder.
    progress
        As `fit` takes it.

    Raises
    ------
    SettingsError
        When ``workers`` is no whole number of at least 1.
    InputError
        When ``resume`` can't be written.
    NeurovaeError
        When workers die again and again.
    """
    if not isinstance(workers, Integral) or workers < 1:
        raise SettingsError(f"workers is {workers!r}; give a whole number of at least 1.")
    check_workers(workers)
    store = None if resume is None else _folder(resume)
    files = [] if store is None else [store / f"{job.key(label)}.npz" for job in jobs]
    kept = {number: _read(file) for number, file in enumerate(files)}
    done = {number: arrays for number, arrays in kept.items() if arrays is not None}
    left = [number for number in range(len(jobs)) if number not in done]
    with training_progress(progress) as report:
        for number, arrays in _results(function, jobs, left, workers, report):
            done[number] = arrays
            if files:
                _write(files[number], arrays)
            if report is not None and len(jobs) > 1:
                report(label, len(done), len(jobs), float("nan"))
    return [done[number] for number in range(len(jobs))]


def _parts(value: Any) -> Iterator[Any]:
    """What a fingerprint can take of an argument: a list has its length, a mapping its names."""
    if isinstance(value, FitSettings):
        yield value.to_json()
    elif isinstance(value, Mapping):
        yield repr(sorted(value))
        for name in sorted(value):
            yield from _parts(value[name])
    elif isinstance(value, list | tuple):
        yield repr(len(value))
        for one in value:
            yield from _parts(one)
    else:
        yield value


def _results(
    function: Callable[..., Arrays],
    jobs: Sequence[Job],
    left: list[int],
    workers: int,
    progress: Progress | None,
) -> Iterator[tuple[int, Arrays]]:
    """Results as they come, each with its job's number."""
    if workers == 1 or not left:
        for number in left:
            yield _call(number, function, jobs[number], progress)
        return
    from joblib import Parallel, delayed
    from joblib.externals.loky.process_executor import TerminatedWorkerError
    from joblib.parallel import get_active_backend

    # Processes that joblib starts for us end with this one; those of another backend are somebody else's.
    ours = type(get_active_backend()[0]).__name__ == "LokyBackend"
    begin: dict[str, Any] = {"initializer": _end_with, "initargs": (os.getpid(),)} if ours else {}
    for _ in range(_TRIES):
        # Two workers at least, since with one joblib works in this process, which what ends a worker must not end.
        at_once = min(workers, max(2, len(left)))
        calls = [delayed(_call)(number, function, jobs[number]) for number in left]
        try:
            for number, arrays in Parallel(n_jobs=at_once, return_as="generator_unordered", **begin)(calls):
                left = [other for other in left if other != number]
                yield number, arrays
            return
        except TerminatedWorkerError:  # killed, by the system for its memory or by somebody: hand out the rest
            continue
    raise NeurovaeError(
        f"workers were killed {_TRIES} times, as happens when memory runs out; use fewer workers, and a folder to "
        "resume from to keep what is finished."
    )


def _end_with(parent: int) -> None:
    """Let this worker end with the process that it works for, however that ends and whether it has a job or none."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, name="parent watch", daemon=True).start()


def _call(
    number: int, function: Callable[..., Arrays], job: Job, progress: Progress | None = None
) -> tuple[int, Arrays]:
    """Result of a job, with its number."""
    try:
        return number, function(*job.arguments, progress=progress)
    except NeurovaeError as error:
        if job.name is None:
            raise
        raise SettingsError(f"{job.name} can't be fitted: {error}") from error


def _folder(resume: str | os.PathLike[str]) -> Path:
    folder = Path(resume)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError as error:
        raise InputError(
            f"the folder {folder} to resume from can't be written ({error.strerror}); name another."
        ) from error


def _read(path: Path) -> Arrays | None:
    """Arrays of a finished part; None where there is none that can be read."""
    try:
        check_archive(path)
        with np.load(path, allow_pickle=False) as held:
            return {name: held[name] for name in held.files}
    except (OSError, ValueError, EOFError, LookupError, zlib.error, zipfile.BadZipFile):
        return None


def _write(path: Path, arrays: Arrays) -> None:
    """Write arrays whole or not at all."""
    buffer, named = io.BytesIO(), cast("dict[str, Any]", arrays)
    np.savez(buffer, **named)
    try:
        write_whole(path, buffer.getbuffer())
    except OSError as error:
        raise InputError(
            f"the folder {path.parent} to resume from can't be written ({error.strerror or error}); what is finished "
            "is kept there: make room, and give the same command again."
        ) from error
