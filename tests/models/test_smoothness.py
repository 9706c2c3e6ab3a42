"""PC priors: distances of dense Gaussians, density by quadrature, samples, gradients, faults."""

from __future__ import annotations

import math
import re
import warnings

import numpy as np
import pandas as pd
import pyro
import pytest
import torch
from pyro import poutine
from scipy.integrate import cumulative_trapezoid
from scipy.optimize import brentq
from scipy.special import expit
from scipy.stats import kstest
from torch.autograd import gradcheck
from torch.distributions import MultivariateNormal, kl_divergence

import pyro_neurovae as nv
from pyro_neurovae.models.smoothness import PCSmoothness, pc_scale
from pyro_neurovae.models.spectrum import Spectrum

# Kind to P(smoothness < upper) = alpha.
STATEMENTS = {"bym2": (0.5, 2 / 3), "leroux": (0.4, 0.75), "paper": (0.2, 0.6)}
KINDS = pytest.mark.parametrize("kind", STATEMENTS)


def tensor(values):
    return torch.as_tensor(values, dtype=torch.float64)


def prior_of(graph, kind):
    upper, alpha = STATEMENTS[kind]
    return PCSmoothness(Spectrum.of(graph), kind, upper=upper, alpha=alpha)


def quadrature(prior):
    """Smoothness on a fine grid, even in its logit (logarithm for lam) up to 18, and the distribution function."""
    free = np.linspace(-40, 18, 20_001)
    p = np.exp(free) if prior.kind == "paper" else expit(free)
    jacobian = p if prior.kind == "paper" else p * (1 - p)
    density = prior.log_prob(tensor(p)).exp().numpy() * jacobian
    return p, cumulative_trapezoid(density, free, initial=0)


@KINDS
def test_distance_is_the_root_of_twice_the_divergence(graph, kind, dense):
    smoothness = [0.01, 0.2, 0.7, 0.99] + ([30.0] if kind == "paper" else [])
    distance = prior_of(graph, kind).distance(tensor(smoothness))
    zero, one = torch.zeros(graph.n_regions, dtype=torch.float64), torch.eye(graph.n_regions, dtype=torch.float64)
    for d, p in zip(distance, smoothness, strict=True):
        field = MultivariateNormal(zero, tensor(dense(graph, kind, p)))
        divergence = kl_divergence(field, MultivariateNormal(zero, one))
        assert float(d) == pytest.approx(math.sqrt(2 * float(divergence)), rel=1e-6)


@KINDS
def test_distance_near_independence_is_free_of_cancellation(graph, kind):
    p = tensor([1e-30, 1e-12, 1e-8, 1e-5])
    ratio = prior_of(graph, kind).distance(p) / p  # tends to a constant
    np.testing.assert_allclose(ratio[:3], ratio[0], rtol=1e-5)
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-3)


@KINDS
def test_distance_grows_with_smoothness(graph, kind):
    p, _ = quadrature(prior_of(graph, kind))
    assert (prior_of(graph, kind).distance(tensor(p)).diff() > 0).all()


@KINDS
def test_density_is_exponential_in_the_dense_distance(graph, kind, dense):
    def distance(p):
        covariance = dense(graph, kind, p)
        return math.sqrt(np.trace(covariance) - len(covariance) - np.linalg.slogdet(covariance)[1])

    upper, alpha = STATEMENTS[kind]
    at, most = distance(upper), distance(math.exp(18) if kind == "paper" else expit(18))
    rate = brentq(lambda rate: math.expm1(-rate * at) / math.expm1(-rate * most) - alpha, 1e-6, 100)
    prior, step = prior_of(graph, kind), 1e-4
    for p in (0.05, 0.5, 0.9):
        slope = (distance(p + step) - distance(p - step)) / (2 * step)  # its error is of the order of step^2
        expected = rate * math.exp(-rate * distance(p)) * slope / -math.expm1(-rate * most)
        assert float(prior.log_prob(tensor(p))) == pytest.approx(math.log(expected), abs=1e-4)


