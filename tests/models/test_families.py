"""Families as Pyro models: their sites and plates, their density by hand, their covariances."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from pyro import poutine
from pyro.poutine.util import site_is_subsample
from scipy.linalg import null_space
from scipy.stats import expon, multivariate_normal

from pyro_neurovae.models.settings import PCPrior

NAMES = ("cross-scale", "expression", "spatial")
FAMILIES = pytest.mark.parametrize("name", NAMES)

# Site to its plates, for every family.
HALF = {
    "expression_noise": ("replicate", "draw"),
    "strength": ("replicate", "draw", "program"),
    "smoothness": ("replicate", "draw", "program"),
    "program_score": ("replicate", "draw", "program"),
    "expression": ("replicate", "draw"),
}
MAPS = ("replicate", "draw", "map")
SITES = {
    "cross-scale": HALF
    | dict.fromkeys(("transcriptomic_scale", "spatial_scale", "unexplained_scale", "thinning"), MAPS),
    "expression": dict.fromkeys(("transcriptomic_scale", "unexplained_scale", "thinning"), MAPS),
    "spatial": dict.fromkeys(("spatial_scale", "unexplained_scale", "thinning"), MAPS),
}
DIMS = {"replicate": -3, "draw": -2, "map": -1, "program": -1}


def traced(family, draws, seeded, values=None):
    """Trace of the whole model, on the given values or on draws from the prior."""
    model = family.model if values is None else poutine.condition(family.model, values)
    with seeded(0):
        trace = poutine.trace(model).get_trace(draws)
    trace.compute_log_prob()
    return {name: s for name, s in trace.nodes.items() if s["type"] == "sample" and not site_is_subsample(s)}


def latent(sites):
    return {name: site["value"] for name, site in sites.items() if name not in ("expression", "thinning")}


@FAMILIES
def test_sites_and_plates(families, seeded, name):
    family, draws = families[name], 3
    sites = traced(family, draws, seeded)
    assert list(sites) == list(SITES[name])
    sizes = {"replicate": 2, "draw": draws, "map": 2, "program": 2}
    for site, plates in SITES[name].items():
        frames = {f.name: (f.dim, f.size) for f in sites[site]["cond_indep_stack"]}
        assert frames == {plate: (DIMS[plate], sizes[plate]) for plate in plates}
        batch = tuple(sizes[plate] for plate in plates) + (() if len(plates) == 3 else (1,))
        assert sites[site]["log_prob"].shape == batch
        assert sites[site]["is_observed"] == (site in ("expression", "thinning"))
    assert family.scale_names == tuple(site for site in SITES[name] if site.endswith("_scale"))


@FAMILIES
def test_docstrings_name_the_sites(families, name):
    documented = type(families[name]).__doc__
    assert [site for site in SITES[name] if f"``{site}``" not in documented] == []


def standardised(study):
    """Expression of the measured regions (region, gene), mean 0 and variance 1 a gene."""
    shown = study.expression[study.expression_observed]
    return (shown - shown.mean(0)) / shown.std(0)


def kernels_by_hand(name, study, sites, dense, b, s):
    """Covariance of each part at unit scale, for replicate b and draw s."""
    parts = {}
    if name == "cross-scale":
        strength = sites["strength"]["value"][b, s].numpy()
        programs = sites["program_score"]["value"][b, s].numpy() * (strength / np.linalg.norm(strength))[:, None]
        parts["transcriptomic"] = programs.T @ programs
    if name == "expression":
        measured = study.expression_observed
        parts["transcriptomic"] = np.diag((~measured).astype(float))
        x = standardised(study)
        parts["transcriptomic"][np.ix_(measured, measured)] = x @ x.T / x.shape[1]
    if name != "expression":
        parts["spatial"] = dense(study.graph, "icar")
    return parts


def thinning_by_hand(study, hidden, parts, scales, b, m):
    """Log density of the values seen, and of the scales, for replicate b and map m."""
    seen = study.thinning_observed[m] & ~hidden[b, m]
    y, se = study.thinning[m, seen], study.standard_error[m, seen]
    n = len(y)
    intercept = (2 * np.sqrt((y**2).mean())) ** 2 * np.ones((n, n))
    covariance = intercept + np.diag(se**2) + scales["unexplained_scale"] ** 2 * np.eye(n)
    for part, kernel in parts.items():
        covariance += scales[f"{part}_scale"] ** 2 * kernel[np.ix_(seen, seen)]
    # P(scale > sd of the seen values) = 0.1, the settings' default.
    prior = expon(scale=y.std() / -np.log(0.1))
    return multivariate_normal(np.zeros(n), covariance).logpdf(y) + sum(prior.logpdf(v) for v in scales.values())


def expression_by_hand(study, family, sites, dense, b, s):
    """Log density of the genes' contrasts, the programs and their globals."""
    value = {name: sites[name]["value"][b, s].numpy() for name in HALF if name != "expression"}
    x = standardised(study)
    scaled = (value["program_score"] * value["strength"][:, None])[:, study.expression_observed]
    basis = null_space(np.ones((1, len(x))))
    covariance = basis.T @ (scaled.T @ scaled + float(value["expression_noise"][0]) ** 2 * np.eye(len(x))) @ basis
    total = multivariate_normal(np.zeros(len(covariance)), covariance).logpdf((basis.T @ x).T).sum()
    prior = expon(scale=1 / -np.log(0.05))  # P(sd > 1) = 0.05, the settings' default
    total += prior.logpdf(value["expression_noise"]).sum() + prior.logpdf(value["strength"]).sum()
    total += float(family.smoothness_prior.log_prob(torch.tensor(value["smoothness"])).sum())
    for z, phi in zip(value["program_score"], value["smoothness"], strict=True):
        total += multivariate_normal(np.zeros(len(z)), dense(study.graph, "bym2", phi)).logpdf(z)
    return total


