"""How the code stands, in numbers: layers, circles, questions asked of names, long signatures, lines.

python tests/benchmarks/structure.py [FOLDER]     the checkout that holds this file, or another one
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

# The rooms, each of which may import from itself and from those before it.
LAYERS = (
    *("errors", "wording", "cards", "inferencedata", "atlases", "readers", "graphs", "models", "studies"),
    *("cohort", "expression", "datasets", "inference", "posterior", "evidence", "interpretation", "plots", "page"),
    *("cli", "__main__", "__init__"),
)
_MOST_ARGUMENTS = 7

# Places that know models and methods by their names: where they are declared.
_REGISTRIES = ("models/families.py", "models/settings.py", "inference/methods.py")
_NAME_TESTS = re.compile(
    r"""\.model\b\s*(?:==|!=|\bin\b|\bnot\s+in\b)|\bmodel\s+(?:not\s+)?in\s+\(|\.method\b\s*(?:==|!=)|
    \bmethod\s*(?:==|!=)\s*["'](?:svi|nuts|exact)|
    isinstance\([\w.]+,\s*(?:CrossScale|Expression|Spatial|Paper|Stacked|Exact|Nuts|Training)\w*\)""",
    re.VERBOSE,
)
_PROBES = re.compile(r"(?:getattr|hasattr)\((?:[\w.]*\.)?(?:family|training|settings)\b[\w.]*,")
_COVARIANCE = re.compile(
    r"""(?:_scale"\]\)?(?:\.square\(\))?|amounts\[\w+\])\[[^\]]*None,\ None\](?:\ \*\*\ 2)?\ \*\ (?:kernel|unit)
    |scale\*\*2\ \*\ unit\[""",
    re.VERBOSE,
)


def sources(root: Path) -> dict[str, Path]:
    """Module name, from pyro_neurovae down, to its file."""
    found = {}
    for folder in ("pyro_neurovae", "models", "inference"):
        for path in sorted((root / folder).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            parts = parts if folder == "pyro_neurovae" else ("pyro_neurovae", *parts)
            if "tables" not in parts[:-1] and "atlas_tables" not in parts:
                found[".".join(parts)] = path
    return found


def imports(name: str, path: Path, *, late: bool = True) -> Iterator[str]:
    """Modules of the package that a module imports; type checkers' imports are none."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    package = name.split(".")[:-1]  # of a module and, since it is named PACKAGE.__init__ here, of a package
    for node, inside in _walk(tree, False):
        if not isinstance(node, ast.ImportFrom) or (inside and not late):
            continue
        base = package[: len(package) - node.level + 1] if node.level else []
        target = ".".join([*base, *([node.module] if node.module else [])])
        if target.split(".")[0] == "pyro_neurovae":
            yield from (f"{target}.{alias.name}" for alias in node.names)


def _walk(node: ast.AST, inside: bool) -> Iterator[tuple[ast.AST, bool]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            continue
        yield child, inside
        yield from _walk(child, inside or isinstance(child, ast.FunctionDef))


def resolved(target: str, known: dict[str, Path]) -> str:
    """Module that an imported name belongs to."""
    for name in (target, f"{target}.__init__", target.rpartition(".")[0], f"{target.rpartition('.')[0]}.__init__"):
        if name in known:
            return name
    return target


def room(name: str) -> str:
    """Room of a module."""
    return name.split(".")[1]


def upward(known: dict[str, Path]) -> list[str]:
    """Imports of a room that comes later."""
    order = {layer: place for place, layer in enumerate(LAYERS)}
    return [
        f"{name} -> {target}"
        for name, path in known.items()
        for target in {resolved(one, known) for one in imports(name, path)}
        if order.get(room(target), -1) > order.get(room(name), len(order))
    ]


def circles(known: dict[str, Path]) -> list[list[str]]:
    """Sets of modules that import each other, directly or not; imports inside functions count."""
    arrows = {name: {resolved(one, known) for one in imports(name, path)} - {name} for name, path in known.items()}
    reached = {name: _reached(name, arrows) for name in arrows}
    found: list[list[str]] = []
    for name in arrows:
        ring = sorted(other for other in reached[name] if name in reached.get(other, set()))
        if name in ring and ring not in found:
            found.append(ring)
    return found


def _reached(start: str, arrows: dict[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    left = list(arrows[start])
    while left:
        name = left.pop()
        if name not in seen and name in arrows:
            seen.add(name)
            left += arrows[name]
    return seen


def hits(known: dict[str, Path], pattern: re.Pattern[str], *, without: tuple[str, ...] = ()) -> list[str]:
    """Lines that a pattern is found in, outside some files."""
    return [
        f"{path.name}:{number}: {line.strip()}"
        for path in known.values()
        if not str(path).endswith(without)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]


def long_signatures(known: dict[str, Path]) -> dict[str, list[str]]:
    """Functions of eight or more arguments, public ones apart from private ones."""
    found: dict[str, list[str]] = {"public": [], "private": []}
    for name, path in known.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
                count = len([one for one in arguments if one.arg not in ("self", "cls")])
                if count > _MOST_ARGUMENTS:
                    kind = "private" if node.name.startswith("_") and node.name != "__init__" else "public"
                    found[kind].append(f"{name}.{node.name} ({count})")
    return found


def untested(known: dict[str, Path], root: Path) -> list[str]:
    """Modules of models and inference without a test file of their name."""
    tests = {path.name for path in (root / "tests").rglob("test_*.py")}
    return [
        name
        for name in known
        if room(name) in ("models", "inference")
        and not name.endswith("__init__")
        and f"test_{name.split('.')[-1]}.py" not in tests
    ]


def shared_names(known: dict[str, Path]) -> list[str]:
    """Modules that hold a function of their own name."""
    return [
        name
        for name, path in known.items()
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name == name.split(".")[-1]
    ]


def main() -> None:
    """Print the table, and what stands behind each number that is not 0."""
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[2]
    known = sources(root)
    signatures = long_signatures(known)
    rows: dict[str, tuple[int, list[str]]] = {}

    def row(label: str, found: list[str], shown: bool = True) -> None:
        rows[label] = (len(found), found if shown else [])

    top = [path.name for path in sorted((root / "pyro_neurovae").glob("*.py"))]
    row("modules at the top of pyro_neurovae", top)
    row("circles", [" <-> ".join(ring) for ring in circles(known)])
    row("upward imports", upward(known) if (root / "pyro_neurovae/graphs").is_dir() else ["no layers"])
    row("tests of a model's or method's name outside the registries", hits(known, _NAME_TESTS, without=_REGISTRIES))
    row("texts of a map's covariance from scales and unit covariances", hits(known, _COVARIANCE))
    row("probes of settings by getattr or hasattr", hits(known, _PROBES))
    row("public functions of eight or more arguments", signatures["public"])
    row("private functions of eight or more arguments", signatures["private"])
    row("modules that hold a function of their name", shared_names(known))
    row("modules of models and inference without a test of their name", untested(known, root))
    late = [one for n, p in known.items() for one in imports(n, p)]
    early = [one for n, p in known.items() for one in imports(n, p, late=False)]
    row("names imported inside functions", [""] * (len(late) - len(early)), shown=False)
    row("modules", list(known), shown=False)
    lines = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in known.values())
    for label, (number, found) in rows.items():
        print(f"{number:6d}  {label}")
        for one in found if number else []:
            print(f"            {one}")
    print(f"{lines:6d}  lines")


if __name__ == "__main__":
    main()
