"""Which columns are read: by the user's word, by their usual names, and each with its own standard error."""

from __future__ import annotations

import pytest

from pyro_neurovae.atlases.atlas import dk68_names
from pyro_neurovae.errors import InputError
from pyro_neurovae.readers.thinning_columns import choose_columns, effect_table, first_column, group_size_columns

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
    found = choose_columns(["b", "SE", "d", "%diff", "NHC", "NPD"], source="m.csv")
    assert (found.value, found.error, found.foreign_error, found.rivals) == ("d", None, "SE", ("b",))
    assert found.sizes == ("NHC", "NPD")
    assert found.effect_size
    raw = choose_columns(["b", "SE", "d", "%diff", "NHC", "NPD"], source="m.csv", value_column="B")
    assert (raw.value, raw.error, raw.effect_size) == ("b", "SE", False)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("d_icv", "d"),
        ("Cohen's d", "d"),
        ("d_thickness", "d"),
        ("hedges_g_adjusted", "d"),
        ("effect", ""),
        ("ad_minus_nc", ""),
        ("difference_mm", "mm"),
        ("d_mm", "mm"),
        ("adjusted difference (mm)", "mm"),
        ("percent_change", "percent"),
        ("mm_per_year", "rate"),
        ("t.ratio", "t"),
        ("zscore", "z"),
        ("beta_age", "b"),
        ("logFC", "b"),
        ("thickness", "mm"),
    ],
)
def test_the_kind_of_an_effect_is_in_its_name(value, kind):
    found = choose_columns(["region", value, "se", "n_controls", "n_patients"], source="m.csv", value_column=value)
    assert (found.kind, found.effect_size, found.error) == (kind, kind == "d", "se")
    assert choose_columns(["region", value, "se"], source="m.csv", value_column=value, kind="t").kind == "t"


@pytest.mark.parametrize(
    ("columns", "value", "error"),
    [
        (["region", "AD_d", "AD_se", "MCI_d", "MCI_se"], "MCI_d", "MCI_se"),
        (["region", "d_AD", "se_AD", "d_MCI", "se_MCI"], "d_MCI", "se_MCI"),
        (["region", "d", "se", "d_MCI", "se_MCI"], "d", "se"),
        (["region", "d", "se", "b", "se_b"], "d", "se"),
        (["region", "b", "SE", "d", "d_se"], "b", "SE"),
        (["region", "ad_minus_nc", "se_ad_minus_nc", "se"], "ad_minus_nc", "se_ad_minus_nc"),
        (["region", "d", "se", "se_classical", "se_hc3"], "d", "se"),
        (["region", "Estimate", "Std. Error", "t value", "Pr(>|t|)"], "Estimate", "Std. Error"),
        (["region", "Estimate", "Est.Error", "Q2.5", "Q97.5"], "Estimate", "Est.Error"),
        (["region", "coef", "std err", "t", "P>|t|", "[0.025", "0.975]"], "coef", "std err"),
        (["term", "estimate", "std.error", "statistic", "p.value"], "estimate", "std.error"),
        (["label", "contrast", "estimate", "SE", "df", "t.ratio", "p.value"], "estimate", "SE"),
    ],
)
def test_pairs_of_an_effect_and_its_error(columns, value, error):
    found = choose_columns(columns, source="m.csv", value_column=value)
    assert (found.value, found.error, found.foreign_error) == (value, error, None)


@pytest.mark.parametrize(
    ("columns", "value", "rivals"),
    [
        (["region", "d_AD", "d_MCI", "SE"], "d_MCI", ("d_AD",)),
        (["region", "mean_diff", "SE", "t", "p", "cohens_d"], "cohens_d", ("mean_diff",)),
        (["region", "value", "difference", "SE"], "value", ("difference",)),
        (["region", "d", "g", "SE"], "d", ("g",)),
    ],
)
def test_an_error_that_may_be_of_two_effects_is_neither_s(columns, value, rivals):
    found = choose_columns(columns, source="m.csv", value_column=value)
    assert (found.error, found.foreign_error, found.rivals) == (None, "SE", rivals)
    assert choose_columns(columns, source="m.csv", value_column=value, se_column="SE").error == "SE"


def test_an_error_of_another_name_is_another_s():
    found = choose_columns(["region", "d_AD", "se_AD", "d_MCI"], source="m.csv", value_column="d_MCI")
    assert (found.error, found.foreign_error) == (None, "se_AD")