@FAMILIES
def test_density_of_the_whole_model_by_hand(families, study, hidden, dense, seeded, name):
    family, draws = families[name], 3
    sites = traced(family, draws, seeded)
    total = sum(site["log_prob"].flatten(2).sum(-1) for site in sites.values())
    for b, s in np.ndindex(2, draws):
        parts = kernels_by_hand(name, study, sites, dense, b, s)
        expected = 0.0 if name != "cross-scale" else expression_by_hand(study, family, sites, dense, b, s)
        for m in range(2):
            scales = {scale: float(sites[scale]["value"][b, s, m]) for scale in family.scale_names}
            expected += thinning_by_hand(study, hidden, parts, scales, b, m)
        assert float(total[b, s]) == pytest.approx(expected, rel=1e-8)


def given(family, draws=3):
    """Scales (replicate, draw, map) and kernels of a family, with programs drawn at random."""
    rng, data = np.random.default_rng(1), family.data
    shape = (data.replicates, draws)
    scales = {name: torch.tensor(rng.uniform(0.05, 0.2, (*shape, data.maps))) for name in family.scale_names}
    programs = torch.tensor(rng.standard_normal((*shape, 2, data.regions)))
    return scales, family.kernels(programs if family.name == "cross-scale" else None)


@FAMILIES
def test_covariance_is_the_sum_of_its_parts(families, name):
    family = families[name]
    scales, kernels = given(family)
    data, covariance = family.data, family.covariance(scales, kernels)
    assert covariance.shape == (2, 3, 2, data.regions, data.regions)
    assert set(kernels) == set(family.parts)
    for b, s, m in np.ndindex(2, 3, 2):
        expected = (
            data.sampling[m]
            + data.level[b, m] ** 2
            + scales["unexplained_scale"][b, s, m] ** 2 * torch.eye(data.regions)
        )
        for part in family.parts:
            kernel = kernels[part].expand(2, 3, -1, -1)[b, s]
            expected = expected + scales[f"{part}_scale"][b, s, m] ** 2 * kernel
        torch.testing.assert_close(covariance[b, s, m], expected)


@FAMILIES
def test_gradient_of_the_covariance(families, name):
    family = families[name]
    scales, kernels = given(family, draws=1)
    leaves = [value.requires_grad_() for value in scales.values()]

    def total(*values):
        return family.covariance(dict(zip(scales, values, strict=True)), kernels)

    assert torch.autograd.gradcheck(total, leaves, fast_mode=True)


@FAMILIES
def test_a_sampling_covariance_takes_the_place_of_the_standard_errors(study, build, name):
    shared = 0.3 + 0.7 * np.eye(study.n_regions)  # correlation of the errors
    joint = study.standard_error[:, :, None] * shared * study.standard_error[:, None, :]
    correlated = study.with_thinning(study.thinning, study.standard_error, covariance=joint)
    plain, full = build(name, study), build(name, correlated)
    scales, kernels = given(plain)
    difference = (full.covariance(scales, kernels) - plain.covariance(scales, kernels))[0]
    for m in range(2):
        seen = study.thinning_observed[m]
        off = joint[m] - np.diag(study.standard_error[m] ** 2)
        for s in range(3):
            np.testing.assert_allclose(difference[s, m][seen][:, seen], off[np.ix_(seen, seen)], atol=1e-15)


@FAMILIES
def test_relabelling_regions_changes_no_density(study, hidden, build, seeded, name):
    order = np.random.default_rng(2).permutation(study.n_regions)
    family = build(name, study, hidden)
    other = build(name, study.select(regions=[study.regions[i] for i in order]), hidden[:, :, order])
    before = traced(family, 2, seeded)
    values = latent(before)
    if "program_score" in values:
        values["program_score"] = values["program_score"][..., order]
    after = traced(other, 2, seeded, values)
    for site in SITES[name]:
        torch.testing.assert_close(after[site]["log_prob"], before[site]["log_prob"], msg=site)


