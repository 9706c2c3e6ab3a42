"""Tables of outdated symbols, in the forms that users have them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pyro_neurovae.atlases.atlas import dk68_names
from pyro_neurovae.errors import InputError
from pyro_neurovae.expression import DonorExpression, update_symbols

DK = dk68_names()


def frame(*genes):
    values = np.random.default_rng(0).normal(size=(68, len(genes)))
    return pd.DataFrame(values, index=list(DK), columns=list(genes))


TABLES = {
    "old-new.csv": "old,new\nPARK2,PRKN\nGBA,GBA1\nPARK2,PRKN\n",
    "alias.csv": "alias,symbol\nPARK2,PRKN\nGBA,GBA1\n,APOE\n",
    "hgnc.tsv": "HGNC ID\tApproved symbol\tPrevious symbols\n"
    'H1\tPRKN\t"PDJ, PARK2"\nH2\tGBA1\tGBA, GLUC\nH3\tX~withdrawn\tAPOE\n',
    "complete.tsv": 'symbol\tname\tprev_symbol\nPRKN\tparkin\t"PDJ|PARK2"\nGBA1\tg\tGBA\nAPOE\ta\t\n',
}


@pytest.mark.parametrize("name", list(TABLES))
def test_outdated_symbols_are_renamed(tmp_path, name):
    (tmp_path / name).write_text(TABLES[name])
    given = frame("APOE", "PARK2", "GBA")
    before = given.copy()
    found = update_symbols(given, tmp_path / name)
    assert list(found.columns) == ["APOE", "PRKN", "GBA1"]
    np.testing.assert_array_equal(found, given)
    assert found.attrs["notices"] == ("2 outdated gene symbol(s) renamed: PARK2 to PRKN, GBA to GBA1.",)
    pd.testing.assert_frame_equal(given, before)
    assert given.attrs == {}


def test_a_current_symbol_is_left_unless_the_table_says_old_and_new():
    given = frame("A", "B")
    chain = pd.DataFrame({"first": ["A", "B"], "second": ["B", "C"]})
    assert list(update_symbols(given, chain.set_axis(["old", "new"], axis=1)).columns) == ["B", "C"]
    assert list(update_symbols(given, chain.set_axis(["alias", "symbol"], axis=1)).columns) == ["B"]
    kept = pd.DataFrame({"old": ["A", "A"], "new": ["A", "Z"]})
    assert list(update_symbols(given, kept).columns) == ["A", "B"]


def test_an_old_symbol_of_several_genes_is_left():
    table = pd.DataFrame(
        {"Previous symbols": ["A, Q", "A", np.nan], "Approved symbol": ["X", "Y", "B"], "id": [1, np.nan, 3]}
    )
    found = update_symbols(frame("A", "B"), table)
    assert list(found.columns) == ["A", "B"]
    assert found.attrs["notices"] == (
        "0 outdated gene symbol(s) renamed.",
        "1 outdated gene symbol(s) left as they are, with several new ones: A.",
    )


def donors(noise):
    """Three donors; the noise of each gene as given."""
    rng = np.random.default_rng(1)
    values = rng.normal(size=(68, len(noise))) + rng.normal(size=(3, 68, len(noise))) * list(noise.values())
    return DonorExpression(tuple(noise), DK, ("x", "y", "z"), values, {}, ("before.",))


@pytest.mark.parametrize(("noise_old", "noise_new", "kept"), [(0.1, 2.0, 0), (2.0, 0.1, 2)])
def test_of_genes_with_one_symbol_the_more_reliable_stays(noise_old, noise_new, kept):
    given = donors({"PARK2": noise_old, "APOE": 0.5, "PRKN": noise_new})
    found = update_symbols(given, pd.DataFrame({"old": ["PARK2"], "new": ["PRKN"]}))
    assert set(found.genes) == {"APOE", "PRKN"}
    np.testing.assert_array_equal(found.values[:, :, found.genes.index("PRKN")], given.values[:, :, kept])
    lost = "PRKN" if kept == 0 else "PARK2 (now PRKN)"
    assert found.notices == (
        "before.",
        "1 outdated gene symbol(s) renamed: PARK2 to PRKN.",
        f"1 gene(s) dropped, the most reliable of those with the same symbol is kept: {lost}.",
    )


def test_without_a_reliability_the_first_stays():
    table = pd.DataFrame({"old": ["PARK2"], "new": ["PRKN"]})
    given = frame("PARK2", "APOE", "PRKN")
    found = update_symbols(given, table)
    np.testing.assert_array_equal(found["PRKN"], given["PARK2"])
    assert found.attrs["notices"][1] == "1 gene(s) dropped, the first of those with the same symbol is kept: PRKN."
    alone = DonorExpression(tuple(given.columns), DK, ("x",), given.to_numpy()[None])
    assert update_symbols(alone, table).genes == ("PRKN", "APOE")


def test_a_table_without_known_columns(tmp_path):
    (tmp_path / "t.csv").write_text("from,to\nA,B\n")
    with pytest.raises(InputError, match=r"t\.csv: its columns \(from, to\) tell no outdated and current symbols"):
        update_symbols(frame("A"), tmp_path / "t.csv")


def test_dates_are_no_current_symbols():
    with pytest.raises(
        InputError, match="table of symbols, column new: 1-Mar, 2-Sep are dates that a spreadsheet made"
    ):
        update_symbols(frame("MARCH1"), pd.DataFrame({"old": ["MARCH1", "SEPT2"], "new": ["1-Mar", "2-Sep"]}))
    repaired = update_symbols(frame("1-Mar"), pd.DataFrame({"old": ["1-Mar"], "new": ["MARCHF1"]}))
    assert list(repaired.columns) == ["MARCHF1"]
