"""Ridge and PLS: the textbook predictor, honest spread, and nothing of a hidden value."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

import pyro_neurovae as nv
from pyro_neurovae.evidence.baselines import BASELINES, predict_baseline

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


def test_ridge_is_the_best_of_its_penalties_by_leave_one_out(study, fold):
    (found,) = predict_baseline(study, "ridge", [fold])
    values = study.normalised_expression()
    measured = study.expression_observed
    genes = np.where(measured[:, None], values - values[measured].mean(0), 0)
    genes[study.regions.index("R_insula")] = genes[study.regions.index("L_insula")]
    genes /= np.sqrt(60)
    seen, asked = fold != 2, fold == 2
    y, centre = study.thinning[1, seen], genes[seen].mean(0)
    kernel = (genes[seen] - centre) @ (genes[seen] - centre).T
    errors, predictions = [], []
    for penalty in np.logspace(-3, 3, 25):
        hat = kernel @ np.linalg.inv(kernel + penalty * np.eye(len(y))) + 1 / len(y)
        errors.append((((y - hat @ y) / (1 - np.diagonal(hat))) ** 2).mean())
        weight = np.linalg.solve(kernel + penalty * np.eye(len(y)), y - y.mean())
        predictions.append(y.mean() + (genes[asked] - centre) @ (genes[seen] - centre).T @ weight)
    best = int(np.argmin(errors))
    np.testing.assert_allclose(found["mean"][1, asked], predictions[best], rtol=1e-5)
    np.testing.assert_allclose(found["sd"][1, asked], np.sqrt(errors[best]), rtol=1e-5)


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