@KINDS
def test_density_integrates_to_one_and_to_alpha(graph, kind):
    upper, alpha = STATEMENTS[kind]
    p, below = quadrature(prior_of(graph, kind))
    assert below[-1] == pytest.approx(1, abs=1e-5)
    assert np.interp(upper, p, below) == pytest.approx(alpha, abs=1e-5)


@KINDS
def test_samples_follow_the_density(graph, kind, seeded):
    prior, draws = prior_of(graph, kind), 4000
    p, below = quadrature(prior)
    with seeded(0):
        sample = prior.sample((draws,))
    assert prior.support.check(sample).all()
    assert kstest(sample.numpy(), lambda x: np.interp(x, p, below)).pvalue > 1e-3
    upper, alpha = STATEMENTS[kind]
    share = float((sample < upper).double().mean())
    assert abs(share - alpha) < 4 * math.sqrt(alpha * (1 - alpha) / draws)


@KINDS
def test_gradients(graph, kind):
    prior = prior_of(graph, kind)
    p = tensor([0.03, 0.5, 0.96]).requires_grad_()
    assert gradcheck(prior.distance, (p,))
    assert gradcheck(prior.log_prob, (p,))


@KINDS
def test_density_and_gradient_are_finite_at_the_ends(graph, kind):
    prior = prior_of(graph, kind)
    ends = tensor([1e-30, 1e-12, 1e12]) if kind == "paper" else tensor([0.0, 1e-30, 1e-12, 1 - 1e-15, 1.0])
    ends.requires_grad_()
    density = prior.log_prob(ends)
    (gradient,) = torch.autograd.grad(density.sum(), ends)
    assert torch.isfinite(density).all()
    assert torch.isfinite(gradient).all()


@KINDS
def test_islands_and_relabelling_change_nothing(graphs, kind):
    graph, p = graphs["islands"], tensor([0.1, 0.6, 0.95])
    density = prior_of(graph, kind).log_prob(p)
    without = graph.subset([name for name, degree in zip(graph.names, graph.degree, strict=True) if degree])
    torch.testing.assert_close(prior_of(without, kind).log_prob(p), density)
    order = np.random.default_rng(0).permutation(graph.n_regions)
    other = graph.subset([graph.names[i] for i in order])
    torch.testing.assert_close(prior_of(other, kind).log_prob(p), density)


@KINDS
def test_expanded_priors_are_independent_copies(graphs, kind, seeded):
    prior = prior_of(graphs["two"], kind)
    wide = prior.expand((3,)).expand((2, 3))
    assert (wide.batch_shape, wide.event_shape, wide.support) == ((2, 3), (), prior.support)
    with seeded(1):
        sample = wide.sample((4,))
    assert sample.shape == (4, 2, 3)
    assert len(sample.unique()) == 24
    torch.testing.assert_close(wide.log_prob(sample), prior.log_prob(sample))
    assert wide.log_prob(tensor(0.3)).shape == (2, 3)
    with pytest.raises(ValueError, match="within the support"):
        wide.log_prob(tensor(-0.1))


def test_a_pyro_model_in_plates(graphs):
    prior = prior_of(graphs["two"], "bym2")

    def model():
        with pyro.plate("draw", 4, dim=-2), pyro.plate("program", 3, dim=-1):
            return pyro.sample("smoothness", prior)

    trace = poutine.trace(model).get_trace()
    trace.compute_log_prob()
    site = trace.nodes["smoothness"]
    assert site["value"].shape == (4, 3)
    torch.testing.assert_close(site["log_prob"], prior.log_prob(site["value"]))


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        ("icar", {}, "the GMRF kind 'icar' has no smoothness: use bym2, leroux or paper"),
        ("car", {}, "the GMRF kind 'car' has no smoothness"),
        ("bym2", {"upper": 1.0}, "upper is 1.0, outside the range of phi"),
        ("paper", {"upper": 0.0}, "upper is 0.0, outside the range of lam"),
        ("leroux", {"alpha": 1.0}, "alpha is 1.0, and a probability between 0 and 1 is wanted"),
        (
            "bym2",
            {"upper": 0.5, "alpha": 0.01},
            r"P\(phi < 0.5\) = 0.01 is out of reach .* the least possible is 0\.\d.*; give an alpha above that",
        ),
        ("paper", {"upper": 1e9}, r"P\(lam < 1000000000.0\) = 0.5 is out of reach .* least possible is 1\.000"),
    ],
)
def test_faults_of_a_smoothness_prior(graphs, kind, options, message):
    with pytest.raises(nv.SettingsError, match=message):
        PCSmoothness(Spectrum.of(graphs["two"]), kind, **options)


