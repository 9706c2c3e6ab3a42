"""Mutation test of the core: the share of small faults that a test notices.

    OMP_NUM_THREADS=1 python tests/mutation.py [--count 500] [--seed 0] [--seconds 120] [--only readers/frames]
        [--reach reach.json]

One run of the tests notes which of them enter which function (kept in the file of --reach, to be deleted when code or
tests change). Then each mutant of a fixed random sample, taken from every module by its size, is compiled in place of
its module in a forked process, never on disk, and tests run: those of the module's own test file, then others that
enter its function, quick ones first. One that all of them pass has survived; one that takes longer than
--seconds is late, and counts as noticed. Changed are comparisons, arithmetic, `and`, `or`, `not`, signs, conditions,
numbers, truth values, strings of one word, results and calls for their effect, but not wordings of errors, annotations
and tables of names. PYRO_NEUROVAE_DATA is as for the tests; without openpyxl those of workbooks are skipped.
"""

from __future__ import annotations

import argparse
import ast
import builtins
import contextlib
import importlib
import json
import os
import random
import signal
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from importlib.machinery import SourceFileLoader
from itertools import accumulate
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CORE = """models/algebra inference/null_* pyro_neurovae/evidence/null_* pyro_neurovae/readers/[a-z]*
pyro_neurovae/studies/sampling pyro_neurovae/studies/correlation_draws pyro_neurovae/cohort/adni_suffix
pyro_neurovae/cohort/balance pyro_neurovae/cohort/contrasts pyro_neurovae/cohort/covariances pyro_neurovae/cohort/groups
pyro_neurovae/cohort/missing_codes pyro_neurovae/cohort/regression pyro_neurovae/cohort/shrinkage
pyro_neurovae/cohort/visits"""
TESTS = """tests/models tests/inference/test_null_draws.py tests/inference/test_null_fits.py tests/pyro_neurovae/cli
tests/pyro_neurovae/cohort tests/pyro_neurovae/expression tests/pyro_neurovae/readers tests/pyro_neurovae/studies
tests/pyro_neurovae/evidence/test_null_genes.py tests/pyro_neurovae/evidence/test_null_sources.py
tests/pyro_neurovae/evidence/test_null_tests.py tests/pyro_neurovae/evidence/test_result.py"""
HEAVY = "torch pandas scipy.stats sklearn.linear_model pyro.infer xarray arviz typer hypothesis"  # imported once
OWN, OTHERS = 60, 40  # most seconds of tests from the module's own file, and from others

PAIRS = {"Lt": "LtE", "Gt": "GtE", "Eq": "NotEq", "Is": "IsNot", "In": "NotIn", "And": "Or"}
PAIRS |= {"Add": "Sub", "Mult": "Div", "BitAnd": "BitOr", "USub": "UAdd"}
SWAPS = PAIRS | {new: old for old, new in PAIRS.items()} | {"Pow": "Mult", "FloorDiv": "Mult"}
UNTOUCHED = (ast.Raise, ast.Assert, ast.JoinedStr, ast.Import, ast.ImportFrom)
TABLES = (ast.Dict, ast.Set, ast.List, ast.Tuple)
PLAIN = (ast.Name, ast.Call, ast.Attribute, ast.NamedExpr)


def parts(node: ast.AST, outside: bool = True) -> Iterator[ast.AST]:
    """Nodes below one that mutants may change; ``outside`` of functions there are tables, aliases and ``__all__``."""
    outside = outside and not isinstance(node, ast.FunctionDef)
    for field, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else [value]:
            fixed = field in ("annotation", "returns", "decorator_list") or isinstance(child, UNTOUCHED)
            table = isinstance(child, TABLES) or isinstance(getattr(child, "op", None), ast.BitOr)
            if isinstance(child, ast.AST) and not fixed and not (outside and table):
                yield child
                yield from parts(child, outside)


def edits(tree: ast.Module) -> list[tuple[int, str, Callable[[], None]]]:
    """Line, words and deed of each mutant of a module."""
    return [
        (node.lineno, what, partial(setattr, node, field, value))
        for node in parts(tree)
        for field, value, what in changes(node)
    ]


def changes(node: ast.AST) -> Iterator[tuple[str, object, str]]:
    """Field, its other value and what that is called, for each way to change a node."""
    olds = [node.op] if hasattr(node, "op") else getattr(node, "ops", [])
    for place, new in enumerate(SWAPS.get(type(old).__name__) for old in olds):
        if new:
            made = [*olds[:place], getattr(ast, new)(), *olds[place + 1 :]]
            yield *(("op", made[0]) if hasattr(node, "op") else ("ops", made)), f"{type(olds[place]).__name__} -> {new}"
    match node:
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            yield "operand", ast.UnaryOp(ast.Not(), inner), "not"
        case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test) if isinstance(test, PLAIN):
            yield "test", ast.UnaryOp(ast.Not(), test), "condition"
        case ast.Return(value=ast.AST() as given) if ast.unparse(given) != "None":
            yield "value", ast.Constant(None), "None returned"
        case ast.Expr(value=ast.Call()):
            yield "value", ast.Constant(None), "no call"
        case ast.Constant(value=bool(old)):
            yield "value", not old, f"{old} -> {not old}"
        case ast.Constant(value=int(old) | float(old)):
            yield "value", old + 1, f"{old} -> {old + 1}"
        case ast.Constant(value=str(old)) if old and " " not in old:
            yield "value", f"{old}XX", f"{old!r} changed"


