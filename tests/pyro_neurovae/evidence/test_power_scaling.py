"""Power-scaling by weights: ArviZ's index, closed forms, and fits whose prior really has the power."""

from __future__ import annotations

import arviz as az
import numpy as np
import pytest
import xarray as xr
from scipy.stats import expon, halfnorm, multivariate_normal, norm, spearmanr

import pyro_neurovae as nv
from pyro_neurovae.evidence.power_scaling import (
    GROUPS,
    Ordered,
    log_ratios,
    power_scale,
    power_table,
    raised,
    scaled_settings,
    sensitivity_index,
)
from pyro_neurovae.models.settings import PCPrior, SpikedPrior


@pytest.fixture(scope="module")
def smooth():
    study = nv.simulate(3, genes=30, transcriptomic_scale=0.0, spatial_scale=0.08, unexplained_scale=0.03)
    return nv.fit(study, "spatial", method="exact", draws=4000)


@pytest.fixture(scope="module")
def ridge():
    study = nv.simulate(4, genes=60, spatial_scale=0.0, transcriptomic_scale=0.08, unexplained_scale=0.03)
    return nv.fit(study, "expression", method="exact", draws=4000)


def thinning(fit):
    return fit.idata["posterior"]["thinning"].values[0, :, 0]


def refitted(fit, group, power):
    """Fit with the prior that the power amounts to, its random numbers the same."""
    own = scaled_settings(fit, group, power).family
    changed = {name: getattr(own, name) for name in own.__dataclass_fields__ if name.endswith("_scale")}
    return nv.fit(fit.study, fit.settings.model, method="exact", draws=4000, **changed)


def test_index_is_that_of_arviz(smooth):
    prior = sum(smooth.idata["log_prior"][name] for name in smooth.idata["log_prior"].data_vars).isel(map=0)
    data = az.from_dict(posterior={"thinning": thinning(smooth)[None, :, :7]})
    data.add_groups(log_prior=xr.Dataset({"all": (("chain", "draw"), prior.values.reshape(1, -1))}))
    expected = az.psens(data, component="prior")["thinning"].values
    found = sensitivity_index(thinning(smooth)[:, :7], log_ratios(smooth, 0)["scales"])
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_weighted_summary_is_that_of_the_scaled_density():
    """Draws of N(0, 1), their own density to the power 2: N(0, 1/2)."""
    draws = np.random.default_rng(0).standard_normal(40_000)
    scaled = power_scale(raised(norm.logpdf(draws)), 2.0)
    found = scaled.summarise(Ordered.of(draws[:, None]))
    assert scaled.reliable
    assert found["mean"][0] == pytest.approx(0, abs=0.02)
    assert found["sd"][0] == pytest.approx(np.sqrt(0.5), rel=0.02)
    assert found["lower90"][0] == pytest.approx(norm.ppf(0.05) * np.sqrt(0.5), abs=0.03)
    assert found["upper90"][0] == pytest.approx(norm.ppf(0.95) * np.sqrt(0.5), abs=0.03)


def test_weights_that_are_all_alike_change_nothing():
    draws = np.random.default_rng(1).standard_normal((500, 3))
    scaled = power_scale(raised(np.zeros(500)), 2.0)
    assert scaled.reliable
    np.testing.assert_allclose(scaled.summarise(Ordered.of(draws))["mean"], draws.mean(0))


@pytest.mark.parametrize("group", ["scales", "field"])
@pytest.mark.parametrize("power", [0.5, 2.0])
def test_spatial_agrees_with_real_refits(smooth, group, power):
    assert_agreement(smooth, group, power)


@pytest.mark.parametrize("power", [0.5, 2.0])
def test_expression_agrees_with_real_refits(ridge, power):
    assert_agreement(ridge, "field", power)


def assert_agreement(fit, group, power):
    before = thinning(fit)
    after = thinning(refitted(fit, group, power))
    scaled = power_scale(log_ratios(fit, 0)[group], power)
    assert scaled.reliable
    expected = (after.mean(0) - before.mean(0)) / before.std(0)
    found = (scaled.summarise(Ordered.of(before))["mean"] - before.mean(0)) / before.std(0)
    np.testing.assert_allclose(found, expected, atol=0.05)
    if power > 1:  # half the prior moves regions by a hundredth of their sd, which chance does too
        assert spearmanr(found, expected).statistic > 0.9


