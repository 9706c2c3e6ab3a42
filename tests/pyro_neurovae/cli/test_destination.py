"""Files that go to a folder together, or not at all."""

from __future__ import annotations

import threading

import pytest

from pyro_neurovae.cli.destination import Destination, check_out, staged
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
