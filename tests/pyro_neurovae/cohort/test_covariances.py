"""Covariance of a contrast against the formula written out, for every kind of errors and effects."""

from __future__ import annotations

import numpy as np
import pytest

from pyro_neurovae.cohort.bootstrap import bootstrap_counts, bootstrap_effects
from pyro_neurovae.cohort.covariances import EffectCovariance, effect_covariance
from pyro_neurovae.cohort.regression import hedges_factor, regress

TARGET = 0.3 + 0.7 * np.eye(5)


@pytest.fixture(scope="module")
def cohort() -> tuple[np.ndarray, np.ndarray]:
    """Thickness (80, 5) with large effects, and a design of three columns."""
    rng = np.random.default_rng(4)
    case = (np.arange(80) % 4 == 0).astype(float)
    age = rng.normal(70 + 2 * case, 6)
    errors = 0.7 * rng.standard_normal((80, 1)) + 0.7 * rng.standard_normal((80, 5))
    y = 2.5 + 0.2 * (errors * (1 + 0.5 * case[:, None]) - np.outer(case, [0.0, 0.5, 1.0, 1.5, 2.0]))
    return y, np.column_stack([np.ones(80), case, age - age.mean()])


def _ols(y: np.ndarray, design: np.ndarray) -> tuple[np.ndarray, ...]:
    """Row of (X'X)^-1 X' of the group, effect, residuals, leverages and residual sd, by dense algebra."""
    inverse = np.linalg.inv(design.T @ design)
    slope = (inverse @ design.T)[1]
    residual = y - design @ inverse @ design.T @ y
    leverage = np.diag(design @ inverse @ design.T)
    return slope, slope @ y, residual, leverage, np.sqrt((residual**2).sum(0) / (len(y) - design.shape[1]))


def _joined(means: np.ndarray, variance: np.ndarray, own: np.ndarray, people: float) -> np.ndarray:
    """V of variances of the means, whole variances, the people's own correlation and the target."""
    correlation = (people * own + 300 * TARGET) / (people + 300)
    sd = np.sqrt(np.minimum(means, variance))
    return np.outer(sd, sd) * correlation + np.diag(np.maximum(variance - means, 0))


def test_robust_covariance_is_the_formula(cohort: tuple[np.ndarray, np.ndarray]) -> None:
    y, design = cohort
    slope, effect, residual, leverage, sd = _ols(y, design)
    moved = slope[:, None] * residual / (1 - leverage)[:, None]
    factor = hedges_factor(np.array(77.0))
    spread = (residual**2 / (1 - leverage)[:, None] - sd**2) / 77 * effect / (2 * sd**3)
    whole = factor**2 * ((moved / sd - spread) ** 2).sum(0)
    means = factor**2 * (moved**2).sum(0) / sd**2
    own = moved.T @ moved
    own /= np.sqrt(np.outer(own.diagonal(), own.diagonal()))
    people = (slope**2).sum() ** 2 / (slope**4).sum()
    assert 30 < people < 40  # 20 cases and 60 controls say as much as 34 subjects of two equal groups
    found = effect_covariance(regress(y, design), effect="d", errors="hc3", target=(TARGET, "given"))
    np.testing.assert_allclose(found.values, _joined(means, whole, own, people), rtol=1e-10)
    np.testing.assert_allclose(found.spread_share, np.maximum(1 - means / whole, 0), rtol=1e-8, atol=1e-12)
    assert (found.people, found.share) == (pytest.approx(people), pytest.approx(300 / (people + 300)))
    assert (whole > means).any()  # something stays on the diagonal,
    assert (whole < means).any()  # and a region that errs less than its mean alone has none
    in_mm = effect_covariance(regress(y, design), effect="mm", errors="hc3", target=(TARGET, "given"))
    variance = (moved**2).sum(0)
    np.testing.assert_allclose(in_mm.values, _joined(variance, variance, own, people), rtol=1e-10)


