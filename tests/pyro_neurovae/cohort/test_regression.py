"""Linear models of the regions: against statsmodels region by region, closed forms, and the bootstrap's replicates."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from pyro_neurovae.cohort.balance import effective_size, group_weights
from pyro_neurovae.cohort.bootstrap import bootstrap_counts, bootstrap_effects
from pyro_neurovae.cohort.regression import hedges_factor, regress
from pyro_neurovae.errors import InputError, SettingsError


@pytest.fixture(scope="module")
def cohort() -> tuple[np.ndarray, np.ndarray]:
    """Thickness (90, 6) with holes and a case group that varies more, and a design of four columns."""
    rng = np.random.default_rng(3)
    case = (np.arange(90) % 3 == 0).astype(float)
    age, sex = rng.normal(70 + 4 * case, 6), rng.integers(0, 2, 90).astype(float)
    design = np.column_stack([np.ones(90), case, age - age.mean(), sex - sex.mean()])
    shared = rng.standard_normal((90, 1))
    errors = (0.7 * shared + 0.7 * rng.standard_normal((90, 6))) * (1 + case[:, None])
    y = 2.5 + 0.2 * (errors - 0.5 * np.outer(case, rng.random(6)) - 0.02 * (age - 70)[:, None])
    y[rng.random(y.shape) < 0.03] = np.nan
    return y, design


@pytest.mark.parametrize("scheme", ["none", "inverse-frequency", "overlap"])
def test_effects_and_errors_are_those_of_statsmodels(cohort: tuple[np.ndarray, np.ndarray], scheme: str) -> None:
    y, design = cohort
    weights = group_weights(scheme, design[:, 1] == 1, np.delete(design, 1, axis=1))
    found = regress(y, design, weights)
    for region in range(y.shape[1]):
        rows = ~np.isnan(y[:, region])
        reference = sm.WLS(y[rows, region], design[rows], weights=found.weights[rows]).fit()
        assert found.effect[region] == pytest.approx(reference.params[1], abs=1e-10)
        assert found.sd[region] == pytest.approx(np.sqrt(reference.scale), abs=1e-10)
        assert np.sqrt(found.classical()[region, region]) == pytest.approx(reference.bse[1], abs=1e-10)
        robust = reference.get_robustcov_results("HC3").bse[1]
        assert np.sqrt(found.hc3()[region, region]) == pytest.approx(robust, abs=1e-10)


def test_cross_region_covariances_are_those_of_the_stacked_sandwich(cohort: tuple[np.ndarray, np.ndarray]) -> None:
    y, design = cohort
    full = np.nan_to_num(y, nan=2.5)
    found = regress(full, design)
    bread = np.linalg.inv(design.T @ design)
    residual = full - design @ bread @ design.T @ full
    hat = np.einsum("ij,jk,ik->i", design, bread, design)
    for r, s in ((0, 1), (2, 5)):
        meat = (design * (residual[:, r] * residual[:, s] / (1 - hat) ** 2)[:, None]).T @ design
        assert found.hc3()[r, s] == pytest.approx((bread @ meat @ bread)[1, 1], rel=1e-10)
        shared = residual[:, r] @ residual[:, s] / (len(full) - 4)
        assert found.classical()[r, s] == pytest.approx(shared * bread[1, 1], rel=1e-10)


def test_cohens_d_without_covariates_is_the_textbook_one() -> None:
    rng = np.random.default_rng(0)
    case = np.arange(50) < 20
    y = rng.normal(2.5, 0.2, (50, 3)) - 0.1 * case[:, None]
    design = np.column_stack([np.ones(50), case])
    found = regress(y, design)
    a, b = y[case], y[~case]
    pooled = np.sqrt((19 * a.var(0, ddof=1) + 29 * b.var(0, ddof=1)) / 48)
    d = (a.mean(0) - b.mean(0)) / pooled
    np.testing.assert_allclose(found.cohens_d(), hedges_factor(np.array(48.0)) * d, rtol=1e-12)
    # Hedges' approximation of the factor, 1 - 3 / (4 df - 1), is good to the third decimal.
    assert hedges_factor(np.array(48.0)) == pytest.approx(1 - 3 / (4 * 48 - 1), abs=1e-4)
    expected = hedges_factor(np.array(48.0)) ** 2 * (1 / 20 + 1 / 30 + d**2 / 96)
    np.testing.assert_allclose(np.diag(found.d_classical()), expected, rtol=1e-12)


@pytest.mark.parametrize("scheme", ["inverse-frequency", "overlap"])
def test_covariance_of_d_from_weighted_subjects(cohort: tuple[np.ndarray, np.ndarray], scheme: str) -> None:
    """Errors of the means in sds, and what the sd adds."""
    y, design = cohort
    found = regress(y, design, group_weights(scheme, design[:, 1] == 1, np.delete(design, 1, axis=1)))
    d, rho, half = found.effect / found.sd, found.correlation(), np.sqrt(2 * found.degrees)
    factor = hedges_factor(found.degrees)
    means = found.classical() / np.outer(found.sd, found.sd)
    expected = np.outer(factor, factor) * (means + rho**2 * np.outer(d / half, d / half))
    np.testing.assert_allclose(found.d_classical(), expected, rtol=1e-12)


def test_covariance_of_d_is_that_of_repeated_cohorts() -> None:
    rng = np.random.default_rng(1)
    case = np.arange(240) < 80
    design = np.column_stack([np.ones(240), case])
    effect = np.array([-0.8, 0.0, -0.4])
    root = np.linalg.cholesky(0.5 + 0.5 * np.eye(3))
    drawn, classical, robust = [], [], []
    for _ in range(1500):
        y = 2.5 + np.outer(case, effect) + rng.standard_normal((240, 3)) @ root.T
        found = regress(y, design)
        drawn.append(found.cohens_d())
        classical.append(found.d_classical())
        robust.append(found.d_hc3())
    true = np.cov(np.array(drawn).T)
    # A variance from 1500 draws has a relative standard error of 3.7%, an entry of the covariance a little more.
    np.testing.assert_allclose(np.mean(classical, axis=0), true, rtol=0.12, atol=2e-4)
    np.testing.assert_allclose(np.mean(robust, axis=0), true, rtol=0.12, atol=2e-4)
    assert np.abs(np.mean(drawn, axis=0) - effect).max() < 4 * np.sqrt(true.diagonal().max() / 1500)


@pytest.mark.parametrize("scheme", ["none", "inverse-frequency", "overlap"])
def test_bootstrap_replicates_are_fits_of_the_resampled_table(
    cohort: tuple[np.ndarray, np.ndarray], scheme: str
) -> None:
    y, design = cohort
    case = design[:, 1] == 1
    counts = bootstrap_counts(case.astype(int), 5, seed=2)
    assert (counts[:, case].sum(1) == case.sum()).all()
    assert (counts.sum(1) == len(y)).all()
    found = {one: bootstrap_effects(y, design, counts, scheme=scheme, standardised=one) for one in (True, False)}
    for replicate, count in enumerate(counts):
        rows = np.repeat(np.arange(len(y)), count)
        weights = group_weights(scheme, case[rows], np.delete(design, 1, axis=1)[rows])
        weights = weights / weights.mean()
        for region in range(y.shape[1]):
            kept = ~np.isnan(y[rows, region])
            reference = sm.WLS(y[rows, region][kept], design[rows][kept], weights=weights[kept]).fit()
            assert found[False][replicate, region] == pytest.approx(reference.params[1], abs=1e-8)
            d = hedges_factor(np.array(reference.df_resid)) * reference.params[1] / np.sqrt(reference.scale)
            assert found[True][replicate, region] == pytest.approx(d, abs=1e-8)


def test_overlap_weights_balance_every_covariate_exactly(cohort: tuple[np.ndarray, np.ndarray]) -> None:
    _, design = cohort
    case, covariates = design[:, 1] == 1, np.delete(design, 1, axis=1)
    weights = group_weights("overlap", case, covariates)
    means = [(weights[group] @ covariates[group]) / weights[group].sum() for group in (case, ~case)]
    np.testing.assert_allclose(means[0], means[1], atol=1e-8)
    assert effective_size(weights) < len(case)
    logistic = sm.Logit(case.astype(float), covariates).fit(disp=0)
    np.testing.assert_allclose(weights, np.where(case, 1 - logistic.predict(), logistic.predict()), atol=1e-6)


def test_a_level_that_lost_its_cases_has_no_overlap(cohort: tuple[np.ndarray, np.ndarray]) -> None:
    _, design = cohort
    case, covariates = design[:, 1] == 1, np.delete(design, 1, axis=1)
    site = np.zeros(len(case))
    site[np.flatnonzero(case)[:2]] = site[np.flatnonzero(~case)[:3]] = 1
    wider, counts = np.column_stack([covariates, site - site.mean()]), np.ones((2, len(case)))
    counts[1, (site == 1) & case] = 0
    whole, less = group_weights("overlap", case, wider, counts)
    np.testing.assert_allclose(whole, group_weights("overlap", case, wider), rtol=1e-7)
    assert less[(site == 1) & ~case].max() < 1e-6
    kept = site == 0
    np.testing.assert_allclose(less[kept], group_weights("overlap", case[kept], covariates[kept]), rtol=1e-6)
    with pytest.raises(InputError, match="in a resampled cohort the covariates tell cases from controls without fail"):
        group_weights("overlap", case, np.column_stack([covariates, case.astype(float)]), counts)


def test_inverse_frequency_weights_make_the_groups_weigh_alike() -> None:
    case = np.arange(30) < 5
    weights = group_weights("inverse-frequency", case, np.ones((30, 1)))
    assert weights[case].sum() == pytest.approx(weights[~case].sum())
    assert weights.mean() == pytest.approx(1)


def test_groups_that_do_not_overlap_are_told() -> None:
    case = np.arange(30) < 12
    with pytest.raises(InputError, match="do not overlap"):
        group_weights("overlap", case, np.column_stack([np.ones(30), case * 10.0 + np.linspace(0, 1, 30)]))


def test_an_unknown_scheme_is_told() -> None:
    with pytest.raises(SettingsError, match="inverse-frequency"):
        group_weights("ipw", np.arange(10) < 5, np.ones((10, 1)))


def test_the_only_subject_of_a_site_moves_nothing(cohort: tuple[np.ndarray, np.ndarray]) -> None:
    y, design = cohort
    full = np.nan_to_num(y, nan=2.5)
    site = (np.arange(90) == 7).astype(float)
    found, without = (
        regress(full, np.column_stack([design, site - site.mean()])),
        regress(full[site == 0], design[site == 0]),
    )
    for name in ("effect", "sd", "degrees"):
        np.testing.assert_allclose(getattr(found, name), getattr(without, name), rtol=1e-9)
    for name in ("hc3", "classical", "d_hc3", "d_classical", "cohens_d"):
        np.testing.assert_allclose(getattr(found, name)(), getattr(without, name)(), rtol=1e-8, err_msg=name)
    assert found.bound[7].all()
    assert found.bound.sum() == y.shape[1]


def test_a_level_that_a_region_lacks_takes_no_degree_of_freedom(cohort: tuple[np.ndarray, np.ndarray]) -> None:
    y, design = cohort
    full = np.nan_to_num(y, nan=2.5)
    site = np.arange(90) % 5 == 0
    full[site, 0] = np.nan
    found = regress(full, np.column_stack([design, site - site.mean()]))
    without = regress(full[~site], design[~site])
    assert found.degrees[0] == without.degrees[0] == 72 - 4
    assert found.effect[0] == pytest.approx(without.effect[0], abs=1e-10)
    assert found.hc3()[0, 0] == pytest.approx(without.hc3()[0, 0], rel=1e-8)


@pytest.mark.parametrize("scale", [1e-50, 1e-6, 1.0, 1e6, 1e50])
def test_units_of_thickness_and_covariates_change_no_effect_size(
    cohort: tuple[np.ndarray, np.ndarray], scale: float
) -> None:
    y, design = cohort
    other = design * [1, 1, scale, 1 / scale]
    found, expected = regress(y * scale, other), regress(y, design)
    np.testing.assert_allclose(found.cohens_d(), expected.cohens_d(), rtol=1e-9)
    np.testing.assert_allclose(found.d_hc3(), expected.d_hc3(), rtol=1e-8)
    np.testing.assert_allclose(found.effect / scale, expected.effect, rtol=1e-9)
    counts = bootstrap_counts((design[:, 1] == 1).astype(int), 5, seed=2)
    np.testing.assert_allclose(
        bootstrap_effects(y * scale, other, counts), bootstrap_effects(y, design, counts), rtol=1e-7
    )


def test_covariates_that_separate_the_groups_are_told(cohort: tuple[np.ndarray, np.ndarray]) -> None:
    y, design = cohort
    y = np.nan_to_num(y, nan=2.5)
    y[design[:, 1] == 1, 2] = np.nan
    with pytest.raises(InputError, match="tell cases from controls without fail among the 60 subjects"):
        regress(y, design)


def test_one_degree_of_freedom_is_too_few() -> None:
    rng = np.random.default_rng(0)
    design = np.column_stack([np.ones(8), np.arange(8) % 2, rng.standard_normal((8, 4))])
    assert np.isfinite(regress(rng.standard_normal((8, 2)), design).d_hc3()).all()
    with pytest.raises(InputError, match="7 subjects have a region, for 6 columns of the model"):
        regress(rng.standard_normal((7, 2)), design[:7])


def test_a_replicate_without_a_level_still_tells_the_groups_apart(cohort: tuple[np.ndarray, np.ndarray]) -> None:
    y, design = cohort
    site = (np.arange(90) < 2).astype(float)
    wider = np.column_stack([design, site - site.mean()])
    counts = bootstrap_counts((design[:, 1] == 1).astype(int), 40, seed=2)
    found = bootstrap_effects(y, wider, counts, standardised=False)
    absent = counts[:, :2].sum(1) == 0
    assert 0 < absent.sum() < 40
    np.testing.assert_allclose(
        found[absent], bootstrap_effects(y, design, counts, standardised=False)[absent], rtol=1e-8
    )
    overlap = [bootstrap_effects(y, one, counts, scheme="overlap", standardised=False) for one in (wider, design)]
    np.testing.assert_allclose(overlap[0][absent], overlap[1][absent], rtol=1e-7)
    nobody = counts * (design[:, 1] == 0)
    with pytest.raises(InputError, match="has no case or no control with a region"):
        bootstrap_effects(y, design, nobody)
