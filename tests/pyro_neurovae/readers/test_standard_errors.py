"""Standard errors of a map: what group sizes imply, and what of the given ones can be used."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pyro_neurovae.errors import InputError, NeurovaeWarning
from pyro_neurovae.readers.placement import place_rows
from pyro_neurovae.readers.standard_errors import (
    checked_errors,
    cohens_d_error,
    compare_errors,
    errors_from_sizes,
    implied_errors,
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


def test_errors_that_group_sizes_imply():
    value = np.array([-0.1, 0.2, np.nan])
    columns = ThinningColumns("d", None, ("n0", "n1"), standardised=True)
    found = implied_errors(placed(n0=[30, 20, 10], n1=[5, 5, 5]), columns, value, source="m.csv")
    np.testing.assert_allclose(found, cohens_d_error(value, np.array([10, 20, 30]), 5))
    raw = ThinningColumns("b", None, ("n0", "n1"), standardised=False)
    assert implied_errors(placed(n0=1, n1=1), raw, value, source="m.csv") is None
    with pytest.raises(InputError, match=r"m\.csv, row two: a group size in n0 or n1 is not above 0"):
        implied_errors(placed(n0=[30, -20, 10], n1=5), columns, value, source="m.csv")


def test_errors_taken_from_sizes_are_told():
    notices: list[str] = []
    columns = ThinningColumns("d", None, ("n0", "n1"), standardised=True, foreign_error="SE")
    implied = np.array([0.1, 0.2, 0.3])
    assert errors_from_sizes(implied, columns, source="m.csv", notices=notices) is implied
    assert notices == [
        "m.csv: standard errors of d, read as Cohen's d, computed from the group sizes n0 and n1; SE belongs to "
        "another effect."
    ]
    with pytest.raises(InputError, match="no column of standard errors of d and no group sizes; SE belongs to another"):
        errors_from_sizes(None, columns, source="m.csv", notices=notices)


def test_only_errors_of_values_count():
    value = np.array([-0.1, np.nan, 0.3])
    np.testing.assert_array_equal(
        checked_errors(value, np.array([0.1, -1.0, 0.2]), labels=NAMES, source="m.csv"), [0.1, np.nan, 0.2]
    )
    for bad, message in ((-0.1, "row three: standard error -0.1 is negative"), (0.0, "row three: .* 0 is zero")):
        with pytest.raises(InputError, match=message):
            checked_errors(value, np.array([0.1, 0.1, bad]), labels=NAMES, source="m.csv")
    with pytest.raises(InputError, match="no standard error for three; fill them in"):
        checked_errors(value, np.array([0.1, 0.1, np.nan]), labels=NAMES, source="m.csv")


def test_errors_are_compared_with_the_sizes():
    notices: list[str] = []
    implied = np.array([0.1, 0.1, np.nan])
    compare_errors(implied * 1.9, implied, labels=NAMES, source="m.csv", notices=notices)
    compare_errors(implied, None, labels=NAMES, source="m.csv", notices=notices)
    assert notices == []
    with pytest.warns(NeurovaeWarning, match=r"m\.csv: 1 of 2 standard errors .* by a factor of 2\.5 in two"):
        compare_errors(implied * [1, 2.5, 1], implied, labels=NAMES, source="m.csv", notices=notices)
    assert len(notices) == 1
