"""The API reference is built from the docstrings, and every public name has its place in it."""

from __future__ import annotations

import html
import re
import subprocess
import sys
from pathlib import Path

import pytest

import pyro_neurovae as nv


@pytest.mark.slow
def test_the_api_reference_has_every_public_name_ci_selection(tmp_path: Path) -> None:
    pytest.importorskip("pdoc")
    script = Path(__file__).parent / "benchmarks/api_reference.py"
    subprocess.run([sys.executable, str(script), "--out", str(tmp_path)], check=True, capture_output=True, cwd=tmp_path)
    page = (tmp_path / "pyro_neurovae.html").read_text(encoding="utf-8")
    ids = set(re.findall(r'id="([\w.]+)"', page))
    modules = {"datasets", "expression", "plots"}
    missing = [name for name in nv.__all__ if name not in ids | modules]
    assert missing == []
    pages = {
        "models": "GMRF",
        "inference/engine": "fit_model",
        "posterior/posterior": "Posterior",
        "plots": "surface",
        "expression": "from_abagen",
        "datasets": "fetch",
    }
    for name, member in pages.items():
        text = (tmp_path / "pyro_neurovae" / f"{name}.html").read_text(encoding="utf-8")
        assert f'id="{member}"' in text, name
    assert "geometric mean" in html.unescape((tmp_path / "pyro_neurovae" / "models.html").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", nv.__all__)
def test_every_public_name_has_a_docstring(name: str) -> None:
    assert (getattr(nv, name).__doc__ or "").strip()
