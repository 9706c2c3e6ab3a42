"""Files to thinning maps: the public files first, small made ones for each spelling and fault."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from pyro_neurovae.atlases.atlas import dk68_names
from pyro_neurovae.errors import InputError, NeurovaeWarning
from pyro_neurovae.readers.standard_errors import cohens_d_error
from pyro_neurovae.readers.thinning_files import read_thinning
from pyro_neurovae.readers.thinning_table import map_names

DK = dk68_names()


def made_map(**columns):
    """Return a table of all 68 regions: an effect, standard errors and whatever is given."""
    rng = np.random.default_rng(1)
    table = pd.DataFrame({"region": DK, "d": rng.normal(-0.2, 0.1, 68).round(4), "se": 0.05})
    return table.assign(**columns)


def saved(folder, table, name="map.csv", **how):
    path = folder / name
    table.to_csv(path, index=False, **how)
    return path


# The public files


def test_enigma_csv(data_dir):
    found = read_thinning(data_dir / "thickness/enigma_bd_adult.csv", DK)
    assert found.name == "enigma_bd_adult"
    assert found.value[DK.index("L_bankssts")] == -0.207
    assert found.standard_error[DK.index("R_insula")] == 0.031
    assert not np.isnan(found.value).any()
    assert found.notices == (
        "enigma_bd_adult.csv: read d_icv (Cohen's d, negative for thinner) with the standard errors se_icv; group "
        "sizes n_controls and n_patients.",
    )


def test_enigma_csv_with_unnamed_trailing_columns(data_dir):
    with pytest.warns(NeurovaeWarning, match=r"enigma_tle_right\.csv: 13 of 68 .* factor of 2\.8 in"):
        found = read_thinning(data_dir / "thickness/enigma_tle_right.csv", DK)
    assert found.value[0] == -0.218858574
    assert found.standard_error[-1] == 0.102843079


def test_whitespace_text_whose_standard_error_is_not_that_of_d(data_dir):
    found = read_thinning(data_dir / "thickness/enigma_pd.txt", DK)
    right = DK.index("R_bankssts")  # second line: d = -0.122, NPD = 2208, NHC = 1129
    assert found.value[right] == -0.122
    total, product = 2208 + 1129, 2208 * 1129
    expected = np.sqrt(total / product + 0.122**2 / (2 * total))
    assert found.standard_error[right] == pytest.approx(expected, rel=1e-12)
    assert any("computed from the group sizes NHC and NPD; SE may be that of b and" in n for n in found.notices)


def test_asking_for_the_foreign_standard_error_warns_of_the_factor(data_dir):
    with pytest.warns(NeurovaeWarning, match="by a factor of"):
        found = read_thinning(data_dir / "thickness/enigma_pd.txt", DK, se_column="SE")
    assert found.standard_error[0] == 0.007
    assert "factor" in found.notices[-1]


def test_another_value_takes_its_own_standard_error(data_dir):
    found = read_thinning(data_dir / "thickness/enigma_pd.txt", DK, value_column="b")
    assert (found.value[0], found.standard_error[0]) == (-0.026, 0.007)
    assert not any("group sizes" in notice for notice in found.notices)


# Columns


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ("d", "se"),
        ("effect", "SE"),
        ("value", "standard_error"),
        ("thickness", "Std_Err"),
        ("d_icv", "se_icv"),
        ("Cohen's d", "stderr"),
        ("d", "d_se"),
        ("d", "SE_d"),
    ],
)
def test_common_spellings_of_columns(tmp_path, value, error):
    table = made_map().rename(columns={"d": value, "se": error})
    found = read_thinning(saved(tmp_path, table), DK)
    np.testing.assert_array_equal(found.value, table[value])
    np.testing.assert_array_equal(found.standard_error, 0.05)


def test_columns_of_the_users_choice(tmp_path):
    table = made_map(other=made_map()["d"] + 1, spread=0.07)
    found = read_thinning(saved(tmp_path, table), DK, value_column="other", se_column="spread")
    np.testing.assert_array_equal(found.value, table["other"])
    np.testing.assert_array_equal(found.standard_error, 0.07)
    with pytest.raises(InputError, match=r"map\.csv: no column 'nope'; give --se-column one of region, d, se"):
        read_thinning(tmp_path / "map.csv", DK, se_column="nope")


def test_unknown_columns_ask_for_value_column(tmp_path):
    path = saved(tmp_path, made_map().rename(columns={"d": "ad_minus_nc"}))
    with pytest.raises(InputError, match=r"no column of effects among region, ad_minus_nc, se; .*--value-column"):
        read_thinning(path, DK)


def test_hemisphere_in_a_column_of_its_own(tmp_path):
    table = made_map()
    table = table.assign(hemi=["left"] * 34 + ["right"] * 34, region=[name[2:] for name in DK])
    np.testing.assert_array_equal(read_thinning(saved(tmp_path, table), DK).value, table["d"])
    # A column that only repeats what the labels say does no harm.
    np.testing.assert_array_equal(read_thinning(saved(tmp_path, table.assign(region=DK)), DK).value, table["d"])
    table.loc[3, "hemi"] = "both"
    with pytest.raises(InputError, match=r"row cuneus: hemisphere 'both' in column hemi is neither left nor right"):
        read_thinning(saved(tmp_path, table), DK)


def test_rows_in_any_order_one_hemisphere_and_gaps(tmp_path):
    table = made_map()
    some = table.iloc[33::-1].drop(index=5)
    found = read_thinning(saved(tmp_path, some), DK)
    expected = np.where(np.arange(68) < 34, table["d"], np.nan)
    expected[5] = np.nan
    np.testing.assert_array_equal(found.value, expected)
    np.testing.assert_array_equal(np.isnan(found.standard_error), np.isnan(expected))


def test_no_hemisphere_is_an_error(tmp_path):
    table = made_map().iloc[:34].assign(region=[name[2:] for name in DK[:34]])
    with pytest.raises(InputError, match=r"map\.csv.*hemisphere"):
        read_thinning(saved(tmp_path, table), DK)


def test_extra_rows_are_set_aside_and_not_parsed(tmp_path):
    extra = pd.DataFrame({"region": ["lh_unknown_thickness", "Left-Hippocampus"], "d": "x", "se": "-1"})
    found = read_thinning(saved(tmp_path, pd.concat([made_map(), extra])), DK)
    np.testing.assert_array_equal(found.value, made_map()["d"])
    assert any("set aside: lh_unknown_thickness, Left-Hippocampus" in notice for notice in found.notices)


def test_regions_that_the_graph_lacks_are_set_aside(tmp_path):
    found = read_thinning(saved(tmp_path, made_map()), DK[:66])
    assert found.value.shape == (66,)
    assert any("the graph lacks are set aside: R_transversetemporal, R_insula" in notice for notice in found.notices)


def test_another_atlas(tmp_path):
    names = [f"parcel {k}" for k in range(12)]
    table = made_map().iloc[:12].assign(region=[f"Parcel_{k}" for k in range(12)])
    np.testing.assert_array_equal(read_thinning(saved(tmp_path, table), names).value, table["d"])


# Standard errors


def test_group_sizes_stand_in_for_a_missing_column(tmp_path):
    table = made_map(n_control=926, n_case=426).drop(columns="se")
    found = read_thinning(saved(tmp_path, table), DK)
    np.testing.assert_allclose(found.standard_error, cohens_d_error(table["d"].to_numpy(), 926, 426))
    # An empty column says no more than an absent one.
    np.testing.assert_array_equal(
        read_thinning(saved(tmp_path, table.assign(se="")), DK).standard_error, found.standard_error
    )


def test_no_standard_error_and_no_group_sizes(tmp_path):
    path = saved(tmp_path, made_map().drop(columns="se"))
    with pytest.raises(
        InputError, match=r"map\.csv: no column of standard errors of d.*--se-column, or pass --se none"
    ):
        read_thinning(path, DK)
    found = read_thinning(path, DK, standard_error="none")
    np.testing.assert_array_equal(found.standard_error, 0.0)
    assert any("noise of the map is estimated" in notice for notice in found.notices)


def test_group_sizes_say_nothing_of_thickness_in_millimetres(tmp_path):
    table = made_map(n_control=926, n_case=426).drop(columns="se").rename(columns={"d": "thickness"})
    with pytest.raises(InputError, match=r"group sizes tell nothing of an effect in mm; .*--se-column"):
        read_thinning(saved(tmp_path, table), DK)


def test_standard_errors_that_disagree_with_the_group_sizes(tmp_path):
    table = made_map(n_controls=926, n_patients=426)
    implied = cohens_d_error(table["d"].to_numpy(), 926, 426)
    with pytest.warns(NeurovaeWarning) as caught:
        found = read_thinning(saved(tmp_path, table.assign(se=implied * np.where(np.arange(68) == 7, 3, 1))), DK)
    assert len(caught) == 1
    assert "1 of 68 standard errors" in str(caught[0].message)
    assert f"by a factor of 3.0 in {DK[7]}" in str(caught[0].message)
    assert found.notices[1:] == (str(caught[0].message),)
    with pytest.warns(
        NeurovaeWarning, match=r"all 68 .* smaller .* by a factor of 4\.0 .*--se sizes .* from n_controls and n_pat"
    ):
        read_thinning(saved(tmp_path, table.assign(se=implied / 4)), DK)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_thinning(saved(tmp_path, table.assign(se=implied * 1.4)), DK)


@pytest.mark.parametrize(
    ("column", "cell", "message"),
    [
        (
            "se",
            "-0.06",
            r"map\.csv, row L_cuneus: standard error -0\.06 is negative; .*--se-column, or pass --se none",
        ),
        ("se", "0", r"map\.csv, row L_cuneus: standard error 0 is zero"),
        ("se", "", r"map\.csv: no standard error for L_cuneus; .*--se none"),
        ("se", "inf", r"map\.csv, row L_cuneus, column se: 'inf' is infinite"),
        ("d", "0.1a", r"map\.csv, row L_cuneus, column d: '0\.1a' is not a number"),
        ("d", "-inf", r"map\.csv, row L_cuneus, column d: '-inf' is infinite"),
        ("region", "L_cuneos", r"map\.csv.*L_cuneos.*L_cuneus"),
        ("region", "L_insula", r"map\.csv: region L_insula has 2 rows"),
        ("region", "lh_insula", r"map\.csv.*(L_insula.*lh_insula|lh_insula.*L_insula)"),
    ],
)
def test_faults_of_a_row_name_it(tmp_path, column, cell, message):
    table = made_map().astype(object)
    table.loc[3, column] = cell
    path = saved(tmp_path, table)
    with pytest.raises(InputError, match=message) as caught:
        read_thinning(path, DK)
    assert "\n" not in str(caught.value)


def test_empty_standard_errors_are_all_listed(tmp_path):
    table = made_map().astype(object)
    table.loc[10:19, "se"] = ""
    with pytest.raises(InputError, match=f"no standard error for {', '.join(DK[10:20])}; fill them in"):
        read_thinning(saved(tmp_path, table), DK)
    np.testing.assert_array_equal(read_thinning(tmp_path / "map.csv", DK, standard_error="none").standard_error, 0.0)


def test_the_standard_error_of_a_missing_value_does_not_matter(tmp_path):
    table = made_map().astype(object)
    table.loc[3, ["d", "se"]] = ["NA", "-1"]
    found = read_thinning(saved(tmp_path, table), DK)
    assert np.isnan([found.value[3], found.standard_error[3]]).all()


def test_errors_from_sizes_in_place_of_the_column(tmp_path):
    table = made_map(n_controls=926, n_patients=426, se=-0.05)
    implied = cohens_d_error(table["d"].to_numpy(), 926, 426)
    with pytest.raises(
        InputError, match=r"row L_bankssts: .* negative; .*--se sizes .* from n_controls and n_patients, or"
    ):
        read_thinning(saved(tmp_path, table), DK)
    with pytest.raises(InputError, match=r"no standard error for L_cuneus; fill them in, .*--se sizes"):
        read_thinning(saved(tmp_path, table.assign(se=np.where(np.arange(68) == 3, np.nan, implied))), DK)
    found = read_thinning(saved(tmp_path, table), DK, standard_error="sizes")
    np.testing.assert_allclose(found.standard_error, implied)
    assert found.notices[0].endswith("from the group sizes n_controls and n_patients; those in se are set aside.")
    with pytest.raises(InputError, match=r"map\.csv: --se sizes .* for d there are no group sizes; leave it out"):
        read_thinning(saved(tmp_path, made_map()), DK, standard_error="sizes")
    raw = made_map(n_controls=926, n_patients=426).rename(columns={"d": "difference_mm"})
    with pytest.raises(InputError, match=r"but difference_mm is in mm, of which group sizes tell nothing; leave"):
        read_thinning(saved(tmp_path, raw), DK, standard_error="sizes")


def test_the_sizes_are_not_offered_where_some_are_missing(tmp_path):
    table = made_map(n_controls=926, n_patients=426, se=-0.05).astype(object)
    table.loc[3, "n_controls"] = ""
    with pytest.raises(InputError, match="negative") as caught:
        read_thinning(saved(tmp_path, table), DK)
    assert "--se sizes" not in str(caught.value)
    with pytest.raises(InputError, match="no standard error for L_cuneus; fill the group sizes in, pass --se file to"):
        read_thinning(tmp_path / "map.csv", DK, standard_error="sizes")


def test_sizes_of_a_public_meta_analysis_are_held_against_its_p_values(data_dir):
    path = data_dir / "thickness/enigma_scz.csv"
    with pytest.warns(NeurovaeWarning, match=r"44 of 68 .* the p values in pobs agree with them, .*--se sizes"):
        read_thinning(path, DK)
    with pytest.warns(NeurovaeWarning, match=r"2\.1 times .* pobs .* too small by a factor of 2\.1; .*--se file"):
        read_thinning(path, DK, standard_error="sizes")


@pytest.mark.parametrize("pipeline", ["freesurfer", "ants"])
def test_a_difference_in_millimetres_with_its_own_errors(data_dir, pipeline):
    path = data_dir / f"thickness/adni1_ad_{pipeline}.csv"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = read_thinning(path, DK)
    table = pd.read_csv(path)
    np.testing.assert_array_equal(found.value, table["difference_mm"])
    np.testing.assert_array_equal(found.standard_error, table["se"])
    assert (~np.isnan(found.value)).sum() == 62
    assert found.notices[-1] == (
        f"adni1_ad_{pipeline}.csv: read difference_mm (in mm, negative for thinner) with the standard errors se."
    )


def test_errors_of_unnamed_units_are_not_held_against_the_sizes(tmp_path):
    table = made_map(n_controls=926, n_patients=426, se=0.5).rename(columns={"d": "effect"})
    np.testing.assert_array_equal(read_thinning(saved(tmp_path, table), DK).standard_error, 0.5)


def test_only_cohens_d_has_a_share_of_its_standard_deviation(data_dir):
    pd_map = read_thinning(data_dir / "thickness/enigma_pd.txt", DK)
    assert (pd_map.spread_share > 0).all()
    assert pd_map.spread_share.max() < 0.01  # effects are at most .22
    assert read_thinning(data_dir / "thickness/enigma_pd.txt", DK, value_column="b").spread_share is None
    assert read_thinning(data_dir / "thickness/adni1_ad_ants.csv", DK).spread_share is None
    assert read_thinning(data_dir / "thickness/enigma_pd.txt", DK, standard_error="none").spread_share is None


def test_empty_group_sizes(tmp_path):
    table = made_map(n_controls=926, n_patients=426).drop(columns="se").astype(object)
    table.loc[3, "n_controls"] = ""
    with pytest.raises(InputError, match=r"no standard error for L_cuneus; .*--se none"):
        read_thinning(saved(tmp_path, table), DK)
    table.loc[3, "n_controls"] = 0
    with pytest.raises(InputError, match="row L_cuneus: a group size in n_controls or n_patients is not from 1 to"):
        read_thinning(saved(tmp_path, table), DK)


def test_maps_are_named_after_their_files(tmp_path):
    assert map_names(["a/enigma_pd.txt", "b/scz.csv.gz"]) == ["enigma_pd", "scz"]
    with pytest.raises(InputError, match=r"a/pd\.csv and b/pd\.txt would both be map pd; rename"):
        map_names(["a/pd.csv", "b/pd.txt"])
    with pytest.raises(InputError, match="no thinning file"):
        map_names([])


# Tables of other programs


def effects():
    """Differences in mm of which one is d times .16, with the standard error .008, and the t that they give."""
    table = made_map()
    mm = (table["d"] * 0.16).round(4)
    return table["region"], table["d"], mm, mm / 0.008


def written(program):
    region, _, mm, t = effects()
    tables = {
        "limma": {"logFC": mm, "AveExpr": 2.5, "t": t, "P.Value": 0.01, "adj.P.Val": 0.02, "B": 0.5 * t**2 - 4.6},
        "lm": {"Estimate": mm, "Std. Error": 0.008, "t value": t, "Pr(>|t|)": 0.01},
        "broom": {"estimate": mm, "std.error": 0.008, "statistic": t, "p.value": 0.01},
        "emmeans": {"contrast": "AD - HC", "estimate": mm, "SE": 0.008, "df": 118, "t.ratio": t, "p.value": 0.01},
        "brms": {"Estimate": mm, "Est.Error": 0.008, "Q2.5": mm - 0.01568, "Q97.5": mm + 0.01568},
        "statsmodels": {"coef": mm, "std err": 0.008, "t": t, "P>|t|": 0.01, "[0.025": mm - 1, "0.975]": mm + 1},
        "interval": {"difference_mm": mm, "ci_low": mm - 0.01568, "ci_high": mm + 0.01568},
    }
    return pd.DataFrame({"region": region} | tables[program])


@pytest.mark.parametrize("program", ["limma", "lm", "broom", "emmeans", "brms", "statsmodels", "interval"])
def test_the_tables_of_other_programs(tmp_path, program):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = read_thinning(saved(tmp_path, written(program)), DK)
    np.testing.assert_array_equal(found.value, effects()[2])
    np.testing.assert_allclose(found.standard_error, 0.008, rtol=1e-4)
    assert found.spread_share is None
    assert found.notices[0].startswith("map.csv: read ")
    assert found.notices[1:] == (("map.csv: columns not read: AveExpr, B.",) if program == "limma" else ())


def test_the_error_of_another_effect_is_not_read(tmp_path):
    region, d, mm, t = effects()
    both = saved(tmp_path, pd.DataFrame({"ROI": region, "mean_diff": mm, "SE": 0.008, "t": t, "cohens_d": d}))
    with pytest.raises(InputError, match=r"SE may be the standard error of any of cohens_d, mean_diff; .* --se none"):
        read_thinning(both, DK)
    raw = read_thinning(both, DK, value_column="mean_diff")
    assert (raw.value[0], raw.standard_error[0]) == (mm[0], 0.008)
    sizes = saved(tmp_path, pd.DataFrame({"region": region, "beta_dx": mm, "se": 0.008, "d": d, "n0": 60, "n1": 60}))
    found = read_thinning(sizes, DK)
    np.testing.assert_allclose(found.standard_error, cohens_d_error(d.to_numpy(), 60, 60))
    assert "se may be that of beta_dx and is not read" in found.notices[0]


@pytest.mark.parametrize("name", ["value", "effect", "thinning_mm", "percent_change", "mean_diff"])
def test_the_formula_of_d_is_for_d_alone(tmp_path, name):
    table = made_map(n_controls=60, n_patients=60).drop(columns="se").rename(columns={"d": name})
    with pytest.raises(InputError, match="group sizes tell nothing of an effect"):
        read_thinning(saved(tmp_path, table), DK)
    said = read_thinning(tmp_path / "map.csv", DK, kind="d", value_column=name)
    np.testing.assert_allclose(said.standard_error, cohens_d_error(table[name].to_numpy(), 60, 60))


def test_a_map_of_t_values(tmp_path):
    region, _, _, t = effects()
    named = read_thinning(saved(tmp_path, pd.DataFrame({"region": region, "t": t})), DK)
    unnamed = saved(tmp_path, pd.DataFrame({"region": region, "value": t}))
    with pytest.raises(InputError, match=r"say what value is with --kind \(t or z for such values, whose error is 1\)"):
        read_thinning(unnamed, DK)
    for found in (named, read_thinning(unnamed, DK, kind="t")):
        np.testing.assert_array_equal(found.standard_error, 1.0)
        np.testing.assert_array_equal(found.value, t)
    with pytest.raises(
        InputError, match="unknown kind of effect 'v': the known ones are auto, d, mm, percent, rate, t, z, b"
    ):
        read_thinning(unnamed, DK, kind="v")


def test_a_table_without_an_effect(tmp_path):
    thickness = np.random.default_rng(3).uniform(2, 3.2, 68)
    levels = {"region": DK, "mean": thickness, "sd": 0.2, "p": 0.01, "n_controls": 60, "n_patients": 60}
    with pytest.raises(InputError, match="no column of effects among region, mean, sd, p"):
        read_thinning(saved(tmp_path, pd.DataFrame(levels)), DK)
    with pytest.raises(InputError, match=r"value is 2.* to 3.*, as the thickness of a group"):
        read_thinning(saved(tmp_path, pd.DataFrame({"region": DK, "value": thickness, "se": 0.1})), DK)
    maps = saved(tmp_path, pd.DataFrame({"region": DK} | dict.fromkeys(["AD", "MCI", "B", "G"], thickness - 3)))
    with pytest.raises(InputError, match="G may be an effect or the name of a map, as B, AD, MCI may be; name the one"):
        read_thinning(maps, DK, standard_error="none")


def test_rows_that_are_no_region_may_stand_twice(tmp_path):
    twice = pd.DataFrame({"region": ["corpuscallosum"] * 2, "d": 0.1, "se": 0.1, "hemi": ["lh", "rh"]})
    found = read_thinning(saved(tmp_path, pd.concat([made_map(hemi=""), twice])), DK)
    np.testing.assert_array_equal(found.value, made_map()["d"])


def test_several_contrasts_in_one_table(tmp_path):
    stacked = pd.concat([made_map(contrast="AD"), made_map(contrast="MCI")])
    with pytest.raises(InputError, match=r"L_bankssts has 2 rows, told apart by contrast \(AD, MCI\); keep the rows"):
        read_thinning(saved(tmp_path, stacked), DK)


# Signs


def test_positive_for_thinner(tmp_path):
    table = made_map()
    path = saved(tmp_path, table.assign(d=-table["d"]).rename(columns={"d": "atrophy"}))
    found = read_thinning(path, DK)
    assert "effects are positive and it is called atrophy, and negative is read as thinner in cases" in found.notices[1]
    turned = read_thinning(path, DK, flip=True)
    np.testing.assert_array_equal(turned.value, table["d"])
    np.testing.assert_array_equal(turned.standard_error, 0.05)
    assert turned.notices == (
        "map.csv: read atrophy (in units that its name does not tell, signs turned round so that negative is thinner) "
        "with the standard errors se.",
    )
    contrast = read_thinning(saved(tmp_path, table.assign(contrast="HC - AD")), DK)
    assert "its contrast is HC - AD, and negative is read as thinner" in contrast.notices[1]


# Numbers at the edge


@pytest.mark.parametrize(
    ("column", "factor", "message"),
    [
        ("d", 1e200, r"map\.csv, row .*: column d .*e\+19\d is beyond 1e\+30, more than can be computed with"),
        ("d", 1e308, "is beyond 1e"),
        ("d", 1e-310, r"map\.csv: column d is nowhere above .*, less than can be computed with"),
        (
            "d",
            0,
            r"map\.csv: column d is -?0 in every region, up to rounding; name the column of the effect with --value",
        ),
        ("se", 1e200, r"row L_bankssts: standard error 5e\+198 is beyond 1e\+30.*--se none"),
        ("se", 1e-310, r"map\.csv: standard error is nowhere above"),
    ],
)
def test_numbers_at_the_edge(tmp_path, column, factor, message):
    table = made_map()
    with pytest.raises(InputError, match=message):
        read_thinning(saved(tmp_path, table.assign(**{column: table[column] * factor})), DK)


# ENIGMA's files of other disorders


def enigma(value="d.icv", error="se.icv", **columns):
    """A table with the header of ENIGMA's summary statistics, in the spelling with dots."""
    d = made_map()["d"].round(3)
    table = {
        "CorticalThickness": "X_casevsCN",
        "Structure": DK,
        value: d,
        error: 0.06,
        "low.ci.icv": "",
        "up.ci.icv": "",
    }
    more = {"n.controls": 539, "n.patients": 733, "pobs": 0.5, "fdr.p": 0.95}
    return pd.DataFrame(table | more | columns)


