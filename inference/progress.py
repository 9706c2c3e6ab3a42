"""The progress bar of a training, with its ELBO."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["training_progress"]

Progress = Callable[[str, int, int, float], None]


@contextmanager
def training_progress(progress: bool | Progress) -> Iterator[Progress | None]:
    """Give a function to call at each step: None for False, a bar on stderr for True, or the caller's own."""
    if not isinstance(progress, bool):
        yield progress
        return
    if not progress:
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bar(*columns, TextColumn("{task.fields[note]}"), console=Console(stderr=True)) as bar:
        tasks: dict[str, TaskID] = {}

        def report(label: str, step: int, steps: int, elbo: float) -> None:
            note = "" if math.isnan(elbo) else f"ELBO {elbo:.1f}"
            if label not in tasks:
                tasks[label] = bar.add_task(label, total=steps, note=note)
            bar.update(tasks[label], completed=step, note=note)

        yield report
