"""Files that go to a folder together, or not at all."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from pyro_neurovae.cli.destination import Destination, check_out, clean, staged
from pyro_neurovae.errors import InputError

FILES = ("a.csv", "b_*.csv")


def content(folder):
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_nothing_shows_until_the_end(tmp_path):
    out = tmp_path / "deep" / "out"
    with staged(out, FILES) as stage:
        (stage / "a.csv").write_text("new")
        assert not (tmp_path / "deep").exists()
    assert content(tmp_path) == {"deep/out/a.csv": "new"}
    assert [path.name for path in tmp_path.iterdir()] == ["deep"]


def test_earlier_results_go_as_the_new_ones_come_and_the_rest_stays(tmp_path):
    for name in ("a.csv", "b_1.csv", "b_2.csv", "mine.txt"):
        (tmp_path / name).write_text("old")
    with staged(tmp_path, FILES) as stage:
        (stage / "b_1.csv").write_text("new")
        assert (tmp_path / "a.csv").read_text() == "old"
    assert content(tmp_path) == {"b_1.csv": "new", "mine.txt": "old"}
    assert not [path for path in tmp_path.iterdir() if path.is_dir()]


@pytest.mark.parametrize("fault", [ValueError, KeyboardInterrupt, OSError])
def test_a_fault_leaves_everything_as_it_was(tmp_path, fault):
    (tmp_path / "a.csv").write_text("old")

    def write():
        with staged(tmp_path, FILES) as stage:
            (stage / "a.csv").write_text("new")
            raise fault

    with pytest.raises(InputError if fault is OSError else fault):
        write()
    assert content(tmp_path) == {"a.csv": "old"}
    assert len(list(tmp_path.iterdir())) == 1


def test_a_move_that_fails_is_taken_back(tmp_path):
    (tmp_path / "a.csv").write_text("old")
    (tmp_path / "b_2.csv").mkdir()
    (tmp_path / "b_2.csv" / "inside").write_text("a folder where a file should go")

    def write():
        with staged(tmp_path, FILES) as stage:
            for name in ("a.csv", "b_1.csv", "b_2.csv"):
                (stage / name).write_text("new")

    with pytest.raises(InputError, match=r"can't be written .* and is as it was"):
        write()
    assert content(tmp_path) == {"a.csv": "old", "b_2.csv/inside": "a folder where a file should go"}


def test_results_are_written_from_any_thread(tmp_path):
    def write():
        with staged(tmp_path / "out", FILES) as stage:
            (stage / "a.csv").write_text("new")

    thread = threading.Thread(target=write)
    thread.start()
    thread.join()
    assert content(tmp_path) == {"out/a.csv": "new"}


def test_check_finds_any_earlier_result(tmp_path):
    check_out(tmp_path, FILES, overwrite=False)
    check_out(tmp_path / "new" / "folder", FILES, overwrite=False)
    (tmp_path / "b_7.csv").write_text("old")
    with pytest.raises(InputError, match=r"holds b_7\.csv already; add --overwrite to replace it, or name another"):
        check_out(tmp_path, FILES, overwrite=False)
    check_out(tmp_path, FILES, overwrite=True)
    assert content(tmp_path) == {"b_7.csv": "old"}


def test_check_of_what_is_no_folder(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="file is a file; name a folder"):
        check_out(tmp_path / "file", FILES, overwrite=True)
    with pytest.raises(InputError, match=r"--out .*out lies below the file .*file; name a folder"):
        check_out(tmp_path / "file" / "out", FILES, overwrite=True)


def test_a_destination_is_checked_at_once_and_filled_whole(tmp_path, capsys):
    place = Destination(tmp_path / "out", FILES, overwrite=False)

    def write(folder):
        (folder / "a.csv").write_text("new")
        return ["a.csv"]

    place.fill(write)
    assert content(tmp_path) == {"out/a.csv": "new"}
    assert capsys.readouterr().out == f"wrote a.csv to {tmp_path / 'out'}\n"
    with pytest.raises(InputError, match=r"holds a\.csv already; add --overwrite"):
        Destination(tmp_path / "out", FILES, overwrite=False)


def test_nothing_is_written_where_there_is_no_destination(capsys):
    Destination(None, FILES, overwrite=False).fill(lambda folder: pytest.fail("nothing is to be written"))
    assert capsys.readouterr().out == ""


KILLED = (
    "import os, signal, sys\n"
    "from pathlib import Path\n"
    "from pyro_neurovae.cli.destination import staged\n"
    "left, replace = int(sys.argv[2]), Path.replace\n"
    "def counted(source, target):\n"
    "    global left\n"
    "    if left == 0:\n"
    "        os.kill(os.getpid(), signal.SIGKILL)\n"
    "    left -= 1\n"
    "    return replace(source, target)\n"
    "Path.replace = counted\n"
    "with staged(Path(sys.argv[1]), ('a.csv', 'b_*.csv')) as stage:\n"
    "    (stage / 'a.csv').write_text('new')\n"
    "    (stage / 'b_1.csv').write_text('new')\n"
)


@pytest.mark.parametrize("moves", range(6))
def test_files_are_the_earlier_ones_or_the_new_ones_after_a_kill_at_any_move(tmp_path, moves):
    out = tmp_path / "deep" / "out"
    out.mkdir(parents=True)
    earlier = {"a.csv": "old", "b_2.csv": "old"}
    for name, text in earlier.items():
        (out / name).write_text(text)
    subprocess.run([sys.executable, "-c", KILLED, str(out), str(moves)], check=False)
    clean(out)
    new = {"a.csv": "new", "b_1.csv": "new"}
    assert content(tmp_path / "deep" / "out") == (earlier if moves == 0 else new)


def test_what_a_killed_run_left_above_a_folder_that_it_had_not_made_goes(tmp_path):
    out = tmp_path / "deep" / "out"
    subprocess.run([sys.executable, "-c", KILLED, str(out), "0"], check=False)
    assert len(list(tmp_path.iterdir())) == 2  # the folder was made when it was killed
    check_out(out, FILES, overwrite=False)
    assert [one.name for one in tmp_path.iterdir()] == ["deep"]


@pytest.mark.parametrize("name", ["x" * 5000, "a\0b"])
def test_a_name_that_no_folder_has(tmp_path, name):
    with pytest.raises(InputError, match=r"can't be written \(.*; name a folder that you may write to") as caught:
        check_out(tmp_path / name, FILES, overwrite=False)
    assert len(str(caught.value)) < 600
