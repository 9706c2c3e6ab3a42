"""The linear families as Pyro models: their sites and plates, their density by hand, their covariances."""

from __future__ import annotations

import numpy as np
import pyro
import pytest
import torch
from pyro.infer import MCMC, NUTS, SVI, Predictive, Trace_ELBO
from pyro.infer.autoguide import AutoNormal
from scipy.linalg import null_space
from scipy.stats import expon, halfnorm, multivariate_normal

from pyro_neurovae.models.settings import PCPrior

NAMES = ("cross-scale", "expression", "spatial", "structural")
MODELS = pytest.mark.parametrize("name", NAMES)

# Site to its plates, for every family.
OF_PROGRAMS = {
    "expression_noise": ("replicate", "draw"),
    "strength": ("replicate", "draw", "program"),
    "smoothness": ("replicate", "draw", "program"),
    "program_score": ("replicate", "draw", "program"),
    "expression": ("replicate", "draw"),
}
MAPS = ("replicate", "draw", "map")
SITES = {
    "cross-scale": OF_PROGRAMS
    | dict.fromkeys(
        ("transcriptomic_scale", "spatial_scale", "structural_scale", "unexplained_scale", "thinning"), MAPS
    ),
    "expression": dict.fromkeys(("transcriptomic_scale", "structural_scale", "unexplained_scale", "thinning"), MAPS),
    "spatial": dict.fromkeys(("spatial_scale", "unexplained_scale", "thinning"), MAPS),
    "structural": dict.fromkeys(("spatial_scale", "structural_scale", "unexplained_scale", "thinning"), MAPS),
}
OBSERVED = ("expression", "thinning")
DIMS = {"replicate": -3, "draw": -2, "map": -1, "program": -1}


def latent(sites):
    return {name: site["value"] for name, site in sites.items() if name not in OBSERVED}


@MODELS
def test_sites_and_plates(models, traced, name):
    model, draws = models[name], 3
    sites = traced(model, draws)
    assert list(sites) == list(SITES[name])
    sizes = {"replicate": 2, "draw": draws, "map": 2, "program": 2}
    for site, plates in SITES[name].items():
        frames = {f.name: (f.dim, f.size) for f in sites[site]["cond_indep_stack"]}
        assert frames == {plate: (DIMS[plate], sizes[plate]) for plate in plates}
        batch = tuple(sizes[plate] for plate in plates) + (() if len(plates) == 3 else (1,))
        assert sites[site]["log_prob"].shape == batch
        assert sites[site]["is_observed"] == (site in OBSERVED)
    assert model.scale_names == tuple(site for site in SITES[name] if site.endswith("_scale"))
    assert model.has_programs == ("program_score" in sites)


@MODELS
def test_docstrings_name_the_sites(models, name):
    documented = type(models[name]).__doc__
    assert [site for site in SITES[name] if f"``{site}``" not in documented] == []


def standardised(study):
    """Expression of the measured regions (region, gene), mean 0 and variance 1 a gene."""
    shown = study.expression[study.expression_observed]
    return (shown - shown.mean(0)) / shown.std(0)


def kernels_by_hand(name, study, sites, dense, structural, b, s):
    """Covariance of each part at unit scale, for replicate b and draw s."""
    parts = {}
    if name == "cross-scale":
        programs = sites["program_score"]["value"][b, s].numpy() * sites["strength"]["value"][b, s].numpy()[:, None]
        x = np.zeros((study.n_regions, len(study.genes)))
        x[study.expression_observed] = standardised(study)
        values, vectors = np.linalg.eigh(x @ x.T / x.shape[1])
        rest = (vectors[:, :-2] * values[:-2].clip(min=0)) @ vectors[:, :-2].T  # beyond two components
        # A region without expression has a part of its own, as large as the others' on average.
        rest += np.diag(~study.expression_observed * rest.diagonal()[study.expression_observed].mean())
        size = (sites["strength"]["value"][b, s].numpy() ** 2).sum() + rest.diagonal().mean()
        parts["transcriptomic"] = (programs.T @ programs + rest) / size
    if name == "expression":
        measured = study.expression_observed
        parts["transcriptomic"] = np.diag((~measured).astype(float))
        x = standardised(study)
        parts["transcriptomic"][np.ix_(measured, measured)] = x @ x.T / x.shape[1]
    if name != "expression":
        parts["spatial"] = dense(study.graph, "icar")
    if name != "spatial":
        parts["structural"] = structural(study)
    return parts


def axis_of(study):
    """Leading eigenvector of the structure, mean 0 and variance 1 over all regions."""
    leading = np.linalg.eigh(study.structure)[1][:, -1]
    return (leading - leading.mean()) / leading.std()


