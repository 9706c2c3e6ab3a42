"""The paper's checklist: what passes, what fails, what is only said."""

from __future__ import annotations

import numpy as np
import pytest

import pyro_neurovae as nv
from pyro_neurovae.evidence.checklist import paper_checks

GOOD = {"r2": 0.9, "r": 0.95}
DATA_CHECKS = ["expression", "thinning", "adjacency binary", "adjacency symmetric", "Desikan-Killiany labels"]


@pytest.mark.parametrize(("genes", "status"), [(910, "pass"), (40, "note")])
def test_another_panel_of_genes_is_a_note(genes, status):
    rows = paper_checks(nv.simulate(0, genes=genes), GOOD).set_index("check")
    assert rows.loc["expression", ["found", "expected", "status"]].tolist() == [f"68 x {genes}", "68 x 910", status]
    assert (rows["status"].drop("expression") == "pass").all()


@pytest.mark.parametrize(
    ("r2", "r", "status"),
    [(0.851, 0.901, ["pass", "pass"]), (0.85, 0.9, ["fail", "fail"]), (0.2, 0.95, ["fail", "pass"])],
)
def test_figures_must_be_above_those_of_the_paper(small_study, r2, r, status):
    rows = paper_checks(small_study.select(maps=["simulated2"]), {"r2": r2, "r": r}).tail(2)
    assert rows["check"].tolist() == ["explained variance, in-sample", "spatial correlation, in-sample"]
    assert rows["found"].tolist() == [f"{r2:.3f}", f"{r:.3f}"]
    assert rows["expected"].tolist() == ["> 0.85", "> 0.9"]
    assert rows["status"].tolist() == status


def test_weights_that_are_no_adjacency_fail():
    graph = nv.RegionGraph.dk68(weights="distance")
    status = paper_checks(nv.simulate(0, genes=40, graph=graph), GOOD).set_index("check")["status"]
    assert status[DATA_CHECKS].tolist() == ["note", "pass", "fail", "pass", "pass"]


def test_regions_of_another_atlas_fail():
    forward = np.roll(np.eye(20), 1, axis=1)
    ring = nv.RegionGraph.from_adjacency(forward + forward.T, [f"r{i}" for i in range(20)])
    rows = paper_checks(nv.simulate(0, genes=40, programs=3, graph=ring), GOOD).set_index("check")
    assert rows.loc[DATA_CHECKS, "status"].tolist() == ["fail", "fail", "pass", "pass", "fail"]
    assert rows.loc[DATA_CHECKS, "found"].tolist() == ["20 x 40", "20 x 1", "yes", "yes", "0 of 20"]


def test_a_region_without_thinning_fails(small_study):
    rows = paper_checks(small_study.select(maps=["simulated1"]), GOOD).set_index("check")
    assert rows.loc["thinning", ["found", "status"]].tolist() == ["65 x 1", "fail"]
