"""The contrast of two groups: what it estimates, what it refuses, and what it says of single subjects."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import pyro_neurovae as nv
from pyro_neurovae.atlases.normative import normative_correlation, normative_people
from pyro_neurovae.cohort.regression import hedges_factor
from pyro_neurovae.cohort.shrinkage import shrunk_to_none

GROUPS = {"group": "diagnosis", "case": "AD", "control": "CN"}


@pytest.fixture(scope="module")
def full() -> nv.SimulatedCohort:
    """1,352 subjects."""
    return nv.simulate_cohort(0)


@pytest.fixture(scope="module")
def adjusted(full: nv.SimulatedCohort) -> nv.Contrast:
    """Its contrast, adjusted, with a bootstrap."""
    return nv.contrast(full.subjects, **GROUPS, covariates=["age", "sex", "icv"], bootstrap=300, seed=1)


def test_planted_effects_are_recovered_and_age_biases_what_is_unadjusted(
    full: nv.SimulatedCohort, adjusted: nv.Contrast
) -> None:
    truth = full.truth["d"].to_numpy()
    z = (adjusted.map["d"] - truth) / adjusted.map["se"]
    # The errors share half of their variance: the mean of z has sd sqrt(.5), so that 2.5 is 3.5 of its sds.
    assert abs(z.mean()) < 2.5
    assert np.abs(z).max() < 5
    bias = (adjusted.comparison["unadjusted"] - adjusted.comparison["adjusted"]).mean()
    assert bias < -0.05  # cases are 2.5 years older and thin by .035 sd a year


def test_errors_agree_and_the_covariance_carries_the_shared_errors(
    full: nv.SimulatedCohort, adjusted: nv.Contrast
) -> None:
    table = adjusted.map
    np.testing.assert_allclose(np.sqrt(np.diag(adjusted.covariance)), table["se"])
    np.testing.assert_allclose(table["se"], table["se_hc3"])
    for other in ("se_classical", "se_bootstrap"):  # 300 replicates give an sd to 4%
        assert np.abs(table[other] / table["se"] - 1).median() < 0.05
    assert (table["lower95_bootstrap"] < table["d"]).all()
    upper = np.triu_indices(68, 1)
    alone = nv.contrast(full.subjects, **GROUPS, covariates=["age", "sex", "icv"], normative="none")
    pd.testing.assert_frame_equal(alone.map, table[alone.map.columns])
    assert (alone.settings["target"], adjusted.settings["target"]) == ("none", "pooled")
    own, shrunk = (
        (found.covariance / np.outer(table["se"], table["se"])).to_numpy()[upper] for found in (alone, adjusted)
    )
    assert own.mean() == pytest.approx(0.5, abs=0.05)
    # The simulated people share half of their variance everywhere, which people do not.
    normative = normative_correlation().to_numpy()[upper]
    assert 0.2 < adjusted.settings["shrinkage"] < 0.3
    expected = own + adjusted.settings["shrinkage"] * (normative - own)
    np.testing.assert_allclose(shrunk, expected, atol=0.02)  # the own one is shrunk by Ledoit & Wolf's share


def test_rows_and_columns_in_another_order_change_nothing(wide: pd.DataFrame) -> None:
    covariates = ["age", "sex", "C(site)"]
    wide["site"] = wide.index % 3
    first = nv.contrast(wide, **GROUPS, covariates=covariates)
    shuffled = wide.sample(frac=1, random_state=1).sample(frac=1, axis=1, random_state=2)
    again = nv.contrast(shuffled.reset_index(drop=True), **GROUPS, covariates=covariates, subject_column="subject")
    pd.testing.assert_frame_equal(first.map, again.map)
    pd.testing.assert_frame_equal(first.covariance, again.covariance)


def test_the_same_seed_gives_the_same_replicates(wide: pd.DataFrame) -> None:
    found = [nv.contrast(wide, **GROUPS, bootstrap=100, errors="bootstrap", seed=seed).map for seed in (1, 1, 2)]
    pd.testing.assert_frame_equal(found[0], found[1])
    assert (found[0]["se"] != found[2]["se"]).all()


def test_permuted_groups_are_null_maps_in_the_unit_of_the_map(wide: pd.DataFrame) -> None:
    wide["site"] = wide.index % 3
    options = {"covariates": ["age", "C(site)"], "strata": "site", "permutations": 200}
    found = [nv.contrast(wide, **GROUPS, **options, seed=seed) for seed in (1, 1, 2)]
    assert nv.contrast(wide, **GROUPS).permuted is None
    table = found[0].permuted
    pd.testing.assert_frame_equal(table, found[1].permuted)
    assert (table["value"] != found[2].permuted["value"]).mean() > 0.99
    pd.testing.assert_frame_equal(found[0].map, found[2].map)
    assert list(table.columns) == ["null", "region", "value"]
    assert list(table["null"]) == list(np.repeat(np.arange(1, 201), 68))
    assert list(table["region"][-68:]) == list(found[0].map["region"])
    values = table["value"].to_numpy().reshape(200, 68)
    assert np.median(values.std(0) / found[0].map["se"]) == pytest.approx(1, abs=0.1)
    in_mm = nv.contrast(wide, **GROUPS, **options, effect="mm", seed=1)
    # The same permutations, over the sd of the contrast.
    ratio = (found[0].map["d"] / in_mm.map["b"]).to_numpy()
    np.testing.assert_allclose(values, in_mm.permuted["value"].to_numpy().reshape(200, 68) * ratio, rtol=1e-8)


def test_the_covariance_of_permuted_groups_does_not_hang_on_who_is_a_case(wide: pd.DataFrame) -> None:
    """Of every dealing of the groups it is the same, so that none stands out by its own residuals."""
    options = {"permutations": 19, "errors": "classical", "normative": "none"}
    found = pd.DataFrame(nv.contrast(wide, **GROUPS, **options).permuted.attrs["covariance"])
    dealt = wide.assign(**{GROUPS["group"]: np.random.default_rng(3).permutation(wide[GROUPS["group"]])})
    again = nv.contrast(dealt, **GROUPS, **options)
    pd.testing.assert_frame_equal(found, pd.DataFrame(again.permuted.attrs["covariance"]))
    joined = pd.concat([one.permuted.assign(map=name) for name, one in (("a", again), ("b", again))])  # pandas compares
    assert joined.attrs == again.permuted.attrs
    residual = wide[list(found.index)] - wide[list(found.index)].mean()
    sizes = wide[GROUPS["group"]].value_counts()
    expected = hedges_factor(np.array(len(wide) - 2.0)) * np.sqrt((1 / sizes).sum())
    np.testing.assert_allclose(np.sqrt(np.diag(found)), expected)
    shrunk, share = shrunk_to_none(np.corrcoef(residual.T), residual.to_numpy())
    assert 0 < share < 1
    np.testing.assert_allclose(found / expected**2, shrunk, atol=1e-12)


def test_a_dealing_of_groups_stands_out_no_more_than_others() -> None:
    """By the contrast's own covariance it would: what the group leaves has nothing along its own effect."""
    above: dict[str, list[float]] = {"own": [], "null": []}
    for seed in range(60):
        rng = np.random.default_rng(seed)
        people = rng.standard_normal((40, 30)) @ rng.standard_normal((30, 68)) + 0.5 * rng.standard_normal((40, 68))
        table = pd.DataFrame(2.5 + 0.02 * people, columns=list(nv.RegionGraph.dk68().names))
        found = nv.contrast(
            table.assign(id=np.arange(40), ill=np.arange(40) % 2), group="ill", case=1, control=0, subject_column="id",
            permutations=19, normative="none", seed=seed,
        )  # fmt: skip
        maps = np.vstack([found.map["d"], found.permuted["value"].to_numpy().reshape(19, 68)])
        for name, joint in (("own", found.covariance), ("null", pd.DataFrame(found.permuted.attrs["covariance"]))):
            size = np.einsum("ir,rs,is->i", maps, np.linalg.inv(joint.to_numpy()), maps)
            above[name].append(float((size[1:] >= size[0]).mean()))
    assert np.mean(above["null"]) == pytest.approx(0.5, abs=0.12)  # three standard errors
    assert np.mean(above["own"]) < 0.35


