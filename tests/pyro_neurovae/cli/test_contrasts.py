"""The commands contrast, datasets and simulate --cohort: from ADNI's tables to a fit, and what they refuse."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import pyro_neurovae as nv

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def adni(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the tables of a simulated cohort."""
    folder = tmp_path_factory.mktemp("adni")
    for name, table in nv.simulate_cohort(5, n_control=60, n_case=30).tables().items():
        table.to_csv(folder / f"{name}.csv", index=False)
    return folder


@pytest.fixture
def arguments(adni: Path, tmp_path: Path) -> list[object]:
    """Arguments of a contrast that works."""
    files = ["--subjects", adni / "ADNIMERGE.csv", "--thickness", adni / "UCSFFSX51.csv"]
    groups = ["--group", "DX", "--case", "Dementia", "--control", "CN", "--covariates", "AGE,PTGENDER"]
    return ["contrast", *files, *groups, "--out", tmp_path / "map.csv"]


def test_contrast_writes_the_map_its_covariance_and_what_stands_beside(
    run: Run, arguments: list[object], adni: Path, tmp_path: Path
) -> None:
    status, out, err = run(*arguments, "--weights", "overlap", "--bootstrap", 200, "--seed", 4)
    assert (status, err) == (0, "")
    assert "60 controls (worth" in out
    assert "wrote map.csv, map_covariance.csv" in out
    table = pd.read_csv(tmp_path / "map.csv")
    assert list(table.columns[:3]) == ["region", "d", "se"]
    assert {"n_control", "n_case", "se_classical", "se_hc3", "se_bootstrap"} <= set(table.columns)
    direct = nv.contrast(
        pd.read_csv(adni / "ADNIMERGE.csv"),
        thickness=pd.read_csv(adni / "UCSFFSX51.csv", dtype={"ST24TA": object}),
        group="diagnosis",
        case="AD",
        control="CN",
        covariates=["AGE", "PTGENDER"],
        weights="overlap",
        bootstrap=200,
        seed=4,
    )
    np.testing.assert_allclose(table[["d", "se_bootstrap"]], direct.map[["d", "se_bootstrap"]], rtol=1e-8)
    covariance = pd.read_csv(tmp_path / "map_covariance.csv", index_col=0)
    np.testing.assert_allclose(np.sqrt(np.diag(covariance)), table["se"], rtol=1e-8)
    assert list(covariance.index) == list(table["region"]) == list(covariance.columns)
    assert pd.read_csv(tmp_path / "map_w_scores.csv").shape == (90, 69)
    assert len(pd.read_csv(tmp_path / "map_individual.csv")) == len(pd.read_csv(tmp_path / "map_comparison.csv")) == 68
    record = json.loads((tmp_path / "map.json").read_text())
    assert record["settings"]["seed"] == 4
    told = [one.replace("thickness:", "UCSFFSX51.csv:").replace("in diagnosis", "in DX") for one in direct.notices]
    assert record["notices"] == told


def test_permuted_contrasts_are_a_file_of_null_maps(run: Run, arguments: list[object], tmp_path: Path) -> None:
    status, out, err = run(*arguments, "--permutations", 30, "--strata", "PTGENDER", "--normative", "adhd200")
    assert (status, err) == (0, "")
    assert "wrote map.csv, map_covariance.csv, map_permuted.csv, map_permuted_covariance.csv" in out
    assert f"pyro-neurovae nulls ... --null-maps {tmp_path / 'map_permuted.csv'}" in out
    table = pd.read_csv(tmp_path / "map_permuted.csv")
    assert list(table.columns) == ["null", "region", "value"]
    assert list(table["null"].unique()) == list(range(1, 31))
    assert (table.groupby("null")["region"].nunique() == 68).all()
    settings = json.loads((tmp_path / "map.json").read_text())["settings"]
    assert (settings["permutations"], settings["target"]) == (30, "adhd200")
    # A later contrast without permutations leaves none of another contrast behind.
    status, out, _ = run(*arguments, "--overwrite")
    assert status == 0
    assert "map_permuted.csv" not in out
    assert not list(tmp_path.glob("map_permuted*"))


def test_contrast_keeps_what_is_there(run: Run, arguments: list[object], tmp_path: Path) -> None:
    (tmp_path / "map.csv").write_text("mine")
    status, _, err = run(*arguments)
    assert status == 2
    assert "holds map.csv already; add --overwrite" in err
    assert (tmp_path / "map.csv").read_text() == "mine"
    assert run(*arguments, "--overwrite", "--quiet")[0] == 0
    assert (tmp_path / "map.csv").read_text() != "mine"


