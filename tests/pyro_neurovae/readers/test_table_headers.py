"""Headers without a corner, delimiters at the ends of lines, titles and notes."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest

from pyro_neurovae.errors import InputError
from pyro_neurovae.readers.table_headers import plain_name
from pyro_neurovae.readers.text_table import parse_numbers, read_table

GENES = pd.DataFrame(
    [[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]], index=["L_cuneus", "R_cuneus"], columns=["APP", "MAPT", "SNCA"]
)


def read_back(frame, path, **options):
    text = io.StringIO()
    frame.to_csv(text, index_label=False, **options)
    path.write_text(text.getvalue())
    return read_table(path).labelled()


@pytest.mark.parametrize("options", [{}, {"sep": "\t"}, {"sep": " ", "na_rep": "NA", "quoting": 2}, {"na_rep": "NA"}])
@pytest.mark.parametrize(
    "missing",
    [[], ["SNCA"], ["APP"], ["MAPT", "SNCA"], ["APP", "MAPT", "SNCA"]],
)
def test_a_corner_that_is_not_there_shifts_no_name_whatever_is_missing(tmp_path, options, missing):
    for rows in (slice(None), slice(0, 1), slice(1, 2)):
        frame = GENES.copy()
        frame.loc[frame.index[rows], missing] = np.nan
        found = read_back(frame, tmp_path / "e.csv", **options)
        assert list(found.columns) == list(GENES.columns)
        assert list(found.index) == list(GENES.index)
        np.testing.assert_array_equal(parse_numbers(found, source="e.csv"), frame)


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("region,d,se\nA,1,\nB,2,\n", ("region", "d", "se")),
        ("region,d\nA,1,\nB,2,\n", ("region", "d")),
        ("region,d\nA,1,,\nB,2,,\n", ("region", "d")),
        (",d\nA,1,\nB,2,\n", ("", "d")),
        ("d,e,,\nA,1,2,,\nB,2,2,,\n", ("", "d", "e")),
        ("d\nA,1\nB,NA\n", ("", "d")),
        ("region,d\n1,A,2\n2,B,3\n", ("", "region", "d")),
    ],
)
def test_delimiters_at_the_ends_of_lines_name_no_column(tmp_path, text, header):
    (tmp_path / "m.csv").write_text(text)
    assert read_table(tmp_path / "m.csv").header == header


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "subject,age\n1,70,\n2,71,\n",
            "the rows have 1 field more than the header's 2, empty at their ends; name the",
        ),
        ("A,0.5,0.7\nB,0.1,-2\n", r"line 1: numbers where the names .* \(0\.5, 0\.7\); write a header line above"),
        ("A,B\nx,1,,\ny,1,,\n", "the rows have 2 fields more than the header's 2"),
        (
            "Table S1. Effects\nregion,d\nA,1\n",
            "line 1: 'Table S1. Effects' is a title above the table; .* above line 2",
        ),
        (
            "Effects,,\nby region,,\n\nregion,d,se\nA,1,2\n",
            "line 1: 'Effects' is a title .* delete the lines above line 4",
        ),
        (
            "region,d,se\nA,1,2\nNote. Bold is significant\n",
            "line 3: 'Note. Bold is significant' is a note below .*delete it",
        ),
        (
            "region,d,se\nA,1,2\n* corrected,,\nSource: us,,\n",
            "line 3: .* corrected' is a note .* delete the last 2 lines",
        ),
    ],
)
def test_titles_notes_and_corners_that_may_be_there_or_not_are_named(tmp_path, text, message):
    (tmp_path / "m.csv").write_text(text)
    with pytest.raises(InputError, match=f"m.csv.*{message}"):
        read_table(tmp_path / "m.csv")


def test_a_row_that_lacks_its_values_is_no_note(tmp_path):
    (tmp_path / "m.csv").write_text("region,d,se\nA,1,2\nleft frontal pole,,\n")
    assert read_table(tmp_path / "m.csv").cells.tolist() == [["A", "1", "2"], ["left frontal pole", "", ""]]


def test_plain_names():
    assert plain_name("Cohen's d (ICV)") == "cohensdicv"