def scale_prior(prior, value, unit):
    """Log prior density of a scale, in units of the sd of the seen values."""
    if isinstance(prior, PCPrior):  # P(scale > upper) = alpha
        return expon(scale=prior.upper * unit / -np.log(prior.alpha)).logpdf(value)
    nought, there = expon(scale=prior.tip * unit).pdf(value), halfnorm(scale=prior.width * unit).pdf(value)
    return np.log(prior.absent * nought + (1 - prior.absent) * there)


def thinning_by_hand(study, hidden, parts, scales, priors, b, m):
    """Log density of the values seen, and of the scales, for replicate b and map m."""
    seen = study.thinning_observed[m] & ~hidden[b, m]
    y, errors = study.thinning[m, seen], study.sampling_covariance()[m][np.ix_(seen, seen)]
    n = len(y)
    fixed = 4 * (y**2).mean() * np.ones((n, n))
    if "structural" in parts:
        fixed = fixed + y.var() / 4 * np.outer(axis_of(study)[seen], axis_of(study)[seen])
    covariance = fixed + errors + scales["unexplained_scale"] ** 2 * np.eye(n)
    for part, kernel in parts.items():
        covariance += scales[f"{part}_scale"] ** 2 * kernel[np.ix_(seen, seen)]
    prior = sum(scale_prior(priors[name], value, y.std()) for name, value in scales.items())
    return multivariate_normal(np.zeros(n), covariance).logpdf(y) + prior


def expression_by_hand(study, model, sites, dense, b, s):
    """Log density of the genes' contrasts, the programs and their globals."""
    value = {name: sites[name]["value"][b, s].numpy() for name in OF_PROGRAMS if name != "expression"}
    x = standardised(study)
    scaled = (value["program_score"] * value["strength"][:, None])[:, study.expression_observed]
    basis = null_space(np.ones((1, len(x))))
    covariance = basis.T @ (scaled.T @ scaled + float(value["expression_noise"][0]) ** 2 * np.eye(len(x))) @ basis
    total = multivariate_normal(np.zeros(len(covariance)), covariance).logpdf((basis.T @ x).T).sum()
    prior = expon(scale=1 / -np.log(0.05))  # P(sd > 1) = 0.05, the settings' default
    total += prior.logpdf(value["expression_noise"]).sum() + prior.logpdf(value["strength"]).sum()
    total += float(model.smoothness_prior.log_prob(torch.tensor(value["smoothness"])).sum())
    for z, phi in zip(value["program_score"], value["smoothness"], strict=True):
        total += multivariate_normal(np.zeros(len(z)), dense(study.graph, "bym2", phi)).logpdf(z)
    return total


@MODELS
def test_density_of_the_whole_model_by_hand(models, study, hidden, dense, structural, traced, name):
    model, draws = models[name], 3
    sites = traced(model, draws)
    total = sum(site["log_prob"].flatten(2).sum(-1) for site in sites.values())
    for b, s in np.ndindex(2, draws):
        parts = kernels_by_hand(name, study, sites, dense, structural, b, s)
        expected = 0.0 if name != "cross-scale" else expression_by_hand(study, model, sites, dense, b, s)
        for m in range(2):
            scales = {scale: float(sites[scale]["value"][b, s, m]) for scale in model.scale_names}
            expected += thinning_by_hand(study, hidden, parts, scales, vars(model.settings), b, m)
        assert float(total[b, s]) == pytest.approx(expected, rel=1e-8)


def given(model, draws=3):
    """Scales (replicate, draw, map) and kernels of a model, with programs drawn at random."""
    rng, data = np.random.default_rng(1), model.data
    shape = (data.replicates, draws)
    scales = {name: torch.tensor(rng.uniform(0.05, 0.2, (*shape, data.maps))) for name in model.scale_names}
    programs = {
        "program_score": torch.tensor(rng.standard_normal((*shape, 2, data.regions))),
        "strength": torch.tensor(rng.uniform(0.5, 2.0, (*shape, 2))),
    }
    return scales, model.kernels(programs if model.has_programs else {})


@MODELS
def test_covariance_is_the_sum_of_its_parts(models, name):
    model = models[name]
    scales, kernels = given(model)
    data, covariance = model.data, model.covariance(scales, kernels)
    assert covariance.shape == (2, 3, 2, data.regions, data.regions)
    levels = torch.stack([data.level, data.unit / 2], -1)[..., : len(model.wide)]
    assert tuple(kernels) == model.parts
    for b, s, m in np.ndindex(2, 3, 2):
        expected = (
            data.sampling[0, m]
            + sum(level**2 * torch.outer(one, one) for level, one in zip(levels[b, m], model.wide, strict=True))
            + scales["unexplained_scale"][b, s, m] ** 2 * torch.eye(data.regions)
        )
        for part in model.parts:
            kernel = kernels[part].expand(2, 3, -1, -1)[b, s]
            expected = expected + scales[f"{part}_scale"][b, s, m] ** 2 * kernel
        torch.testing.assert_close(covariance[b, s, m], expected)


