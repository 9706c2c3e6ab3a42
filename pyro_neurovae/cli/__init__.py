"""The command line. Bad input ends with status 2 and one sentence on stderr."""

from __future__ import annotations

import gc
import re
import shlex
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import typer

from ..errors import NeurovaeError, SettingsError

# Each adds its commands to the application, in the order that help lists them.
from . import (  # noqa: F401
    contrasts,
    dataset_list,
    export_files,
    fits,
    null_tests,
    pages,
    sensitivities,
    validations,
    verifications,
)
from .app import COMMAND, app, print_warning
from .interrupts import stoppable
from .streams import patient_streams, say

__all__ = ["app", "main"]

# Typer gives no public name to the base of its usage errors, and some releases carry a click of their own.
_UsageError: Any = next(base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException")

_INTERRUPTED = 130

# Objects made before Python looks for unused ones, and how often it looks among the older ones: the half a million
# objects of the imported libraries are looked through a dozen times rather than hundreds of times.
_RARELY = (100_000, 50, 50)

# Options that take several values after one flag.
_SEVERAL = ("--thinning", "--set", "--model", "--covariance", "--subjects", "--thickness", "--gene-sets")


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line and end the process with its exit status."""
    arguments = _spread(list(sys.argv[1:] if argv is None else argv)) or ["--help"]
    COMMAND.set(shlex.join(["pyro-neurovae", *arguments]))
    with patient_streams() as (shown, _), _rare_collection():
        status, sentence = _run(arguments)
        shown.flush()
        if shown.lost and not status:
            status, sentence = 1, f"the output can't be written ({shown.lost}); files that it wrote are whole."
        if sentence:
            say(f"pyro-neurovae: {' '.join(sentence.split())}", aside=True)
    raise SystemExit(status)


@contextmanager
def _rare_collection() -> Iterator[None]:
    """Look for unused objects rarely; a fifth of the time that imports take goes into that otherwise."""
    before = gc.get_threshold()
    gc.set_threshold(*_RARELY)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _run(arguments: list[str]) -> tuple[int, str]:
    """Run a command; its exit status, and the sentence that it ends with."""
    try:
        with stoppable(), warnings.catch_warnings():
            warnings.showwarning = print_warning
            _check_repeats(arguments)
            status = app(args=arguments, prog_name="pyro-neurovae", standalone_mode=False)
        if status == _INTERRUPTED:  # what some releases of Typer make of KeyboardInterrupt
            raise KeyboardInterrupt
    except NeurovaeError as error:
        return 2, str(error)
    except _UsageError as error:
        return 2, _usage(error)
    except (typer.Abort, KeyboardInterrupt):
        return _INTERRUPTED, "interrupted; no result was written or changed."
    except RecursionError:
        return 2, "an option or a file nests brackets too deep to be read; write it flat."
    except (MemoryError, OSError, RuntimeError) as error:
        sentence = _of_machine(error)
        if not sentence:
            raise
        return 2, sentence
    return status or 0, ""


def _of_machine(error: Exception) -> str:
    """What the machine refused, in one sentence; empty for what is a fault of the package."""
    if isinstance(error, MemoryError) or re.search("allocate memory|out of memory", str(error), re.IGNORECASE):
        return (
            "memory ran out, and no result was written or changed; ask for fewer draws, maps or workers, or use a "
            "larger machine."
        )
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename} " if error.filename else ""
        return f"{str(where)[:200]}can't be used ({error.strerror}), and no result was written or changed."
    return ""


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


def _check_repeats(arguments: Sequence[str]) -> None:
    """Refuse an option that is given twice: one of the two would be without effect."""
    seen: set[str] = set()
    for argument in arguments:
        if argument == "--":
            return
        flag = argument.partition("=")[0]
        if not flag.startswith("--"):
            continue
        if flag in _SEVERAL:
            continue
        name = f"--{flag.removeprefix('--').removeprefix('no-')}"
        if name in seen:
            raise SettingsError(f"{name} is given twice; give it once.")
        seen.add(name)


def _usage(error: Any) -> str:
    """Put a fault of the command line itself in one sentence that says where help is."""
    command = error.ctx.command_path if getattr(error, "ctx", None) else "pyro-neurovae"
    first = error.format_message().split(". ")[0].rstrip(".")
    return f"{first}; '{command} --help' lists what there is."
