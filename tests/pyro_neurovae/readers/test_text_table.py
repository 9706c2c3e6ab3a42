"""Text files: delimiters, encodings, damage, and numbers that are none."""

from __future__ import annotations

import gzip

import numpy as np
import pandas as pd
import pytest

from pyro_neurovae.errors import InputError
from pyro_neurovae.readers.text_table import file_stem, parse_numbers, read_table

PLAIN = "region,d,se\nL_cuneus,-0.5,0.1\nR_cuneus,NA,0.2\n"


@pytest.mark.parametrize(
    "content",
    [
        PLAIN.encode(),
        PLAIN.replace("\n", "\r\n").encode(),
        PLAIN.replace("\n", "\r").encode(),
        b"\xef\xbb\xbf" + PLAIN.encode(),
        PLAIN.encode("utf-16"),
        PLAIN.replace(",", "\t").encode(),
        PLAIN.replace(",", " ").encode(),
        PLAIN.replace(",", ";").replace(".", ",").encode(),
        PLAIN.replace("-", "\N{MINUS SIGN}").encode(),
        gzip.compress(PLAIN.encode()),
        PLAIN.replace("se\n", "se,,\n").replace(".1\n", ".1,,\n").replace(".2\n", ".2,,\n").encode(),
        PLAIN.replace("\nR", "\n\n,,\nR").encode(),
        PLAIN.replace("L_cuneus", '"L_cuneus"').encode(),
        PLAIN.replace("region,", "", 1).encode(),
        ("sep=;\n" + PLAIN.replace(",", ";").replace(".", ",")).encode(),
        PLAIN.replace(",", "\t").replace(".", ",").encode(),
        b'"region","d","se"\n"L_cuneus","-0,5","0,1"\n"R_cuneus","NA","0,2"\n',
        PLAIN.replace(".1\n", ".1,\n").replace(".2\n", ".2,\n").encode(),
        b'"d" "se"\n"L_cuneus" -0.5 0.1\n"R_cuneus" NA 0.2\n',
    ],
    ids=range(19),
)
def test_the_same_table_in_any_dress(tmp_path, content):
    path = tmp_path / "map.csv"
    path.write_bytes(content)
    labelled = read_table(path).labelled()
    assert list(labelled.index) == ["L_cuneus", "R_cuneus"]
    numbers = parse_numbers(labelled, source="map.csv")
    np.testing.assert_array_equal(numbers.to_numpy(), [[-0.5, 0.1], [np.nan, 0.2]])
    assert list(numbers.columns) == ["d", "se"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"map\.csv: not a table, the file is empty"),
        (b" \n\n", r"map\.csv: not a table, the file is empty"),
        (b"PK\x03\x04\x00\x00", "an Excel workbook or zip archive; export it as CSV"),
        (bytes(range(256)), "not a table, the file is binary"),
        (b"\x1f\x8b\x08\x00damaged", r"map\.csv: damaged gzip file"),
        (b"region,d\n", r"not a table, it has 2 column\(s\) and 0 row\(s\)"),
        (b"word\nword\n", r"not a table, it has 1 column\(s\) and 1 row\(s\) below"),
        (b"region,d,se\nL_cuneus,1,2\nR_cuneus,1\n", r"map\.csv, line 3: 2 fields where the header has 3"),
        (b"region,d,se\nL_cuneus,1,2,3\nR_cuneus,1,2\n", r"map\.csv, line 2: 4 fields"),
        (b";;\n;;\n", r"map\.csv: not a table, there is nothing in it but delimiters"),
    ],
)
def test_what_is_no_table_is_said(tmp_path, content, message):
    path = tmp_path / "map.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_table(path)


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(InputError, match=r"absent\.csv: no such file; check the path"):
        read_table(tmp_path / "absent.csv")
    with pytest.raises(InputError, match="is a folder; name the file"):
        read_table(tmp_path)


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("0.1x", r"t\.csv, row b, column se: '0\.1x' is not a number; correct it"),
        ("True", "'True' is not a number"),
        ("1,5", "'1,5' is not a number"),
        ("-inf", r"t\.csv, row b, column se: '-inf' is infinite"),
        (np.inf, "'inf' is infinite"),
        (True, "'True' is not a number"),
        (np.bool_(0), "False_?' is not a number"),
        (1j, "'1j' is not a number"),
        (b"5", r"\"b'5'\" is not a number"),
        (10**400, "0' is infinite"),
    ],
)
def test_cells_that_are_no_numbers_are_named(cell, message):
    table = pd.DataFrame({"d": ["1", "2"], "se": ["NaN", cell]}, index=["a", "b"], dtype=object)
    with pytest.raises(InputError, match=message):
        parse_numbers(table, source="t.csv")


def test_numbers_of_a_frame_pass_through():
    table = pd.DataFrame({"d": [1, 2], "se": [0.5, np.nan], "n": pd.array([3, None], dtype="Int64")})
    np.testing.assert_array_equal(parse_numbers(table, source="t"), [[1, 0.5, 3], [2, np.nan, np.nan]])


def test_stem_leaves_out_folder_gzip_and_extension(tmp_path):
    assert file_stem(tmp_path / "enigma_pd.txt") == "enigma_pd"
    assert file_stem("folder/ahba_stable0.6.csv.gz") == "ahba_stable0.6"


def test_labels_of_any_words_in_quotes_between_blanks(tmp_path):
    (tmp_path / "r.txt").write_text('"label" "d"\n"1" "caudal middle frontal" 0.5\n"2" "" NA\n')
    found = read_table(tmp_path / "r.txt")
    assert found.header == ("", "label", "d")
    assert found.cells.tolist() == [["1", "caudal middle frontal", "0.5"], ["2", "", "NA"]]


def test_a_delimiter_is_that_of_most_lines(tmp_path):
    (tmp_path / "t.csv").write_text("a\td\nx\t0,5\ny\t0,7\n")
    assert read_table(tmp_path / "t.csv").cells.tolist() == [["x", "0.5"], ["y", "0.7"]]
    (tmp_path / "t.csv").write_text("name,words\nx,a;b\ny,c;d\n")
    assert read_table(tmp_path / "t.csv").cells.tolist() == [["x", "a;b"], ["y", "c;d"]]
