"""Gene sets in files: as written, and with faults."""

from __future__ import annotations

import gzip

import pytest

from pyro_neurovae.errors import InputError, NeurovaeWarning
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


@pytest.mark.parametrize(
    "text",
    [
        "A\tAPP\tMAPT\nB\tSNCA\tAPP\n",
        "A\tAPP\nB\tSNCA\tC9orf72\n",
        "A\tHLA-A\tHLA-B\nB\tGRIN2A\tX\n",
        "A\tGrin1\tGrin2a\nB\tMapt\tC3\n".replace("Mapt", "Snap25"),
        "A\tGABRA1\tGABRA2\nB\tGABRA2\tGABRA3\n",
    ],
)
def test_without_descriptions_no_set_loses_its_first_gene(tmp_path, text):
    path = tmp_path / "sets.gmt"
    path.write_text(text)
    rows = [line.split("\t") for line in text.splitlines()]
    with pytest.warns(NeurovaeWarning, match=r"sets\.gmt: no descriptions, the second field .* read as a gene \(\w+"):
        assert read_gmt(path) == {name: tuple(genes) for name, *genes in rows}


@pytest.mark.parametrize(
    "seconds",
    [
        ("", ""),
        ("na", "NA"),
        ("http://a", "http://b"),
        ("SET_A", "SET_B"),
        ("M5890", "M123"),
        ("WP12", "WP345"),
        ("R-HSA-1", "R-HSA-2"),
        ("REACTOME", "REACTOME"),
        ("GO:0001", "GO:0002"),
        ("cell cycle", "mitosis"),
        ("TP53", "a description"),
    ],
)
def test_descriptions_are_no_genes(tmp_path, seconds):
    path = tmp_path / "sets.gmt"
    path.write_text("".join(f"SET_{name}\t{cell}\tAPP,1.0\tMAPT\n" for name, cell in zip("AB", seconds, strict=True)))
    assert read_gmt(path) == {"SET_A": ("APP", "MAPT"), "SET_B": ("APP", "MAPT")}


def test_dates_are_left_out_and_told(tmp_path):
    path = tmp_path / "sets.gmt"
    path.write_text("SET\t\tAPP\t1-Mar\t2.Sep\n")
    with pytest.warns(NeurovaeWarning, match=r"sets\.gmt: dates that .* left out: 1-Mar, 2\.Sep; write the symbols"):
        assert read_gmt(path) == {"SET": ("APP",)}
