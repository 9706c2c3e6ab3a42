"""The command line: fit, verify, demo, simulate. Bad input ends with status 2 and one sentence on stderr."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from .cli_options import (
    Device,
    Draws,
    Expression,
    Graph,
    OptionalOut,
    Out,
    Overwrite,
    Quiet,
    Seed,
    Settings,
    StandardErrorColumn,
    StandardErrors,
    ValueColumn,
)
from .errors import NeurovaeError, NeurovaeWarning, SettingsError
from .interrupts import stoppable

__all__ = ["app", "main"]

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Which gene-expression programs go with cortical thinning, where, and how sure one can be.",
    epilog="'pyro-neurovae demo' needs no data; 'pyro-neurovae fit --help' lists the options of the main command.",
)

# Typer gives no public name to the base of its usage errors, and some releases carry a click of their own.
_UsageError: Any = next(base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException")

_INTERRUPTED = 130

# Settings that --set leaves to options of their own.
_TAKEN = ("model", "draws", "restarts", "device", "seed", "normalise")

# Options that take several values after one flag.
_SEVERAL = ("--thinning", "--set")


@app.command()
def fit(
    expression: Expression,
    thinning: Annotated[
        list[Path],
        typer.Option(
            metavar="FILE [FILE ...]",
            help="Thinning maps: regions with an effect and its standard error, or the group sizes.",
        ),
    ],
    out: Out,
    model: Annotated[
        str, typer.Option(metavar="NAME", help="cross-scale, expression, spatial or paper.")
    ] = "cross-scale",
    graph: Graph = "dk68",
    draws: Draws = 1000,
    restarts: Annotated[int, typer.Option(metavar="N", help="Independent trainings, each a chain.")] = 1,
    seed: Seed = 0,
    se: StandardErrors = "file",
    se_column: StandardErrorColumn = None,
    value_column: ValueColumn = None,
    normalise: Annotated[
        str, typer.Option(metavar="gene|region|none", help="What of the expression gets mean 0 and variance 1.")
    ] = "gene",
    settings: Settings = None,
    device: Device = "auto",
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Fit a model to a table of expression and one or more maps of thinning.

    Writes fit.nc, regions.csv, genes.csv, programs.csv, variance.csv and summary.json.
    """
    from .fit import fit as run
    from .outputs import FIT_FILES, check_out, staged, write_fit_files
    from .settings import fit_settings, parse_options
    from .study import Study
    from .terminal import print_fit

    check_out(out, FIT_FILES, overwrite=overwrite)
    options = parse_options(settings, taken=_TAKEN) | {
        "draws": draws,
        "restarts": restarts,
        "device": device,
        "seed": seed,
    }
    fit_settings(model, **options)
    choices: dict[str, Any] = {"standard_error": _choice("--se", se, ("file", "none"))}
    choices["normalise"] = _choice("--normalise", normalise, ("gene", "region", "none"))
    with _heeding_warnings() as said:
        study = Study.from_files(
            expression, thinning, graph=graph, value_column=value_column, se_column=se_column, **choices
        )
    fitted = run(study, model, progress=_show_bar(quiet), **options)
    if not quiet:
        print_fit(fitted, said=said)
    with staged(out, FIT_FILES) as folder:
        written = write_fit_files(fitted, folder)
    _print_written(out, written)


