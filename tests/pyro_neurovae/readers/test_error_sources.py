"""Where standard errors come from, and in which order: the column, the interval, the sizes, the statistic, the kind."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from pyro_neurovae.errors import InputError
from pyro_neurovae.readers.error_sources import find_errors
from pyro_neurovae.readers.placement import place_rows
from pyro_neurovae.readers.thinning_columns import ThinningColumns

NAMES = ["one", "two", "three"]
D = np.array([-0.1, 0.2, -0.3])
TABLE = {"se": 0.05, "low": D - 0.196, "high": D + 0.196, "t": D / 0.02}
COLUMNS = ThinningColumns("d", "se", ("n0", "n1"), "d", ("low", "high", 0.95), "t")
IMPLIED = np.full(3, 0.07)


def found(columns=COLUMNS, *, implied=IMPLIED, choice="file", named=False, **table):
    placed = place_rows(pd.DataFrame(TABLE | table, index=NAMES), NAMES, source="m.csv")
    return find_errors(placed, columns, D, implied=implied, source="m.csv", remedy="do so", choice=choice, named=named)


def without(**absent):
    return dataclasses.replace(COLUMNS, **absent)


@pytest.mark.parametrize(
    ("columns", "implied", "error", "words"),
    [
        (COLUMNS, IMPLIED, 0.05, " with the standard errors se"),
        (
            without(error=None),
            IMPLIED,
            0.1,
            ", its standard errors from the 95% interval low to high (width over 3.92)",
        ),
        (
            without(error=None, interval=None),
            IMPLIED,
            0.07,
            ", its standard errors computed from the group sizes n0 and n1",
        ),
        (without(error=None, interval=None, sizes=None), None, 0.02, ", its standard errors as d over t"),
        (without(kind="t"), None, 1.0, "; their standard error is 1, as of any t value; those in se are set aside"),
    ],
)
def test_the_first_source_that_there_is(columns, implied, error, words):
    one = found(columns, implied=implied)
    np.testing.assert_allclose(one.values, error, rtol=1e-3)
    assert one.words == words
    assert one.sizes == ("group sizes" in words)


def test_an_empty_source_is_none_unless_it_is_named():
    np.testing.assert_allclose(found(se=np.nan).values, 0.1, rtol=1e-3)
    np.testing.assert_allclose(found(se=np.nan, low=np.nan).values, 0.07)
    np.testing.assert_allclose(found(se=np.nan, low=np.nan, implied=np.full(3, np.nan)).values, 0.02)
    assert np.isnan(found(se=np.nan, named=True).values).all()
    np.testing.assert_allclose(found(without(kind="t"), named=True).values, 0.05)


def test_an_interval_of_another_coverage():
    ninety = without(error=None, interval=("low", "high", 0.9))
    np.testing.assert_allclose(found(ninety).values, 0.196 / 1.6449, rtol=1e-4)


@pytest.mark.parametrize(
    ("low", "high", "told"),
    [
        (
            [-0.2, 0.3, -0.4],
            [0.0, 0.5, -0.2],
            "row two: 0.3 to 0.5 is no interval about d 0.2 and may be that of another",
        ),
        ([-0.12, 0.15, -0.32], [0.0, 0.35, -0.2], r"row (one|three): .* is no interval about d"),
        ([0.0, 0.1, -0.4], [-0.2, 0.3, -0.2], "row one: 0 to -0.2 is no interval about d -0.1"),
    ],
    ids=["outside", "lopsided", "reversed"],
)
def test_an_interval_that_is_not_about_the_effect_is_another_s(low, high, told):
    with pytest.raises(InputError, match=f"m.csv, {told}.*; do so"):
        found(without(error=None), low=low, high=high)


def test_an_interval_beyond_computing():
    with pytest.raises(InputError, match=r"m\.csv, row one: column low -1e\+308 is beyond 1e\+30, .*, or do so"):
        found(without(error=None), low=[-1e308, 0.1, -0.4], high=[1e308, 0.3, -0.2])


def test_an_interval_of_rounded_ends():
    rounded = found(without(error=None), low=[-0.15, 0.1, -0.4], high=[-0.06, 0.3, -0.2])
    np.testing.assert_allclose(rounded.values, np.array([0.09, 0.2, 0.2]) / 3.92, rtol=1e-3)


def test_both_ends_in_one_cell():
    columns = without(error=None, interval=("ci", "ci", 0.95))
    one = found(columns, ci=["[-0.296, 0.096]", "0.004 to 0.396", "(-.496; -1.04e-1)"])
    np.testing.assert_allclose(one.values, 0.1, rtol=1e-3)
    assert one.words == ", its standard errors from the 95% interval ci (width over 3.92)"
    empty = found(columns, ci=["-0.296 - 0.096", "", None])
    np.testing.assert_allclose(empty.values, [0.1, np.nan, np.nan], rtol=1e-3)
    with pytest.raises(InputError, match=r"m\.csv, row two, column ci: '0\.3' is no interval such as \[-0\.3, 0\.1\]"):
        found(columns, ci=["[-0.3, 0.1]", "0.3", ""])


def test_a_statistic_of_zero_tells_no_error():
    bare = without(error=None, interval=None, sizes=None)
    np.testing.assert_allclose(found(bare, implied=None, t=[5, 0, 15]).values, [0.02, np.nan, 0.02])


def test_a_statistic_too_large_to_compute_with():
    with pytest.raises(InputError, match=r"m\.csv, row two: column t 1e\+200 is beyond 1e\+30"):
        found(without(error=None, interval=None, sizes=None), implied=None, t=[5, 1e200, 15])


def test_errors_taken_from_sizes_are_told():
    foreign = without(error=None, interval=None, foreign_error="SE", rivals=("b",))
    assert found(foreign).words.endswith("from the group sizes n0 and n1; SE may be that of b and is not read")
    assert found(choice="sizes").words.endswith("from the group sizes n0 and n1; those in se are set aside")


@pytest.mark.parametrize(
    ("absent", "message"),
    [
        ({"sizes": None}, "for d there are no group sizes; leave it out to read those in se"),
        (
            {"kind": "mm", "error": None},
            "but d is in mm, of which group sizes tell nothing; leave it out and name the column of standard errors",
        ),
        ({"kind": ""}, "the name of d does not say that it is one; say so with --kind d if it is, or leave --se out"),
    ],
)
def test_sizes_that_tell_nothing(absent, message):
    with pytest.raises(InputError, match=f"m.csv: --se sizes computes standard errors of Cohen's d, .*{message}"):
        found(without(**absent), implied=None, choice="sizes")


@pytest.mark.parametrize(
    ("absent", "message"),
    [
        ({"sizes": None}, "no column of standard errors of d and no group sizes; name the column"),
        ({}, "the group sizes n0 and n1 are empty; name the column"),
        ({"kind": "percent"}, "group sizes tell nothing of an effect in percent; name the column"),
        (
            {"kind": ""},
            r"say what d is with --kind \(t or z for such values, whose error is 1, or d for Cohen's d, whose",
        ),
        ({"foreign_error": "se_b"}, "se_b belongs to another effect; name the column"),
        (
            {"foreign_error": "SE", "rivals": ("b",)},
            "SE may be the standard error of any of d, b; say so with --se-column SE if it is that of d, name another "
            "effect, such as b, with --value-column, or pass --se none to estimate the noise",
        ),
    ],
)
def test_no_errors_at_all(absent, message):
    bare = without(**{"error": None, "interval": None, "statistic": None} | absent)
    with pytest.raises(InputError, match=message):
        found(bare, implied=np.full(3, np.nan) if not absent else None)


def test_a_statistic_does_not_stand_in_for_an_error_whose_owner_is_not_known():
    with pytest.raises(InputError, match="SE may be the standard error of any of d, b"):
        found(without(error=None, interval=None, foreign_error="SE", rivals=("b",)), implied=None)
