"""Pages that are made while the site is built: notebooks, measured tables, the API reference, checks, equations.

What stands elsewhere in the repository is not copied by hand: notebooks come as they are committed, the tables in
tests/benchmarks as their scripts wrote them, checks and signatures from the code.
"""

from __future__ import annotations

import html
import re
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from mkdocs.plugins import event_priority

import pyro_neurovae as nv
from pyro_neurovae.page.citations import reference_list
from pyro_neurovae.posterior import checks, descriptions
from pyro_neurovae.posterior.advice import ADVICE

ROOT = Path(__file__).resolve().parents[2]

# Rooms of the reference, in the order of the data's way through them; cli has its own help.
ROOMS = (
    *("atlases", "readers", "graphs", "models", "studies", "cohort", "expression", "datasets", "inference"),
    *("posterior", "evidence", "interpretation", "plots", "page"),
)
_TOP = {"models": ROOT / "models", "inference": ROOT / "inference"}


# --- what is made -------------------------------------------------------------------------------------------------


def made() -> dict[str, Callable[[], str | bytes]]:
    """Address of every page and picture that is made, to what makes it."""
    pages: dict[str, Callable[[], str | bytes]] = {}
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        pages[f"notebooks/{path.stem}.md"] = lambda path=path: rendered(path)[0]
    for path in sorted((ROOT / "tests/benchmarks").glob("*.md")):
        pages[f"measured/{path.stem}.md"] = lambda path=path: path.read_text(encoding="utf-8")
    pages["api/index.md"] = api_index
    pages["api/errors.md"] = lambda: "# errors\n\n::: pyro_neurovae.errors\n"
    for room in ROOMS:
        pages[f"api/{room}.md"] = lambda room=room: api_page(room)
    pages["pictures/adni1_ad.png"] = (ROOT / "notebooks/adni1_ad.png").read_bytes
    return pages


@cache
def rendered(path: Path) -> tuple[str, dict[str, bytes]]:
    """A notebook as it is committed: its page, and its pictures by name."""
    import nbformat
    from nbconvert import MarkdownExporter

    resources = {"unique_key": path.stem, "output_files_dir": f"{path.stem}_files"}
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if "xr-wrap" in output.get("data", {}).get("text/html", ""):
                del output["data"]["text/html"]  # xarray's cards, which Markdown tears apart
    text, found = MarkdownExporter().from_notebook_node(notebook, resources=resources)
    text = re.sub(r'(<table) border="1" class="dataframe">', r"\1>", text)  # as the site's other tables look
    text = re.sub(r"<style scoped>.*?</style>", "", text, flags=re.DOTALL)
    text = text.replace("![png](", "![What the cell above draws](")
    text = re.sub(r"\]\((\w+)\.ipynb\)", r"](\1.md)", text).replace("](docs/pages/", "](../")
    return text, found.get("outputs", {})


# --- the reference ------------------------------------------------------------------------------------------------


def modules(room: str) -> list[str]:
    """Modules of a room that have public names, without scripts that derive its tables."""
    folder = _TOP.get(room, ROOT / "pyro_neurovae" / room)
    paths = sorted(path for path in folder.rglob("*.py") if not path.name.startswith(("_", "derive")))
    names = [".".join(path.relative_to(folder).with_suffix("").parts) for path in paths]
    return [f"pyro_neurovae.{room}.{name}" for name in names if "tables." not in name]


def api_page(room: str) -> str:
    """Every module of a room."""
    parts = [f"# {room}\n"]
    for module in modules(room):
        parts.append(f"## {module.removeprefix('pyro_neurovae.')} {{ #{module} }}\n\n::: {module}\n")
    return "\n".join(parts)


