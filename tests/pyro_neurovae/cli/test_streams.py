"""Streams that can't be written, or lack signs: no harm to the work."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pyro_neurovae.cli.streams import Stream, patient_streams, say

WORK = (
    "import sys\n"
    "from pathlib import Path\n"
    "from pyro_neurovae import cli\n"
    "@cli.app.command()\n"
    "def work(out: Path, lines: int = 1) -> None:\n"
    "    from pyro_neurovae.cli.destination import Destination\n"
    "    def write(folder):\n"
    "        (folder / 'a.csv').write_text('whole')\n"
    "        return ['a.csv']\n"
    "    def show():\n"
    "        for _ in range(lines):\n"
    "            print('0.5 ± 0.1', flush=True)\n"
    "    Destination(out, ['a.csv'], overwrite=False).fill(write, show=show)\n"
    "cli.main(['work', *sys.argv[1:]])\n"
)


def work(*arguments, **streams):
    """A command that writes a file and prints lines, in a process of its own."""
    command = [sys.executable, "-c", WORK, *map(str, arguments)]
    environment = os.environ | {"PYTHONIOENCODING": streams.pop("encoding", "utf-8")}
    return subprocess.run(command, env=environment, check=False, **({"stderr": subprocess.PIPE} | streams))


def test_who_stops_reading_costs_no_work(tmp_path):
    reader, writer = os.pipe()
    os.close(reader)
    done = work(tmp_path / "out", "--lines", 5, stdout=writer)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")
    assert (tmp_path / "out" / "a.csv").read_text() == "whole"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
def test_a_full_device_costs_no_work_and_is_told(tmp_path):
    with Path("/dev/full").open("w") as full:
        done = work(tmp_path / "out", stdout=full)
        both = work(tmp_path / "both", stdout=full, stderr=full)
    assert (done.returncode, both.returncode) == (1, 1)
    told = b"pyro-neurovae: the output can't be written (No space left on device); files that it wrote are"
    assert done.stderr.startswith(told)
    for folder in ("out", "both"):
        assert (tmp_path / folder / "a.csv").read_text() == "whole"


def test_a_terminal_without_the_sign_gets_another(tmp_path):
    done = work(tmp_path / "out", stdout=subprocess.PIPE, encoding="ascii")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.splitlines()[0] == b"0.5 +- 0.1"


@pytest.mark.parametrize(
    ("encoding", "text", "shown"),
    [
        ("ascii", "é ± 脳 × … \udcff", "e +- \\u8133 x ... \\udcff"),
        ("latin-1", "é ± 脳", "é ± \\u8133"),
        ("utf-8", "é ± 脳 \udcff", "é ± 脳 \\udcff"),
    ],
)
def test_signs_that_an_encoding_lacks_are_spelt(encoding, text, shown):
    held = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    stream = Stream(held)
    assert stream.write(text) == len(text)
    held.flush()
    assert held.buffer.getvalue().decode(encoding) == shown


def test_a_stream_that_is_not_there(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    with patient_streams() as (shown, _):
        say("nobody hears this")
        assert not sys.stdout.isatty()
    assert shown.lost == ""


def test_texts_steer_no_terminal(capsys):
    say("a\x1b[2Jb")
    say("\u202ec", aside=True)
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("a\\x1b[2Jb\n", "\\u202ec\n")
