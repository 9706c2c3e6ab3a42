"""The column of the effect: asked for, or the first of a usual name."""

from __future__ import annotations

import pytest

from pyro_neurovae.errors import InputError
from pyro_neurovae.readers.column_names import column_roles
from pyro_neurovae.readers.effect_columns import asked_column, check_effect, usual_effect


def usual(*columns, kind="auto"):
    return usual_effect(columns, column_roles(columns), kind, "m.csv")


@pytest.mark.parametrize(
    ("columns", "kind", "found"),
    [
        (["b", "d"], "auto", "d"),
        (["d_icv", "d"], "auto", "d"),
        (["difference", "value"], "auto", "value"),
        (["t", "thickness"], "auto", "thickness"),
        (["z", "t"], "auto", "t"),
        (["d", "t", "value"], "t", "t"),
        (["d", "value"], "t", "value"),
        (["d", "d"], "auto", "d"),
    ],
)
def test_the_first_kind(columns, kind, found):
    assert usual(*columns, kind=kind) == found


def test_columns_that_can_t_be_chosen():
    with pytest.raises(InputError, match=r"m\.csv: no column of effects among mean, sd; name it with --value-column"):
        usual("", "mean", "sd")
    with pytest.raises(InputError, match="several effects, AD_t, MCI_t; name one"):
        usual("AD_t", "MCI_t")
    with pytest.raises(InputError, match="--kind z, but no column has such effects by its name"):
        usual("d", "t", kind="z")


def test_a_column_by_the_user_s_word():
    assert asked_column(["Cohen's d", "b"], "cohens_d", "--value-column", "m.csv") == "Cohen's d"
    assert asked_column(["d", "D"], "D", "--value-column", "m.csv") == "D"
    assert asked_column(["d"], None, "--value-column", "m.csv") is None
    with pytest.raises(InputError, match=r"m\.csv: no column 'c'; give --se-column one of d, D"):
        asked_column(["d", "D", ""], "c", "--se-column", "m.csv")
    for name in ("se", "p", "ci_low", "95% CI"):
        with pytest.raises(InputError, match="by its name, no effects; give --value-column the effect"):
            check_effect(name, column_roles([name])[name], "m.csv")
