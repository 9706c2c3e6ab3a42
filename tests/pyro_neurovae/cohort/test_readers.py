"""Readers of subjects' thickness: every format gives the same numbers, in any order, and says what it left out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import pyro_neurovae as nv
from pyro_neurovae.cohort.diagnoses import diagnosis_of
from pyro_neurovae.cohort.visits import plain_visit

COVARIATES = ["subject", "diagnosis", "age", "sex", "icv", "site"]


def _same(found: nv.Subjects, wide: pd.DataFrame) -> None:
    expected = wide.set_index("subject").loc[list(found.names), list(found.regions)]
    np.testing.assert_allclose(found.thickness, expected.to_numpy(dtype=float), atol=5e-4, equal_nan=True)
    group = wide.set_index("subject").loc[list(found.names), "diagnosis"]
    assert list(found.table["diagnosis"]) == list(group)


def test_a_wide_table_is_read_in_any_order(wide: pd.DataFrame) -> None:
    found = nv.read_subjects(wide)
    assert found.regions == nv.RegionGraph.dk68().names
    _same(found, wide)
    shuffled = wide.sample(frac=1, random_state=1).sample(frac=1, axis=1, random_state=2)
    again = nv.read_subjects(shuffled, subject_column="subject")
    _same(again, wide)
    assert again.regions == found.regions


@pytest.mark.parametrize(
    "spelling",
    [
        lambda side, region: f"{side}h_{region}_thickness".lower(),
        lambda side, region: f"ctx-{side.lower()}h-{region}",
        lambda side, region: f"{side.lower()}h.{region}.thickness",
        lambda side, region: f"{side}_{region}_thickavg",
        lambda side, region: f"{region}_{'left' if side == 'L' else 'right'}",
    ],
)
def test_label_variants_of_a_wide_table_all_resolve(wide: pd.DataFrame, spelling: Callable[[str, str], str]) -> None:
    renamed = wide.rename(columns=lambda name: spelling(name[0], name[2:]) if name[:2] in ("L_", "R_") else name)
    _same(nv.read_subjects(renamed), wide)


def test_areas_volumes_and_totals_are_no_thickness(wide: pd.DataFrame) -> None:
    wide["L_bankssts_surfavg"], wide["lh_bankssts_volume"], wide["LThickness"], wide["ICV"] = 1000, 2000, 2.4, 1.5e6
    found = nv.read_subjects(wide)
    _same(found, wide)
    assert "ICV" in found.table.columns


def test_aparcstats_tables_are_joined_by_subject(
    wide: pd.DataFrame, write_hemispheres: Callable[..., list[Path]], tmp_path: Path
) -> None:
    wide.loc[4, "R_insula"] = 0.0
    left, right = write_hemispheres(wide)
    lines = right.read_text().splitlines()
    right.write_text("\n".join([lines[0], *reversed(lines[1:])]) + "\n")
    wide[COVARIATES].sample(frac=1, random_state=0).to_csv(tmp_path / "people.csv", index=False)
    wide.loc[4, "R_insula"] = np.nan
    found = nv.read_subjects(tmp_path / "people.csv", [left, right])
    _same(found, wide)
    assert any("1 thicknesses of 0" in notice for notice in found.notices)
    _same(nv.read_subjects(tmp_path / "people.csv", [right, left]), wide)


def test_a_folder_of_stats_files_is_read(wide: pd.DataFrame, write_stats: Callable[..., Path]) -> None:
    wide.loc[2, "L_temporalpole"] = np.nan
    found = nv.read_subjects(wide[COVARIATES], write_stats(wide))
    _same(found, wide)
    assert any("1 regions absent" in notice for notice in found.notices)


def test_a_long_table_is_read_in_any_order(wide: pd.DataFrame) -> None:
    long = wide.melt(id_vars=COVARIATES, var_name="region", value_name="thickness").sample(frac=1, random_state=0)
    found = nv.read_subjects(long.reset_index(drop=True))
    _same(found, wide)
    assert list(found.table.columns) == COVARIATES[1:]
    split = long.assign(hemisphere=long["region"].str[0], region=long["region"].str[2:])
    _same(nv.read_subjects(split.reset_index(drop=True)), wide)


def test_adni_tables_are_joined_by_rid_and_visit(small_cohort: nv.SimulatedCohort) -> None:
    tables = small_cohort.tables()
    found = nv.read_subjects(tables["ADNIMERGE"], tables["UCSFFSX51"])
    truth = dict(zip(small_cohort.subjects.names, small_cohort.subjects.thickness, strict=True))
    groups = dict(zip(small_cohort.subjects.names, small_cohort.subjects.table["diagnosis"], strict=True))
    known = [row for row, name in enumerate(found.names) if name in truth]
    assert sorted(found.names[row] for row in known) == sorted(truth)
    for row in known:
        seen = ~np.isnan(found.thickness[row])
        np.testing.assert_array_equal(found.thickness[row][seen], truth[found.names[row]][seen])
        assert found.table["diagnosis"][row] == groups[found.names[row]]
    # A failed rescan, another visit and codes for missing never stand for the person's thickness.
    for sentence in ("OVERALLQC says Fail", "coded -4 are missing", "visit bl kept"):
        assert any(sentence in notice for notice in found.notices), sentence


def test_an_adni_export_with_suffixed_columns_is_the_same(small_cohort: nv.SimulatedCohort) -> None:
    tables = small_cohort.tables()
    plain = nv.read_subjects(tables["ADNIMERGE"], tables["UCSFFSX51"])
    ending = "_UCSFFSX_11_02_15_UCSFFSX51_08_01_16"
    measures = [name for name in tables["UCSFFSX51"].columns if name[:2] == "ST" and name[2].isdigit()]
    suffixed = tables["UCSFFSX51"].rename(columns={name: name + ending for name in measures})
    again = nv.read_subjects(tables["ADNIMERGE"], suffixed.sample(frac=1, axis=1, random_state=0))
    np.testing.assert_array_equal(plain.thickness, again.thickness)
    assert plain.names == again.names


X, L = "_UCSFFSX_11_02_15_UCSFFSX51_08_01_16", "_UCSFFSL_02_01_16_UCSFFSL51ALL_08_01_16"


def _merged(tables: dict[str, pd.DataFrame], *suffixes: str) -> pd.DataFrame:
    """One table of visits with the columns of FreeSurfer tables beside it, as TADPOLE has them."""
    scans = tables["UCSFFSX51"].query("VISCODE != 'm12'").drop(columns="VISCODE").set_index("RID")
    people = tables["ADNIMERGE"].query("VISCODE == 'bl'").set_index("RID")
    parts = [scans.add_suffix(suffix) for suffix in suffixes]
    people = people.drop(columns=["EXAMDATE"] if "" in suffixes else [])
    return people.join(pd.concat(parts, axis=1), how="right").copy().reset_index()


def test_a_suffix_goes_off_the_columns_of_qc_too(small_cohort: nv.SimulatedCohort) -> None:
    tables = small_cohort.tables()
    scans = tables["UCSFFSX51"]
    tables["UCSFFSX51"] = scans[~scans["RID"].duplicated(keep=False) | (scans["OVERALLQC"] == "Fail")]
    plain = nv.read_subjects(_merged(tables, "").drop(columns=["DX_bl"]))
    found = nv.read_subjects(_merged(tables, X).drop(columns=["DX_bl"]))
    assert found.names == plain.names
    np.testing.assert_array_equal(found.thickness, plain.thickness)
    failed = set(scans[(scans["OVERALLQC"] == "Fail")]["RID"].map(str))
    assert failed
    assert not failed & set(found.names)
    assert any("scans whose OVERALLQC says Fail left out" in one for one in found.notices)
    assert any(f"columns that end with {X} are read without that ending, in place of EXAMDATE" in one
               for one in found.notices)  # fmt: skip
    assert "FLDSTRENG" in found.table.columns


def test_a_suffix_that_names_no_table_is_that_of_the_scans_only(small_cohort: nv.SimulatedCohort) -> None:
    tables = small_cohort.tables()
    scans = tables["UCSFFSX51"]
    tables["UCSFFSX51"] = scans[~scans["RID"].duplicated(keep=False)]
    plain, found = nv.read_subjects(_merged(tables, "")), nv.read_subjects(_merged(tables, "_bl"))
    assert found.names == plain.names
    assert list(found.table["DX"]) == list(plain.table["DX"])
    assert list(found.table["DX_bl"]) == list(plain.table["DX_bl"])


def test_of_two_tables_side_by_side_one_is_chosen(small_cohort: nv.SimulatedCohort) -> None:
    tables = small_cohort.tables()
    tables["UCSFFSX51"] = tables["UCSFFSX51"].query("OVERALLQC == 'Pass' and VISCODE != 'm12'")
    both = _merged(tables, X, L)
    thick = [name for name in both if name.endswith(L) and name.startswith("ST") and name[2].isdigit()]
    numbers = both[thick].apply(pd.to_numeric, errors="coerce")
    both[thick] = numbers.where(numbers < 0, numbers + 0.25)
    with pytest.raises(nv.InputError, match=r"thickness of 2 tables.*choose one with --adni-table UCSFFSX"):
        nv.read_subjects(both)
    found = {name: nv.read_subjects(both, adni_table=name) for name in ("UCSFFSX", "ucsffsl")}
    difference = found["ucsffsl"].thickness - found["UCSFFSX"].thickness
    assert np.nanmedian(difference) == pytest.approx(0.25)
    assert any(f"thickness that ends with {L} is set aside" in one for one in found["UCSFFSX"].notices)
    for wrong, message in (("UCSFF", "fits 2 of the endings"), ("UCSFFSY", "fits 0 of the endings")):
        with pytest.raises(nv.InputError, match=message):
            nv.read_subjects(both, adni_table=wrong)
    with pytest.raises(nv.SettingsError, match="no table has ADNI's columns"):
        nv.read_subjects(small_cohort.subjects.table.assign(L_insula=2.5, R_insula=2.4), adni_table="UCSFFSX")


def test_what_qc_leaves_out_or_can_not_judge_is_told(small_cohort: nv.SimulatedCohort) -> None:
    tables = small_cohort.tables()
    scans = tables["UCSFFSX51"].query("OVERALLQC == 'Pass' and VISCODE != 'm12'").reset_index(drop=True)

    def read(words: list[str]) -> nv.Subjects:
        change = pd.Series(words).reindex(scans.index, fill_value="Pass")
        return nv.read_subjects(tables["ADNIMERGE"], scans.assign(OVERALLQC=change))

    found = read(["FAIL", "Fail (motion)", "hippocampus  only", "", "-4"])
    assert found.n_rows == len(scans) - 3
    assert any("3 scans whose OVERALLQC says Fail left out" in one for one in found.notices)
    assert any("2 scans whose OVERALLQC is empty kept" in one for one in found.notices)
    with pytest.raises(nv.InputError, match=r"line 3: OVERALLQC '0' is none of Pass, Partial, Fail"):
        read(["Pass", "0"])
    found = nv.read_subjects(tables["ADNIMERGE"], scans.drop(columns="OVERALLQC"))
    assert any("no column OVERALLQC, so that no scan is left out" in one for one in found.notices)
    thick = [name for name in scans if name.endswith("TA")]
    found = nv.read_subjects(
        tables["ADNIMERGE"], scans.assign(**{name: scans[name].where(scans.index > 4) for name in thick})
    )
    assert found.n_rows == len(scans) - 5
    assert any("5 rows without any thickness left out" in one for one in found.notices)


def test_rids_written_differently_are_one(small_cohort: nv.SimulatedCohort) -> None:
    tables = small_cohort.tables()
    plain = nv.read_subjects(tables["ADNIMERGE"], tables["UCSFFSX51"])
    texts = tables["ADNIMERGE"].assign(RID=[f"{number:04d}" for number in tables["ADNIMERGE"]["RID"]])
    floats = tables["UCSFFSX51"].assign(RID=tables["UCSFFSX51"]["RID"].astype(float))
    again = nv.read_subjects(texts, floats)
    assert again.names == plain.names
    assert list(again.table["AGE"]) == list(plain.table["AGE"])


def test_another_visit_can_be_asked_for(small_cohort: nv.SimulatedCohort) -> None:
    tables = small_cohort.tables()
    later = nv.read_subjects(tables["ADNIMERGE"], tables["UCSFFSX51"], visit="m12")
    assert set(later.visits) == {"m12"}
    every = nv.read_subjects(tables["ADNIMERGE"], tables["UCSFFSX51"], visit="all")
    assert every.n_rows > later.n_rows
    with pytest.raises(nv.InputError, match=r"no scan at visit m99; the visits are bl, m12"):
        nv.read_subjects(tables["ADNIMERGE"], tables["UCSFFSX51"], visit="m99")


def test_partial_qc_empties_its_own_lobe_only(small_cohort: nv.SimulatedCohort) -> None:
    tables = small_cohort.tables()
    scans = tables["UCSFFSX51"]
    scans = scans[scans["VISCODE"] != "m12"].assign(OVERALLQC="Partial", TEMPQC="Pass", FRONTQC="Fail")
    found = nv.read_subjects(tables["ADNIMERGE"], scans)
    missing = dict(zip(found.regions, np.isnan(found.thickness).mean(axis=0), strict=True))
    for region in ("L_superiorfrontal", "R_precentral", "L_rostralanteriorcingulate"):
        assert missing[region] == 1
    for region in ("L_entorhinal", "R_cuneus", "L_posteriorcingulate", "R_insula"):
        assert missing[region] < 0.1


def test_the_best_scan_of_a_visit_stays(small_cohort: nv.SimulatedCohort) -> None:
    scans = small_cohort.tables()["UCSFFSX51"]
    one = scans[(scans["OVERALLQC"] == "Pass") & (scans["VISCODE"] == "bl")].iloc[[0]].copy()
    older = one.assign(EXAMDATE="3/29/2009", IMAGEUID=999_999_999, ST13TA=2.0)
    newer = one.assign(EXAMDATE="2010-03-29", IMAGEUID=1, ST13TA=2.2)
    worse = one.assign(EXAMDATE="2012-01-01", OVERALLQC="Partial", ST13TA=1.8)
    failed = one.assign(EXAMDATE="2013-01-01", OVERALLQC="Fail", ST13TA=1.0)
    table = pd.concat([newer, failed, older, worse], ignore_index=True)
    found = nv.read_subjects(small_cohort.tables()["ADNIMERGE"], table)
    assert found.n_rows == 1
    assert found.thickness[0, found.regions.index("L_bankssts")] == 2.2
    assert any("2 further scans" in notice for notice in found.notices)


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"DX": ["CN", "MCI", "Dementia", ""]}, ["CN", "MCI", "AD", None]),
        ({"DXCURREN": ["1", "2", "3", "-4"]}, ["CN", "MCI", "AD", None]),
        ({"DXCHANGE": [1, 4, 5, 7]}, ["CN", "MCI", "AD", "CN"]),
        ({"DXCHANGE": [9, 8, 6, 2]}, ["CN", "MCI", "AD", "MCI"]),
        ({"DIAGNOSIS": [1.0, 2.0, 3.0, np.nan]}, ["CN", "MCI", "AD", None]),
        ({"DXCURREN": ["1", ""], "DXCHANGE": ["", "3"]}, ["CN", "AD"]),
    ],
)
def test_diagnoses_of_every_phase_are_one_column(columns: dict[str, list[object]], expected: list[str | None]) -> None:
    found = diagnosis_of(pd.DataFrame(columns))
    assert found is not None
    assert [None if pd.isna(one) else one for one in found] == expected


def test_dxsum_is_joined_like_adnimerge(small_cohort: nv.SimulatedCohort) -> None:
    tables = small_cohort.tables()
    merge = tables["ADNIMERGE"]
    codes = {"CN": "1", "MCI": "2", "Dementia": "3", "": "-4"}
    dxsum = pd.DataFrame(
        {"RID": merge["RID"], "VISCODE": "v01", "VISCODE2": merge["VISCODE"], "DXCHANGE": merge["DX"].map(codes)}
    )
    people = merge[merge["VISCODE"] == "bl"][["RID", "AGE", "PTGENDER"]]
    found = nv.read_subjects([dxsum, people], tables["UCSFFSX51"])
    reference = nv.read_subjects(merge, tables["UCSFFSX51"])
    assert list(found.table["diagnosis"]) == list(reference.table["diagnosis"])
    assert list(found.table["AGE"]) == list(reference.table["AGE"])


@pytest.mark.parametrize("code", ["bl", "sc", "SCMRI", "m00"])
def test_every_name_of_the_baseline_is_one(code: str) -> None:
    assert plain_visit(code) == "bl"


def test_the_toolbox_example_is_read_as_it_is(data_dir: Path) -> None:
    folder = data_dir / "subjects"
    found = nv.read_subjects(folder / "cov.csv", folder / "metr2_CortThick.csv")
    assert found.n_rows == 20
    assert len(found.regions) == 68
    raw = pd.read_csv(folder / "metr2_CortThick.csv").set_index("SubjID")
    assert found.thickness[3, 0] == raw.loc[found.names[3], "L_bankssts_thickavg"]
    result = nv.contrast(found, group="Dx", case=1, control=0, covariates=["Age", "Sex"])
    assert list(result.map["n_control"].unique()) == [10]


def test_a_transposed_table_is_turned(
    wide: pd.DataFrame, write_hemispheres: Callable[..., list[Path]], tmp_path: Path
) -> None:
    files = write_hemispheres(wide)
    for file in files:
        table = pd.read_csv(file, sep="\t", index_col=0)
        table.T.rename_axis(table.index.name).to_csv(file, sep="\t")
    found = nv.read_subjects(wide[COVARIATES], files)
    _same(found, wide)
    assert found.names == tuple(wide["subject"])
    frame = wide.set_index("subject")[list(found.regions)].T
    _same(nv.read_subjects(wide[COVARIATES], frame), wide)


def test_volumes_beside_a_hemisphere_are_covariates_and_repeated_ones_are_one(
    wide: pd.DataFrame, write_hemispheres: Callable[..., list[Path]], tmp_path: Path
) -> None:
    files = write_hemispheres(wide)
    assert "eTIV" in nv.read_subjects(wide[COVARIATES], files).table.columns
    left, right = (pd.read_csv(file, sep="\t").iloc[:, 1:] for file in files)
    merged = pd.concat([wide[COVARIATES], left, right], axis=1)
    merged.to_csv(tmp_path / "merged.csv", index=False)
    for table in (merged, tmp_path / "merged.csv"):
        found = nv.read_subjects(table)
        _same(found, wide)
        assert list(found.table.columns).count("eTIV") == 1
    merged.iloc[3, -1] += 1
    with pytest.raises(nv.InputError, match="two columns are called eTIV, with different cells"):
        nv.read_subjects(merged)


def test_a_stats_file_that_can_not_be_read_is_told(wide: pd.DataFrame, write_stats: Callable[..., Path]) -> None:
    folder = write_stats(wide)
    stats = folder / wide["subject"][3] / "stats" / "lh.aparc.stats"
    text = stats.read_text()
    stats.write_text(text.replace(f"{wide['L_insula'][3]:.3f}", "nan"))
    with pytest.raises(nv.InputError, match=r"lh.aparc.stats, region \w+: thickness nan"):
        nv.read_subjects(wide[COVARIATES], folder)
    stats.unlink()
    stats.symlink_to(folder / "nowhere")
    with pytest.raises(nv.InputError, match=r"lh.aparc.stats: no such file"):
        nv.read_subjects(wide[COVARIATES], folder)
    stats.unlink()
    stats.mkdir()
    with pytest.raises(nv.InputError, match=r"lh.aparc.stats is a folder"):
        nv.read_subjects(wide[COVARIATES], folder)
    stats.rmdir()
    stats.write_bytes(b"\0\1\2")
    with pytest.raises(nv.InputError, match="the file is binary"):
        nv.read_subjects(wide[COVARIATES], folder)


@pytest.mark.parametrize("name", ["", " "])
def test_an_empty_name_is_no_folder(wide: pd.DataFrame, name: str) -> None:
    with pytest.raises(nv.InputError, match="the name of a table is empty"):
        nv.read_subjects(wide, name)
    with pytest.raises(nv.InputError, match="the name of a table is empty"):
        nv.read_subjects([name])


def test_regions_that_are_not_there_and_columns_that_do_nothing_are_told(wide: pd.DataFrame) -> None:
    table = wide.drop(columns=["L_insula", "R_cuneus"]).assign(QC=["pass", "fail"] * 30)
    notices = nv.read_subjects(table).notices
    assert "subjects: no column of L_insula, R_cuneus; these regions are not in the map." in notices
    assert "column QC leaves out no scan by itself; keep the rows that pass." in notices
    assert nv.read_subjects(wide.assign(QC="pass"), hemispheres="left").notices == ()


def test_a_column_of_two_tables_is_that_of_the_later_one(wide: pd.DataFrame) -> None:
    people, regions = wide[COVARIATES], wide.drop(columns=COVARIATES[1:])
    later = people[["subject", "age", "sex"]].assign(age=people["age"] + 1)
    found = nv.read_subjects([people, later], regions)
    assert list(found.table["age"]) == list(people["age"] + 1)
    assert "age of subjects are used, where other tables have other values." in found.notices


def test_the_column_of_subjects_is_that_of_the_table_of_thickness_too(wide: pd.DataFrame) -> None:
    people, regions = wide[COVARIATES], wide.drop(columns=COVARIATES[1:])
    people, regions = (table.rename(columns={"subject": "code"}) for table in (people, regions))
    shuffled = regions[[*regions.columns[1:], "code"]].sample(frac=1, random_state=0)
    found = nv.read_subjects(people, shuffled.reset_index(drop=True), subject_column="code")
    _same(found, wide)


def test_a_hemisphere_without_regions_is_told(wide: pd.DataFrame, write_hemispheres: Callable[..., list[Path]]) -> None:
    left, right = write_hemispheres(wide)
    pd.read_csv(right, sep="\t")[["rh.aparc.thickness", "eTIV"]].to_csv(right, sep="\t", index=False)
    with pytest.raises(
        nv.InputError, match=r"rh.thickness.txt: no column names a region among rh.aparc.thickness, eTIV"
    ):
        nv.read_subjects(wide[COVARIATES], [left, right])


def test_an_index_and_a_column_of_one_name_are_one_or_refused(wide: pd.DataFrame) -> None:
    _same(nv.read_subjects(wide.set_index("subject", drop=False)), wide)
    with pytest.raises(nv.InputError, match="two columns are called subject, with different cells"):
        nv.read_subjects(wide.set_index(wide["subject"] + "x", drop=False))
