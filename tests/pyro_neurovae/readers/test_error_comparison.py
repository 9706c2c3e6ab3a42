"""Standard errors beside group sizes and p values: when a sentence comes, and which."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from pyro_neurovae.errors import NeurovaeWarning
from pyro_neurovae.readers.error_comparison import compare_errors, size_doubt, z_ratios
from pyro_neurovae.readers.placement import place_rows
from pyro_neurovae.readers.thinning_columns import ThinningColumns

NAMES = [f"r{k}" for k in range(40)]
D = np.random.default_rng(0).normal(-0.3, 0.1, 40)
ERROR = np.full(40, 0.1)
P = 2 * norm.sf(np.abs(D) / ERROR)


def compared(error, *, p=None, implied=ERROR, value="d", effect=D):
    """Sentences on effects whose errors are .1 by the group sizes, and warnings that came with them."""
    columns = ThinningColumns(
        value, "se", ("n0", "n1"), "d" if value == "d" else "mm", p_values=None if p is None else "pobs"
    )
    placed = place_rows(pd.DataFrame({"pobs": P if p is None else p}, index=NAMES), NAMES, source="m.csv")
    told = {"placed": placed, "columns": columns, "labels": NAMES, "source": "m.csv", "remedy": "do so"}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", NeurovaeWarning)
        found = compare_errors(effect, error, implied=implied, **told)
    assert [str(one.message) for one in caught] == found
    return found


def test_errors_that_agree_need_no_word():
    assert compared(ERROR) == compared(ERROR, p=P) == compared(ERROR * 1.4, p=P) == []
    assert compared(ERROR * 9, implied=None) == []


def test_all_errors_off_alike_are_one_sentence_with_the_factor():
    smaller = ERROR / np.linspace(5.5, 6.5, 40)
    assert compared(smaller) == [
        "m.csv: all 40 standard errors are smaller than what the group sizes imply, by a factor of 6.0 (5.5 to 6.5); "
        "intervals follow the standard errors: if these are not those of d, do so."
    ]
    assert compared(smaller, p=P) == [
        "m.csv: all 40 standard errors are smaller than what the group sizes imply, by a factor of 6.0 (5.5 to 6.5), "
        "and effects over them are 6 times the z of the p values in pobs; intervals follow the standard errors: if "
        "these are not those of d, do so."
    ]
    assert "larger than what the group sizes imply, by a factor of 1.6 (1.6 to 1.6)" in compared(ERROR * 1.6)[0]


def test_single_errors_that_are_off():
    error = ERROR * np.where(np.arange(40) == 7, 3, 1.1)
    assert compared(error)[0].startswith(
        "m.csv: 1 of 40 standard errors differ from what the group sizes imply by more than a factor of two, by a "
        "factor of 3.0 in r7; intervals follow"
    )
    assert size_doubt(ERROR * 1.9 * np.where(np.arange(40) == 7, 0.5, 1), ERROR, labels=NAMES) is None
    unknown = np.where(np.arange(40) == 7, np.nan, ERROR)
    assert size_doubt(error, unknown, labels=NAMES) is None
    assert size_doubt(error, np.full(40, np.nan), labels=NAMES) is None


def test_p_values_that_agree_speak_for_the_errors():
    error = ERROR * np.linspace(1, 3, 40)
    (told,) = compared(error, p=2 * norm.sf(np.abs(D) / error))
    assert "the p values in pobs agree with them" in told
    assert told.endswith("so keep them; --se sizes computes them from n0 and n1 instead.")


def test_errors_off_the_p_values_alone():
    assert compared(ERROR / 2, p=P, implied=None) == [
        "m.csv: effects over their standard errors are 2 times the z of the p values in pobs (median of 40 regions), "
        "so the standard errors look too small by a factor of 2.0; intervals follow the standard errors: if these are "
        "not those of d, do so."
    ]
    assert "look too large by a factor of 2.0" in compared(ERROR * 2, p=P, implied=None)[0]
    # In raw units p values speak, group sizes do not.
    assert compared(ERROR * 9, value="difference_mm", effect=D * 9, p=P) == []
    assert "too small by a factor of 3.0" in compared(ERROR / 3, value="difference_mm", p=P)[0]


@pytest.mark.parametrize(
    ("p", "count"),
    [
        (["<0.001"] * 30 + [0.04] * 2 + list(P[32:]), 8),
        ([0.0] * 10 + [np.nan] * 10 + list(P[20:]), 20),
        ([0.6] * 10 + [1.0] * 10 + list(P[20:]), 20),
        ([1e-40] * 10 + list(P[10:]), 30),
        ([5e-324] * 2 + list(P[2:]), 38),
        (["<0.001"] * 40, 0),
    ],
    ids=["text", "zero or missing", "large", "floor", "subnormal", "none"],
)
def test_p_values_that_tell_nothing_are_left_out(p, count):
    columns = ThinningColumns("d", "se", None, kind="d", p_values="pobs")
    frame = pd.DataFrame({"pobs": pd.Series(p, dtype=object).to_numpy()}, index=NAMES)
    p_told = z_ratios(D, ERROR, place_rows(frame, NAMES, source="m.csv"), columns)
    if count == 8:
        assert len(p_told) == 10
        assert (np.abs(p_told - 1) < 1e-6).sum() == 8
    else:
        assert len(p_told) == count
        np.testing.assert_allclose(p_told, 1, rtol=1e-6)


def test_few_p_values_make_no_median():
    few = np.where(np.arange(40) < 7, P, np.nan)
    assert compared(ERROR / 4, p=few, implied=None) == []
    assert compared(ERROR / 4, p=np.where(np.arange(40) < 8, P, np.nan), implied=None) != []
