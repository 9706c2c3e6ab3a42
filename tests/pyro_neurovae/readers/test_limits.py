"""What may be read and held, and what is refused before it is."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from pyro_neurovae.errors import InputError, SettingsError
from pyro_neurovae.readers.limits import (
    MEMORY_VARIABLE,
    check_archive,
    check_memory,
    check_regular,
    memory_limit,
    read_bytes,
    unpack_gzip,
)

TABLE = b"region,d\nL_insula,-0.1\n"


@pytest.fixture
def megabyte(monkeypatch):
    """Two megabytes of memory: a hundred kilobytes of text."""
    monkeypatch.setenv(MEMORY_VARIABLE, "0.002")


def test_the_limit_is_the_machines_unless_it_is_told(monkeypatch):
    monkeypatch.delenv(MEMORY_VARIABLE, raising=False)
    assert 1e8 < memory_limit() < 1e14
    monkeypatch.setenv(MEMORY_VARIABLE, "1.5")
    assert memory_limit() == 1.5e9
    for told in ("-1", "0", "nan", "much"):
        monkeypatch.setenv(MEMORY_VARIABLE, told)
        with pytest.raises(SettingsError, match=rf"{MEMORY_VARIABLE} is '{told}'; give a number of gigabytes"):
            memory_limit()


@pytest.mark.skipif(sys.platform != "linux", reason="limits of a process are kept on Linux")
def test_the_limit_of_the_process_counts():
    code = (
        "import resource\nfrom pyro_neurovae.readers.limits import memory_limit\n"
        "resource.setrlimit(resource.RLIMIT_AS, (3 * 10**9, resource.RLIM_INFINITY))\nprint(memory_limit())\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != MEMORY_VARIABLE}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert float(done.stdout) == 3e9


def test_what_takes_too_much_is_refused(megabyte):
    check_memory(1e6, "that", "ask for less")
    with pytest.raises(SettingsError, match=r"that would take about 3 GB of memory, and 0\.002 GB may be had; ask for"):
        check_memory(3e9, "that", "ask for less")
    with pytest.raises(SettingsError):
        check_memory(float("nan"), "that", "ask for less")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "no such file; check the path and the spelling"),
        (lambda path: path.mkdir(), "is a folder; name the file in it"),
        (os.mkfifo, "is a pipe or a device, no file; save what it gives as a file"),
        (lambda path: path.symlink_to("/dev/zero"), "is a pipe or a device"),
        (lambda path: path.symlink_to(path), "can't be read"),
    ],
)
def test_what_is_no_file_is_not_waited_for(tmp_path, make, message):
    path = tmp_path / "map.csv"
    make(path)
    for read in (check_regular, read_bytes, check_archive):
        with pytest.raises(InputError, match=message):
            read(path)


@pytest.mark.parametrize("name", ["x" * 5000, "a\0b"])
def test_names_that_no_file_has(tmp_path, name):
    with pytest.raises(InputError, match="can't be read") as caught:
        read_bytes(tmp_path / name)
    assert len(str(caught.value)) < 400


def test_files_within_the_bound_are_read(tmp_path, megabyte):
    path = tmp_path / "map.csv.gz"
    packed = gzip.compress(TABLE) + gzip.compress(TABLE)  # a file may hold several parts
    path.write_bytes(packed)
    assert unpack_gzip(read_bytes(path), path) == 2 * TABLE
    for damaged in (packed[:-5], packed[:20], b"\x1f\x8bxx", packed + b"more"):
        with pytest.raises(InputError, match=r"map\.csv\.gz: damaged gzip file"):
            unpack_gzip(damaged, path)


def test_what_unpacks_to_too_much_is_refused(tmp_path, megabyte):
    plain, bomb, archive = (tmp_path / name for name in ("a.csv", "a.csv.gz", "a.npz"))
    plain.write_bytes(b"0" * 200_000)
    bomb.write_bytes(gzip.compress(b"0" * 10_000_000))
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("values.npy", np.zeros(10**6, np.uint8).tobytes())
    assert max(bomb.stat().st_size, archive.stat().st_size) < 20_000
    told = r"holds more than 0\.0001 GB of text, too much .* set PYRO_NEUROVAE_MEMORY_GB to the gigabytes"
    with pytest.raises(InputError, match=rf"a\.csv {told}"):
        read_bytes(plain)
    with pytest.raises(InputError, match=told):
        unpack_gzip(bomb.read_bytes(), bomb)
    with pytest.raises(InputError, match=told):
        check_archive(archive)