def test_strata_with_one_group_are_told(wide: pd.DataFrame) -> None:
    wide["site"] = np.where(wide.index < 10, "a", "b")  # controls come first
    found = nv.contrast(wide, **GROUPS, permutations=20, strata="site")
    assert "1 of 2 values of site have one group only; permutations leave their 10 subjects in it." in found.notices
    with pytest.raises(nv.InputError, match="column diagnosis: no value has cases and controls"):
        nv.contrast(wide, **GROUPS, permutations=20, strata="diagnosis")


def test_a_site_of_controls_only_spoils_nothing_but_overlap_weights(wide: pd.DataFrame) -> None:
    wide["site"] = np.where(wide.index < 10, "a", np.where(wide.index % 2, "b", "c"))
    found = nv.contrast(wide, **GROUPS, covariates=["C(site)"])
    assert list(found.comparison.columns) == ["region", "unadjusted", "adjusted", "inverse-frequency"]
    with pytest.raises(nv.InputError, match="the groups do not overlap"):
        nv.contrast(wide, **GROUPS, covariates=["C(site)"], weights="overlap")


def test_the_correlation_of_errors_leans_on_the_people_asked_for(wide: pd.DataFrame) -> None:
    found = {name: nv.contrast(wide, **GROUPS, normative=name) for name in ("pooled", "abide", "adhd200", "none")}
    for name, one in found.items():
        pd.testing.assert_frame_equal(one.map, found["pooled"].map)
        assert one.settings["target"] == name
    assert any(f"(abide, {normative_people('abide'):,} other people)" in one for one in found["abide"].notices)
    table = normative_correlation("abide").sample(frac=1, random_state=0).sample(frac=1, axis=1, random_state=1)
    given = nv.contrast(wide, **GROUPS, normative=table)
    pd.testing.assert_frame_equal(given.covariance, found["abide"].covariance)
    assert given.settings["target"] == "given"
    assert not np.allclose(given.covariance, found["adhd200"].covariance)