def test_a_graph_without_edges_has_no_smoothness():
    apart = nv.RegionGraph.from_adjacency(np.zeros((3, 3)), list("abc"))
    with pytest.raises(nv.SettingsError, match="the graph has no edges, so that phi has no effect: use the kind iid"):
        PCSmoothness(Spectrum.of(apart))


def large(n_regions):
    """Parcels spread evenly over two half ellipsoids, each joined with the nearest six of its own."""
    place = (np.arange(n_regions // 2) + 0.5) / (n_regions // 2)
    around, down = math.pi * (1 + 5**0.5) * np.arange(n_regions // 2), np.arccos(1 - 2 * place)
    points = np.c_[25 * np.cos(around) * np.sin(down), 75 * np.sin(around) * np.sin(down), 55 * np.cos(down)]
    apart = np.array([30, 0, 0])
    table = pd.DataFrame(np.vstack([points - apart, points + apart]), columns=list("xyz"))
    names = [f"{side}_P{k}" for side in "LR" for k in range(n_regions // 2)]
    return nv.RegionGraph.from_regions(table.assign(region=names))


@pytest.mark.parametrize("kind", ["bym2", "leroux"])
@pytest.mark.parametrize("n_regions", [100, 360])
def test_the_default_can_be_had_on_a_graph_of_any_size(kind, n_regions):
    spectrum = Spectrum.of(large(n_regions))
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        prior = PCSmoothness(spectrum, kind)
    p, below = quadrature(prior)
    assert below[-1] == pytest.approx(1, abs=1e-4)
    distances = prior.distance(tensor([0.5, expit(18)]))
    least = float(distances[0] / distances[1])
    assert bool(told) == (kind == "bym2" and n_regions > 280)
    if not told:
        assert least < 0.5
        assert np.interp(0.5, p, below) == pytest.approx(0.5, abs=1e-4)
        return
    assert least >= 0.5
    alpha = least + 0.02 * (1 - least)
    assert np.interp(0.5, p, below) == pytest.approx(alpha, abs=1e-4)
    (warning,) = told
    expected = f"is out of reach .* graph of {n_regions} regions: the prior of smoothness says {alpha:.3f} in its place"
    assert re.search(expected, str(warning.message))
    assert least < prior.powered(0.9, 0.5) < alpha
    with pytest.raises(
        nv.SettingsError, match=r"P\(.* < 0.5\) = 0.45 is out of reach.*give an alpha above that, or a small"
    ):
        PCSmoothness(spectrum, kind, alpha=0.45)


@pytest.mark.parametrize(("upper", "alpha"), [(1.0, 0.05), (0.2, 0.5), (30.0, 0.9)])
def test_prior_of_a_scale(upper, alpha, seeded):
    prior, draws = pc_scale(upper, alpha), 4000
    assert 1 - float(prior.cdf(tensor(upper))) == pytest.approx(alpha)
    with seeded(2):
        share = float((prior.sample((draws,)) > upper).double().mean())
    assert abs(share - alpha) < 4 * math.sqrt(alpha * (1 - alpha) / draws)
    sd = tensor(upper).requires_grad_()
    (slope,) = torch.autograd.grad(prior.log_prob(sd), sd)
    assert float(slope) == pytest.approx(math.log(alpha) / upper)  # exponential: log density falls in a line


@pytest.mark.parametrize(("upper", "alpha"), [(0.0, 0.5), (-1.0, 0.5), (1.0, 0.0), (1.0, 1.0), (math.nan, 0.5)])
def test_faults_of_a_scale_prior(upper, alpha):
    with pytest.raises(nv.SettingsError, match=rf"P\(sd > {upper}\) = {alpha} is no PC prior: give upper > 0"):
        pc_scale(upper, alpha)