def test_negative_errors_of_enigma(tmp_path):
    path = saved(tmp_path, enigma(**{"se.icv": -0.06}), "adhd.csv")
    with pytest.raises(
        InputError,
        match=r"adhd\.csv, row L_bankssts: standard error -0\.06 is negative; .*pass --se sizes to compute them from "
        r"n\.controls and n\.patients",
    ):
        read_thinning(path, DK)
    found = read_thinning(path, DK, standard_error="sizes")
    np.testing.assert_allclose(found.standard_error, cohens_d_error(found.value, 539, 733))
    assert found.notices[0].endswith("from the group sizes n.controls and n.patients; those in se.icv are set aside.")


def test_hyphens_and_other_groups_of_enigma(tmp_path):
    table = enigma(pobs="0,21", **{"se.icv": 0.167})
    table["Structure"] = [name.replace("_", "-") for name in DK]
    spelled = {"n.controls": "n-firstepisode", "n.patients": "n-recurrent", "d.icv": "d-icv", "se.icv": "se-icv"}
    path = saved(tmp_path, table.rename(columns=spelled), "mdd.csv")
    with pytest.warns(NeurovaeWarning, match="larger than what the group sizes imply"):
        assert read_thinning(path, DK).standard_error[0] == 0.167
    found = read_thinning(path, DK, standard_error="sizes")
    np.testing.assert_allclose(found.standard_error, cohens_d_error(found.value, 539, 733))