def test_millimetres_are_the_difference_of_the_means(wide: pd.DataFrame) -> None:
    found = nv.contrast(wide, **GROUPS, effect="mm")
    regions = list(found.map["region"])
    means = wide.groupby("diagnosis")[regions].mean()
    np.testing.assert_allclose(found.map["b"], means.loc["AD"] - means.loc["CN"], atol=1e-12)


def test_balance_is_reported_with_effective_sizes(full: nv.SimulatedCohort) -> None:
    found = nv.contrast(full.subjects, **GROUPS, covariates=["age", "sex"], weights="overlap")
    groups = found.groups.set_index("group")
    assert abs(groups.loc["case", "age_mean"] - groups.loc["control", "age_mean"]) > 1.5
    assert groups.loc["case", "age_weighted_mean"] == pytest.approx(groups.loc["control", "age_weighted_mean"])
    assert (groups["n_effective"] < groups["n"]).all()
    assert groups.loc["control", "age_mean"] == pytest.approx(
        full.subjects.table.loc[full.subjects.table["diagnosis"] == "CN", "age"].mean()
    )
    assert not any("differ in age" in notice for notice in found.notices)


def test_a_map_of_it_is_a_study_that_uses_the_covariance(adjusted: nv.Contrast, tmp_path: Path) -> None:
    expression = pd.DataFrame(
        np.random.default_rng(0).random((68, 30)),
        index=list(adjusted.map["region"]),
        columns=[f"g{j}" for j in range(30)],
    )
    direct = nv.Study.from_frames(expression, adjusted.map, covariance=adjusted.covariance)
    from pyro_neurovae.cohort.files import write_contrast

    expression.to_csv(tmp_path / "expression.csv")
    written = write_contrast(adjusted, tmp_path / "map.csv")
    assert "map_covariance.csv" in written
    read = nv.Study.from_files(tmp_path / "expression.csv", tmp_path / "map.csv")
    assert any("map_covariance.csv" in notice for notice in read.notices)
    np.testing.assert_allclose(read.covariance, direct.covariance, rtol=1e-6)
    np.testing.assert_allclose(read.thinning[0], adjusted.map["d"], rtol=1e-8)
    alone = nv.Study.from_files(tmp_path / "expression.csv", tmp_path / "map.csv", covariance="none")
    assert (read.sampling_correlation, alone.sampling_correlation) == (("own",), ("normative",))


