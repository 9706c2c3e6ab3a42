"""Numbers at the edge: what can't be computed with is named, what is merely of another unit passes."""

from __future__ import annotations

import numpy as np
import pytest

from pyro_neurovae.errors import InputError
from pyro_neurovae.readers.magnitudes import check_magnitude, constant

LABELS = [f"r{k}" for k in range(12)]
VALUES = np.linspace(-0.5, 0.4, 12)


def checked(values, **options):
    check_magnitude(values, labels=LABELS, source="m.csv", what="column d", **options)


@pytest.mark.parametrize("unit", [1e-29, 1e-9, 1.0, 1e9, 1e29])
def test_any_unit_passes(unit):
    checked(VALUES * unit, furthest=100)
    checked(np.where(np.arange(12) == 3, 0.0, VALUES * unit), furthest=100)


def test_missing_and_zero_values_pass():
    checked(np.full(12, np.nan), furthest=100)
    checked(np.zeros(12), furthest=100)
    checked(np.where(np.arange(12) == 3, 5e-324, VALUES), furthest=100)


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (-1e200, r"m\.csv, row r4: column d -1e\+200 is beyond 1e\+30, more than can be computed with; correct it, or"),
        (1e308, r"m\.csv, row r4: column d 1e\+308 is beyond 1e\+30"),
        (-9999, r"row r4: column d -9999 is 3\.9e\+04 times the usual size of the others; .* leave the cell empty if"),
    ],
)
def test_a_number_too_large_is_named(number, message):
    with pytest.raises(InputError, match=message):
        checked(np.where(np.arange(12) == 4, number, VALUES), furthest=1000)


@pytest.mark.parametrize("unit", [1e-31, 1e-200, 1e-320])
def test_a_column_too_small_is_named(unit):
    with pytest.raises(InputError, match=r"m\.csv: column d is nowhere above .*, less than can be computed with"):
        checked(VALUES * unit)


def test_a_number_far_off_passes_where_that_is_not_asked():
    checked(np.where(np.arange(12) == 4, -9999, VALUES))


def test_constant_up_to_rounding():
    level = np.full(12, 2.5)
    last = np.where(np.arange(12) % 2, level, np.nextafter(level, 3))
    single = np.where(np.arange(12) % 2, level, np.nextafter(np.float32(level), np.float32(3)))
    gaps = np.where(np.arange(12) == 3, np.nan, level)
    found = constant(np.stack([level, last, single, gaps, np.zeros(12), np.full(12, np.nan), level + VALUES], axis=1))
    np.testing.assert_array_equal(found, [True, True, True, True, True, True, False])
    assert not constant(VALUES * 1e-29)