@app.command()
def verify(
    expression: Expression,
    thinning: Annotated[
        list[Path], typer.Option(metavar="FILE", help="Thinning map: regions with an effect and its standard error.")
    ],
    graph: Graph = "dk68",
    seed: Seed = 0,
    se: StandardErrors = "file",
    se_column: StandardErrorColumn = None,
    value_column: ValueColumn = None,
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
    from .outputs import VERIFY_FILES, check_out, staged, write_verification
    from .settings import fit_settings, parse_options
    from .study import Study
    from .terminal import print_verification
    from .verify import verify as run

    if out is not None:
        check_out(out, VERIFY_FILES, overwrite=overwrite)
    if len(thinning) > 1:
        raise SettingsError(f"verify takes one map, and --thinning names {len(thinning)} files; name one of them.")
    options = parse_options(settings, taken=("model", "device", "seed", "normalise")) | {"device": device}
    fit_settings("paper", seed=seed, **options)
    choices: dict[str, Any] = {"standard_error": _choice("--se", se, ("file", "none"))}
    with _heeding_warnings() as said:
        study = Study.from_files(
            expression, thinning, graph=graph, value_column=value_column, se_column=se_column, **choices
        )
    found = run(study, seed=seed, progress=_show_bar(quiet), **options)
    print_verification(found, said=said, table=not quiet)
    if out is not None:
        with staged(out, VERIFY_FILES) as folder:
            written = write_verification(found, folder)
        _print_written(out, written)
    if not found.passed:
        raise typer.Exit(1)


@app.command()
def demo(
    seed: Seed = 0,
    draws: Draws = 1000,
    out: OptionalOut = None,
    device: Device = "auto",
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Simulate a study, fit it, and count how many true values the intervals hold.

    With --out it writes the files of both simulate and fit.
    """
    from .fit import fit as run
    from .outputs import FIT_FILES, STUDY_FILES, check_out, staged, write_fit_files, write_study_files
    from .settings import fit_settings
    from .simulate import simulate as draw
    from .terminal import print_fit, print_held

    files = STUDY_FILES + FIT_FILES
    if out is not None:
        check_out(out, files, overwrite=overwrite)
    fit_settings(draws=draws, seed=seed, device=device)
    study = draw(seed)
    fitted = run(study, seed=seed, draws=draws, device=device, progress=_show_bar(quiet))
    if not quiet:
        print_fit(fitted)
    print_held(fitted)
    if out is not None:
        with staged(out, files) as folder:
            written = write_study_files(study, folder) + write_fit_files(fitted, folder)
        _print_written(out, written)


@app.command()
def simulate(
    out: Out,
    seed: Seed = 0,
    genes: Annotated[int, typer.Option(metavar="N", help="Number of genes.")] = 910,
    maps: Annotated[int, typer.Option(metavar="N", help="Number of maps; several are one file each.")] = 1,
    overwrite: Overwrite = False,
) -> None:
    """Draw a study from the model on the Desikan-Killiany graph, with its truth.

    Writes expression.csv, thinning.csv and truth.csv.
    """
    from .outputs import STUDY_FILES, check_out, staged, write_study_files
    from .simulate import simulate as draw

    check_out(out, STUDY_FILES, overwrite=overwrite)
    study = draw(seed, genes=genes, maps=maps)
    with staged(out, STUDY_FILES) as folder:
        written = write_study_files(study, folder)
    _print_written(out, written)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line and end the process with its exit status."""
    arguments = _spread(list(sys.argv[1:] if argv is None else argv)) or ["--help"]
    try:
        with stoppable(), warnings.catch_warnings():
            warnings.showwarning = _print_warning
            status = app(args=arguments, prog_name="pyro-neurovae", standalone_mode=False)
        if status == _INTERRUPTED:  # what some releases of Typer make of KeyboardInterrupt
            raise KeyboardInterrupt
    except NeurovaeError as error:
        _end(2, str(error))
    except _UsageError as error:
        _end(2, _usage(error))
    except (typer.Abort, KeyboardInterrupt):
        _end(_INTERRUPTED, "interrupted; no file was written or changed.")
    raise SystemExit(status or 0)


def _spread(arguments: list[str]) -> list[str]:
    """Repeat a flag before each of its values: ``--thinning a b`` becomes ``--thinning a --thinning b``."""
    spread: list[str] = []
    flag, used = None, False
    for argument in arguments:
        if argument.startswith("-"):
            flag, used = (argument if argument in _SEVERAL else None), False
        elif flag is not None and used:
            spread.append(flag)
        else:
            used = True
        spread.append(argument)
    return spread


def _choice(flag: str, value: str, known: tuple[str, ...]) -> str:
    if value not in known:
        raise SettingsError(f"{flag} {value} is unknown: the known ones are {', '.join(known)}.")
    return value


@contextmanager
def _heeding_warnings() -> Iterator[set[str]]:
    """Print warnings at the end, and only if no error makes them idle; gives what was said."""
    said: set[str] = set()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", NeurovaeWarning)
        yield said
    for warning in caught:
        said.add(str(warning.message))
        _print_warning(warning.message)


def _show_bar(quiet: bool) -> bool:
    return not quiet and sys.stderr.isatty()


def _usage(error: Any) -> str:
    """Put a fault of the command line itself in one sentence that says where help is."""
    command = error.ctx.command_path if getattr(error, "ctx", None) else "pyro-neurovae"
    first = error.format_message().split(". ")[0].rstrip(".")
    return f"{first}; '{command} --help' lists what there is."


def _end(status: int, sentence: str) -> None:
    print("pyro-neurovae:", " ".join(sentence.split()), file=sys.stderr)
    raise SystemExit(status)


def _print_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    print(f"warning: {message}", file=sys.stderr)


def _print_written(out: Path, names: list[str]) -> None:
    print(f"wrote {', '.join(names)} to {out}")