def test_classical_covariance_is_the_formula(cohort: tuple[np.ndarray, np.ndarray]) -> None:
    y, design = cohort
    slope, effect, residual, _, sd = _ols(y, design)
    factor, d = hedges_factor(np.array(77.0)), effect / sd
    means = np.full(5, factor**2 * (slope**2).sum())
    found = effect_covariance(regress(y, design), effect="d", errors="classical", target=(TARGET, "given"))
    own = np.corrcoef(residual.T)
    np.testing.assert_allclose(found.values, _joined(means, means + factor**2 * d**2 / 154, own, 80), rtol=1e-10)


def test_bootstrap_covariance_is_the_formula(cohort: tuple[np.ndarray, np.ndarray]) -> None:
    y, design = cohort
    counts = bootstrap_counts(design[:, 1].astype(int), 150, seed=1)
    replicates = bootstrap_effects(y, design, counts)
    fitted = regress(y, design)
    found = effect_covariance(fitted, effect="d", errors="bootstrap", replicates=replicates, target=(TARGET, "given"))
    variance = replicates.var(0, ddof=1)
    slope = _ols(y, design)[0]
    people = 1 / ((slope**4).sum() / (slope**2).sum() ** 2 + 1 / 150)
    means = variance - fitted.cohens_d() ** 2 / 160
    np.testing.assert_allclose(found.values, _joined(means, variance, np.corrcoef(replicates.T), people), rtol=1e-10)


def test_the_sd_explains_no_more_of_an_error_than_there_is(cohort: tuple[np.ndarray, np.ndarray]) -> None:
    """Replicates that scatter less than estimating the sd alone would make them."""
    fitted = regress(*cohort)
    replicates = fitted.cohens_d() + 1e-3 * np.random.default_rng(0).standard_normal((150, 5))
    found = effect_covariance(fitted, effect="d", errors="bootstrap", replicates=replicates)
    np.testing.assert_array_equal(found.spread_share[1:], 1)
    np.testing.assert_allclose(np.diag(found.values), replicates.var(0, ddof=1))
    in_mm = effect_covariance(fitted, effect="mm", errors="bootstrap", replicates=replicates)
    np.testing.assert_array_equal(in_mm.spread_share, 0)


def test_large_effects_of_one_sign_do_not_pull_each_other_down() -> None:
    """Peelle's puzzle: the generalised mean of two effects with errors in common lies between them."""
    rng = np.random.default_rng(0)
    case = np.arange(200) < 100
    shared = rng.standard_normal((200, 1))
    y = 2.5 + 0.98 * shared + 0.15 * rng.standard_normal((200, 2)) - np.outer(case, [1.5, 2.5])
    fitted = regress(y, np.column_stack([np.ones(200), case]))
    target = (0.9 + 0.1 * np.eye(2), "given")
    d = fitted.cohens_d()

    def mean(covariance: np.ndarray) -> float:
        weight = np.linalg.solve(covariance, np.ones(2))
        return float(weight @ d / weight.sum())

    assert d.min() < mean(effect_covariance(fitted, effect="d", errors="classical", target=target).values) < d.max()
    assert mean(fitted.d_classical()) > d.max()  # nearer to zero than either


def test_without_a_target_the_people_stand_alone(cohort: tuple[np.ndarray, np.ndarray]) -> None:
    y, design = cohort
    found = effect_covariance(regress(y, design), effect="d", errors="hc3")
    assert found.target == "none"
    assert "Ledoit & Wolf" in found.told()
    assert 0 < found.share < 0.5
    assert np.linalg.eigvalsh(found.values)[0] > 0


def test_what_it_says_names_the_people() -> None:
    found = EffectCovariance(np.eye(2), np.zeros(2), "pooled", 0.6, 198.4)
    assert "count as 198 people" in found.told()
    assert "(pooled, 1," in found.told()
    assert "the table given, which count as 300" in EffectCovariance(np.eye(2), np.zeros(2), "given", 0.6, 200).told()
