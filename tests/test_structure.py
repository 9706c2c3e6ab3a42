"""The house keeps its shape: rooms in one order, no circles, one text of the algebra, one list of public names."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import pyro_neurovae as nv
from pyro_neurovae import models

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def structure(load_script) -> ModuleType:
    """The benchmark that counts."""
    return load_script(ROOT / "tests/benchmarks/structure.py")


@pytest.fixture(scope="module")
def known(structure: ModuleType) -> dict[str, Path]:
    return structure.sources(ROOT)


def test_no_room_imports_from_a_later_one_and_no_modules_import_each_other(structure, known):
    assert {structure.room(name) for name in known} <= set(structure.LAYERS)
    assert structure.upward(known) == []
    assert structure.circles(known) == []


def test_models_and_methods_are_asked_what_they_can_do_and_not_for_their_names(structure, known):
    assert structure.hits(known, structure._NAME_TESTS, without=structure._REGISTRIES) == []


def test_the_covariance_of_a_map_is_written_once(structure, known):
    assert len(structure.hits(known, structure._COVARIANCE)) == 1


def test_only_the_spectrum_reads_eigenvectors(known):
    readers = [name for name, path in known.items() if ".vectors" in path.read_text(encoding="utf-8")]
    assert set(readers) <= {"pyro_neurovae.models.spectrum", "pyro_neurovae.graphs.eigenbasis"}


def test_no_module_has_the_name_of_its_function_and_each_of_the_inner_rooms_has_its_test(structure, known):
    assert structure.shared_names(known) == []
    assert structure.untested(known, ROOT) == []


def test_only_public_functions_take_eight_arguments_or_more(structure, known):
    assert structure.long_signatures(known)["private"] == []


@pytest.mark.parametrize("package", [nv, models])
def test_type_checkers_see_the_names_that_the_lazy_table_gives(package):
    tree = ast.parse(Path(package.__file__).read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    shown = {(node.module, alias.name) for node in ast.walk(block) for alias in getattr(node, "names", [])}
    rooms = getattr(package, "_ROOMS", ())
    assert shown == {(home, name) for name, home in package._HOME_OF.items()} | {(None, room) for room in rooms}
    for name in package.__all__:
        assert getattr(package, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        package.nothing  # noqa: B018


def test_importing_the_package_imports_nothing_heavy():
    heavy = "('torch', 'pandas', 'matplotlib', 'arviz', 'sklearn', 'jax')"
    code = f"import sys, pyro_neurovae; sys.exit(any(name in sys.modules for name in {heavy}))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("path", sorted((ROOT / "tests/benchmarks").glob("*.py")), ids=lambda path: path.stem)
def test_benchmarks_use_names_that_there_are(path, load_script, monkeypatch):
    monkeypatch.syspath_prepend(str(path.parent))
    assert callable(load_script(path).main)
