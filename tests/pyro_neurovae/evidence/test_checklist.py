"""The paper's checklist: what passes, what fails, what is only said."""

from __future__ import annotations

import numpy as np
import pytest

import pyro_neurovae as nv
from pyro_neurovae.evidence.checklist import conclude, conclude_copied, paper_checks

GOOD = {"r2": 0.9, "r": 0.95}
TWIN = {"r2": 0.951, "r": 0.975}
DATA_CHECKS = ["expression", "thinning", "adjacency binary", "adjacency symmetric", "Desikan-Killiany labels"]


@pytest.mark.parametrize(("genes", "status"), [(910, "pass"), (40, "note")])
def test_another_panel_of_genes_is_a_note(genes, status):
    rows = paper_checks(nv.simulate(0, genes=genes), GOOD, TWIN).set_index("check")
    assert rows.loc["expression", ["found", "expected", "status"]].tolist() == [f"68 x {genes}", "68 x 910", status]
    assert (rows.loc[DATA_CHECKS[1:], "status"] == "pass").all()


@pytest.mark.parametrize(
    ("r2", "r", "status"),
    [(0.851, 0.901, ["pass", "pass"]), (0.85, 0.9, ["fail", "fail"]), (0.2, 0.95, ["fail", "pass"])],
)
def test_figures_must_be_above_those_of_the_paper(small_study, r2, r, status):
    rows = paper_checks(small_study.select(maps=["simulated2"]), {"r2": r2, "r": r}, TWIN)[-4:-2]
    assert rows["check"].tolist() == ["explained variance, in-sample", "spatial correlation, in-sample"]
    assert rows["found"].tolist() == [f"{r2:.3f}", f"{r:.3f}"]
    assert rows["expected"].tolist() == ["> 0.85", "> 0.9"]
    assert rows["status"].tolist() == status


def test_weights_that_are_no_adjacency_fail():
    graph = nv.RegionGraph.dk68(weights="distance")
    status = paper_checks(nv.simulate(0, genes=40, graph=graph), GOOD, TWIN).set_index("check")["status"]
    assert status[DATA_CHECKS].tolist() == ["note", "pass", "fail", "pass", "pass"]


def test_regions_of_another_atlas_fail():
    forward = np.roll(np.eye(20), 1, axis=1)
    ring = nv.RegionGraph.from_adjacency(forward + forward.T, [f"r{i}" for i in range(20)])
    rows = paper_checks(nv.simulate(0, genes=40, programs=3, graph=ring), GOOD, TWIN).set_index("check")
    assert rows.loc[DATA_CHECKS, "status"].tolist() == ["fail", "fail", "pass", "pass", "fail"]
    assert rows.loc[DATA_CHECKS, "found"].tolist() == ["20 x 40", "20 x 1", "yes", "yes", "0 of 20"]


def test_a_region_without_thinning_fails(small_study):
    rows = paper_checks(small_study.select(maps=["simulated1"]), GOOD, TWIN).set_index("check")
    assert rows.loc["thinning", ["found", "status"]].tolist() == ["65 x 1", "fail"]


def test_copying_the_homologue_stands_beside_what_the_paper_reports(small_study):
    rows = paper_checks(small_study.select(maps=["simulated2"]), GOOD, TWIN).tail(2)
    assert rows["check"].tolist() == ["explained variance, homologue copied", "spatial correlation, homologue copied"]
    assert rows["found"].tolist() == ["0.951", "0.975"]
    assert rows["expected"].tolist() == ["paper 0.860", "paper 0.944"]
    assert rows["status"].tolist() == ["note", "note"]


def test_where_there_is_nothing_to_copy_nothing_is_said(small_study):
    none = {"r2": float("nan"), "r": float("nan")}
    checks = paper_checks(small_study.select(maps=["simulated2"]), GOOD, none)["check"]
    assert not checks.str.contains("copied").any()
    assert conclude_copied(none) == ""


def test_what_copying_gives_is_concluded():
    assert conclude_copied(TWIN).startswith(
        " Copying the homologue's value, with no gene at all, gives R2 0.95 and r 0.97"
    )
    assert "the paper reports 0.860 and 0.944 of its fit" in conclude_copied(TWIN)


# What is concluded


def held(pairs, blocks):
    return {"pairs": {"r2": pairs}, "blocks": {"r2": blocks}}


@pytest.mark.parametrize(
    ("in_sample", "held_out", "ceiling", "said"),
    [
        (0.95, held(0.31, 0.12), 0.8, "R2 of 0.95 is above the noise ceiling of 0.80: no true pattern can explain"),
        (0.70, held(0.31, 0.12), 0.8, "R2 of 0.70 is below the noise ceiling of 0.80, which proves nothing."),
        (0.70, held(0.31, 0.12), None, "Without standard errors no ceiling is known for the in-sample R2 of 0.70."),
        (0.95, held(0.31, 0.12), 0.8, "Held out, R2 is 0.31 on homologue pairs and 0.12 on spatial blocks: that"),
        (0.95, held(-0.2, 0.12), 0.8, "R2 is -0.20 on homologue pairs and 0.12 on spatial blocks: that is what"),
        (0.95, held(-0.2, -0.5), 0.8, "-0.50 on spatial blocks: the model predicts unseen regions no better"),
        (0.95, held(0.0, 0.0), None, "the model predicts unseen regions no better than the map's mean."),
        (0.95, {"pairs": {"r2": 0.3}}, 0.8, "Held out, R2 is 0.30 on homologue pairs: that is what"),
    ],
)  # fmt: skip
def test_the_conclusion_follows_the_figures(in_sample, held_out, ceiling, said):
    assert said in conclude(in_sample, held_out, ceiling)
