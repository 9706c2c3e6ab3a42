"""How far a training is: a bar on a terminal, a line of text in a notebook, or the caller's own function."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["Progress", "training_progress"]

Progress = Callable[[str, int, int, float], None]

# Seconds after which progress shows itself where nobody asked for it.
_PATIENCE = 2.0
# What a fit does between a training's last step and what is heard of next.
_AFTER = {"programs": "trained; drawing the programs", "thinning": "trained; drawing effects, then their summaries"}
_LEAST = 0.2  # seconds between two changes of a notebook's line


@contextmanager
def training_progress(progress: bool | Progress | None) -> Iterator[Progress | None]:
    """Give a function to call at each step, as label, step, steps and ELBO; None where nobody is to hear of it.

    Parameters
    ----------
    progress
        The caller's own function; True for a bar on stderr; False for nothing; None for a bar by itself once two
        seconds have passed, on a terminal and in a notebook alone.
    """
    if progress is not None and not isinstance(progress, bool):
        yield progress
        return
    from rich.console import Console

    console = Console(stderr=True)
    if progress is False or (progress is None and not (console.is_terminal or console.is_jupyter)):
        yield None
        return
    shown: _Bar | _Line = _Line() if console.is_jupyter else _Bar(console)
    started, patience = time.monotonic(), 0.0 if progress else _PATIENCE

    def report(label: str, step: int, steps: int, elbo: float) -> None:
        if time.monotonic() - started >= patience:
            shown.show(label, step, steps, _note(label, step, steps, elbo))

    try:
        yield report
    finally:
        shown.stop()


def _note(label: str, step: int, steps: int, elbo: float) -> str:
    if step >= steps:
        return _AFTER.get(label, "done")
    return "" if math.isnan(elbo) else f"ELBO {elbo:.1f}"


class _Bar:
    """Bars of Rich on a terminal, one a label."""

    def __init__(self, console: Any) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bar

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._bar = Bar(*columns, TextColumn("{task.fields[note]}"), console=console)
        self._tasks: dict[str, Any] = {}

    def show(self, label: str, step: int, steps: int, note: str) -> None:
        if not self._tasks:
            self._bar.start()
        if label not in self._tasks:
            self._tasks[label] = self._bar.add_task(label, total=steps, note=note)
        self._bar.update(self._tasks[label], completed=step, total=steps, note=note)

    def stop(self) -> None:
        if self._tasks:
            self._bar.stop()


class _Line:
    """One line of text in a notebook, changed in place; it needs no widgets, and a saved notebook keeps its last."""

    def __init__(self) -> None:
        self._handle: Any = None
        self._parts: dict[str, str] = {}
        self._changed, self._started = 0.0, time.monotonic()

    def show(self, label: str, step: int, steps: int, note: str) -> None:
        self._parts.pop(label, None)  # what was heard of last stands last
        self._parts[label] = f"{label} {step}/{steps}{f' ({note})' if note else ''}"
        if step >= steps or time.monotonic() - self._changed >= _LEAST:
            self._write(", ".join(self._parts.values()))

    def stop(self) -> None:
        if self._handle is not None:
            self._write(f"{', '.join(self._parts)}: done in {time.monotonic() - self._started:.0f} s")

    def _write(self, text: str) -> None:
        from IPython.display import display

        self._changed, told = time.monotonic(), {"text/plain": text}
        if self._handle is None:
            self._handle = display(told, raw=True, display_id=True)
        else:
            self._handle.update(told, raw=True)