def test_a_covariance_of_another_map_is_refused(adjusted: nv.Contrast, tmp_path: Path) -> None:
    expression = pd.DataFrame(np.random.default_rng(0).random((68, 30)), index=list(adjusted.map["region"]))
    expression.to_csv(tmp_path / "expression.csv")
    adjusted.map.to_csv(tmp_path / "map.csv", index=False)
    (4 * adjusted.covariance).to_csv(tmp_path / "map_covariance.csv")
    with pytest.raises(nv.InputError, match=r"map_covariance.csv, region L_bankssts: the root of the variance"):
        nv.Study.from_files(tmp_path / "expression.csv", tmp_path / "map.csv")
    adjusted.covariance.to_csv(tmp_path / "other_covariance.csv")
    adjusted.map.to_csv(tmp_path / "second.csv", index=False)
    with pytest.raises(nv.InputError, match=r"other_covariance.csv goes with none of the maps map, second"):
        nv.Study.from_files(
            tmp_path / "expression.csv",
            [tmp_path / "map.csv", tmp_path / "second.csv"],
            covariance=[tmp_path / "other_covariance.csv"],
        )


def test_w_scores_of_controls_are_standard_and_of_cases_carry_the_effect(
    full: nv.SimulatedCohort, adjusted: nv.Contrast
) -> None:
    scores = adjusted.w_scores()
    case = adjusted.design.case
    controls = scores[~case].to_numpy()
    # 926 controls with errors that share half their variance: the sd of a mean is .033.
    assert np.abs(controls.mean(0)).max() < 0.01
    np.testing.assert_allclose(controls.std(0, ddof=4), 1, atol=0.02)
    expected = adjusted.map["d"].to_numpy()
    np.testing.assert_allclose(scores[case].to_numpy().mean(0), expected, atol=0.1)
    one = adjusted.subject_map(scores.index[-1])
    np.testing.assert_array_equal(one["value"], scores.iloc[-1])
    with pytest.raises(nv.SettingsError, match="no subject nobody"):
        adjusted.subject_map("nobody")


def test_a_control_does_not_move_its_own_score(wide: pd.DataFrame) -> None:
    first = nv.contrast(wide, **GROUPS, covariates=["age"]).w_scores()
    row = int(np.argmax(wide["diagnosis"] == "CN"))
    moved = wide.copy()
    moved.loc[row, "L_insula"] += 0.5
    again = nv.contrast(moved, **GROUPS, covariates=["age"])
    name = wide.loc[row, "subject"]
    control = wide["diagnosis"].to_numpy() == "CN"
    others = wide[control].drop(index=row)
    x = np.column_stack([np.ones(len(others)), others["age"]])
    beta = np.linalg.lstsq(x, others["L_insula"], rcond=None)[0]
    for table, scores in ((wide, first), (moved, again.w_scores())):
        y, age = table[control]["L_insula"].to_numpy(), table[control]["age"].to_numpy()
        own = np.column_stack([np.ones(len(y)), age])
        sd = np.sqrt(np.square(y - own @ np.linalg.lstsq(own, y, rcond=None)[0]).sum() / (len(y) - 2))
        left_out = table.loc[row, "L_insula"] - np.array([1.0, table.loc[row, "age"]]) @ beta
        assert scores.loc[name, "L_insula"] == pytest.approx(left_out / sd)


