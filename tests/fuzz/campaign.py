"""Commands with mutated files and drawn options: each must give a right result, or one sentence and nothing else.

python tests/fuzz/campaign.py [--inputs 20000] [--seed 0]

Takes about 60 ms an input, twenty minutes on a free core. Prints counts by command as a Markdown table, and each input
that broke the rule, which `--case` runs by itself. The public data are looked for where the tests look for them.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

import typer
from doors import DOORS, Door, make_files
from drafts import Draft
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from mutations import OF_BYTES, OF_STORES, OF_TABLES, mutate
from rule import Kitchen, Outcome, broken, stopped

from pyro_neurovae import cli

# Values for options of any kind; those of choices come from what help lists.
_VALUES = (
    *(
        "",
        "0",
        "-1",
        "1",
        "2",
        "3.5",
        "1e9",
        "1000000000",
        "nan",
        "x",
        "none",
        "auto",
        "d",
        "se",
        "AGE",
        "Dx",
        "C(Sex)",
        "*",
    ),
    *(
        "map.csv",
        "expression.csv",
        "graph.csv",
        "cov.csv",
        "fit.nc",
        "genes.txt",
        "no_such_file.csv",
        "/dev/zero",
        "/",
        "é",
    ),
    *(
        "a" * 300,
        "-5",
        "L_insula",
        "d,d",
        ",",
        "lam=0",
        "steps=0",
        "n_programs=1e9",
        "foo=1",
        "draws=5",
        "=",
        "../x",
        "\t",
        "\udcff",
    ),
)
_PARSER = typer.main.get_command(cli.app)
# Options that a case can't be given: they end the process, or say where nothing may be left.
_WITHOUT = ("help", "out", "resume")
# A mutated fit takes a second to read where it can be read.
_SLOW = ("nulls FIT", "sensitivity FIT", "report FIT", "export FIT")


@dataclass(frozen=True)
class Case:
    """An input: a door, what is done to its file (seeded), and options that are added or take another's place."""

    door: str
    mutations: tuple[str, ...] = ()
    number: int = 0
    options: tuple[str, ...] = ()


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Any input; mutations are few, so that what lies behind the first fault is reached too."""
    name = draw(st.sampled_from([*[one for one in DOORS if one not in _SLOW] * 3, *_SLOW]))
    door, number = DOORS[name], draw(st.integers(0, 2**20))
    kinds = OF_TABLES if door.table else OF_STORES if door.file.endswith(".nc") else OF_BYTES[:-1]
    mutations = tuple(draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=3))) if door.file else ()
    options: tuple[str, ...] = ()
    if not mutations or draw(st.integers(0, 4)) == 0:
        options = sum(draw(st.lists(st.sampled_from(_options(door)), min_size=1, max_size=2)), ())
        mutations = mutations if draw(st.booleans()) else ()
    return Case(name, mutations, number, options)


def _options(door: Door) -> list[tuple[str, ...]]:
    """Options of a door's command, each with each value that may be tried."""
    found: list[tuple[str, ...]] = [("--unknown",), ("extra",), ("--",)]
    for one in _PARSER.commands[door.command[0]].params:  # type: ignore[attr-defined]
        if one.name in _WITHOUT or not one.opts[0].startswith("--"):
            continue
        own = [word for word in (getattr(one, "metavar", "") or "").split("|") if word.islower()]
        found += [(one.opts[0],)] if one.is_flag else [(one.opts[0], value) for value in (*own, *own, *_VALUES)]
    return found


def run_case(kitchen: Kitchen, case: Case) -> tuple[Outcome, str]:
    """Run a case; what it came to, and what of the rule that breaks (empty where nothing)."""
    door = DOORS[case.door]
    draft = Draft(name=door.file)
    if case.mutations:
        pick = Random(case.number)
        draft = Draft.of(kitchen.files / door.file, door.axis, pick, table=door.table)
        mutate(draft, case.mutations)
    command = _with_options(door.command, case.options)
    name = door.file if case.mutations else ""
    outcome = kitchen.run(command, name=name, content=draft.settle() if name else b"", renamed=draft.name)
    return outcome, broken(outcome, door, draft, kitchen.good(door), options=bool(case.options))


def _with_options(command: tuple[str, ...], options: tuple[str, ...]) -> tuple[str, ...]:
    """The command with options in the place of its own of the same name, or behind them."""
    made = list(command)
    for flag in dict.fromkeys(one for one in options if one.startswith("--") and one in made):
        at = made.index(flag)
        end = next((k for k in range(at + 1, len(made)) if made[k].startswith("--")), len(made))
        del made[at:end]
    return (*made, *options)


@contextmanager
def kitchen_of(data: Path) -> Iterator[Kitchen]:
    """Good files in a folder of their own, and commands stopped before their long work."""
    with tempfile.TemporaryDirectory() as folder:
        files = Path(folder)
        make_files(files, data)
        with stopped(files / "fit.nc"):
            yield Kitchen(files)


def fuzz(kitchen: Kitchen, inputs: int, number: int, until: float) -> tuple[dict[str, Counter[str]], dict[Case, str]]:
    """Run so many cases; counts by command, and those that broke the rule."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    failures: dict[Case, str] = {}

    @seed(number)
    @settings(
        max_examples=inputs,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(cases())
    def each(case: Case) -> None:
        if time.monotonic() > until:
            raise KeyboardInterrupt
        outcome, fault = run_case(kitchen, case)
        if outcome.status == cli._INTERRUPTED:
            raise KeyboardInterrupt
        status = "failures" if fault else "refused" if outcome.status == 2 else "read"
        counts[DOORS[case.door].command[0]][status] += 1
        if fault:
            failures[case] = fault
            print(f"{case!r}\n    {fault}", file=sys.stderr, flush=True)

    with suppress(KeyboardInterrupt):  # what was tried until then is counted
        each()
    return counts, failures


def main() -> None:
    """Print the counts; status 1 where anything failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=600.0, help="when to stop before all inputs were tried")
    parser.add_argument("--case", help="one case, as a failure prints it")
    given_ = parser.parse_args()
    data = Path(os.environ.get("PYRO_NEUROVAE_DATA", Path(__file__).resolve().parents[3] / "shared/data"))
    with kitchen_of(data.resolve()) as kitchen:
        if given_.case:
            outcome, fault = run_case(kitchen, eval(given_.case, {"Case": Case}))
            print(outcome.status, outcome.said, outcome.fault, fault, sep="\n")
            return
        counts, failures = fuzz(kitchen, given_.inputs, given_.seed, time.monotonic() + 60 * given_.minutes)
    columns = ("read", "refused", "failures")
    print("| command | inputs | read | refused | failures |\n| --- | --- | --- | --- | --- |")
    for name, found in [*sorted(counts.items()), ("all", sum(counts.values(), Counter()))]:
        print(f"| {name} | {sum(found.values())} | {' | '.join(str(found[one]) for one in columns)} |")
    raise SystemExit(1 if failures else 0)


if __name__ == "__main__":
    main()
