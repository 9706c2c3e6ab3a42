"""Files that are there whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pyro_neurovae.readers.whole_file import write_whole


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


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_whole(tmp_path / "absent" / "fit.nc", b"")
