"""Baselines on folds: what they are given, honest spread, and nothing of a hidden value."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

import pyro_neurovae as nv
from pyro_neurovae.errors import SettingsError
from pyro_neurovae.evidence.baselines import BASELINES, predict_baseline, register_baseline

NAMES = ("mean", "sd", "lower90", "upper90", "log_density", "crps")


@pytest.fixture(scope="module")
def study():
    made = nv.simulate(3, genes=60, maps=2, missing_expression=["R_insula"], unexplained_scale=0.01)
    thinning = made.thinning.copy()
    thinning[0, 4] = np.nan
    return made.with_thinning(thinning, made.standard_error)


@pytest.fixture(scope="module")
def fold(study):
    return nv.make_folds(study.graph, "pairs")


def test_a_baseline_is_given_complete_expression_and_what_is_seen(study, fold):
    given = []

    def record(task):
        given.append(task)
        return np.zeros(task.asked.sum()), 1.0

    register_baseline("recorded", record)
    try:
        with pytest.raises(SettingsError, match="called recorded already"):
            register_baseline("recorded", record)
        predict_baseline(study, "recorded", [fold])
    finally:
        del BASELINES["recorded"]
    assert len(given) == 2 * 10
    values, measured = study.normalised_expression(), study.expression_observed
    genes = values - values[measured].mean(0)
    genes[study.regions.index("R_insula")] = genes[study.regions.index("L_insula")]
    for number, task in enumerate(given[:10]):
        np.testing.assert_allclose(task.genes, genes / np.sqrt(60))
        np.testing.assert_array_equal(task.asked, (fold == number) & study.thinning_observed[0])
        np.testing.assert_array_equal(task.seen, (fold != number) & study.thinning_observed[0])
        np.testing.assert_array_equal(task.thinning[task.seen], study.thinning[0, task.seen])
        assert task.graph is study.graph


def test_a_map_that_mirrors_itself_has_a_finite_density(study):
    mirrored = study.thinning[1, study.graph.pair][None].repeat(2, 0)
    error = np.full_like(mirrored, 0.1)
    (found,) = predict_baseline(study.with_thinning(mirrored, error), "twin", [np.arange(68)])
    assert np.isfinite(found["log_density"]).all()
    np.testing.assert_array_equal(found["mean"], mirrored)


@pytest.mark.parametrize("name", BASELINES)
def test_a_held_out_value_reaches_nothing_of_its_own_prediction(study, fold, name):
    (before,) = predict_baseline(study, name, [fold])
    changed = study.thinning.copy()
    changed[:, 10] += 5.0
    (after,) = predict_baseline(study.with_thinning(changed, study.standard_error), name, [fold])
    together = fold == fold[10]
    for part in NAMES[:4]:
        np.testing.assert_array_equal(before[part][:, together], after[part][:, together])
        assert (before[part][:, ~together] != after[part][:, ~together])[study.thinning_observed[:, ~together]].all()


@pytest.mark.parametrize("name", BASELINES)
def test_scores_are_those_of_a_gaussian(study, fold, name):
    (found,) = predict_baseline(study, name, [fold])
    for part in NAMES:
        np.testing.assert_array_equal(np.isfinite(found[part]), study.thinning_observed)
    m, region = 1, 30
    mean, sd, y = found["mean"][m, region], found["sd"][m, region], study.thinning[m, region]
    assert found["log_density"][m, region] == pytest.approx(norm.logpdf(y, mean, sd))
    assert found["lower90"][m, region] == pytest.approx(norm.ppf(0.05, mean, sd))
    draws = np.random.default_rng(0).normal(mean, sd, (2, 200_000))
    crps = np.abs(draws[0] - y).mean() - np.abs(draws[0] - draws[1]).mean() / 2
    assert found["crps"][m, region] == pytest.approx(crps, rel=0.02)
    shuffled = np.random.default_rng(1).permuted(study.thinning[1])
    assert ((found["mean"][1] - study.thinning[1]) ** 2).mean() < ((shuffled - study.thinning[1]) ** 2).mean()