def api_index() -> str:
    """What ``import pyro_neurovae as nv`` gives, a line a name that leads to the whole of it."""
    lines = ["# Public names", "", "What `import pyro_neurovae as nv` gives.", "", "| name | what |", "|---|---|"]
    for name in nv.__all__:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of libraries that are imported now
            found = getattr(nv, name)
        lines += [f"| {_link('nv', name, found)} | {_first_line(found)} |"]
        if isinstance(found, ModuleType):
            lines += [
                f"| {_link(f'nv.{name}', own, getattr(found, own))} | {_first_line(getattr(found, own))} |"
                for own in found.__all__
                if callable(getattr(found, own))
            ]
    return "\n".join(lines) + "\n"


def _link(where: str, name: str, found: Any) -> str:
    if isinstance(found, ModuleType):
        return f"[`{where}.{name}`]({name}.md)"
    room = found.__module__.split(".")[1]
    return f"[`{where}.{name}`]({room}.md#{found.__module__}.{found.__name__})"


def _first_line(found: Any) -> str:
    text = (found.__doc__ or "").strip().split("\n\n")[0]
    return re.sub(r"\s+", " ", text).replace("|", r"\|")


@cache
def sources() -> Path:
    """The package as it is installed, in one folder, its docstrings' directives turned into Markdown."""
    place = Path(tempfile.mkdtemp(prefix="pyro_neurovae_docs"))
    ignored = shutil.ignore_patterns("__pycache__", "*.csv", "*.npz", "*.json")
    shutil.copytree(ROOT / "pyro_neurovae", place / "pyro_neurovae", ignore=ignored)
    for room, folder in _TOP.items():
        shutil.copytree(folder, place / "pyro_neurovae" / room, ignore=ignored)
    for path in place.rglob("*.py"):
        path.write_text(as_markdown(path.read_text(encoding="utf-8")), encoding="utf-8")
    return place


_MATH = re.compile(r"^( *)\.\. math::[ ]*(.*(?:\n(?:\1 +\S.*| *(?=\n\1 +\S)))*)", re.MULTILINE)
_TABLE = re.compile(r"^( *)=+ =+\n((?:.*\n)*?)\1=+ =+$", re.MULTILINE)


def as_markdown(text: str) -> str:
    """A module's text with equations, tables and literal blocks of its docstrings as Markdown has them.

    Examples
    --------
    >>> as_markdown("of :math:`x`")
    'of $x$'
    """
    text = re.sub(r":math:`([^`]+)`", lambda one: f"${_flat(one[1])}$", text)
    text = _MATH.sub(lambda one: _equations(one[1], one[2]), text)
    text = _TABLE.sub(lambda one: _markdown_table(one[1], one[2]), text)
    return re.sub(r"(?<=\w)::$", ":", text, flags=re.MULTILINE)


def _equations(indent: str, body: str) -> str:
    parts = [_flat(part) for part in re.split(r"\n\s*\n", body.strip())]
    return "\n\n".join(f"{indent}$$\n{indent}{part}\n{indent}$$" for part in parts) + "\n"


