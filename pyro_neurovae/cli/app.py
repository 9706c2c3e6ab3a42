"""The command line's application, and what its commands share."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from importlib.metadata import version as installed
from typing import Annotated, Any

import typer

from ..errors import NeurovaeWarning, SettingsError
from .streams import say

__all__ = ["COMMAND", "TAKEN", "app", "choice", "heeding_warnings", "print_warning", "show_bar"]

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Which gene-expression programs go with cortical thinning, where, and how sure one can be.",
    epilog="'pyro-neurovae demo' needs no data; 'pyro-neurovae fit --help' lists the options of the main command.",
)

# The command line as it was given, which a fit keeps.
COMMAND: ContextVar[str] = ContextVar("command", default="")

# Settings that --set leaves to options of their own.
TAKEN = ("model", "draws", "restarts", "device", "seed", "normalise")


def _print_version(asked: bool) -> None:
    if asked:
        say(f"pyro-neurovae {installed('pyro_neurovae')}")
        raise typer.Exit


@app.callback()
def _whole(
    version: Annotated[
        bool,
        typer.Option("--version", metavar="", callback=_print_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None: ...


def choice(flag: str, value: str, known: tuple[str, ...]) -> str:
    """Return the value of an option that has a few known ones; SettingsError for another."""
    if value not in known:
        raise SettingsError(f"{flag} {value} is unknown: the known ones are {', '.join(known)}.")
    return value


@contextmanager
def heeding_warnings() -> Iterator[set[str]]:
    """Print warnings at the end, and only if no error makes them idle; gives what was said."""
    said: set[str] = set()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", NeurovaeWarning)
        yield said
    for warning in caught:
        said.add(str(warning.message))
        print_warning(warning.message)


def show_bar(quiet: bool) -> bool | None:
    """Whether to show a progress bar: by itself, on a terminal and after two seconds, unless the user wants quiet."""
    return False if quiet else None


def print_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    """Print a warning as one line on stderr."""
    say(f"warning: {' '.join(str(message).split())}", aside=True)
