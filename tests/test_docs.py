"""The docs site and the README: links, files, names, columns, and that the site is built without a warning."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from types import ModuleType

import pytest

import pyro_neurovae as nv
from pyro_neurovae.posterior.advice import ADVICE

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "notebooks/docs"
PAGES = {path.relative_to(DOCS / "pages").as_posix(): path for path in sorted((DOCS / "pages").rglob("*.md"))}
TEXTS = {**PAGES, "README.md": ROOT / "README.md"}

# What a page may name: a path from the top of the repository, or from the package.
_FILE = re.compile(r"[\w/]+/[\w/.]*\w\.(?:py|md|ipynb|yml)\b")


@pytest.fixture(scope="module")
def hooks(load_script: Callable[[Path], ModuleType]) -> ModuleType:
    """What makes pages while the site is built."""
    pytest.importorskip("mkdocs")
    return load_script(DOCS / "hooks.py")


def _anchors(text: str) -> set[str]:
    """Names that headings of a page can be called by."""
    from markdown.extensions.toc import slugify

    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {found[1] if (found := re.search(r"\{ #(\S+) \}", one)) else slugify(one, "-") for one in headings}


@pytest.mark.parametrize("name", TEXTS)
def test_links_and_files_that_a_page_names_are_there(hooks, name):
    text = TEXTS[name].read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith(("http://", "https://")):
            continue
        address, _, anchor = target.partition("#")
        if name == "README.md":
            assert (ROOT / address).exists(), target
            continue
        uri = os.path.normpath(PurePosixPath(name).parent / address) if address else name
        assert uri in PAGES or uri in hooks.made(), target
        if anchor and uri in PAGES:
            assert anchor in _anchors(PAGES[uri].read_text(encoding="utf-8")), target
    for file in _FILE.findall(re.sub(r"https?://\S+|\]\([^)]*\)", "", text)):
        assert any((place / file).exists() for place in (ROOT, ROOT / "pyro_neurovae")), file


def test_the_navigation_has_every_page(hooks):
    nav = (DOCS / "mkdocs.yml").read_text(encoding="utf-8")
    listed = re.findall(r"[\w/]+\.md\b", nav.partition("\nnav:")[2])
    assert {*listed, *hooks.made()} >= {*PAGES}
    assert set(listed) <= {*PAGES, *hooks.made()}


def test_every_public_name_leads_to_its_place_in_the_reference(hooks):
    index = hooks.api_index()
    for name in nv.__all__:
        assert f"`nv.{name}`" in index, name
    shown = {room: hooks.api_page(room) for room in hooks.ROOMS} | {"errors": "::: pyro_neurovae.errors\n"}
    for room, module in re.findall(r"\]\((\w+)\.md#(pyro_neurovae\.[\w.]+)\.\w+\)", index):
        assert f"::: {module}\n" in shown[room], module


@pytest.mark.parametrize("name", nv.__all__)
def test_every_public_name_has_a_docstring(name: str) -> None:
    assert (getattr(nv, name).__doc__ or "").strip()


def test_every_check_has_its_meaning_and_advice(hooks):
    assert [name for name, _, _ in hooks.check_rows()] == list(ADVICE)
    assert all(said in hooks.checks_text() for said in ADVICE.values())


def test_directives_of_docstrings_become_markdown(hooks):
    assert hooks.as_markdown("of :math:`x`") == "of $x$"
    text = "    .. math:: a\n              b\n\n    with\n"
    assert hooks.as_markdown(text).split() == ["$$", "a", "b", "$$", "with"]
    assert "| `moran` | Moran's I |" in hooks.as_markdown("    ==== ====\n    moran  Moran's I\n    ==== ====\n")


def _columns(section: str) -> list[str]:
    """Columns that a section of the page of tables has, in its order."""
    text = PAGES["tables.md"].read_text(encoding="utf-8")
    own = re.search(rf"^## .*\{{ #{section} \}}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert own is not None
    cells = re.findall(r"^\| (`.*?) \|", own[1], re.MULTILINE)
    return [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]


def test_the_page_of_tables_has_every_column_of_a_fit():
    fitted = nv.fit(nv.simulate(seed=0, genes=30), draws=20, n_programs=2, steps=2, progress=False)
    wide = [name.replace("weight_simulated", "weight_MAP") for name in fitted.programs(wide=True).columns]
    regions = list(fitted.regions().columns)
    assert _columns("regions") == regions
    assert _columns("genes") == list(fitted.genes().columns)
    assert _columns("programs") == list(fitted.programs().columns)
    assert sorted(set(_columns("programs_wide"))) == sorted(wide)
    assert _columns("variance") == list(fitted.variance().columns)
    assert _columns("predictions") == list(fitted.predict().columns)
    assert _columns("checks") == list(fitted.check().columns)
    assert set(nv.region_report(fitted).columns) <= {*_columns("region_report"), *regions}


def test_nobody_is_sent_to_an_index_that_has_no_such_package():
    texts = [*TEXTS.values(), *(ROOT / "pyro_neurovae").rglob("*.py")]
    sent = [path.name for path in texts if re.search(r"pip install\s+['\"]?pyro.neurovae", path.read_text("utf-8"))]
    assert sent == []


def test_the_readme_is_short_and_has_the_headings_that_people_look_for():
    text = TEXTS["README.md"].read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 150
    asked = ("What it does", "Install", "Quick start", "Own data", "Validation", "Spatial nulls")
    asked += ("Prior sensitivity", "Limitations", "Citing", "Contributing")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == list(asked)


@pytest.mark.slow
def test_the_site_is_built_without_a_warning_ci_selection(tmp_path):
    pytest.importorskip("mkdocs")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", str(DOCS / "mkdocs.yml"), "-d", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for name, member in {
        "models": "models.gmrf.GMRF",
        "inference": "inference.engine.fit_model",
        "posterior": "posterior.posterior.Posterior",
        "plots": "plots.surface_map.surface",
        "expression": "expression.donor_tables.from_donors",
        "datasets": "datasets.catalogue.fetch",
    }.items():
        assert f'id="pyro_neurovae.{member}"' in (tmp_path / f"api/{name}.html").read_text(encoding="utf-8")
    for page in tmp_path.rglob("*.html"):
        asked = re.findall(r"<(?:script|img|iframe)[^>]*src=\"?https?:[^\s>]+", page.read_text(encoding="utf-8"))
        assert asked == [], page.name
