"""Sentences on where data came from say what the study knows, and no more."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import pyro_neurovae as nv
from pyro_neurovae.page import methods_paragraph
from pyro_neurovae.page.origins import expression_words, has_six_donors, map_sentences, region_words, source_facts

REGIONS = nv.RegionGraph.dk68().names
DONORS = ["9861", "10021", "12876", "14380", "15496", "15697"]


def frame(**attrs):
    table = pd.DataFrame(np.random.default_rng(0).random((68, 6)), index=list(REGIONS), columns=list("ABCDEF"))
    table.attrs = attrs
    return table


def thinning(column="d", **attrs):
    table = pd.DataFrame({"region": REGIONS, column: np.random.default_rng(1).normal(-0.2, 0.1, 68), "se": 0.05})
    table.attrs = attrs
    return table


ALLEN = {"name": "ahba_dk68_stable0.6", "citation": "Hawrylycz et al. (2012)"}
ABAGEN = {
    "abagen": {"settings": {"probe_selection": "diff_stability", "versions": {"abagen": "0.1.3"}}, "donors": DONORS}
}
GROUPS = [{"group": "control", "n": 30}, {"group": "case", "n": 25}]
SETTINGS = {"group": "dx", "case": "AD", "control": "CN", "covariates": ["age", "sex", "icv"], "errors": "hc3"}
CONTRAST = {
    "settings": SETTINGS,
    "groups": GROUPS,
    "notices": ["3 subjects without age are left out."],
    "source": "a.csv",
}
# What is claimed, and what must be known of the study for it.
CLAIMS = {
    r"Allen Human Brain Atlas|hawrylycz2012": lambda known: known.get("expression") in ("allen", "abagen"),
    r"six donors|6 donors": lambda known: known.get("expression") in ("allen", "abagen"),
    r"abagen|markello2021": lambda known: known.get("expression") in ("allen", "abagen"),
    r"[Ss]imulated": lambda known: "simulated" in known.values(),
    r"Parkinson": lambda known: known.get("map") == "dataset",
    r"dx AD|adjusted for": lambda known: known.get("map") == "contrast",
    r"Cohen's d": lambda known: known.get("unit") == "d",
    r" in mm": lambda known: known.get("unit") == "mm",
    r"Desikan": lambda known: known.get("atlas") == "dk68",
}
STUDIES = {
    "nothing": (frame(), thinning("effect"), {}),
    "allen": (frame(**ALLEN), thinning(), {"expression": "allen", "unit": "d"}),
    "abagen": (frame(**ABAGEN), thinning("diff_mm"), {"expression": "abagen", "unit": "mm"}),
    "dataset": (
        frame(),
        thinning(name="enigma_pd", citation="Laansma", unit="Cohen's d"),
        {"map": "dataset", "unit": "d"},
    ),
    "contrast": (frame(), thinning(contrast=CONTRAST), {"map": "contrast", "unit": "d"}),
    "simulated": (None, None, {"expression": "simulated", "map": "simulated", "unit": "d"}),
}


@pytest.mark.parametrize("name", STUDIES)
def test_the_methods_paragraph_states_nothing_that_the_study_does_not_know(small_fit, name):
    expression, table, known = STUDIES[name]
    study = nv.simulate(0, genes=6) if expression is None else nv.Study.from_frames(expression, {"mine": table})
    text = methods_paragraph(replace(small_fit, study=study))
    for claim, holds in CLAIMS.items():
        assert bool(re.search(claim, text)) == bool(holds(known | {"atlas": "dk68"})), claim
    if name == "contrast":
        told = "the difference of 25 cases (dx AD) from 30 controls (dx CN) in Cohen's d, adjusted for age, sex and icv"
        assert told in text
        assert "3 subjects without age are left out." in text
    assert has_six_donors(study) == (known.get("expression") in ("allen", "abagen"))


def test_regions_of_another_atlas_are_not_called_desikan_killiany():
    rng = np.random.default_rng(0)
    names = [f"r{i}" for i in range(20)]
    weights = pd.DataFrame(np.eye(20, k=1) + np.eye(20, k=-1), index=names, columns=names)
    study = nv.Study.from_frames(
        pd.DataFrame(rng.random((20, 6)), index=names, columns=list("ABCDEF")),
        pd.Series(rng.normal(size=20), index=names, name="d"),
        standard_error=pd.Series(0.1, index=names),
        graph=nv.RegionGraph.from_adjacency(weights, label="dk68 of my own"),
    )
    assert region_words(study) == "regions"


def test_files_are_known_by_their_hash(tmp_path: Path):
    frame().to_csv(tmp_path / "genes.csv", index_label="region")
    thinning().to_csv(tmp_path / "pd.csv", index=False)
    study = nv.Study.from_files(tmp_path / "genes.csv", tmp_path / "pd.csv")
    assert re.search(
        r"\(file genes.csv, SHA-256 [0-9a-f]{12}\.\.\., of which no more is recorded\)", expression_words(study)
    )
    assert map_sentences(study)[0].startswith("The map pd in Cohen's d was read from a file (file pd.csv, SHA-256 ")
    assert study.provenance["map pd"]["sha256"] in source_facts(study)["map pd"]


@pytest.mark.skipif("PYRO_NEUROVAE_DATA" not in os.environ, reason="needs the public data")
def test_public_files_are_recognised_whatever_they_are_called(data_dir, tmp_path):
    copy = tmp_path / "mine.txt"
    copy.write_bytes((data_dir / "thickness/enigma_pd.txt").read_bytes())
    study = nv.Study.from_files(data_dir / "expression/ahba_dk68_stable0.6.csv.gz", copy)
    assert "Allen Human Brain Atlas" in expression_words(study)
    assert "Parkinson's disease against controls in Cohen's d (data set enigma_pd;" in map_sentences(study)[0]
    assert has_six_donors(study)


def test_many_maps_have_not_a_sentence_each():
    study = nv.simulate(0, genes=5, maps=9)
    assert len(map_sentences(study)) == 7
    assert map_sentences(study)[-1] == "The origins of the other 3 maps stand in the record of sources."
