"""Readers by the kind of table: the package's own, and one from outside."""

from __future__ import annotations

import copy

import numpy as np
import pandas as pd
import pytest

from pyro_neurovae.atlases.atlas import dk68_names
from pyro_neurovae.errors import InputError, SettingsError
from pyro_neurovae.readers import registry
from pyro_neurovae.readers.expression_table import ExpressionTable, align_expression
from pyro_neurovae.readers.registry import READERS, read, read_if_file, register_reader
from pyro_neurovae.readers.text_table import read_text
from pyro_neurovae.studies.study import Study

DK = dk68_names()


@pytest.fixture(autouse=True)
def own_registry(monkeypatch):
    """Readers that a test registers are gone after it."""
    monkeypatch.setattr(registry, "READERS", copy.deepcopy(READERS))


def read_gct(path, names, *, genes=None):
    """Read Broad's GCT, with its two lines in front and its columns of name and description."""
    source, text = read_text(path)
    first, _, *lines = text.splitlines()
    if first != "#1.2":
        raise InputError(f"{source}: not GCT 1.2, it begins with {first!r}; export it as such.")
    header, *rows = [line.split("\t") for line in lines]
    frame = pd.DataFrame([row[2:] for row in rows], index=[row[0] for row in rows], columns=header[2:], dtype=object)
    return align_expression(frame, names, source=source, genes=genes)


@pytest.fixture
def gct(tmp_path):
    """Expression of 12 genes as GCT, its plain table, and a map."""
    values = np.random.default_rng(0).normal(size=(12, 68)).round(4)
    table = pd.DataFrame(values, index=[f"G{k}" for k in range(12)], columns=list(DK))
    body = table.rename_axis("Name").reset_index()
    body.insert(1, "Description", "none")
    path = tmp_path / "brain.GCT"
    path.write_text("#1.2\n12\t68\n" + body.to_csv(sep="\t", index=False))
    thinning = pd.DataFrame({"region": DK, "d": np.linspace(-1, 0, 68), "se": 0.1})
    thinning.to_csv(tmp_path / "map.csv", index=False)
    return path, table, tmp_path / "map.csv"


def test_a_reader_from_outside_is_used_wherever_its_kind_is_read(gct):
    path, table, thinning = gct
    with pytest.raises(InputError):
        Study.from_files(path, thinning)
    register_reader("expression", read_gct, ending=".gct")
    found = read("expression", path, DK, genes=["G3", "G1"])
    assert isinstance(found, ExpressionTable)
    assert found.genes == ("G1", "G3")
    study = Study.from_files(path, thinning)
    np.testing.assert_allclose(study.expression, table.T)
    table.T.to_csv(path.with_name("plain.csv"))  # other endings are read as before
    assert study.same_as(Study.from_files(path.with_name("plain.csv"), thinning))
    path.write_text("something\nelse\n")
    with pytest.raises(InputError, match=r"brain\.GCT: not GCT 1\.2"):
        Study.from_files(path, thinning)


def test_a_kind_of_ones_own(tmp_path):
    (tmp_path / "one.txt").write_text("a b")
    with pytest.raises(SettingsError, match=r"nothing reads words from one\.txt; the kinds known are connections, "):
        read("words", tmp_path / "one.txt")
    register_reader("words", lambda path: read_text(path)[1].split())
    assert read("words", tmp_path / "one.txt") == ["a", "b"]


def test_the_longest_ending_wins_and_gzip_does_not_hide_it():
    register_reader("words", lambda path: "gii", ending=".gii")
    register_reader("words", lambda path: "func", ending=".func.gii")
    for name, expected in (("x.gii", "gii"), ("x.func.gii", "func"), ("X.FUNC.GII.GZ", "func"), ("x.gii.gz", "gii")):
        assert read("words", name) == expected
    assert read("words", ["a.gii", "b.func.gii"]) == "gii"  # the first of several tells the form


def test_a_reader_does_not_replace_another():
    with pytest.raises(SettingsError, match="there is a reader of thinning for any file already"):
        register_reader("thinning", read_gct)
    register_reader("thinning", read_gct, ending=".gct")
    with pytest.raises(SettingsError, match=r"there is a reader of thinning for files that end with \.GCT already"):
        register_reader("thinning", read_gct, ending=".GCT")


def test_what_is_no_file_stays_as_it_is(tmp_path):
    assert read_if_file("genes", ["APOE"]) == ["APOE"]
    assert read_if_file("genes", None) is None
    (tmp_path / "genes.txt").write_text("APOE\nMAPT\n")
    assert read_if_file("genes", tmp_path / "genes.txt") == ["APOE", "MAPT"]
    assert read("regions", pd.DataFrame({"region": ["one"]})).names == ("one",)


def test_every_kind_has_a_reader_for_any_file():
    assert all("" in forms for forms in READERS.values())
