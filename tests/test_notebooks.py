"""Every notebook runs from a clean kernel, begins with the study, and says what its outputs show."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))


def read(path: Path) -> Any:
    """A notebook as it is committed."""
    nbformat = pytest.importorskip("nbformat")
    return nbformat.read(path, as_version=4)


def run(path: Path) -> Any:
    """A notebook with all its cells run."""
    nbclient = pytest.importorskip("nbclient")
    notebook = read(path)
    nbclient.NotebookClient(notebook, timeout=900, resources={"metadata": {"path": str(path.parent)}}).execute()
    return notebook


@pytest.mark.slow
@pytest.mark.skipif("PYRO_NEUROVAE_DATA" not in os.environ, reason="PYRO_NEUROVAE_DATA names no folder of public data")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
@pytest.mark.filterwarnings("default")  # warnings of the kernel's own libraries
def test_a_notebook_runs_ci_selection(path):
    assert all(cell.get("execution_count") for cell in run(path).cells if cell.cell_type == "code")


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_a_notebook_runs_without_data_or_network_ci_selection(tmp_path, monkeypatch):
    monkeypatch.delenv("PYRO_NEUROVAE_DATA", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))  # of the cache
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")  # where nobody answers
    first = next(cell for cell in run(NOTEBOOKS[0].with_name("quick_start.ipynb")).cells if cell.cell_type == "code")
    assert "this study is simulated" in told(first)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_begins_with_the_study(path):
    cells = read(path).cells
    first, second = next(cell for cell in cells if cell.cell_type == "code").source.splitlines()
    assert first == "import pyro_neurovae as nv"
    assert re.fullmatch(r"\w+ = nv\.(datasets\.example|simulate)\(.*\)", second)
    assert not any("shared/data" in cell.source for cell in cells)


def test_notebooks_are_committed_with_their_outputs():
    assert NOTEBOOKS
    for path in NOTEBOOKS:
        cells = [cell for cell in read(path).cells if cell.cell_type == "code"]
        assert any(cell.outputs for cell in cells)
        assert not any(output.output_type == "error" for cell in cells for output in cell.outputs), path.name
        assert not any("is simulated: nothing in it was measured" in told(cell) for cell in cells), path.name


# --- what prose says of results -----------------------------------------------------------------------------------


def told(cell: Any) -> str:
    """What a cell printed."""
    return "".join(output.get("text", "") for output in cell.outputs)


def tables(cell: Any) -> list[dict[str, dict[str, float]]]:
    """The tables that a cell shows, row by row, numbers alone."""
    found = []
    for output in cell.outputs:
        rows = re.findall(r"<tr.*?>(.*?)</tr>", output.get("data", {}).get("text/html", ""), re.DOTALL)
        cells = [re.findall(r"<t[hd].*?>(.*?)</t[hd]>", row, re.DOTALL) for row in rows]
        if cells:
            found.append({row[0]: dict(zip(cells[0][1:], map(_number, row[1:]), strict=False)) for row in cells[1:]})
    return found


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _errors_at_outliers(cell: Any) -> list[float]:
    return [float(one) for one in re.findall(r"at the outliers ([\d.]+)", told(cell))]


def _lower_ends(cell: Any, source: str) -> list[float]:
    return [float(one) for one in re.findall(rf"{source}: .* 90% interval ([\d.]+) to", told(cell))]


def _widths(cell: Any) -> list[float]:
    return [float(one) for one in re.findall(r"(?:intervals|band) ([\d.]+)", told(cell))]


# Notebook, a sentence of it, a line of the cell that it speaks of, and whether what that shows bears it out.
CLAIMS: list[tuple[str, str, str, Callable[[Any], bool]]] = [
    (
        "adni_cohort",
        "Inverse-frequency and overlap weights agree with the adjusted contrast",
        "comparison.sub(truth",
        lambda cell: (
            max(abs(tables(cell)[0]["mean"][way] - tables(cell)[0]["mean"]["adjusted"]) for way in WEIGHTS) < 0.005
            and abs(tables(cell)[0]["mean"]["unadjusted"]) > 5 * abs(tables(cell)[0]["mean"]["adjusted"])
        ),
    ),
    (
        "adni_cohort",
        "With\nthe squared standard errors alone the level of the map would look surer than it is",
        'name, study in {"full covariance"',
        lambda cell: (
            tables(cell)[0]["standard errors alone"]["mean width of 90% intervals"]
            < 0.95 * tables(cell)[0]["full covariance"]["mean width of 90% intervals"]
        ),
    ),
    (
        "own_model",
        "Outliers pull the Gaussian model of the package towards them; the Student-t model lets them go",
        "for name, (mean, lower, upper) in rows.items():\n    print",
        lambda cell: _errors_at_outliers(cell)[0] > 2 * max(_errors_at_outliers(cell)[1:]),
    ),
    (
        "own_model",
        "A\nlog-normal guide can't come as near to zero as that does",
        "learned = normal.quantiles",
        lambda cell: _lower_ends(cell, "AutoNormal")[1] > 2 * _lower_ends(cell, "package, on a grid")[1],
    ),
    (
        "paper_replication",
        "A small sigma makes the fit follow every region, sampling error included; a large\n"
        "one lets the KL win and the latent field collapses onto its prior",
        "pd.concat([sweep(scz, weights), known])",
        lambda cell: (
            tables(cell)[0]["sigma 0.2"]["in-sample R2"] > 0.5 > 0.1 > tables(cell)[0]["sigma 1"]["in-sample R2"]
            and tables(cell)[0]["sigma 1"]["collapsed dimensions"]
            > tables(cell)[0]["sigma 0.2"]["collapsed dimensions"]
        ),
    ),
    (
        "credible_intervals",
        "a band that covers all of them at once: it is wider than single intervals",
        "single, joint =",
        lambda cell: _widths(cell)[0] < _widths(cell)[1],
    ),
    (
        "alzheimers",
        "An effect with a\nprecise observation stays near that",
        "over all regions, means are at most",
        lambda cell: float(re.findall(r"at most ([\d.]+) standard errors", told(cell))[0]) < 2,
    ),
    (
        "posterior_analysis",
        "So find where the predictable part misses the observed value most",
        'checks[checks["status"] == "fail"]',
        lambda cell: any("extremes" in output.get("data", {}).get("text/html", "") for output in cell.outputs),
    ),
]
WEIGHTS = ("inverse-frequency", "overlap")


@pytest.mark.parametrize(
    ("name", "sentence", "line", "holds"), CLAIMS, ids=[f"{one[0]}: {one[1][:30]}" for one in CLAIMS]
)
def test_what_a_notebook_says_is_what_it_shows(name, sentence, line, holds):
    cells = read(NOTEBOOKS[0].with_name(f"{name}.ipynb")).cells
    flat = " ".join(sentence.split())
    assert any(flat in " ".join(cell.source.split()) for cell in cells if cell.cell_type == "markdown")
    (shown,) = [cell for cell in cells if cell.cell_type == "code" and line in cell.source]
    assert holds(shown)
