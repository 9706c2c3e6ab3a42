"""The command validate."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from ..errors import SettingsError
from .app import app, heeding_warnings, show_bar
from .destination import Destination
from .options import Device, Draws, Out, Overwrite, Quiet, Resume, Seed, Workers
from .records import with_records
from .study_options import NormalisedStudyOptions

__all__ = ["validate"]

_MODELS = ["cross-scale", "expression", "structural", "spatial", "ridge", "pls", "twin", "neighbours"]


@dataclass(frozen=True)
class ScoredStudyOptions(NormalisedStudyOptions):
    """The study's options; what is said of its maps is what becomes of them here."""

    thinning: Annotated[
        list[Path], typer.Option(metavar="FILE [FILE ...]", help="Thinning maps, each scored by itself.")
    ]


@app.command()
@with_records(after={"graph": "repeats", "se": "seed"})
def validate(
    study: ScoredStudyOptions,
    out: Out,
    model: Annotated[
        list[str],
        typer.Option(
            metavar="NAME [NAME ...]",
            help="cross-scale, expression, structural, spatial, stacked, paper, and the baselines ridge and pls, and "
            "without genes twin (the homologue) and neighbours.",
        ),
    ] = _MODELS,
    folds: Annotated[
        str,
        typer.Option(
            metavar="NAME|FILE",
            help="pairs (of homologues), blocks (of neighbours, both hemispheres), random, loo, or a table of region "
            "and fold.",
        ),
    ] = "pairs",
    repeats: Annotated[int, typer.Option(metavar="N", help="How many times the regions are dealt into folds.")] = 1,
    draws: Draws = 1000,
    seed: Seed = 0,
    workers: Workers = 1,
    resume: Resume = None,
    device: Device = "auto",
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Score models on regions that they have not seen, all on the same folds.

    Writes scores.csv, pointwise.csv, differences.csv and weights.csv.
    """
    from ..evidence.validation import Validation
    from ..evidence.validation import validate as run
    from ..graphs.folds import SCHEMES
    from .terminal import print_result

    inputs = (*vars(study).values(), folds)
    place = Destination(out, list(Validation.files.values()), overwrite=overwrite, inputs=inputs)
    table = folds not in SCHEMES
    if table and not Path(folds).exists():
        raise SettingsError(f"--folds {folds} is no file and unknown: the known ones are {', '.join(SCHEMES)}.")
    if table and repeats != 1:
        raise SettingsError(f"--folds {folds} is one way of folding; leave out --repeats.")
    with heeding_warnings():
        scored = study.read()
    with heeding_warnings() as said:
        found = run(
            scored,
            list(dict.fromkeys(model)),
            folds=Path(folds) if table else folds,
            repeats=repeats,
            seed=seed,
            draws=draws,
            device=device,
            workers=workers,
            resume=resume,
            progress=show_bar(quiet),
        )
    place.fill(found.write, show=lambda: None if quiet else print_result(found, said=said))
