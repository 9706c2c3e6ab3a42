"""Records of options: what help lists, in which order, and what the command is handed."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from pyro_neurovae.cli.records import with_records

Name = Annotated[str, typer.Option(metavar="NAME", help="A name.")]


@dataclass(frozen=True)
class Reading:
    """Options of a toy record."""

    first: Annotated[str, typer.Option(help="The first.")]
    second: Annotated[int, typer.Option(help="The second.")] = 2
    several: Annotated[list[str], typer.Option(help="Several.")] = field(default_factory=lambda: ["auto"])


def command(*decorators):
    """Return an application with one command, and what it was called with."""
    app, calls = typer.Typer(), []

    def go(before: Name, reading: Reading, middle: Name = "m", last: Name = "l") -> None:
        """Go."""
        calls.append((before, reading, middle, last))

    for decorate in decorators:
        go = decorate(go)
    app.command()(go)
    return app, calls, go


def test_a_command_is_handed_its_record():
    app, calls, _ = command(with_records())
    done = CliRunner().invoke(app, ["--first", "f", "--before", "b", "--several", "x", "--several", "y"])
    assert done.exit_code == 0, done.output
    assert calls == [("b", Reading("f", 2, ["x", "y"]), "m", "l")]
    assert CliRunner().invoke(app, ["--first", "f", "--before", "b", "--second", "7"]).exit_code == 0
    assert calls[1][1] == Reading("f", 7, ["auto"])
    assert "Missing option" in CliRunner().invoke(app, ["--before", "b"]).output


@pytest.mark.parametrize(
    ("after", "order"),
    [
        ({}, ["before", "first", "second", "several", "middle", "last"]),
        ({"second": "middle"}, ["before", "first", "middle", "second", "several", "last"]),
        ({"second": "middle", "several": "last"}, ["before", "first", "middle", "second", "last", "several"]),
    ],
)
def test_help_lists_options_in_the_order_asked_for(after, order):
    app, _, go = command(with_records(after=after))
    assert list(inspect.signature(go).parameters) == order
    shown = CliRunner().invoke(app, ["--help"]).output
    places = [shown.index(f"--{name}") for name in order]
    assert places == sorted(places)
    for text in ("The first.", "Several.", "A name.", "Go."):
        assert text in shown