def test_individual_predictions_are_much_wider_and_calibrated(adjusted: nv.Contrast) -> None:
    check = adjusted.subject_check()
    assert check["ratio"].median() > 10
    # 426 cases, half of whose variance is shared by all regions.
    assert check["covered_individual"].mean() == pytest.approx(0.9, abs=0.04)
    assert check["covered_group"].mean() < 0.15
    assert check["thinner"].mean() > 0.5
    with pytest.raises(nv.SettingsError, match="level is 1"):
        adjusted.subject_check(level=1.5)


def test_repeated_subjects_follow_the_stated_rule(wide: pd.DataFrame) -> None:
    later = wide.iloc[[0, 45]].copy()
    regions = [column for column in wide.columns if column[:2] in ("L_", "R_")]
    later[regions] += 0.2
    both = pd.concat([wide.assign(visit="one"), later.assign(visit="two")], ignore_index=True)
    with pytest.raises(nv.InputError, match=r"has 2 rows \(visits one, two\), 2 such subjects in all"):
        nv.contrast(both, **GROUPS)
    first = nv.contrast(both, **GROUPS, repeats="first")
    pd.testing.assert_frame_equal(first.map, nv.contrast(wide, **GROUPS).map)
    mean = nv.contrast(both, **GROUPS, repeats="mean")
    expected = wide.copy()
    expected.loc[[0, 45], regions] += 0.1
    pd.testing.assert_frame_equal(mean.map, nv.contrast(expected, **GROUPS).map)
    pd.testing.assert_frame_equal(nv.contrast(both, **GROUPS, visit="one").map, first.map)
    assert both.equals(pd.concat([wide.assign(visit="one"), later.assign(visit="two")], ignore_index=True))


def test_the_mean_of_repeated_rows_is_of_what_they_have(wide: pd.DataFrame) -> None:
    twice = wide.assign(L_insula=wide["L_insula"].mask(wide.index == 1))
    later = twice.iloc[[0, 1]].copy()
    later["L_cuneus"] = np.nan
    later["R_cuneus"] += 0.2
    mean = nv.contrast(pd.concat([twice, later], ignore_index=True), **GROUPS, repeats="mean")
    twice.loc[[0, 1], "R_cuneus"] += 0.1
    expected = nv.contrast(twice, **GROUPS)
    np.testing.assert_allclose(mean.subjects.thickness, expected.subjects.thickness, rtol=1e-12)


def test_subjects_without_a_covariate_can_be_left_out(wide: pd.DataFrame) -> None:
    wide = wide.astype({"age": object})
    wide.loc[[2, 50], "age"] = ["", None]
    with pytest.raises(nv.InputError, match=r"column age is empty for 2 of 60 subjects"):
        nv.contrast(wide, **GROUPS, covariates=["age"])
    found = nv.contrast(wide, **GROUPS, covariates=["age"], missing="drop")
    assert found.subjects.n_rows == 58
    assert any("2 subjects without age left out" in notice for notice in found.notices)


def test_dementia_and_ad_are_one_diagnosis(small_cohort: nv.SimulatedCohort) -> None:
    tables = small_cohort.tables()
    by = {
        case: nv.contrast(tables["ADNIMERGE"], thickness=tables["UCSFFSX51"], group="DX", case=case, control="CN")
        for case in ("AD", "Dementia")
    }
    pd.testing.assert_frame_equal(by["AD"].map, by["Dementia"].map)
    assert by["AD"].map["n_case"].max() == 20