def _flat(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def _markdown_table(indent: str, body: str) -> str:
    rows = [re.split(r"\s{2,}", line.strip(), maxsplit=1) for line in body.splitlines()]
    lines = ["| name | what |", "|---|---|", *(f"| `{name}` | {said} |" for name, said in rows)]
    return "\n".join(indent + line for line in lines)


# --- checks -------------------------------------------------------------------------------------------------------


def check_rows() -> Iterator[tuple[str, str, str]]:
    """Name, meaning and advice of every check, from its table's docstring and `ADVICE`."""
    meaning = {
        line.split()[0]: line.split(maxsplit=1)[1].strip()
        for line in _TABLE.search(checks.check_table.__doc__ or "")[2].splitlines()
    }
    for name, advice in ADVICE.items():
        yield name, meaning[name], advice


def checks_text() -> str:
    """A section a check."""
    return "\n".join(
        f"### `{name}` {{ #{name} }}\n\n{said[0].upper()}{said[1:]}.\n\n**When it fails.** {advice}\n"
        for name, said, advice in check_rows()
    )


def measured_text() -> str:
    """A line a measured page."""
    pages = sorted((ROOT / "tests/benchmarks").glob("*.md"))
    titles = [path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ") for path in pages]
    return "\n".join(f"- [{title}](../measured/{path.name})" for title, path in zip(titles, pages, strict=True))


def references_text() -> str:
    """The references of `page.citations`, to read."""
    keys = re.findall(r"@\w+\{(\w+),", (ROOT / "pyro_neurovae/page/references.bib").read_text(encoding="utf-8"))
    listed = (re.sub(r"^\[\w+\] ", "", one) for one in reference_list(f"[{', '.join(keys)}]"))
    return "\n".join(f"- {one}" for one in sorted(listed))


def variables_text() -> str:
    """Every variable of a fit, with its long name and unit."""
    found = {name: descriptions.described("posterior", name, descriptions.UNTOLD) for name in descriptions._VARIABLES}
    rows = [f"| `{name}` | {one['long_name']} | {one['units']} |" for name, one in found.items()]
    return "\n".join(["| variable | what | unit |", "|---|---|---|", *rows])


# What a page may ask for by a comment.
FILLED: dict[str, Callable[[], str]] = {
    "the checks": checks_text,
    "the measured pages": measured_text,
    "the references": references_text,
    "the variables": variables_text,
}


# --- what MkDocs calls --------------------------------------------------------------------------------------------


@event_priority(100)  # before mkdocstrings reads its paths
def on_config(config: Any) -> Any:
    """Put the made pages where the navigation has a pattern, and show mkdocstrings the sources."""
    config.nav = list(_expanded(config.nav, sorted(made())))
    config.plugins["mkdocstrings"].config.handlers["python"]["paths"] = [str(sources())]
    return config


def _expanded(nav: list[Any], names: list[str]) -> Iterator[Any]:
    for one in nav:
        if isinstance(one, dict):
            ((title, own),) = one.items()
            yield {title: list(_expanded(own, names)) if isinstance(own, list) else own}
        elif "*" in one:
            yield from (name for name in names if fnmatch(name, one) and not name.endswith("index.md"))
        else:
            yield one


def on_files(files: Any, *, config: Any) -> Any:
    """Add what is made."""
    from mkdocs.structure.files import File

    for name, make in made().items():
        files.append(File.generated(config, name, content=make()))
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for name, content in rendered(path)[1].items():
            files.append(File.generated(config, f"notebooks/{name}", content=content))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Write what a page asks for in a comment of its own."""
    for mark, text in FILLED.items():
        if f"<!-- {mark} -->" in markdown:
            markdown = markdown.replace(f"<!-- {mark} -->", text())
    return markdown


_EQUATION = re.compile(r'<(span|div) class="arithmatex">\\[(\[](.*?)\\[)\]]</\1>', re.DOTALL)


def on_page_content(content: str, **_: Any) -> str:
    """Turn equations into MathML, which browsers draw by themselves."""
    from latex2mathml.converter import convert

    def drawn(found: re.Match[str]) -> str:
        return convert(html.unescape(found[2]), display="block" if found[1] == "div" else "inline")

    return _EQUATION.sub(drawn, content)


_SHIM = "https://unpkg.com/iframe-worker/shim"


def on_post_page(output: str, *, page: Any, **_: Any) -> str:
    """Let search do without the network in pages opened from disk, and name it for those who hear the page."""
    return _mended(output, "../" * page.url.count("/"))


def on_post_template(output_content: str, **_: Any) -> str:
    """The same for the page that is shown when there is none."""
    return _mended(output_content, "")


def _mended(output: str, top: str) -> str:
    for mark in ('data-md-component="search" role="dialog"', 'id="__search"'):
        output = output.replace(mark, f'{mark} aria-label="Search"')
    return output.replace(_SHIM, f"{top}worker.js")


def on_post_build(**_: Any) -> None:
    """Remove the copy of the sources."""
    shutil.rmtree(sources(), ignore_errors=True)
    sources.cache_clear()
