"""The rule: a right result and exit status 0, or exit status 2, one sentence that says what to do, and nothing left."""

from __future__ import annotations

import contextlib
import io
import re
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd
import typer
from doors import Door
from drafts import Draft

import pyro_neurovae as nv
from pyro_neurovae import cli
from pyro_neurovae.errors import NeurovaeWarning
from pyro_neurovae.posterior import fits

# Beyond this a sentence is none.
_LONGEST = 700
# No effect is so many times the size of most of its map's.
_OUTLYING = 1000
# Signs of Python in what a user is told.
_PYTHON = re.compile(r"Traceback|<class|dtype=|object at 0x|Error\(|\bNoneType\b|array\(|np\.|numpy|pandas\.")
# Names of effects, to which a mutation may rename a column.
_EFFECTS = ("d", "b", "t", "value")
# What says where a fault is, besides the name of the file.
_PLACE = re.compile(r"--\w|\b(row|column|line|region|regions|map|variant|label|group|subject|model|fit|genes?)\b")
Tables = dict[str, pd.DataFrame]


class ReachedError(BaseException):
    """A command has read all that it reads, and its long work would begin now."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables


@dataclass
class Outcome:
    """What a command came to: its status ("read" where its long work would begin), words, and what it read or wrote."""

    status: Any
    said: str
    fault: str = ""
    tables: Tables = field(default_factory=dict)
    left: list[str] = field(default_factory=list)


class Kitchen:
    """Folder of good files, where commands are run in this process and stopped before their long work."""

    def __init__(self, files: Path) -> None:
        self.files = files
        self._names = {path.name for path in files.iterdir()}
        self._good: dict[tuple[str, ...], Outcome] = {}

    def good(self, door: Door) -> Outcome:
        """What the door's command makes of the good file."""
        if door.command not in self._good:
            self._good[door.command] = self.run(door.command)
        return self._good[door.command]

    def run(self, command: tuple[str, ...], *, name: str = "", content: bytes = b"", renamed: str = "") -> Outcome:
        """Run a command with a file of other content, in a folder of its own."""
        with tempfile.TemporaryDirectory() as made:
            work = Path(made)
            if name:
                (work / renamed).write_bytes(content)
            given = [self._argument(one, name, renamed) for one in command]
            before = _held(work)
            with contextlib.chdir(work):
                outcome = _called(given)
                outcome.left = sorted(_held(work) - before)
                if outcome.status == 0:
                    outcome.tables = _written(work / "out")
            return outcome

    def _argument(self, text: str, name: str, renamed: str) -> str:
        if name and text == name:
            return renamed
        return str(self.files / text) if text in self._names else text


def _called(arguments: list[str]) -> Outcome:
    said, error = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(error), warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("always", NeurovaeWarning)
        try:
            cli.main(arguments)
        except ReachedError as reached:
            return Outcome("read", error.getvalue(), tables=reached.tables)
        except SystemExit as end:
            return Outcome(end.code, error.getvalue())
        except BaseException:
            return Outcome("traceback", error.getvalue(), traceback.format_exc())
    raise AssertionError("main ends the process")


