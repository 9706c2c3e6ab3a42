"""The paper's checklist: what passes, what fails, what is only said, and the sentences that conclude."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import pyro_neurovae as nv
from pyro_neurovae.errors import InputError, SettingsError
from pyro_neurovae.evidence.scores import correlation, r_squared
from pyro_neurovae.evidence.verification import PAPER_OPTIONS
from pyro_neurovae.graphs.folds import make_folds
from pyro_neurovae.studies.summary import noise_ceilings

# Enough training to run every step, not enough to trust or pass anything.
QUICK = {"steps": 30, "n_latent": 4, "width": 8, "warm_up": 10, "patience": 10, "draws": 50}
DATA_CHECKS = ["expression", "thinning", "adjacency binary", "adjacency symmetric", "Desikan-Killiany labels"]
FIT_CHECKS = ["explained variance, in-sample", "spatial correlation, in-sample"]
TWIN_NOTES = ["explained variance, homologue copied", "spatial correlation, homologue copied"]


@pytest.fixture(scope="module")
def study() -> nv.Study:
    return nv.simulate(0, genes=40)


@pytest.fixture(scope="module")
def ring() -> nv.Study:
    """Twenty regions of no known atlas, which take a tenth of the time."""
    forward = np.roll(np.eye(20), 1, axis=1)
    graph = nv.RegionGraph.from_adjacency(forward + forward.T, [f"r{i}" for i in range(20)])
    return nv.simulate(0, genes=40, programs=3, graph=graph)


@pytest.fixture(scope="module")
def found(study) -> nv.Verification:
    return nv.verify(study, **QUICK)


def test_the_record_is_plain_json(found):
    record = json.loads(json.dumps(found.record(), allow_nan=False))
    assert record == found.record()
    assert record["settings"]["family"] | PAPER_OPTIONS == record["settings"]["family"]
    assert record["settings"]["training"]["steps"] == 30
    assert record["noise_ceiling"] == found.noise_ceiling


def test_every_check_has_its_status(found):
    assert list(found.checks["check"]) == DATA_CHECKS + FIT_CHECKS + TWIN_NOTES
    assert list(found.checks["status"]) == ["note", "pass", "pass", "pass", "pass", "fail", "fail", "note", "note"]
    rows = found.checks.set_index("check")
    assert tuple(rows.loc["expression", ["found", "expected"]]) == ("68 x 40", "68 x 910")
    assert tuple(rows.loc["thinning", ["found", "expected"]]) == ("68 x 1", "68 x 1")
    assert rows.loc["Desikan-Killiany labels", "found"] == "68 of 68"
    assert rows.loc[FIT_CHECKS, "found"].tolist() == [f"{found.in_sample[name]:.3f}" for name in ("r2", "r")]


@pytest.mark.parametrize(("statuses", "passed"), [(["pass", "note"], True), (["note", "fail", "pass"], False)])
def test_a_note_fails_nothing(found, statuses, passed):
    assert replace(found, checks=pd.DataFrame({"status": statuses})).passed == passed


def test_each_figure_has_its_held_out_counterparts_and_the_ceiling(study, found):
    assert set(found.in_sample) == {"r2", "r"}
    assert set(found.held_out) == {"pairs", "blocks"}
    for scores in found.held_out.values():
        assert set(scores) == {"r2", "r", "elpd", "coverage90"}
        assert all(map(math.isfinite, scores.values()))
        assert 0 <= scores["coverage90"] <= 1
    assert found.noise_ceiling == noise_ceilings(study)["simulated"]


def test_the_figures_in_sample_are_those_of_the_fit_with_the_papers_settings(study, found):
    fitted = nv.fit(replace(study, normalise="region"), "paper", **PAPER_OPTIONS | QUICK)
    observed, predicted = study.thinning[0], fitted.regions()["predictable_mean"].to_numpy()
    trained = ~fitted.idata.guide["held_back"].values[0, 0]
    assert 0 < (~trained).sum() < len(trained) / 2
    assert found.all_regions["r2"] == r_squared(observed, predicted)
    assert found.in_sample["r2"] == r_squared(observed[trained], predicted[trained])


def test_what_needs_no_gene_stands_beside_the_fit(study, found):
    observed, homologue = study.thinning[0], study.graph.homologue
    copied = observed[homologue]
    assert found.twin == {"r2": r_squared(observed, copied), "r": correlation(observed, copied)}
    assert f"gives R2 {found.twin['r2']:.2f} and r {found.twin['r']:.2f}" in found.conclusion
    for scheme, scores in found.neighbours.items():
        models = ["neighbours", *(["structural"] if scheme == "blocks" else [])]  # pairs are 34 folds
        rows = nv.validate(study, models, folds=scheme, draws=400).scores.set_index("model")
        names = ["r2", "r", "elpd", "coverage90"]
        assert scores == rows.loc["neighbours", names].to_dict()
        if scheme == "blocks":
            assert found.structural[scheme] == rows.loc["structural", names].to_dict()
    assert list(found.neighbours) == list(found.structural) == list(found.held_out) == ["pairs", "blocks"]


def test_the_seed_decides(ring):
    one, again, other = (nv.verify(ring, seed=seed, **QUICK) for seed in (0, 0, 1))
    assert again.record() == one.record()
    assert other.in_sample != one.in_sample
    assert other.held_out != one.held_out


def test_learning_what_it_is_given_passes():
    """Enough training and little noise follow the map wherever it goes, sampling error and all."""
    options = {"steps": 120, "learning_rate": 0.03, "validation": 0, "unexplained_scale": 0.05}
    found = nv.verify(nv.simulate(0, genes=910), n_latent=6, width=24, draws=50, **options)
    assert found.passed
    assert set(found.checks["status"]) == {"pass", "note"}
    assert found.checks.loc[found.checks["status"] == "note", "check"].tolist() == TWIN_NOTES
    assert found.in_sample["r2"] > found.noise_ceiling > found.held_out["pairs"]["r2"]
    assert "above the noise ceiling" in found.conclusion


# Studies that differ from the paper's


def test_a_graph_without_positions_has_no_blocks(study):
    bare = nv.RegionGraph.from_adjacency(study.graph.weights, study.regions)
    found = nv.verify(replace(study, graph=bare), **QUICK)
    assert list(found.held_out) == ["pairs"]
    assert any("the graph table has no positions, so there are no spatial blocks" in one for one in found.notices)
    assert "spatial blocks" not in found.conclusion
    assert list(found.record()["held_out"]) == ["pairs"]


def test_regions_of_another_atlas_are_fitted_and_fail(ring):
    found = nv.verify(ring, **QUICK)
    assert not found.passed
    assert list(found.held_out) == ["pairs"]
    assert found.record()["twin"] == {"r2": None, "r": None}
    assert "Copying" not in found.conclusion


def test_a_region_without_thinning_fails_and_is_left_out_of_the_scores(study):
    thinning = study.thinning.copy()
    thinning[0, 5] = np.nan
    found = nv.verify(study.with_thinning(thinning, study.standard_error), **QUICK)
    assert found.checks.set_index("check").loc["thinning", ["found", "status"]].tolist() == ["67 x 1", "fail"]
    json.dumps(found.record(), allow_nan=False)
    assert all(math.isfinite(value) for scores in found.held_out.values() for value in scores.values())


def test_unknown_standard_errors_have_no_ceiling(ring):
    expression = pd.DataFrame(ring.expression, index=ring.regions, columns=ring.genes)
    thinning = pd.Series(ring.thinning[0], index=ring.regions, name="d")
    study = nv.Study.from_frames(expression, thinning, standard_error="none", graph=ring.graph)
    found = nv.verify(study, **QUICK)
    assert found.noise_ceiling is None
    assert found.record()["noise_ceiling"] is None
    assert "Without standard errors no ceiling is known" in found.conclusion


def test_faults():
    two = nv.simulate(0, genes=40, maps=2)
    with pytest.raises(InputError, match=r"one map, and this one has 2; use study\.select\(maps=\.\.\.\)"):
        nv.verify(two, **QUICK)
    with pytest.raises(SettingsError, match="model paper has no setting 'n_programs'; it has lam, layers"):
        nv.verify(two.select(maps=["simulated1"]), n_programs=3)


def test_a_block_that_holds_all_there_is_to_see(study):
    thinning = np.where(make_folds(study.graph, "blocks") == 5, study.thinning, np.nan)
    with pytest.raises(InputError, match="to learn from"):
        nv.verify(study.with_thinning(thinning, study.standard_error), **QUICK)
