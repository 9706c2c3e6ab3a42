"""The files of fits and studies: as their tables say, and each one that overwriting replaces."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from pyro_neurovae.cli.outputs import (
    FIT_FILES,
    SENSITIVITY_PICTURES,
    STUDY_FILES,
    write_fit_files,
    write_sensitivity_pictures,
    write_study_files,
)
from pyro_neurovae.errors import NeurovaeWarning
from pyro_neurovae.evidence.sensitivities import Sensitivity
from pyro_neurovae.studies.simulated import simulate


def test_every_file_of_a_fit_is_one_that_overwriting_replaces(small_fit, baseline_fit, tmp_path):
    for fitted in (small_fit, baseline_fit):
        names = write_fit_files(fitted, tmp_path, report=False)
        assert sorted(names) == sorted(path.name for path in tmp_path.iterdir())
        assert set(names) <= set(FIT_FILES)


def test_written_tables_are_the_fits(small_fit, tmp_path):
    write_fit_files(small_fit, tmp_path, report=False)
    for name in ("regions", "genes", "programs", "variance"):
        written = pd.read_csv(tmp_path / f"{name}.csv", keep_default_na=False, na_values=[""])
        table = getattr(small_fit, name)()
        text = table.select_dtypes(exclude="number").columns
        written[text] = written[text].astype(object).where(written[text].notna(), "")
        pd.testing.assert_frame_equal(written, table, check_dtype=False, rtol=1e-6)
    record = json.loads((tmp_path / "summary.json").read_text(), parse_constant=pytest.fail)
    assert record["seed"] == 5


@pytest.mark.parametrize("maps", [1, 3])
def test_every_file_of_a_study_is_one_that_overwriting_replaces(tmp_path, maps):
    names = write_study_files(simulate(0, genes=5, maps=maps), tmp_path)
    assert sorted(names) == sorted(path.name for path in tmp_path.iterdir())
    assert {path.name for pattern in STUDY_FILES for path in tmp_path.glob(pattern)} == set(names)
    truth = pd.read_csv(tmp_path / "truth.csv")
    assert len(truth) == 68 * maps


@pytest.mark.parametrize("maps", [1, 2])
def test_each_map_of_a_sensitivity_study_has_its_picture(made_results, tmp_path, maps):
    found = made_results[Sensitivity]
    if maps == 1:
        found = Sensitivity(*(table[table["map"] == "a"] for table in found.contents().values()))
    names = write_sensitivity_pictures(found, tmp_path)
    assert names == (["sensitivity.png"] if maps == 1 else ["sensitivity_a.png", "sensitivity_b.png"])
    assert sorted(names) == sorted(path.name for path in tmp_path.iterdir())
    assert {path.name for pattern in SENSITIVITY_PICTURES for path in tmp_path.glob(pattern)} == set(names)


def test_no_name_of_a_map_leads_out_of_the_folder(made_results, tmp_path):
    found = made_results[Sensitivity]
    odd = {"a": "../../x", "b": "/x"}
    found = Sensitivity(*(table.assign(map=table["map"].map(odd)) for table in found.contents().values()))
    (tmp_path / "deep" / "out").mkdir(parents=True)
    names = write_sensitivity_pictures(found, tmp_path / "deep" / "out")
    assert sorted(names) == sorted(str(path.relative_to(tmp_path / "deep" / "out")) for path in tmp_path.rglob("*.png"))


def test_without_matplotlib_there_is_a_warning_and_no_picture(made_results, tmp_path, monkeypatch):
    monkeypatch.setattr("pyro_neurovae.cli.outputs.find_spec", lambda _: None)
    with pytest.warns(NeurovaeWarning, match="no picture: matplotlib is not installed; install it by: pip install"):
        assert write_sensitivity_pictures(made_results[Sensitivity], tmp_path) == []
    assert not list(tmp_path.iterdir())