@MODELS
def test_gradient_of_the_covariance(models, name):
    model = models[name]
    scales, kernels = given(model, draws=1)
    leaves = [value.requires_grad_() for value in scales.values()]

    def total(*values):
        return model.covariance(dict(zip(scales, values, strict=True)), kernels)

    assert torch.autograd.gradcheck(total, leaves, fast_mode=True)


@MODELS
def test_a_sampling_covariance_takes_the_place_of_the_standard_errors(study, build, name):
    shared = 0.3 + 0.7 * np.eye(study.n_regions)  # correlation of the errors
    joint = study.standard_error[:, :, None] * shared * study.standard_error[:, None, :]
    alone, correlated = (
        study.with_thinning(study.thinning, study.standard_error, covariance=one) for one in (None, joint)
    )
    plain, full = (build(name, one) for one in (alone, correlated))
    scales, kernels = given(plain)
    difference = (full.covariance(scales, kernels) - plain.covariance(scales, kernels))[0]
    for m in range(2):
        seen = study.thinning_observed[m]
        off = joint[m] - np.diag(study.standard_error[m] ** 2)
        for s in range(3):
            np.testing.assert_allclose(difference[s, m][seen][:, seen], off[np.ix_(seen, seen)], atol=1e-15)


@MODELS
def test_relabelling_regions_changes_no_density(study, hidden, models, build, traced, name):
    order = np.random.default_rng(2).permutation(study.n_regions)
    other = build(name, study.select(regions=[study.regions[i] for i in order]), hidden[:, :, order])
    before = traced(models[name], 2)
    values = latent(before)
    if "program_score" in values:
        values["program_score"] = values["program_score"][..., order]
    after = traced(other, 2, values)
    for site in SITES[name]:
        torch.testing.assert_close(after[site]["log_prob"], before[site]["log_prob"], msg=site)


@MODELS
def test_hidden_values_change_no_density(study, hidden, models, build, traced, name):
    thinning = study.thinning.copy()
    thinning[:, 1] += 5.0  # hidden from replicate 0, seen by replicate 1
    other = build(name, study.with_thinning(thinning, study.standard_error, covariance=study.covariance), hidden)
    before = traced(models[name], 2)
    after = traced(other, 2, latent(before))
    assert torch.equal(before["thinning"]["log_prob"][0], after["thinning"]["log_prob"][0])
    assert not torch.isclose(before["thinning"]["log_prob"][1], after["thinning"]["log_prob"][1]).any()


@MODELS
def test_log_prior_is_that_of_the_sites(models, traced, name):
    sites = traced(models[name], 3)
    found = models[name].log_prior(latent(sites))
    assert set(found) == set(SITES[name]) - {"program_score", *OBSERVED}
    for site, density in found.items():
        torch.testing.assert_close(density, sites[site]["log_prob"], msg=site)


# What is Pyro's stays Pyro's: its own inference runs on every model, as on any other.


@MODELS
def test_predictive_of_pyro_draws_every_site(models, name):
    drawn = Predictive(models[name].model, num_samples=3)()
    assert set(SITES[name]) == set(drawn)
    regions = models[name].data.regions
    assert drawn["thinning"].shape == (3, 2, 1, 2, regions)
    assert all(bool(torch.isfinite(drawn[site]).all()) for site in models[name].scale_names)


@MODELS
def test_autonormal_of_pyro_trains_by_svi(models, name):
    model = models[name].model
    guide = AutoNormal(model)
    with pyro.get_param_store().scope():  # the caller's own parameters are left alone
        svi = SVI(model, guide, pyro.optim.ClippedAdam({"lr": 0.1}), Trace_ELBO())
        losses = [svi.step() for _ in range(25)]
        found = guide.median()
    assert set(found) == set(SITES[name]) - set(OBSERVED)
    assert np.mean(losses[-8:]) < np.mean(losses[:8])


@MODELS
def test_nuts_of_pyro_samples_every_site(models, name):
    mcmc = MCMC(NUTS(models[name].model, max_tree_depth=2), num_samples=4, warmup_steps=8, disable_progbar=True)
    mcmc.run()
    drawn = mcmc.get_samples()
    assert set(drawn) == set(SITES[name]) - set(OBSERVED)
    assert all(bool(torch.isfinite(values).all()) for values in drawn.values())
    assert len(drawn["unexplained_scale"].unique(dim=0)) > 1