@FAMILIES
def test_hidden_values_change_no_density(study, hidden, build, seeded, name):
    family = build(name, study, hidden)
    thinning = study.thinning.copy()
    thinning[:, 1] += 5.0  # hidden from replicate 0, seen by replicate 1
    other = build(name, study.with_thinning(thinning, study.standard_error), hidden)
    before = traced(family, 2, seeded)
    after = traced(other, 2, seeded, latent(before))
    assert torch.equal(before["thinning"]["log_prob"][0], after["thinning"]["log_prob"][0])
    assert not torch.isclose(before["thinning"]["log_prob"][1], after["thinning"]["log_prob"][1]).any()


@FAMILIES
def test_scale_priors_are_in_units_of_each_map(study, build, name):
    options = {"unexplained_scale": PCPrior(0.5, 0.2)}
    family = build(name, study, **options)
    larger = build(name, study.with_thinning(10 * study.thinning, 10 * study.standard_error), **options)
    for m in range(2):
        sd = np.nanstd(study.thinning[m])
        for scale in family.scale_names:
            upper, alpha = (0.5, 0.2) if scale == "unexplained_scale" else (1.0, 0.1)
            prior = family.scale_prior(scale)
            assert prior.batch_shape == (1, 1, 2)
            beyond = 1 - prior.cdf(torch.full((1, 1, 2), upper * sd))
            assert float(beyond[0, 0, m]) == pytest.approx(alpha)
            torch.testing.assert_close(larger.scale_prior(scale).mean, 10 * prior.mean)


@pytest.mark.parametrize("kind", ["bym2", "leroux"])
def test_prior_of_the_programs(study, build, dense, kind):
    family = build("cross-scale", study, program_prior=kind)
    smoothness = torch.tensor([[0.2, 0.9]], dtype=torch.float64)
    gmrf = family.program_gmrf(smoothness)
    assert gmrf.batch_shape == (1, 2)
    assert family.smoothness_prior.kind == kind
    for k in range(2):
        np.testing.assert_allclose(
            gmrf.covariance()[0, k], dense(study.graph, kind, float(smoothness[0, k])), atol=1e-10
        )


@pytest.mark.parametrize("name", ["cross-scale", "spatial"])
def test_iid_in_place_of_a_spatial_part(study, build, name):
    _, kernels = given(build(name, study, spatial_prior="iid"))
    torch.testing.assert_close(kernels["spatial"][0, 0], torch.eye(12, dtype=torch.float64))


def test_tied_programs_share_the_direction_of_the_strengths(study, build):
    family = build("cross-scale", study, homologue_sharing=0.0)
    rng = np.random.default_rng(3)
    score, strength = torch.tensor(rng.standard_normal((2, 3, 4, 12))), torch.tensor(rng.uniform(1, 2, (2, 3, 4)))
    programs = family.tied(score, strength)
    torch.testing.assert_close((programs / score).square().sum(2), torch.ones(2, 3, 12, dtype=torch.float64))
    torch.testing.assert_close(family.tied(score, 7.0 * strength), programs)  # so c is an sd whatever the panel's scale


@pytest.mark.parametrize("sharing", [0.25, 1.0])
def test_thinning_sees_programs_moved_towards_the_mean_of_homologues(study, build, sharing):
    paired = replace(study, graph=replace(study.graph, homologues=((0, 6), (3, 2))))
    own, shared = (build("cross-scale", paired, homologue_sharing=h) for h in (0.0, sharing))
    score = torch.tensor(np.random.default_rng(4).standard_normal((1, 2, 3, 12)))
    strength = torch.ones(1, 2, 3, dtype=torch.float64)
    exchange = torch.eye(12, dtype=torch.float64)[[6, 1, 3, 2, 4, 5, 0, 7, 8, 9, 10, 11]]
    moved = (1 - sharing) * torch.eye(12) + sharing * (torch.eye(12) + exchange) / 2
    torch.testing.assert_close(shared.tied(score, strength), own.tied(score, strength) @ moved)


@pytest.mark.parametrize("normalise", ["gene", "region", "none"])
def test_a_region_without_expression_has_a_part_of_its_own(study, build, normalise):
    kernel = build("expression", replace(study, normalise=normalise)).kernels()["transcriptomic"][0, 0]
    missing = study.regions.index("r4")
    torch.testing.assert_close(kernel[missing], torch.eye(12, dtype=torch.float64)[missing])
    assert float(kernel.diagonal().mean()) == pytest.approx(1)


def test_programs_are_needed_for_the_kernels(families):
    with pytest.raises(ValueError, match="needs its programs: run expression_half first"):
        families["cross-scale"].kernels()
