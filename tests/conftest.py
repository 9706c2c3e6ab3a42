"""Fixtures that several folders of tests share."""

from __future__ import annotations

import os
from pathlib import Path

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
