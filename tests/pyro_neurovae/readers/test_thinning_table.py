"""Files to thinning maps: the public files first, small made ones for each spelling and fault."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from pyro_neurovae.atlases.atlas import dk68_names
from pyro_neurovae.errors import InputError, NeurovaeWarning
from pyro_neurovae.readers.standard_errors import cohens_d_error
from pyro_neurovae.readers.thinning_table import map_names, read_thinning

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
    assert any("the graph lacks set aside: R_transversetemporal, R_insula" in notice for notice in found.notices)


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
        ("region", "L_insula", r"map\.csv: two rows for one region, L_insula"),
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
    assert found.notices == (
        f"adni1_ad_{pipeline}.csv: read difference_mm (in mm, negative for thinner) with the standard errors se.",
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
    with pytest.raises(InputError, match="row L_cuneus: a group size in n_controls or n_patients is not above 0"):
        read_thinning(saved(tmp_path, table), DK)


def test_maps_are_named_after_their_files(tmp_path):
    assert map_names(["a/enigma_pd.txt", "b/scz.csv.gz"]) == ["enigma_pd", "scz"]
    with pytest.raises(InputError, match=r"a/pd\.csv and b/pd\.txt would both be map pd; rename"):
        map_names(["a/pd.csv", "b/pd.txt"])
    with pytest.raises(InputError, match="no thinning file"):
        map_names([])