def home(path: Path, tree: ast.AST, line: int) -> str:
    """Name the innermost function of a line, by its own first line, or the module."""
    functions = [one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)]
    inner = [one.lineno for one in functions if one.lineno <= line <= one.end_lineno]
    return f"{path.relative_to(ROOT)}:" + (f"{max(inner)}:" if inner else "")


def noted(path: Path) -> ast.Module:
    """Tree of a module whose functions tell that they are entered."""
    tree = ast.parse(path.read_bytes())
    for node in [one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)]:
        node.body.insert(0, ast.parse(f"__entered__({home(path, tree, node.lineno)!r})").body[0])
    return ast.fix_missing_locations(tree)


class Watch:
    """Plugin of pytest that runs the tests chosen, in their order by file, and notes times and functions entered."""

    def __init__(self, chosen: list[str] | None = None) -> None:
        self.chosen, self.entered, self.seconds, self.found = chosen, set(), Counter(), defaultdict(set)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        if self.chosen is not None:
            items[:] = [item for item in items if item.nodeid in self.chosen]
            items.sort(key=lambda item: (item.path, self.chosen.index(item.nodeid)))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.seconds[report.nodeid] += report.duration
        self.found[report.nodeid] |= self.entered
        self.entered.clear()


def forked(tree_of: Callable[[Path], ast.Module | None], watch: Watch, *, seconds: int = 0, out: str = "") -> int:
    """Exit status of pytest in a process that compiles modules from other trees; of a signal when it takes longer."""
    if child := os.fork():
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)  # workers that it left
        return status
    os.setsid()
    signal.alarm(seconds)
    for stream in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
    usual, builtins.__entered__ = SourceFileLoader.get_code, watch.entered.add

    def get_code(loader: SourceFileLoader, name: str) -> object:
        tree = tree_of(Path(loader.path).resolve())
        return usual(loader, name) if tree is None else compile(tree, loader.path, "exec")

    SourceFileLoader.get_code = get_code
    files = TESTS.split() if watch.chosen is None else ["-x", *sorted({test.split("::")[0] for test in watch.chosen})]
    status = pytest.main(["-q", "-p", "no:cacheprovider", *files], plugins=[watch])
    if out and not status:
        rows = {test: (watch.seconds[test], sorted(functions)) for test, functions in watch.found.items()}
        Path(out).write_text(json.dumps(rows), encoding="utf-8")
    os._exit(status)


def verdict(path: Path, number: int, tests: dict[str, tuple[float, list[str]]], seconds: int) -> str:
    """What becomes of a mutant: killed, late or survived."""
    tree = ast.parse(path.read_bytes())
    line, _, mutate = edits(tree)[number]
    where = home(path, tree, line)
    mutate()
    ast.fix_missing_locations(tree)
    own = {one for one in tests if f"/test_{path.stem}.py" in one}  # all: what they share is made in one of them
    enter = {one for one, (_, found) in tests.items() if any(name.startswith(where) for name in found)}
    for several, most in ((own, OWN), (enter - own, OTHERS)):
        those = sorted((tests[one][0], one) for one in several)
        spent = accumulate(time for time, _ in those)
        these = [test for (_, test), so_far in zip(those, spent, strict=True) if so_far < most]
        if these and (status := forked({path: tree}.get, Watch(these), seconds=seconds)):
            return "late" if status == -signal.SIGALRM else "killed"
    return "survived"


def main() -> None:
    """Print each mutant's end, and the counts by module."""
    parser = argparse.ArgumentParser(description=__doc__.split(":")[0])
    for name, usual in {"count": 500, "seed": 0, "seconds": 120, "only": "", "reach": "reach.json"}.items():
        parser.add_argument(f"--{name}", type=type(usual), default=usual)
    asked = parser.parse_args()
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    for name in HEAVY.split():
        importlib.import_module(name)
    files = [path for one in CORE.split() for path in sorted(ROOT.glob(f"{one}.py"))]
    whole = {path: noted(path) for path in files}
    if not Path(asked.reach).is_file() and forked(whole.get, Watch(), out=asked.reach):
        raise SystemExit("the tests fail before anything is changed; run them by themselves to see why.")
    tests = json.loads(Path(asked.reach).read_text(encoding="utf-8"))
    found = {path: edits(ast.parse(path.read_bytes())) for path in files}
    share = asked.count / sum(map(len, found.values()))
    counts = {}
    for path, mutants in found.items():
        name = str(path.relative_to(ROOT))
        if asked.only not in name:
            continue
        counts[name] = Counter()
        order = random.Random(f"{asked.seed} {name}").sample(range(len(mutants)), len(mutants))
        for number in order[: max(3, round(share * len(mutants)))]:
            counts[name][said := verdict(path, number, tests, asked.seconds)] += 1
            print(f"{said:8} {name}:{mutants[number][0]}: {mutants[number][1]} (no. {number})", flush=True)
    print("\nmutants  killed    late  survived  share  module")
    for name, count in {**counts, "all": sum(counts.values(), Counter())}.items():
        gone = 1 - count["survived"] / count.total()
        print(f"{count.total():7} {count['killed']:7} {count['late']:7} {count['survived']:9} {gone:6.0%}  {name}")


if __name__ == "__main__":
    main()