def test_errors_of_enigma_that_are_in_millimetres(tmp_path):
    path = saved(tmp_path, enigma(**{"se.icv": 0.007, "n.controls": 1284, "n.patients": 1357}), "ocd.csv")
    with pytest.warns(NeurovaeWarning, match=r"smaller than what the group sizes imply, .*pass --se sizes to compute"):
        read_thinning(path, DK)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = read_thinning(path, DK, standard_error="sizes")
    np.testing.assert_allclose(found.standard_error, cohens_d_error(found.value, 1284, 1357))


def test_empty_columns_of_enigma(tmp_path):
    empty = {"se.icv": "", "pobs": ""}
    lacking = enigma(**empty)
    lacking.loc[3, ["d.icv", "n.controls", "n.patients"]] = [np.nan, np.nan, np.nan]
    found = read_thinning(saved(tmp_path, lacking, "asd.csv"), DK)
    np.testing.assert_allclose(found.standard_error, cohens_d_error(found.value, 539, 733))
    assert np.isnan(found.standard_error[3])
    path = saved(tmp_path, enigma(**empty | {"n.controls": "", "n.patients": ""}), "lifespan.csv")
    with pytest.raises(
        InputError, match=r"no column of standard errors of d\.icv and the group sizes .* are empty; .*none"
    ):
        read_thinning(path, DK)
    assert not read_thinning(path, DK, standard_error="none").standard_error.any()


@pytest.mark.parametrize("choice", ["file", "sizes", "none"])
def test_every_public_map_is_read_or_refused_with_a_reason(data_dir, choice):
    for path in sorted((data_dir / "thickness").iterdir()):
        if choice == "sizes" and "difference_mm" in path.read_text():
            with pytest.raises(InputError, match="difference_mm is in mm, of which group sizes tell nothing"):
                read_thinning(path, DK, standard_error=choice)
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NeurovaeWarning)
            found = read_thinning(path, DK, standard_error=choice)
        seen = ~np.isnan(found.value)
        assert seen.sum() >= 62
        assert np.isfinite(found.standard_error[seen]).all()
        assert any(notice.startswith(f"{path.name}: read d") for notice in found.notices)
