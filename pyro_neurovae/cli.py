"""The command line: demo, fit, simulate. Bad input ends with status 2 and one sentence on stderr."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .errors import NeurovaeError

if TYPE_CHECKING:
    from .fit import Fit
    from .study import Study

__all__ = ["app", "main"]

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Which gene-expression programs go with cortical thinning, where, and how sure one can be.",
)

# Typer gives no public name to the base of its usage errors, and some releases carry a click of their own.
_UsageError: Any = next(base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException")

# Options that take several values after one flag.
_SEVERAL = ("--thinning",)

Seed = Annotated[int, typer.Option(help="Seed of every random number.")]
Draws = Annotated[int, typer.Option(help="Posterior draws a chain.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace results that --out holds already.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress bar and no tables.")]


@app.command()
def fit(
    expression: Annotated[Path, typer.Option(help="Table of regions by genes (CSV, TSV; .gz), either way round.")],
    thinning: Annotated[list[Path], typer.Option(help="One or more thinning maps, with standard errors.")],
    out: Annotated[Path, typer.Option(help="Folder for the results.")],
    model: Annotated[str, typer.Option(help="cross-scale, expression or spatial.")] = "cross-scale",
    graph: Annotated[str, typer.Option(help="dk68, or a file with a labelled adjacency table.")] = "dk68",
    draws: Draws = 1000,
    restarts: Annotated[int, typer.Option(help="Independent trainings, each a chain.")] = 1,
    seed: Seed = 0,
    se: Annotated[str, typer.Option(help="file, or none where standard errors are unknown.")] = "file",
    se_column: Annotated[str | None, typer.Option(help="Column of standard errors.")] = None,
    value_column: Annotated[str | None, typer.Option(help="Column of the effect.")] = None,
    normalise: Annotated[str, typer.Option(help="gene, region or none.")] = "gene",
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Fit a model to a table of expression and maps of thinning."""
    from .fit import fit as run
    from .outputs import check_out, staged, write_fit_files
    from .settings import fit_settings
    from .study import Study

    check_out(out, holds="fit.nc", overwrite=overwrite)
    fit_settings(model, draws=draws, restarts=restarts, device=device, seed=seed)
    choices: dict[str, Any] = {"standard_error": _choice("--se", se, ("file", "none"))}
    choices["normalise"] = _choice("--normalise", normalise, ("gene", "region", "none"))
    study = Study.from_files(
        expression, thinning, graph=graph, value_column=value_column, se_column=se_column, **choices
    )
    fitted = run(
        study, model, seed=seed, draws=draws, restarts=restarts, device=device, progress=_show_bar(quiet)
    )
    with staged(out) as folder:
        written = write_fit_files(fitted, folder)
    if not quiet:
        _print_fit(fitted)
    _print_written(out, written)


@app.command()
def demo(
    seed: Seed = 0,
    draws: Draws = 1000,
    out: Annotated[Path | None, typer.Option(help="Folder for the results; without it nothing is written.")] = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Simulate a study, fit it, and count how many true values the intervals hold."""
    from .fit import fit as run
    from .outputs import check_out, staged, write_fit_files, write_study_files
    from .settings import fit_settings
    from .simulate import simulate as draw

    if out is not None:
        check_out(out, holds="fit.nc", overwrite=overwrite)
    fit_settings(draws=draws, seed=seed)
    study = draw(seed)
    fitted = run(study, seed=seed, draws=draws, progress=_show_bar(quiet))
    _print_fit(fitted)
    _print_held(fitted, study)
    if out is not None:
        with staged(out) as folder:
            written = write_study_files(study, folder) + write_fit_files(fitted, folder)
        _print_written(out, written)


@app.command()
def simulate(
    out: Annotated[Path, typer.Option(help="Folder for expression.csv, thinning.csv and truth.csv.")],
    seed: Seed = 0,
    genes: Annotated[int, typer.Option(help="Number of genes.")] = 910,
    maps: Annotated[int, typer.Option(help="Number of thinning maps; several give one file each.")] = 1,
    overwrite: Overwrite = False,
) -> None:
    """Draw a study from the model on the Desikan-Killiany graph, with its truth."""
    from .outputs import check_out, staged, write_study_files
    from .simulate import simulate as draw

    check_out(out, holds="expression.csv", overwrite=overwrite)
    study = draw(seed, genes=genes, maps=maps)
    with staged(out) as folder:
        written = write_study_files(study, folder)
    _print_written(out, written)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line and end the process with its exit status."""
    arguments = _spread(list(sys.argv[1:] if argv is None else argv)) or ["--help"]
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _print_warning
            status = app(args=arguments, prog_name="pyro-neurovae", standalone_mode=False)
    except NeurovaeError as error:
        _end(2, f"pyro-neurovae: {error}")
    except _UsageError as error:
        _end(2, f"pyro-neurovae: {error.format_message()}")
    except (typer.Abort, KeyboardInterrupt):
        _end(130, "pyro-neurovae: interrupted; nothing was written.")
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
        raise NeurovaeError(f"{flag} {value} is unknown: the known ones are {', '.join(known)}.")
    return value


def _show_bar(quiet: bool) -> bool:
    return not quiet and sys.stderr.isatty()


def _end(status: int, sentence: str) -> None:
    print(" ".join(sentence.split()) if status == 2 else sentence, file=sys.stderr)
    raise SystemExit(status)


def _print_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    print(f"warning: {message}", file=sys.stderr)


def _print_written(out: Path, names: list[str]) -> None:
    print(f"wrote {', '.join(names)} to {out}")


def _print_fit(fitted: Fit) -> None:
    """Print notices, the ten most affected regions and the variance shares of every map."""
    from rich.console import Console
    from rich.table import Table

    console = Console(width=None if sys.stdout.isatty() else 100)
    for notice in fitted.notices:
        console.print(f"note: {notice}", highlight=False, markup=False)
    regions, shares = fitted.regions(), fitted.variance()
    for name in fitted.study.maps:
        rows = regions[regions["map"] == name].nsmallest(10, "mean")
        table = Table(title=f"{name}: the ten most affected regions", title_justify="left")
        table.add_column("region", no_wrap=True)
        for column in ("observed", "mean", "90% interval", "transcriptomic"):
            table.add_column(column, justify="right", no_wrap=True)
        for row in rows.itertuples():
            between = f"{row.lower90:+.3f} to {row.upper90:+.3f}"
            table.add_row(
                row.region, f"{row.observed:+.3f}", f"{row.mean:+.3f}", between, f"{row.transcriptomic_share:.0%}"
            )
        console.print(table)
        part = shares[shares["map"] == name].itertuples()
        words = ", ".join(f"{r.source} {r.mean:.0%} ({r.lower90:.0%} to {r.upper90:.0%})" for r in part)
        console.print(f"share of the variance: {words}", highlight=False)


def _print_held(fitted: Fit, study: Study) -> None:
    regions = fitted.regions()
    truth = (study.truth or {})["thinning"].ravel()
    held = int(((regions["lower90"] <= truth) & (truth <= regions["upper90"])).sum())
    print(f"The 90% intervals hold {held} of {len(truth)} true values ({held / len(truth):.0%}).")
