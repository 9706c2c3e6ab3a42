"""Standard errors of a map: what group sizes imply, and what of the given ones can be used."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pyro_neurovae.errors import InputError
from pyro_neurovae.readers.placement import place_rows
from pyro_neurovae.readers.standard_errors import (
    checked_errors,
    cohens_d_error,
    error_remedy,
    group_sizes,
    implied_errors,
    spread_share,
)
from pyro_neurovae.readers.thinning_columns import ThinningColumns

NAMES = ["one", "two", "three"]


def placed(**columns):
    return place_rows(pd.DataFrame(columns, index=NAMES[::-1]), NAMES, source="m.csv")


def test_cohens_d_error_against_the_large_sample_variance_of_a_simulation():
    rng, n1, n2, d = np.random.default_rng(0), 60, 40, 0.5
    a, b = rng.standard_normal((20_000, n1)), d + rng.standard_normal((20_000, n2))
    pooled = np.sqrt(((n1 - 1) * a.var(1, ddof=1) + (n2 - 1) * b.var(1, ddof=1)) / (n1 + n2 - 2))
    drawn = ((b.mean(1) - a.mean(1)) / pooled).std()
    # The sd of 20,000 draws is known to 1/sqrt(40,000) = 0.5%; at n = 100 the formula is good to 2%.
    assert cohens_d_error(np.array(d), n1, n2) == pytest.approx(drawn, rel=0.035)


def test_the_share_of_the_standard_deviation_in_the_error():
    d, n1, n2 = np.array([-1.5, 0.0, 0.4]), np.array([30, 20, 10]), 60
    share = spread_share(d, n1, n2)
    np.testing.assert_allclose(share * cohens_d_error(d, n1, n2) ** 2, d**2 / (2 * (n1 + n2)))
    equal = spread_share(d)
    np.testing.assert_allclose(equal, spread_share(d, 17, 17))
    np.testing.assert_allclose(equal, (d**2 / 2) / (4 + d**2 / 2))
    np.testing.assert_allclose(spread_share(d, np.array([30, np.nan, 10]), n2), np.where([0, 1, 0], equal, share))


def test_sizes_of_the_groups_where_there_are_none():
    columns = ThinningColumns("d", "se", None, kind="d")
    assert np.isnan(group_sizes(placed(se=1.0), columns, source="m.csv")).all()


def test_errors_that_group_sizes_imply():
    value = np.array([-0.1, 0.2, np.nan])
    columns = ThinningColumns("d", None, ("n0", "n1"), kind="d")
    found = implied_errors(placed(n0=[30, 20, 10], n1=[5, 5, 5]), columns, value, source="m.csv")
    np.testing.assert_allclose(found, cohens_d_error(value, np.array([10, 20, 30]), 5))
    raw = ThinningColumns("b", None, ("n0", "n1"), kind="b")
    assert implied_errors(placed(n0=1, n1=1), raw, value, source="m.csv") is None
    with pytest.raises(InputError, match=r"m\.csv, row two: a group size in n0 or n1 is not from 1 to"):
        implied_errors(placed(n0=[30, -20, 10], n1=5), columns, value, source="m.csv")


def test_the_remedy_offers_what_the_file_has():
    both = ThinningColumns("d", "se", ("n0", "n1"), kind="d")
    assert error_remedy(both, sizes=True) == (
        "name the column of standard errors with --se-column, pass --se sizes to compute them from n0 and n1, or pass "
        '--se none to estimate the noise (in Python standard_error="sizes" or "none")'
    )
    assert "sizes" not in error_remedy(both, sizes=False)
    assert error_remedy(both, sizes=True, computed=True).startswith(
        "pass --se file to read them from se, or pass --se n"
    )
    alone = ThinningColumns("d", None, ("n0", "n1"), kind="d")
    assert error_remedy(alone, sizes=True, computed=True).startswith("name the column of standard errors with --se-col")


def test_only_errors_of_values_count():
    value = np.array([-0.1, np.nan, 0.3])
    told = {"labels": NAMES, "source": "m.csv", "remedy": "do so"}
    np.testing.assert_array_equal(checked_errors(value, np.array([0.1, -1.0, 0.2]), **told), [0.1, np.nan, 0.2])
    for bad, message in ((-0.1, "row three: .* -0.1 is negative; do so"), (0.0, "row three: .* 0 is zero; do so")):
        with pytest.raises(InputError, match=message):
            checked_errors(value, np.array([0.1, 0.1, bad]), **told)
    with pytest.raises(InputError, match="no standard error for three; fill the sizes in, do so"):
        checked_errors(value, np.array([0.1, 0.1, np.nan]), fill="the sizes", **told)
    with pytest.raises(InputError, match=r"m\.csv: the standard errors are the effects themselves; do so"):
        checked_errors(value, np.abs(value), **told)
    with pytest.raises(InputError, match=r"m\.csv, row three: standard error 1e\+200 is beyond 1e\+30"):
        checked_errors(value, np.array([0.1, 0.1, 1e200]), **told)
    with pytest.raises(InputError, match=r"m\.csv: standard error is nowhere above .*; give it in another unit"):
        checked_errors(value, np.full(3, 5e-324), **told)
    for unit in (1e9, 1e-9, 5e-324):
        with pytest.raises(
            InputError, match=r"row three: standard error .* is of another unit than the effects, whose"
        ):
            checked_errors(value, np.array([0.1, 0.1, unit]), **told)
