"""Gene sets in files: as written, and with faults."""

from __future__ import annotations

import gzip

import pytest

from pyro_neurovae.errors import InputError
from pyro_neurovae.readers.gene_sets import read_gmt


def test_sets_as_written(tmp_path):
    text = "# from somewhere\nSET_A\thttp://a\tAPP\tMAPT\tAPP\n\nset b\t\tPSEN1\t\n"
    path = tmp_path / "sets.gmt"
    path.write_text(text, encoding="utf-8")
    assert read_gmt(path) == {"SET_A": ("APP", "MAPT"), "set b": ("PSEN1",)}
    packed = tmp_path / "sets.gmt.gz"
    packed.write_bytes(gzip.compress(text.replace("\n", "\r\n").encode()))
    assert read_gmt(packed) == read_gmt(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("A\tx\tG1\nB\tx\n", r"sets\.gmt, line 2: the set B has no genes; give name, description and genes"),
        ("A G1 G2\n", r"sets\.gmt, line 1: the set A G1 G2 has no genes; .*separated by tabs"),
        ("A\tx\tG1\n\nA\ty\tG2\n", r"sets\.gmt, line 3: the set A is there already"),
        ("\tx\tG1\n", r"sets\.gmt, line 1: the set has no name"),
        ("# nothing\n", r"sets\.gmt: no gene set in it"),
        ("", r"sets\.gmt: .*the file is empty"),
        ("PK\x00\x01", r"sets\.gmt: .*zip archive"),
    ],
)
def test_faults_are_told_with_their_line(tmp_path, text, message):
    path = tmp_path / "sets.gmt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_gmt(path)


def test_a_missing_file(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_gmt(tmp_path / "none.gmt")
