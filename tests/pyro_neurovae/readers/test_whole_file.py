"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pyro_neurovae.readers.whole_file import abandoned, stage, write_whole


def test_a_file_replaces_the_earlier_one(tmp_path):
    path = tmp_path / "fit.nc"
    path.write_bytes(b"earlier")
    write_whole(path, b"later")
    write_whole(tmp_path / "view.nc", memoryview(b"later"))
    assert path.read_bytes() == (tmp_path / "view.nc").read_bytes() == b"later"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["fit.nc", "view.nc"]


def test_a_new_file_has_the_usual_permissions(tmp_path):
    before = os.umask(0o027)
    try:
        write_whole(tmp_path / "fit.nc", b"")
    finally:
        os.umask(before)
    assert (tmp_path / "fit.nc").stat().st_mode & 0o777 == 0o640


def test_what_cannot_be_finished_leaves_the_earlier_file(tmp_path, monkeypatch):
    path = tmp_path / "fit.nc"
    path.write_bytes(b"earlier")

    def full(*_):
        raise OSError("no space")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="no space"):
        write_whole(path, b"later")
    assert path.read_bytes() == b"earlier"
    assert list(tmp_path.iterdir()) == [path]


KILLED = (
    "import os, signal, sys\n"
    "from pathlib import Path\n"
    "from pyro_neurovae.readers.whole_file import stage\n"
    "with stage(Path(sys.argv[1])) as folder:\n"
    "    (folder / 'content').write_bytes(b'half')\n"
    "    os.kill(os.getpid(), signal.SIGKILL)\n"
)


def test_what_a_killed_process_left_goes_with_the_next_file(tmp_path):
    for _ in range(2):
        subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert len(list(tmp_path.iterdir())) == 2
    write_whole(tmp_path / "fit.nc", b"whole")
    assert [one.name for one in tmp_path.iterdir()] == ["fit.nc"]


def test_what_a_living_process_writes_stays(tmp_path):
    with stage(tmp_path) as folder:
        (folder / "content").write_bytes(b"on its way")
        assert list(abandoned(tmp_path)) == []
        write_whole(tmp_path / "fit.nc", b"whole")
        assert (folder / "content").read_bytes() == b"on its way"
    assert [one.name for one in tmp_path.iterdir()] == ["fit.nc"]


def test_what_is_not_ours_stays(tmp_path):
    (tmp_path / ".partial-new").mkdir()  # without a lock yet
    (tmp_path / ".partial-file").write_text("")
    (tmp_path / ".partial-link").symlink_to(tmp_path)
    assert list(abandoned(tmp_path)) == []
    os.utime(tmp_path / ".partial-new", (0, 0))
    assert [one.parent.name for one in abandoned(tmp_path)] == [".partial-new"]


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_whole(tmp_path / "absent" / "fit.nc", b"")