@pytest.mark.parametrize(
    ("ends", "interval"),
    [
        (["ci_low", "ci_high"], ("ci_low", "ci_high", 0.95)),
        (["conf.low", "conf.high"], ("conf.low", "conf.high", 0.95)),
        (["lower.CL", "upper.CL"], ("lower.CL", "upper.CL", 0.95)),
        (["Q2.5", "Q97.5"], ("Q2.5", "Q97.5", 0.95)),
        (["l-95% CI", "u-95% CI"], ("l-95% CI", "u-95% CI", 0.95)),
        (["[0.025", "0.975]"], ("[0.025", "0.975]", 0.95)),
        (["5%", "95%"], ("5%", "95%", 0.9)),
        (["hdi_3%", "hdi_97%"], ("hdi_3%", "hdi_97%", 0.94)),
        (["lower50", "upper50", "lower90", "upper90"], ("lower90", "upper90", 0.9)),
        (["lower_MCI", "upper_MCI"], None),
        (["LowerCI"], None),
        (["95% CI"], ("95% CI", "95% CI", 0.95)),
    ],
)
def test_the_interval_of_an_effect(ends, interval):
    found = choose_columns(["region", "d", *ends], source="m.csv").interval
    assert found == (interval and (*interval[:2], pytest.approx(interval[2])))
    assert choose_columns(["region", "d", "b", *ends], source="m.csv").interval is None


def test_the_first_kind_is_read_and_no_other():
    assert (
        choose_columns(["region", "logFC", "AveExpr", "t", "P.Value", "adj.P.Val", "B"], source="m.csv").value
        == "logFC"
    )
    assert choose_columns(["region", "t", "p"], source="m.csv").value == "t"
    assert choose_columns(["region", "x", "y", "z", "value"], source="m.csv").value == "value"
    assert choose_columns(["region", "mean", "sd", "d_AD"], source="m.csv").value == "d_AD"
    assert choose_columns(["region", "d", "t"], source="m.csv", kind="t").value == "t"
    assert choose_columns(["region", "d", "value"], source="m.csv", kind="t").value == "value"
    with pytest.raises(InputError, match=r"m\.csv: several effects, d_AD, d_MCI; name one with --value-column"):
        choose_columns(["region", "d_AD", "d_MCI", "SE"], source="m.csv")
    with pytest.raises(InputError, match=r"--kind t, but no column has such effects by its name \(d is Cohen's d\)"):
        choose_columns(["region", "d"], source="m.csv", kind="t")
    with pytest.raises(InputError, match="no column of effects among x, y, z"):
        choose_columns(["x", "y", "z"], source="m.csv")


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (
            {"value_column": "se"},
            r"m\.csv: se holds standard errors by its name, no effects; give --value-column the eff",
        ),
        ({"value_column": "P.Value"}, "P.Value holds p values by its name, no effects"),
        ({"value_column": "B"}, "B holds limma's log odds by its name, no effects"),
        ({"value_column": "n0"}, "n0 holds sizes of a group by its name, no effects"),
        ({"se_column": "n1"}, "n1 holds the size of a group, no standard errors"),
        ({"se_column": "P.Value"}, "P.Value holds p values, no standard errors; give --se-column the column of these"),
        ({"value_column": "d", "se_column": "d"}, "d holds the effect, no standard errors"),
    ],
)
def test_columns_that_hold_something_else_are_refused(asked, message):
    with pytest.raises(InputError, match=message):
        choose_columns(["region", "d", "se", "P.Value", "logFC", "B", "n0", "n1"], source="m.csv", **asked)


def test_expression_in_place_of_a_map():
    genes = [f"GENE{k}" for k in range(80)]
    with pytest.raises(InputError, match=r"81 columns, as a table of expression has them .* swapped.*--value-column"):
        choose_columns(["d", *genes], source="m.csv")
    assert choose_columns(["d", *genes], source="m.csv", value_column="d").value == "d"


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


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        (["region", "d", "se", "p"], ("d", "se")),
        (["Hem", "d", "NPD", "NHC"], ("d", "NHC", "NPD")),
        (["region", "d", "b"], ()),
        (["region", "SE", "APOE"], ()),
        (["", "B", "SE", *[f"GENE{k}" for k in range(80)]], ()),
    ],
)
def test_a_table_of_effects_by_its_columns(columns, found):
    assert effect_table(columns) == found


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        (["n.patients", "n.controls"], ("n.controls", "n.patients")),
        (["NPD", "NHC", "n_sites"], ("NHC", "NPD")),
        (["d-icv", "n-firstepisode", "n-recurrent"], ("n-firstepisode", "n-recurrent")),
        (["nFTD", "nCN"], ("nFTD", "nCN")),
        (["n_patients", "n_total"], None),
        (["n_sites", "n_studies"], None),
        (["n_a", "n_b", "n_c"], None),
        (["n", "", "network"], None),
    ],
)
def test_the_sizes_of_two_groups(columns, found):
    assert group_size_columns(columns) == found