def _bad(change: Callable[[pd.DataFrame], pd.DataFrame], **options: object) -> tuple[object, dict[str, object]]:
    return change, options


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (*_bad(lambda t: t.assign(diagnosis=[None, *t["diagnosis"][1:]])), "column diagnosis is empty for 1 of 60"),
        (*_bad(lambda t: t.assign(diagnosis="")), "column diagnosis is empty for all 60"),
        (*_bad(lambda t: t[t["diagnosis"] == "CN"].reset_index(drop=True)), r"no row has diagnosis AD \(the cases\)"),
        (*_bad(lambda t: t.iloc[:43]), "3 cases .*needs at least 5"),
        (*_bad(lambda t: t.assign(age=70), covariates=["age"]), "covariate age is the same for all 60 subjects"),
        (*_bad(lambda t: t.assign(years=2 * t["age"]), covariates=["age", "years"]), "covariate years is collinear"),
        (*_bad(lambda t: t.assign(c=t["diagnosis"] == "AD"), covariates=["c"]), r"covariate c.* is collinear with"),
        (*_bad(lambda t: t, covariates=["weight"]), "no column 'weight' among"),
        (*_bad(lambda t: pd.concat([t, t.iloc[[7]]], ignore_index=True)), "has 2 rows, 1 such subject in all"),
        (*_bad(lambda t: t.assign(L_insula=0.2)), "region L_insula: thickness 0.2 is outside 0.5 to 6 mm"),
        (*_bad(lambda t: t.assign(R_cuneus=2500.0)), "region R_cuneus: thickness 2500 is outside"),
        (*_bad(lambda t: t.drop(columns=[c for c in t if c[:2] == "R_"])), "no region of the right hemisphere"),
        (*_bad(lambda t: t.assign(FSVERSION=["5.1", "6.0"] * 30)), "FSVERSION says different versions of FreeSurfer"),
        (*_bad(lambda t: t.assign(lh_bankssts_thickness=2.5)), "both hold L_bankssts"),
        (*_bad(lambda t: t.assign(L_insula="thick")), "'thick' is not a number"),
        (*_bad(lambda t: t.drop(columns=[c for c in t if c[:2] in ("L_", "R_")])), "no column names a region"),
        (*_bad(lambda t: t, subject_column="person"), "no column 'person' of subjects"),
    ],
)  # fmt: skip
def test_bad_input_is_told_in_a_sentence(
    wide: pd.DataFrame, change: Callable[[pd.DataFrame], pd.DataFrame], options: dict[str, object], message: str
) -> None:
    with pytest.raises(nv.InputError, match=message) as caught:
        nv.contrast(change(wide), **GROUPS, **options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"effect": "z"}, "effect is 'z'"),
        ({"errors": "hc1"}, "errors is 'hc1'"),
        ({"weights": "ipw"}, "weights is 'ipw'"),
        ({"bootstrap": 3}, "at least 100 replicates"),
        ({"errors": "bootstrap"}, "there are no replicates"),
        ({"repeats": "last"}, "repeats is 'last'"),
        ({"missing": "ignore"}, "missing is 'ignore'"),
        ({"hemispheres": "top"}, "hemispheres is 'top'"),
        ({"seed": -1}, "seed"),
        ({"normative": "hcp"}, "normative is 'hcp'"),
        ({"permutations": 5}, "at least 19, below which no p can reach .05"),
        ({"bootstrap": 10**9}, r"--bootstrap 1,000,000,000 would take about .* of memory"),
        ({"permutations": 10**12}, r"--permutations 1,000,000,000,000 would take about .* of memory"),
        ({"bootstrap": 1e9}, "bootstrap is 1000000000.0; give a whole number"),
        ({"permutations": True}, "permutations is True; give a whole number"),
        ({"covariates": ","}, "covariates has an empty name"),
        ({"covariates": ["age", ""]}, "covariates has an empty name"),
        ({"strata": ""}, "strata has an empty name"),
        ({"subject_column": " "}, "subject_column has an empty name"),
        ({"visit": ""}, "visit has an empty name"),
    ],
)
def test_unknown_choices_are_told(wide: pd.DataFrame, options: dict[str, object], message: str) -> None:
    with pytest.raises(nv.SettingsError, match=message):
        nv.contrast(wide, **GROUPS, **options)


