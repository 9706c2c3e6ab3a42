"""Where a study's parts came from: what is known of files, frames and simulations, and what is not known any more."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import pyro_neurovae as nv
from pyro_neurovae.cohort.files import write_contrast
from pyro_neurovae.studies.provenance import facts_of, known_sources, table_of, told_sources

REGIONS = nv.RegionGraph.dk68().names


@pytest.fixture
def files(tmp_path):
    rng = np.random.default_rng(0)
    expression = pd.DataFrame(rng.random((68, 6)), index=pd.Index(REGIONS, name="region"), columns=list("ABCDEF"))
    expression.to_csv(tmp_path / "genes.csv")
    for name, column in (("one", "d"), ("two", "difference_mm")):
        table = pd.DataFrame({"region": REGIONS, column: rng.normal(-0.2, 0.1, 68), "se": 0.05})
        table.to_csv(tmp_path / f"{name}.csv", index=False)
    return tmp_path


def test_files_are_known_by_name_hash_and_unit(files):
    study = nv.Study.from_files(files / "genes.csv", [files / "one.csv", files / "two.csv"])
    known = study.provenance
    digest = hashlib.sha256((files / "genes.csv").read_bytes()).hexdigest()
    assert known["expression"] == {"file": "genes.csv", "sha256": digest}
    assert known["map one"]["unit"] == "Cohen's d"
    assert known["map two"]["unit"] == "mm"
    assert study.unit == ""
    assert study.select(maps=["two"]).unit == "mm"
    assert (
        told_sources(study) == "Known sources: expression from genes.csv, map one from one.csv, map two from two.csv."
    )
    assert table_of(study)["file"].tolist() == ["genes.csv", "one.csv", "two.csv"]


def test_a_part_keeps_what_is_known_and_a_change_loses_it(files):
    study = nv.Study.from_files(files / "genes.csv", [files / "one.csv", files / "two.csv"])
    part = study.select(maps=["two"], genes=["B", "A"])
    assert set(part.provenance) == {"expression", "map two"}
    other = study.with_thinning(study.thinning + 0.01, study.standard_error)
    assert set(other.provenance) == {"expression"}
    assert set(replace(study, expression=study.expression + 1).provenance) == {"map one", "map two"}


def test_what_a_frame_says_of_itself_is_kept(files):
    table = pd.read_csv(files / "genes.csv", index_col=0)
    plain = nv.Study.from_frames(table, pd.read_csv(files / "one.csv"))
    assert set(plain.provenance) == {"map thinning"}
    assert plain.provenance["map thinning"] == {"unit": "Cohen's d"}
    table.attrs = {"name": "ahba_dk68_stable0.6", "citation": "Hawrylycz", "terms": "x"}
    named = nv.Study.from_frames(table, {"mine": pd.read_csv(files / "one.csv")})
    assert named.provenance["expression"] == {"citation": "Hawrylycz", "dataset": "ahba_dk68_stable0.6"}


def test_simulated_studies_say_so(small_study):
    drawn = nv.simulate(3, genes=5, maps=2)
    assert drawn.provenance["expression"] == {"simulated": True, "seed": 3}
    assert drawn.provenance["map simulated2"]["simulated"]
    assert drawn.unit == "Cohen's d"
    assert set(small_study.provenance) == {"expression", "map simulated2"}  # the other was given gaps


def test_a_contrast_tells_groups_and_covariates_in_memory_and_in_files(files):
    cohort = nv.simulate_cohort(0, n_control=30, n_case=25)
    found = nv.contrast(cohort.subjects, group="diagnosis", case="AD", control="CN", covariates="age")
    write_contrast(found, files / "mine.csv")
    read = nv.Study.from_files(files / "genes.csv", files / "mine.csv").provenance["map mine"]
    table = pd.read_csv(files / "genes.csv", index_col=0)
    held = nv.Study.from_frames(table, {"mine": found.map}, covariance={"mine": found.covariance})
    for told in (read["contrast"], held.provenance["map mine"]["contrast"]):
        assert [row["n"] for row in told["groups"]] == [30, 25]
        assert told["settings"]["covariates"] == ["age"]
        assert told["source"] == "simulated cohort"
    (files / "mine.csv").write_text((files / "mine.csv").read_text().replace("L_insula", "lh_insula"))
    assert "contrast" not in facts_of(files / "mine.csv")  # the record is of another map
    for spoilt in ("[1]", "{", json.dumps({"map_sha256": 3})):
        (files / "mine.json").write_text(spoilt)
        assert "contrast" not in facts_of(files / "mine.csv")


def test_a_saved_fit_keeps_it(files, tmp_path):
    study = nv.Study.from_files(files / "genes.csv", files / "one.csv")
    fit = nv.fit(study, "spatial", map_steps=5, draws=20)
    fit.save(tmp_path / "fit.nc")
    again = nv.load(tmp_path / "fit.nc")
    assert again.study.provenance == study.provenance == known_sources(study)
    assert again.posterior.created.startswith("20")
    assert again.posterior.command == ""


def test_abagen_s_settings_come_with_the_mean_over_donors():
    donors = nv.expression.DonorExpression(
        genes=("A", "B"),
        regions=REGIONS,
        donors=("9861", "10021"),
        values=np.random.default_rng(0).random((2, 68, 2)),
        settings={"probe_selection": "diff_stability", "versions": {"abagen": "0.1.3"}},
    )
    told = donors.mean().attrs["abagen"]
    assert told["donors"] == ["9861", "10021"]
    assert told["settings"]["probe_selection"] == "diff_stability"
    assert facts_of(donors.mean())["abagen"] == told