def test_field_to_a_power_is_the_field_of_that_precision(smooth):
    """The identity behind it: u ~ N(0, I / p) with scale t is u ~ N(0, I) with scale t / p^(1/2)."""
    posterior = smooth.idata["posterior"]
    values = posterior["spatial"].values[0, :, 0], posterior["spatial_scale"].values[0, :, 0]
    vectors = np.linalg.eigh(nv.GMRF(smooth.study.graph, "icar").covariance().numpy())
    kept = vectors[0] > 1e-9
    u = values[0] @ vectors[1][:, kept] / np.sqrt(vectors[0][kept]) / values[1][:, None]
    joint = power_scale(raised(-0.5 * (u**2).sum(1)), 1.05).summarise(Ordered.of(thinning(smooth)))["mean"]
    found = power_scale(log_ratios(smooth, 0)["field"], 1.05).summarise(Ordered.of(thinning(smooth)))["mean"]
    # Both estimate the same; the direct weights of 67 numbers are far noisier.
    noise = 0.05 * np.sqrt(67 / 2) / np.sqrt(4000)
    np.testing.assert_allclose(joint, found, atol=4 * noise * thinning(smooth).std(0).max())


def test_likelihood_to_a_power_is_smaller_variance():
    """With unexplained noise next to nothing, N(y; f, V) to the power p is V / p: a fit with other standard errors."""
    study = nv.simulate(5, genes=5, transcriptomic_scale=0.0, unexplained_scale=0.0, spatial_scale=0.1)
    tight = {"unexplained_scale": PCPrior(1e-3, 0.01), "method": "exact", "draws": 4000}
    fit = nv.fit(study, "spatial", **tight)
    error = study.standard_error / np.sqrt(1.25)
    smaller = study.with_thinning(study.thinning, error, covariance=study.covariance / 1.25)
    again = nv.fit(smaller, "spatial", **tight)
    scaled = power_scale(log_ratios(fit, 0)["likelihood"], 1.25)
    found = scaled.summarise(Ordered.of(thinning(fit)))["mean"] - thinning(fit).mean(0)
    expected = thinning(again).mean(0) - thinning(fit).mean(0)
    assert spearmanr(found, expected).statistic > 0.9


def test_the_likelihood_is_of_the_predictable_part(smooth):
    """Weighing draws of theta = f + sigma e by N(y; f, V + sigma^2 I) is weighing theta by N(y; theta, V) on average.

    Given f and sigma, theta has the density N(theta; f, sigma^2 I) N(y; theta, V) / N(y; f, V + sigma^2 I): in one
    dimension the ratio of the first two integrates over theta to the third.
    """
    f, sigma, error, y = 0.3, 0.4, 0.5, -0.2
    grid = np.linspace(-6, 6, 20_001)
    joint = norm.pdf(grid, f, sigma) * norm.pdf(y, grid, error)
    assert np.trapezoid(joint, grid) == pytest.approx(norm.pdf(y, f, np.hypot(sigma, error)))
    covariance, study = smooth.study.sampling_covariance()[0], smooth.study
    sigma = smooth.posterior.draws("unexplained_scale", 0)[:3]
    found = log_ratios(smooth, 0)["likelihood"](2.0)[:3]
    for draw, one in enumerate(sigma):
        normal = multivariate_normal(smooth.posterior.predictable(0)[draw], covariance + one**2 * np.eye(68))
        assert found[draw] == pytest.approx(normal.logpdf(study.thinning[0]))


def test_weights_of_a_spiked_scale_to_a_power(ridge):
    """The prior f(c) becomes p^(1/2) f(p^(1/2) c), and refits take just that prior."""
    scale, prior = ridge.posterior.draws("transcriptomic_scale", 0), ridge.settings.family.transcriptomic_scale
    assert isinstance(prior, SpikedPrior)
    unit = ridge.study.thinning[0].std()

    def density(values, own):
        tip, width = own.tip * unit, own.width * unit
        return own.absent * expon.pdf(values, scale=tip) + (1 - own.absent) * halfnorm.pdf(values, scale=width)

    shrunk = scaled_settings(ridge, "weights", 2.0).family.transcriptomic_scale
    expected = np.log(density(scale, shrunk) / density(scale, prior))
    np.testing.assert_allclose(log_ratios(ridge, 0)["weights"](2.0) + np.log(2) / 2, expected, rtol=1e-6, atol=1e-9)
    assert scaled_settings(ridge, "scales", 2.0) is None  # the power of a mixture is none


def test_smoothness_to_a_power(small_fit):
    family = scaled_settings(small_fit, "smoothness", 2.0).family
    assert family.smoothness.upper == 0.5
    assert family.smoothness.alpha > 0.5  # twice the rate keeps programs nearer to independence
    assert scaled_settings(small_fit, "smoothness", 1.0).family.smoothness.alpha == pytest.approx(0.5)
    assert scaled_settings(small_fit, "likelihood", 2.0) is None