def test_from_adni_tables_to_regions_in_three_commands(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "adni"
    assert run("simulate", "--cohort", "--genes", 40, "--out", folder)[0] == 0
    held = {"expression.csv", "truth.csv", "UCSFFSX51.csv", "ADNIMERGE.csv", "cohort_truth.csv"}
    assert {file.name for file in folder.iterdir()} == held
    files = ["--subjects", folder / "ADNIMERGE.csv", "--thickness", folder / "UCSFFSX51.csv"]
    groups = ["--group", "diagnosis", "--case", "AD", "--control", "CN", "--covariates", "AGE,PTGENDER,ICV"]
    assert run("contrast", *files, *groups, "--out", folder / "map.csv", "--quiet")[0] == 0
    quick = ["--set", "n_programs=3", "--set", "steps=20", "--set", "map_steps=20", "--draws", 50]
    data = ["--expression", folder / "expression.csv", "--thinning", folder / "map.csv"]
    status, out, _ = run("fit", *data, *quick, "--no-report", "--out", tmp_path / "fit")
    assert status == 0
    assert "errors correlate across regions as map_covariance.csv says" in out
    regions = pd.read_csv(tmp_path / "fit" / "regions.csv").set_index("region")
    truth = pd.read_csv(folder / "cohort_truth.csv").set_index("region")["d"]
    assert np.corrcoef(regions.loc[truth.index, "mean"], truth)[0, 1] > 0.8
    assert nv.load(tmp_path / "fit" / "fit.nc").study.covariance is not None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (["--case", "Demented"], "no row has DX Demented"),
        (["--group", "GROUP"], "no column 'GROUP' among"),
        (["--covariates", "AGE,DX_bl,C(DX)"], "is collinear with"),
        (["--visit", "all", "--missing", "drop"], "has 2 rows (visits"),
        (["--visit", "m99"], "no scan at visit m99"),
        (["--weights", "ipw"], "weights is 'ipw'"),
        (["--normative", "hcp"], "normative is 'hcp'"),
        (["--permutations", 3], "permutations is 3; give at least 19"),
        (["--effect", "cm"], "effect is 'cm'"),
        (["--subjects", "nowhere.csv"], "nowhere.csv: no such file"),
        (["--thickness", "nowhere.csv"], "nowhere.csv: no such file"),
        (["--subject-column", "PERSON"], "no column 'PERSON' of subjects"),
        (["--thickness", ""], "the name of a table is empty"),
        (["--covariates", ","], "covariates has an empty name"),
        (["--bootstrap", 10**9], "--bootstrap 1,000,000,000 would take about"),
        (["--adni-table", "UCSFFSX"], "--adni-table UCSFFSX fits 0 of the endings of its thickness columns"),
        (["--missing-codes", "-9,nine"], "missing codes 'nine': give numbers"),
        (["--scale", "cm"], "scale is 'cm'"),
    ],
)
def test_bad_input_ends_with_one_sentence_and_nothing_written(
    run: Run, arguments: list[object], tmp_path: Path, change: list[str], message: str
) -> None:
    given = list(arguments)
    if change[0] in given:
        given[given.index(change[0]) + 1] = change[1]
    else:
        given += change
    status, out, err = run(*given)
    assert (status, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


def test_codes_for_missing_begin_with_a_sign(run: Run, arguments: list[object], tmp_path: Path) -> None:
    table = pd.read_csv(arguments[2]).rename(columns={"PTEDUCAT": "years"})  # type: ignore[call-overload]
    assert (table["years"] == -4).sum() > 1
    table.to_csv(tmp_path / "people.csv", index=False)
    given = [tmp_path / "people.csv" if one == arguments[2] else one for one in arguments]
    given[given.index("--covariates") + 1] = "years"
    status, _, err = run(*given)
    assert status == 2
    assert "years is -4 for " in err
    status, out, err = run(*given, "--missing-codes", "-4", "--missing", "drop")
    assert (status, err) == (0, "")
    assert "values -4 of years count as missing" in out


def test_an_out_that_is_a_folder_is_told(run: Run, arguments: list[object], tmp_path: Path) -> None:
    given = [tmp_path if one == tmp_path / "map.csv" else one for one in arguments]
    status, _, err = run(*given)
    assert status == 2
    assert "is a folder; name the file of the map" in err


def test_datasets_lists_fetches_and_copies(
    run: Run, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYRO_NEUROVAE_DATA", str(data_dir))
    status, out, _ = run("datasets")
    assert status == 0
    assert "enigma_ocd_pediatric" in out
    assert "built in" in out
    status, out, _ = run("datasets", "hcp_struct_dk68", "enigma_pd", "--out", tmp_path)
    assert status == 0
    assert "Laansma" in out
    names = {"hcp_struct_dk68_matrix.csv", "hcp_struct_dk68_labels.csv", "enigma_pd.txt"}
    assert {file.name for file in tmp_path.iterdir()} == names
    assert (tmp_path / "enigma_pd.txt").read_bytes() == (data_dir / "thickness" / "enigma_pd.txt").read_bytes()
    status, _, err = run("datasets", "enigma_pdd")
    assert status == 2
    assert "the nearest are enigma_pd" in err


def test_cohort_and_several_maps_do_not_go_together(run: Run, tmp_path: Path) -> None:
    status, _, err = run("simulate", "--cohort", "--maps", 2, "--out", tmp_path / "out")
    assert status == 2
    assert "--cohort has the effects of one map" in err
