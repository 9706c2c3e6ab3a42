"""Decimal commas told from thousands."""

from __future__ import annotations

import pytest

from pyro_neurovae.errors import InputError
from pyro_neurovae.readers.decimal_commas import point_decimals


def lines(*rows):
    return [(number, row.split()) for number, row in enumerate(rows, start=1)]


@pytest.mark.parametrize(
    ("given", "semicolons", "expected"),
    [
        (("r d", "a 0,5", "b 1"), False, ("r d", "a 0.5", "b 1")),
        (("r d v", "a 0,5 5.3", "b ,25 5.4"), True, ("r d v", "a 0.5 5.3", "b .25 5.4")),
        (("r d", "a 1,234", "b 2,500"), True, ("r d", "a 1.234", "b 2.500")),
        (("r d", "a 1,234", "b 2,500"), False, ("r d", "a 1,234", "b 2,500")),
        (("r d v", "a 1,234 0.5"), True, ("r d v", "a 1,234 0.5")),
        (("r d v", "a 1,234 0,5"), False, ("r d v", "a 1.234 0.5")),
        (("r d", "a -1.234,56", "b 1,5E-03"), True, ("r d", "a -1234.56", "b 1.5E-03")),
        (("r day", "a 01.02.2021", "b 0,5"), True, ("r day", "a 01.02.2021", "b 0.5")),
        (("r d", "a,b 1", "c,d 2"), True, ("r d", "a,b 1", "c,d 2")),
    ],
)
def test_a_comma_is_decimal_where_it_can_be_no_thousands(given, semicolons, expected):
    assert point_decimals(lines(*given), source="m.csv", semicolons=semicolons) == lines(*expected)


def test_both_ways_in_one_column_are_refused():
    message = (
        "m.csv: column 2 has numbers with a comma and with a point, '0,5' in line 2 and '0.7' in line 3; write all"
    )
    with pytest.raises(InputError, match=message):
        point_decimals(lines("r d", "a 0,5", "b 0.7"), source="m.csv", semicolons=True)
