"""Excel workbooks, with and without what reads them."""

from __future__ import annotations

import sys
import zipfile

import pandas as pd
import pytest

from pyro_neurovae.errors import InputError
from pyro_neurovae.readers.text_table import read_table
from pyro_neurovae.readers.workbooks import is_workbook, read_workbook

FRAME = pd.DataFrame({"region": ["L_cuneus", "R_cuneus"], "d": [-0.1, None], "n": [1001.0, 12]})


def write(path, **sheets):
    with pd.ExcelWriter(path) as book:
        for name, frame in sheets.items():
            frame.to_excel(book, sheet_name=name, index=False)


def test_the_sheet_that_has_cells_is_read_and_named(tmp_path):
    pytest.importorskip("openpyxl")
    write(tmp_path / "b.xlsx", S2=FRAME, empty=pd.DataFrame())
    found = read_table(tmp_path / "b.xlsx")
    assert found.source == "b.xlsx, sheet S2"
    assert found.header == ("region", "d", "n")
    assert found.cells.tolist() == [["L_cuneus", "-0.1", "1001"], ["R_cuneus", "", "12"]]


def test_a_table_that_does_not_begin_in_the_first_cell(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in (
        [],
        [None, "region", "d", None, "note"],
        [None, "L_cuneus", 0.5],
        [],
        [None, "R_cuneus", True, None, "x"],
    ):
        book.active.append(row)
    book.save(tmp_path / "b.xlsx")
    found = read_table(tmp_path / "b.xlsx")
    assert found.header == ("region", "d", "", "note")
    assert found.cells.tolist() == [["L_cuneus", "0.5", "", ""], ["R_cuneus", "True", "", "x"]]


def test_a_sheet_that_tells_a_wrong_size_is_read_whole(tmp_path):
    pytest.importorskip("openpyxl")
    write(tmp_path / "b.xlsx", S1=FRAME)
    with zipfile.ZipFile(tmp_path / "b.xlsx") as whole, zipfile.ZipFile(tmp_path / "wrong.xlsx", "w") as wrong:
        for name in whole.namelist():
            wrong.writestr(name, whole.read(name).replace(b'<dimension ref="A1:C3"', b'<dimension ref="A1"'))
    assert read_table(tmp_path / "wrong.xlsx").cells.tolist() == read_table(tmp_path / "b.xlsx").cells.tolist()


def test_a_workbook_that_unpacks_to_more_than_can_be_held(tmp_path, monkeypatch):
    pytest.importorskip("openpyxl")
    write(tmp_path / "b.xlsx", S1=FRAME)
    monkeypatch.setenv("PYRO_NEUROVAE_MEMORY_GB", "0.00001")
    with pytest.raises(InputError, match=r"b\.xlsx holds more than"):
        read_table(tmp_path / "b.xlsx")


def test_what_cannot_be_read_in_one_way_is_refused(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    path = tmp_path / "b.xlsx"
    write(path, S1=FRAME, S2=FRAME)
    with pytest.raises(InputError, match=r"b\.xlsx: 2 sheets have cells \(S1, S2\); export the sheet that is meant"):
        read_table(path)
    book = openpyxl.Workbook()
    book.active.append(["region", "d"])
    book.active.append(["L_cuneus", "=1+1"])
    book.save(path)
    with pytest.raises(InputError, match="sheet Sheet, row 2: a formula without its result; save the file in Excel"):
        read_table(path)
    path.write_bytes(b"PK\x03\x04 not a workbook")
    with pytest.raises(InputError, match=r"b\.xlsx: no Excel workbook that can be read"):
        read_table(path)


def test_without_openpyxl_the_sentence_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    (tmp_path / "b.xlsx").write_bytes(b"PK\x03\x04")
    with pytest.raises(
        InputError, match=r"b\.xlsx: an Excel workbook, .*pip install openpyxl.*or export the sheet as CSV"
    ):
        read_table(tmp_path / "b.xlsx")


def test_text_that_is_called_a_workbook_is_read_as_text(tmp_path):
    (tmp_path / "b.xlsx").write_text("region,d\nL_cuneus,1\n")
    assert not is_workbook(tmp_path / "b.xlsx")
    assert not is_workbook(tmp_path / "none.xlsx")
    assert read_table(tmp_path / "b.xlsx").header == ("region", "d")


def test_a_workbook_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    pytest.importorskip("openpyxl")
    path = tmp_path / "map.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 1_000_000)
    monkeypatch.setenv("PYRO_NEUROVAE_MEMORY_GB", "0.002")
    with pytest.raises(InputError, match=r"map\.xlsx holds more than .* of text, too much to be a table"):
        read_workbook(path)
