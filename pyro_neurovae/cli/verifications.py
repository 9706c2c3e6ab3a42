"""The command verify."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from ..errors import SettingsError
from ..models.options import fit_settings, parse_options
from .app import app, heeding_warnings, show_bar
from .destination import Destination
from .options import Device, OptionalOut, Overwrite, Quiet, Seed, Settings
from .records import with_records
from .study_options import StudyOptions

__all__ = ["verify"]


@dataclass(frozen=True)
class SingleStudyOptions(StudyOptions):
    """The study's options, for one map."""

    thinning: Annotated[
        list[Path], typer.Option(metavar="FILE", help="Thinning map: regions with an effect and its standard error.")
    ]


@app.command()
@with_records(after={"se": "seed"})
def verify(
    study: SingleStudyOptions,
    seed: Seed = 0,
    settings: Settings = None,
    device: Device = "auto",
    out: OptionalOut = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Run the checklist of arXiv:2606.05870, held-out scores and noise ceiling beside it.

    Ends with status 0 when every check passes and 1 when one fails. With --out it writes verify.json. Takes about a
    minute: the paper's model is trained once on all regions and once for each of 17 folds.
    """
    from ..evidence.verification import Verification
    from ..evidence.verification import verify as run
    from .terminal import print_result

    place = Destination(out, list(Verification.files.values()), overwrite=overwrite, inputs=vars(study).values())
    if len(study.thinning) > 1:
        raise SettingsError(
            f"verify takes one map, and --thinning names {len(study.thinning)} files; name one of them."
        )
    options = parse_options(settings, taken=("model", "device", "seed", "normalise")) | {"device": device}
    fit_settings("paper", seed=seed, **options)
    with heeding_warnings() as said:
        checked = study.read()
    found = run(checked, seed=seed, progress=show_bar(quiet), **options)
    place.fill(found.write, show=lambda: print_result(found, said=said, tables=not quiet))
    if not found.passed:
        raise typer.Exit(1)