def test_covariates_may_be_one_text(wide: pd.DataFrame) -> None:
    found = nv.contrast(wide, **GROUPS, covariates="age, sex")
    pd.testing.assert_frame_equal(found.map, nv.contrast(wide, **GROUPS, covariates=["age", "sex"]).map)
    with pytest.raises(nv.SettingsError, match="group has an empty name"):
        nv.contrast(wide, group="", case="AD", control="CN")


def test_options_of_reading_do_nothing_to_subjects_that_are_read(wide: pd.DataFrame) -> None:
    found = nv.read_subjects(wide)
    pd.testing.assert_frame_equal(nv.contrast(found, **GROUPS).map, nv.contrast(wide, **GROUPS).map)
    for idle in ({"visit": "bl"}, {"hemispheres": "left"}, {"thickness": wide}, {"scale": "free"}):
        with pytest.raises(nv.SettingsError, match=f"{next(iter(idle))} says how to read tables"):
            nv.contrast(found, **GROUPS, **idle)
    free = nv.read_subjects(wide, scale="free")
    assert nv.contrast(free, **GROUPS).settings["scale"] == "free"
    with pytest.raises(nv.SettingsError, match="has no effect in mm"):
        nv.contrast(free, **GROUPS, effect="mm")


def test_two_files_of_one_hemisphere_are_refused(
    wide: pd.DataFrame, write_hemispheres: Callable[..., list[Path]]
) -> None:
    left, _ = write_hemispheres(wide)
    with pytest.raises(nv.InputError, match="both hold the left hemisphere"):
        nv.contrast(wide[["subject", "diagnosis"]], thickness=[left, left], **GROUPS)
    with pytest.raises(nv.InputError, match="no region of the right hemisphere"):
        nv.contrast(wide[["subject", "diagnosis"]], thickness=[left], **GROUPS)
    alone = nv.contrast(wide[["subject", "diagnosis"]], thickness=[left], hemispheres="left", **GROUPS)
    assert len(alone.map) == 34


def test_a_subject_with_one_hemisphere_is_told(
    wide: pd.DataFrame, write_hemispheres: Callable[..., list[Path]]
) -> None:
    left, right = write_hemispheres(wide)
    right.write_text("\n".join(right.read_text().splitlines()[:-1]) + "\n")
    with pytest.raises(nv.InputError, match=r"is in lh.thickness.txt and not in rh.thickness.txt \(1 such rows"):
        nv.contrast(wide[["subject", "diagnosis"]], thickness=[left, right], **GROUPS)


def test_stats_of_different_versions_are_refused(wide: pd.DataFrame, write_stats: Callable[..., Path]) -> None:
    with pytest.raises(nv.InputError, match="different versions of FreeSurfer"):
        nv.contrast(wide[["subject", "diagnosis"]], thickness=write_stats(wide, ("1.79", "7.1.1")), **GROUPS)


def test_tables_of_different_subjects_are_told(small_cohort: nv.SimulatedCohort) -> None:
    tables = small_cohort.tables()
    merge = tables["ADNIMERGE"]
    with pytest.raises(nv.InputError, match=r"RID 'P[0-9]+' is no whole number"):
        nv.read_subjects(merge.assign(RID="P" + merge["RID"].astype(str)), tables["UCSFFSX51"])
    with pytest.raises(nv.InputError, match="no subject of subjects is among those of thickness"):
        nv.read_subjects(merge.assign(RID=merge["RID"] + 90_000), tables["UCSFFSX51"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_case": 10**12}, "subjects would take about .* of memory"),
        ({"n_case": 1e3}, "a group of 1000.0; give a whole number"),
        ({"n_case": 4}, "give groups of at least 5"),
        ({"effect": np.full(68, np.nan)}, "effect of L_bankssts is no number"),
        ({"effect": np.zeros(3)}, r"effect has shape \(3,\)"),
    ],
)
def test_a_cohort_that_can_not_be_drawn_is_told(options: dict[str, object], message: str) -> None:
    with pytest.raises(nv.SettingsError, match=message):
        nv.simulate_cohort(0, **options)
