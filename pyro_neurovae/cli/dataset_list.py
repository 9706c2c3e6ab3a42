"""The command datasets."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from ..errors import SettingsError
from .app import app
from .destination import Destination
from .options import OptionalOut, Overwrite
from .streams import say

__all__ = ["datasets"]


@app.command()
def datasets(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME ...]", help="What to fetch; without a name all are listed.")
    ] = None,
    out: OptionalOut = None,
    overwrite: Overwrite = False,
) -> None:
    """List public maps, expression and connectivity, or fetch some by name, with what to cite.

    Files that are not built in come from the folder that PYRO_NEUROVAE_DATA names, from the cache, or from the network,
    and are checked by SHA-256. With --out they are copied to a folder of yours; without it their paths are printed.
    """
    from ..datasets.catalogue import fetch, find
    from ..datasets.catalogue import names as known
    from .terminal import print_datasets

    if not names:
        if out is not None:
            raise SettingsError(
                f"--out {out} is where datasets go, and none is named; 'pyro-neurovae datasets' lists them."
            )
        print_datasets()
        return
    wanted = [other for name in names for other in (name, f"{name}_labels") if other in (name, *known())]
    chosen = [find(name) for name in dict.fromkeys(wanted)]
    files = tuple(Path(one.file).name for one in chosen)
    place = Destination(out, files, overwrite=overwrite)
    paths = [fetch(one.name) for one in chosen]
    for one, path in zip(chosen, paths, strict=True):
        say(f"{one.name}: {one.what}")
        say(f"  cite {one.citation}")
        say(f"  terms: {one.terms}")
        if out is None:
            say(f"  {path}")

    def copy(folder: Path) -> tuple[str, ...]:
        for path, name in zip(paths, files, strict=True):
            shutil.copyfile(path, folder / name)
        return files

    place.fill(copy)