def _held(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def _written(out: Path) -> Tables:
    """Tables of regions that a command wrote."""
    found = {}
    for path in sorted(out.glob("*.csv")) if out.is_dir() else ():
        table = pd.read_csv(path)
        if path.name in ("map.csv", "regions.csv"):
            keys = ["map", "region"] if "map" in table else ["region"]
            found[path.stem] = table.set_index(keys).select_dtypes("number")
    return found


@contextlib.contextmanager
def stopped(fitted: Path) -> Iterator[None]:
    """Let commands stop where their long work would begin, parse by one parser, and read the good fit once."""
    kept, load = nv.load(fitted), fits.load

    def read(path: Any) -> nv.Fit:
        return kept if Path(path) == fitted else load(path)

    command = typer.main.get_command(cli.app)

    def run(args: list[str], prog_name: str, standalone_mode: bool) -> Any:
        return command.main(args=args, prog_name=prog_name, standalone_mode=standalone_mode)

    with contextlib.ExitStack() as stack:
        for module, name, stand_in in (
            ("pyro_neurovae.cli", "app", run),
            ("pyro_neurovae.posterior.fits", "load", read),
            ("pyro_neurovae.posterior.groups", "fit_groups", _stop_at_study),
            ("pyro_neurovae.evidence.null_tests", "run_jobs", _stop_at_null_maps),
            ("pyro_neurovae.evidence.validation", "run_jobs", _stop_at_folds),
            ("pyro_neurovae.evidence.sensitivities", "run_jobs", _stop_at_variants),
            ("pyro_neurovae.page.assembly", "report_html", lambda *_, **__: "<!DOCTYPE html>"),
        ):
            stack.enter_context(mock.patch.object(import_module(module), name, stand_in))
        yield


def _stop_at_study(study: Any, *_: Any, **__: Any) -> None:
    raise ReachedError(tables_of(study))


def _stop_at_null_maps(_: Any, jobs: Any, **__: Any) -> None:
    study, batch = jobs[0].arguments[0], np.concatenate([job.arguments[2] for job in jobs])
    order = np.argsort(batch[:, 0, 0])  # rows of a table may come in any order, and null maps then do
    raise ReachedError({"null maps": pd.DataFrame(batch[order, 0].T, index=list(study.regions))})


def _stop_at_folds(_: Any, jobs: Any, **__: Any) -> None:
    study, _, ways = jobs[0].arguments
    raise ReachedError(tables_of(study) | {"folds": pd.DataFrame({"fold": ways[0]}, index=list(study.regions))})


def _stop_at_variants(_: Any, jobs: Any, **__: Any) -> None:
    raise ReachedError({"variants": pd.DataFrame({"genes": [len(job.arguments[0].genes) for job in jobs]})})


def tables_of(study: Any) -> Tables:
    """A study's numbers by region, and by gene."""
    regions = list(study.regions)
    values = {"effect": study.thinning[0], "error": study.standard_error[0]}
    found = {"map": pd.DataFrame(values, index=regions)}
    found["expression"] = pd.DataFrame(study.expression, index=regions, columns=list(study.genes))
    found["graph"] = pd.DataFrame(study.graph.weights, index=regions, columns=regions)
    if study.covariance is not None:
        found["covariance"] = pd.DataFrame(study.covariance[0], index=regions, columns=regions)
    if study.structure is not None:
        found["structure"] = pd.DataFrame(study.structure, index=regions, columns=regions)
    if study.gene_weights is not None:
        found["gene weights"] = pd.DataFrame({"weight": study.gene_weights}, index=list(study.genes))
    return found


def broken(outcome: Outcome, door: Door, draft: Draft, good: Outcome, *, options: bool = False) -> str:
    """What of the rule an outcome breaks; empty where nothing."""
    if outcome.status == "traceback":
        return f"traceback: {outcome.fault.strip().splitlines()[-1]}"
    checks: list[Callable[[], str]] = [lambda: _sentence(outcome, door, draft, options)]
    if outcome.status in (0, "read"):
        checks = [lambda: _finite(outcome.tables), lambda: _python(outcome.said)]
        if not options:
            checks.append(lambda: _same(outcome, good, draft))
            checks.append(lambda: _effect(outcome, door, draft))
    elif outcome.status != 2:
        return f"exit status {outcome.status}"
    elif draft.exact and not options:
        return f"refused, though nothing is wrong: {outcome.said.strip().splitlines()[-1]}"
    return next(filter(None, (check() for check in checks)), "")


def _python(said: str) -> str:
    found = _PYTHON.search(said)
    return f"{found[0]!r} is told to a user: {said[-400:]}" if found else ""


def _sentence(outcome: Outcome, door: Door, draft: Draft, options: bool) -> str:
    """A refusal is one sentence that names file or option and says what to do."""
    if outcome.left:
        return f"left behind: {', '.join(outcome.left)}"
    lines = [line for line in outcome.said.splitlines() if line.startswith("pyro-neurovae: ")]
    if len(lines) != 1 or not outcome.said.rstrip("\n").endswith(lines[0]):
        return f"not one sentence: {outcome.said[-300:]!r}"
    text = lines[0].removeprefix("pyro-neurovae: ")
    named = options or draft.name in text or any(map(text.__contains__, door.command)) or _PLACE.search(text)
    if not text.endswith((".", "?")) or len(text) > _LONGEST:
        return f"no sentence, or one of {len(text)} signs: {text[:400]}"
    if not re.search(r"[;:,(]", text):
        return f"no remedy: {text}"
    return _python(text) or ("" if named else f"neither file nor option is named: {text}")


def _finite(tables: Tables) -> str:
    """What is read or written has numbers, each finite or missing, and errors that are errors."""
    for name, table in tables.items():
        values = table.to_numpy(dtype=float)
        if np.isinf(values).any() or not np.isfinite(values).any():
            return f"{name} is not finite"
        if table.index.has_duplicates:
            return f"{name} names a region twice"
    if "map" in tables and {"effect", "error"} <= set(tables["map"]):
        effect, error = tables["map"]["effect"].to_numpy(), tables["map"]["error"].to_numpy()
        there = ~np.isnan(effect)
        if abs(effect[there]).max() > _OUTLYING * np.median(abs(effect[there])):
            return f"an effect of {abs(effect[there]).max():g} among {np.median(abs(effect[there])):g}"
        if not (np.isfinite(error[there]).all() and ((error[there] > 0).all() or (error[there] == 0).all())):
            return "an effect without a positive error"
    return ""


def _same(outcome: Outcome, good: Outcome, draft: Draft) -> str:
    """What the mutations did not touch has the numbers of the good file."""
    if draft.free:
        return ""
    if set(outcome.tables) != set(good.tables):
        return f"tables {sorted(outcome.tables)} where the good file gives {sorted(good.tables)}"
    for name, table in outcome.tables.items():
        want = good.tables[name]
        rows, columns = want.index.intersection(table.index), want.columns.intersection(table.columns)
        if draft.exact and (len(rows) < len(want) or len(columns) < len(want.columns)):
            return f"{name} lacks rows or columns"
        apart = _apart(table.loc[rows, columns], want.loc[rows, columns])
        regions = draft.regions_touched()
        left = [row for row in rows if row not in regions]
        kept = [column for column in columns if column not in regions]
        if apart.loc[left, kept].to_numpy().any():
            row, column = np.argwhere(apart.loc[left, kept].to_numpy())[0]
            return f"{name} is another at {left[row]}, {kept[column]}"
    return ""


def _apart(one: pd.DataFrame, two: pd.DataFrame) -> pd.DataFrame:
    same = np.isclose(one.to_numpy(dtype=float), two.to_numpy(dtype=float), rtol=1e-6, atol=1e-12, equal_nan=True)
    return pd.DataFrame(~same, index=one.index, columns=one.columns)


def _rounded(values: np.ndarray | pd.Series) -> set[float]:
    """Values to ten decimals; those too large to have any are infinite."""
    with np.errstate(over="ignore"):
        return set(np.round(np.asarray(values, dtype=float), 10))


def _effect(outcome: Outcome, door: Door, draft: Draft) -> str:
    """A map's effects are those of a column that is called so now or was before."""
    if not door.effects or "map" not in outcome.tables or not (draft.whole and draft.cells):
        return ""
    effect = outcome.tables["map"]["effect"].to_numpy()
    read = _rounded(effect[~np.isnan(effect)])
    columns = [
        _rounded(
            pd.to_numeric(pd.Series([row[at] for row in draft.cells[1:] if at < len(row)]), errors="coerce").dropna()
        )
        for at, name in enumerate(draft.cells[0])
        if name.strip() in (*door.effects, *_EFFECTS)
        or (draft.columns[at] >= 0 and draft.before[0][draft.columns[at]] in door.effects)
    ]
    return (
        "" if any(read <= column for column in columns) else f"effects of no column {door.effects}: {sorted(read)[:5]}"
    )
