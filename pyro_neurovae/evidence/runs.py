"""Many independent parts of one run: in this process or on workers, kept as they finish, taken up again."""

from __future__ import annotations

import hashlib
import os
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError, NeurovaeError, SettingsError
from ..posterior.store import versions
from ..studies.study import Study

__all__ = ["Job", "fingerprint", "run_jobs"]

Arrays = dict[str, np.ndarray]
Progress = Callable[[str, int, int, float], None]

# Times that what is left is handed out again after a worker has died.
_TRIES = 3


@dataclass(frozen=True)
class Job:
    """One part of a run: what its function is called with, and the key that its result is kept under.

    Attributes
    ----------
    key
        What decides the result, as `fingerprint` gives it.
    arguments
        Positional arguments of the function; they travel to workers by pickle.
    """

    key: str
    arguments: tuple[Any, ...]


def run_jobs(
    function: Callable[..., Arrays],
    jobs: Sequence[Job],
    *,
    workers: int = 1,
    resume: str | os.PathLike[str] | None = None,
    label: str = "parts",
    progress: Progress | None = None,
) -> list[Arrays]:
    """Run a function for every job and return its arrays in the jobs' order.

    Parameters
    ----------
    function
        A module's own function, from a job's arguments to named arrays; with one worker it also gets ``progress``.
    jobs
        The parts; results depend on nothing but a job's arguments, so that the number of workers changes none.
    workers
        Processes; 1 (the default) runs in this one. More go through joblib, whose active backend
        (``joblib.parallel_config(backend="dask")``) decides where they run.
    resume
        Folder that keeps each result as it is finished; what it holds already is not run again. None (the default)
        keeps nothing.
    label, progress
        What progress is told.

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
    store = None if resume is None else _folder(resume)
    done: dict[int, Arrays] = {}
    for number, job in enumerate(jobs):
        kept = None if store is None else _read(store / f"{job.key}.npz")
        if kept is not None:
            done[number] = kept
    for number, arrays in _results(function, jobs, [i for i in range(len(jobs)) if i not in done], workers, progress):
        done[number] = arrays
        if store is not None:
            _write(store / f"{jobs[number].key}.npz", arrays)
        if progress is not None and len(jobs) > 1:
            progress(label, len(done), len(jobs), float("nan"))
    return [done[number] for number in range(len(jobs))]


def fingerprint(*parts: Study | np.ndarray | str | bytes | None) -> str:
    """Key of everything that decides a result: studies, arrays and texts, and the versions of what computes it."""
    digest = hashlib.sha256(repr(sorted(versions().items())).encode())
    for part in parts:
        for piece in _pieces(part):
            array = np.ascontiguousarray(piece) if isinstance(piece, np.ndarray) else None
            data = str(piece).encode() if array is None else array.tobytes()
            shape = "" if array is None else f"{array.dtype}{array.shape}"
            digest.update(f"{type(piece).__name__}{shape}{len(data)}:".encode())
            digest.update(data)
    return digest.hexdigest()[:40]


def _pieces(part: Any) -> list[Any]:
    if not isinstance(part, Study):
        return [part]
    graph = part.graph
    names = [part.normalise, *graph.names, *part.genes, *part.maps]
    arrays = [part.expression, part.thinning, part.standard_error, part.covariance, graph.weights, graph.centroids]
    return [repr(names), repr((graph.homologues, graph.lobes)), *arrays]


def _results(
    function: Callable[..., Arrays],
    jobs: Sequence[Job],
    left: list[int],
    workers: int,
    progress: Progress | None,
) -> Iterator[tuple[int, Arrays]]:
    """Results as they come, each with its job's number."""
    if workers == 1:
        for number in left:
            yield number, function(*jobs[number].arguments, progress=progress)
        return
    from joblib import Parallel, delayed
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    for _ in range(_TRIES):
        calls = [delayed(_numbered)(number, function, jobs[number].arguments) for number in left]
        try:
            for number, arrays in Parallel(n_jobs=workers, return_as="generator_unordered")(calls):
                left = [other for other in left if other != number]
                yield number, arrays
            return
        except TerminatedWorkerError:  # killed, by the system for its memory or by somebody: hand out the rest
            continue
    raise NeurovaeError(
        f"workers were killed {_TRIES} times, as happens when memory runs out; use fewer workers, and a folder to "
        "resume from to keep what is finished."
    )


def _numbered(number: int, function: Callable[..., Arrays], arguments: tuple[Any, ...]) -> tuple[int, Arrays]:
    return number, function(*arguments)


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
        with np.load(path, allow_pickle=False) as held:
            return {name: held[name] for name in held.files}
    except (OSError, ValueError, zipfile.BadZipFile):
        return None


def _write(path: Path, arrays: Arrays) -> None:
    """Write arrays whole or not at all."""
    stage = path.with_suffix(".partial")
    with stage.open("wb") as file:
        named: dict[str, Any] = dict(arrays)
        np.savez(file, **named)
    stage.replace(path)