def test_a_prior_at_odds_with_the_data_is_flagged_and_a_mild_one_is_not():
    """The spatial part has an sd of 0.15, about that of the map: P(sd > a tenth of the map's) = 0.01 denies it.

    What is a region's own then takes its place, so that effects hardly move; the share of the spatial part does.
    """
    scales = {"transcriptomic_scale": 0.0, "structural_scale": 0.0, "spatial_scale": 0.15, "unexplained_scale": 0.01}
    study = nv.simulate(6, genes=30, sampling_correlation="independent", **scales)
    options = {"method": "exact", "draws": 2000}
    mild = power_table(nv.fit(study, "spatial", **options))
    odd = power_table(nv.fit(study, "spatial", spatial_scale=PCPrior(0.1, 0.01), **options))

    def of_regions(table):
        own = table[(table["group"] != "likelihood") & table["quantity"].str.startswith("effect")]
        return (own["diagnosis"] == "prior-data conflict").sum()

    def of_share(table):
        return table[(table["group"] == "field") & (table["quantity"] == "share spatial")].iloc[0]

    assert of_regions(mild) == of_regions(odd) == 0
    assert of_share(odd)["diagnosis"] == "prior-data conflict"
    assert of_share(odd)["sensitivity"] > 5 * of_share(mild)["sensitivity"]
    for table in (mild, odd):
        assert (table["k"] < 0.7).all()
        assert set(table["group"]) == {"scales", "field", "likelihood"}


def test_every_group_of_cross_scale_has_a_row_for_every_quantity(small_fit):
    table = power_table(small_fit)
    assert set(table["group"]) == set(GROUPS)
    assert len(table) == len(GROUPS) * 2 * (68 + 5)
    assert np.isfinite(table["sensitivity"]).all()
    assert (table["noise"] > 0).all()


def test_a_full_covariance_is_heeded(smooth):
    study = smooth.study
    correlated = np.diag(study.standard_error[0] ** 2) + 5e-4
    both = nv.Study(
        graph=study.graph,
        genes=study.genes,
        maps=study.maps,
        expression=study.expression,
        thinning=study.thinning,
        standard_error=np.sqrt(np.diagonal(correlated))[None],
        covariance=correlated[None],
    )
    fit = nv.fit(both, "spatial", method="exact", draws=50)
    residual = study.thinning[0] - fit.posterior.predictable(0)
    sigma = fit.idata["posterior"]["unexplained_scale"].values[0, :, 0]
    whole = correlated + sigma[:, None, None] ** 2 * np.eye(68)
    expected = -0.5 * (
        np.einsum("di,dij,dj->d", residual, np.linalg.inv(whole), residual) + np.linalg.slogdet(whole)[1]
    )
    np.testing.assert_allclose(log_ratios(fit, 0)["likelihood"](2.0), expected - 34 * np.log(2 * np.pi), rtol=1e-8)


@pytest.mark.slow
def test_ci_selection_cross_scale_agrees_with_real_refits():
    """Weights move means as refits do, to a twentieth of a posterior sd; where a prior decides much, region by region.

    Groups are small, so that priors count; draws of programs and of thinning differ between fits.
    """
    study = nv.simulate(2, genes=200, transcriptomic_scale=0.06, spatial_scale=0.04, n_control=120, n_case=60)
    fit = nv.fit(study, draws=4000)
    before = fit.posterior.predictable(0)
    for group in ("field", "weights"):
        own = scaled_settings(fit, group, 2.0).family
        changed = {name: getattr(own, name) for name in GROUPS[group]}
        after = nv.fit(study, draws=4000, programs=fit, **changed).posterior.predictable(0).mean(0)
        found = power_scale(log_ratios(fit, 0)[group], 2.0).summarise(Ordered.of(before))["mean"]
        assert np.abs((found - after) / before.std(0)).max() < 0.05
        if group == "field":
            assert spearmanr(found - before.mean(0), after - before.mean(0)).statistic > 0.9


def test_arviz_gives_the_same_of_the_densities_that_are_scaled(small_fit):
    arviz = pytest.importorskip("arviz")
    if not hasattr(arviz, "psens"):
        pytest.skip("the name of ArviZ 0.x")
    table = power_table(small_fit)
    for name in small_fit.study.maps:
        data = nv.psens_data(small_fit, name)
        own = table[(table["map"] == name) & table["quantity"].str.startswith("effect ")]
        for group in ("scales", "strengths", "smoothness", "likelihood"):
            chosen = {"component": "likelihood"} if group == "likelihood" else {"component_var_names": [group]}
            theirs = arviz.psens(data, var_names=["thinning"], **chosen)
            np.testing.assert_allclose(
                np.asarray(theirs).ravel(), own.loc[own["group"] == group, "sensitivity"], atol=1e-6
            )


def test_densities_of_an_unknown_map_or_family(small_fit):
    with pytest.raises(nv.SettingsError, match="the fit has no map 'other'"):
        nv.psens_data(small_fit, "other")
