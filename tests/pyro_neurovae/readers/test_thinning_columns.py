"""Which columns are read: by the user's word, by their usual names, and each with its own standard error."""

from __future__ import annotations

import pytest

from pyro_neurovae.atlases.atlas import dk68_names
from pyro_neurovae.errors import InputError
from pyro_neurovae.readers.thinning_columns import choose_columns, first_column

DK = dk68_names()


@pytest.mark.parametrize(
    ("columns", "value", "error"),
    [
        (["Structure", "d_icv", "se_icv", "low_ci"], "d_icv", "se_icv"),
        (["region", "d", "d_se", "se"], "d", "d_se"),
        (["region", "effect", "SE"], "effect", "SE"),
        (["region", "value"], "value", None),
        (["region", "Cohen's d", "Std_Err"], "Cohen's d", "Std_Err"),
        (["region", "d", "beta"], "d", None),
    ],
)
def test_the_effect_and_its_standard_error(columns, value, error):
    found = choose_columns(columns, source="m.csv")
    assert (found.value, found.error, found.foreign_error) == (value, error, None)


def test_a_bare_standard_error_belongs_to_the_raw_effect_where_there_is_one():
    found = choose_columns(["b", "SE", "d", "NHC", "NPD"], source="m.csv")
    assert (found.value, found.error, found.foreign_error) == ("d", None, "SE")
    assert found.sizes == ("NHC", "NPD")
    assert found.standardised
    raw = choose_columns(["b", "SE", "d", "NHC", "NPD"], source="m.csv", value_column="B")
    assert (raw.value, raw.error, raw.standardised) == ("b", "SE", False)


@pytest.mark.parametrize(
    ("value", "standardised", "effect_size"),
    [
        ("d_icv", True, True),
        ("Cohen's d", True, True),
        ("d_thickness", True, True),
        ("hedges_g_adjusted", True, True),
        ("effect", True, False),
        ("ad_minus_nc", True, False),
        ("difference_mm", False, False),
        ("d_mm", False, False),
        ("adjusted difference (mm)", False, False),
        ("beta_age", False, False),
        ("thickness", False, False),
    ],
)
def test_what_group_sizes_can_speak_of(value, standardised, effect_size):
    found = choose_columns(["region", value, "se", "n_controls", "n_patients"], source="m.csv", value_column=value)
    assert (found.standardised, found.effect_size, found.error) == (standardised, effect_size, "se")


def test_a_difference_in_millimetres_is_found_and_takes_its_error():
    found = choose_columns(["region", "difference_mm", "se", "n_controls", "n_patients"], source="m.csv")
    assert (found.value, found.error) == ("difference_mm", "se")
    both = choose_columns(["region", "d", "difference_mm", "se"], source="m.csv")
    assert (both.value, both.error, both.foreign_error) == ("d", None, "se")


@pytest.mark.parametrize(
    ("columns", "p_values"),
    [
        (["region", "d_icv", "pobs", "fdr_p"], "pobs"),
        (["region", "d", "fdr_p", "p_fdr", "q"], None),
        (["region", "d", "p.value"], "p.value"),
        (["region", "d", "P", "p_d"], "p_d"),
        (["region", "d_icv", "p", "p_icv"], "p_icv"),
    ],
)
def test_p_values_are_those_that_are_not_corrected(columns, p_values):
    assert choose_columns(columns, source="m.csv").p_values == p_values


def test_the_first_of_equal_spellings_is_taken():
    assert first_column(["D", "d"], ["d"]) == "D"
    assert first_column(["se", "d"], ["d", "se"]) == "d"
    assert first_column(["x"], ["d"]) is None


def test_columns_that_are_not_there():
    with pytest.raises(InputError, match=r"m\.csv: no column of effects among region, x; name it with --value-column"):
        choose_columns(["region", "x"], source="m.csv")
    with pytest.raises(InputError, match=r"m\.csv: no column 'z'; give --se-column one of region, d"):
        choose_columns(["region", "d"], source="m.csv", se_column="z")
