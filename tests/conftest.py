"""Fixtures that several folders of tests share."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

# Small matrices gain nothing from threads that wait for each other, and lose much where tests share the machine.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# What JAX compiles here runs a moment only.
os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Folder of the public maps and expression tables; tests that need it are skipped without it."""
    folder = (ROOT / os.environ.get("PYRO_NEUROVAE_DATA", "../shared/data")).resolve()
    if not folder.is_dir():
        pytest.skip(f"needs the public data; {folder} is missing (name its folder in PYRO_NEUROVAE_DATA)")
    return folder


@pytest.fixture(scope="session")
def load_script() -> Callable[[Path], ModuleType]:
    """Import a script that lies in no package, from its path."""

    def load(path: Path) -> ModuleType:
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load
