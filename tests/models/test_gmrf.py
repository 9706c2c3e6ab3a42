"""GMRF against dense Gaussians built from the Laplacian: density, moments, samples, gradients, limits."""

from __future__ import annotations

import numpy as np
import pyro
import pytest
import torch
from pyro import poutine
from pyro.infer.mcmc.util import initialize_model
from scipy.linalg import null_space
from scipy.stats import multivariate_normal
from torch.autograd import gradcheck
from torch.distributions import biject_to

import pyro_neurovae as nv
from pyro_neurovae.models.gmrf import GMRF, SumToZero
from pyro_neurovae.models.spectrum import Spectrum

# Kind, name of its smoothness, values of it.
CASES = {
    "paper": ("lam", [0.0, 0.1, 3.0]),
    "leroux": ("rho", [0.0, 0.6, 0.99]),
    "icar": (None, [0.0]),
    "bym2": ("phi", [0.0, 0.6, 0.99]),
    "iid": (None, [0.0]),
}
SCALES = [0.3, 1.0, 2.5]


def make(graph, kind, smoothness, **options):
    name = CASES[kind][0]
    return GMRF(graph, kind, **({} if name is None else {name: smoothness}), **options)


def tensor(values):
    return torch.as_tensor(values, dtype=torch.float64)


def free_basis(graph, kind, regions_of_components):
    """Orthonormal basis (region, dimension) of the fields the kind allows: sums of components are 0 for icar."""
    if kind != "icar":
        return np.eye(graph.n_regions)
    sums = np.zeros((graph.n_regions, graph.n_regions))
    for row, inside in enumerate(regions_of_components(graph)):
        if len(inside) > 1:
            sums[row, inside] = 1
    return null_space(sums)


def fields(basis, *shape, seed=0):
    """Fields (*shape, region) within the span of a basis."""
    return np.random.default_rng(seed).standard_normal((*shape, basis.shape[1])) @ basis.T


@pytest.mark.parametrize("kind", CASES)
def test_density_and_moments_are_those_of_the_dense_gaussian(graph, kind, dense, regions_of_components):
    smoothness = CASES[kind][1]
    scale = tensor(SCALES).expand(len(smoothness), 3)
    gmrf = make(graph, kind, tensor(smoothness)[:, None], scale=scale, validate_args=True)
    assert (gmrf.batch_shape, gmrf.event_shape) == ((len(smoothness), 3), (graph.n_regions,))
    basis = free_basis(graph, kind, regions_of_components)
    values = fields(basis, len(smoothness), 3)
    density, covariance, precision = gmrf.log_prob(tensor(values)), gmrf.covariance(), gmrf.precision()
    for i, p in enumerate(smoothness):
        for j, scale in enumerate(SCALES):
            expected = scale**2 * dense(graph, kind, p)
            np.testing.assert_allclose(covariance[i, j], expected, rtol=1e-9, atol=1e-9 * scale**2)
            inner = basis.T @ expected @ basis  # on the subspace the density is that of its coordinates
            normal = multivariate_normal(np.zeros(len(inner)), inner)
            assert float(density[i, j]) == pytest.approx(normal.logpdf(values[i, j] @ basis), rel=1e-9, abs=1e-8)
            inverse = basis @ np.linalg.inv(inner) @ basis.T
            np.testing.assert_allclose(precision[i, j], inverse, rtol=1e-7, atol=1e-9 * np.abs(inverse).max())
    torch.testing.assert_close(gmrf.variance, covariance.diagonal(dim1=-2, dim2=-1))
    torch.testing.assert_close(gmrf.stddev, gmrf.variance.sqrt())
    assert gmrf.mean.shape == values.shape
    assert not gmrf.mean.any()


@pytest.mark.parametrize("kind", ["leroux", "icar", "iid"])
def test_scale_is_the_geometric_mean_sd_of_every_component(graph, kind, regions_of_components):
    variance = make(graph, kind, 0.8, scale=0.7).variance
    for inside in regions_of_components(graph):
        assert float(variance[inside].log().mean().exp()) == pytest.approx(0.7**2)


@pytest.mark.parametrize("phi", [0.3, 0.9])
def test_scale_of_bym2_is_that_of_both_its_parts(graph, phi, regions_of_components):
    # Each part has a geometric mean variance of 1; by Jensen's inequality that of the mixture lies between 1
    # and the mixture's arithmetic mean.
    variance, icar = GMRF(graph, "bym2", phi=phi).variance, GMRF(graph, "icar").variance
    for inside in regions_of_components(graph):
        mean = float(variance[inside].log().mean().exp())
        assert 1 - 1e-12 <= mean <= 1 - phi + phi * float(icar[inside].mean()) + 1e-12


@pytest.mark.parametrize("kind", CASES)
def test_samples_have_the_dense_covariance(graph, kind, dense, regions_of_components, seeded):
    draws, scale, p = 10_000, 0.6, CASES[kind][1][-1]
    with seeded(0):
        sample = make(graph, kind, p, scale=scale).sample((draws,)).numpy()
    expected = scale**2 * dense(graph, kind, p)
    variance = expected.diagonal()
    # Monte Carlo errors: C_ij of a Gaussian has variance (C_ii C_jj + C_ij^2) / draws. Five of them: the
    # largest of all cases' 27,000 distinct entries is expected near 4.2.
    error = np.sqrt((np.outer(variance, variance) + expected**2) / draws)
    assert np.abs((sample.T @ sample / draws - expected) / error).max() < 5
    assert np.abs(sample.mean(0) / np.sqrt(variance / draws)).max() < 5
    if kind == "icar":
        for inside in regions_of_components(graph):
            if len(inside) > 1:
                np.testing.assert_allclose(sample[:, inside].sum(1), 0, atol=1e-12)


def test_paper_prior_is_the_smoothness_penalty(graph):
    # Minus the log density is the penalty 0.5 |x|^2 + lam sum over edges w (x_i - x_j)^2, and a constant.
    lam, x = 0.1, fields(np.eye(graph.n_regions), 6)
    edges = np.argwhere(np.triu(graph.weights) > 0)
    weight = graph.weights[edges[:, 0], edges[:, 1]]
    penalty = 0.5 * (x**2).sum(1) + lam * (weight * (x[:, edges[:, 0]] - x[:, edges[:, 1]]) ** 2).sum(1)
    constant = (penalty + GMRF(graph, "paper").log_prob(tensor(x)).numpy()).round(9)  # lam is 0.1 by default
    laplacian = np.diag(graph.weights.sum(1)) - graph.weights
    logdet = np.linalg.slogdet(np.eye(graph.n_regions) + 2 * lam * laplacian)[1]
    np.testing.assert_allclose(constant, 0.5 * (logdet - graph.n_regions * np.log(2 * np.pi)), atol=1e-8)


@pytest.mark.parametrize("kind", ["paper", "leroux", "bym2"])
def test_no_smoothness_is_iid(graph, kind):
    x = tensor(fields(np.eye(graph.n_regions), 4))
    iid = GMRF(graph, "iid", scale=1.7)
    for smoothness, tolerance in ((0.0, 1e-13), (1e-9, 1e-5)):
        gmrf = make(graph, kind, smoothness, scale=1.7)
        torch.testing.assert_close(gmrf.log_prob(x), iid.log_prob(x), rtol=tolerance, atol=tolerance)
        torch.testing.assert_close(gmrf.covariance(), iid.covariance(), rtol=tolerance, atol=tolerance)


def test_bym2_tends_to_icar(graph):
    near = GMRF(graph, "bym2", phi=1 - 1e-10).covariance()
    torch.testing.assert_close(near, GMRF(graph, "icar").covariance(), rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("kind", CASES)
def test_a_batch_equals_its_members(graphs, kind, seeded):
    graph, rng = graphs["islands"], np.random.default_rng(4)
    smoothness, scale = tensor(rng.uniform(size=(2, 1, 3))), tensor(rng.uniform(0.5, 2, size=(2, 1)))
    gmrf = make(graph, kind, smoothness, scale=scale)
    x = gmrf.sample((5,))
    shape = torch.broadcast_shapes(smoothness.shape if CASES[kind][0] else (), scale.shape)
    assert gmrf.batch_shape == shape
    assert x.shape == (5, *shape, graph.n_regions)
    for index in np.ndindex(*shape):
        p = smoothness.expand(shape)[index] if CASES[kind][0] else None
        single = make(graph, kind, p, scale=scale.expand(shape)[index])
        inside = (slice(None), *index)
        torch.testing.assert_close(gmrf.log_prob(x)[inside], single.log_prob(x[inside]))
        torch.testing.assert_close(gmrf.variance[index], single.variance)
        torch.testing.assert_close(gmrf.covariance()[index], single.covariance())
    single = make(graph, kind, smoothness[0, 0, 0], scale=scale[0, 0])
    wide = single.expand((2, 3))
    assert wide.batch_shape == (2, 3)
    with seeded(1):
        drawn = wide.rsample()
    torch.testing.assert_close(wide.log_prob(drawn), single.log_prob(drawn))
    assert not torch.equal(drawn[0, 0], drawn[1, 2])


@pytest.mark.parametrize("kind", CASES)
def test_relabelling_changes_nothing(graph, kind):
    order = np.random.default_rng(5).permutation(graph.n_regions)
    other = graph.subset([graph.names[i] for i in order])
    before, after = make(graph, kind, 0.7, scale=0.4), make(other, kind, 0.7, scale=0.4)
    x = before.sample((3,))
    torch.testing.assert_close(after.log_prob(x[:, order]), before.log_prob(x))
    torch.testing.assert_close(after.variance, before.variance[order])
    torch.testing.assert_close(after.covariance(), before.covariance()[order][:, order])


@pytest.mark.parametrize("name", ["two", "islands", "weighted"])
@pytest.mark.parametrize("kind", CASES)
def test_gradients(graphs, kind, name, seeded):
    spectrum = Spectrum.of(graphs[name])
    x = GMRF(spectrum, "icar").sample((2,)).requires_grad_()
    scale = tensor([[0.6], [1.3]]).requires_grad_()
    smoothness = tensor([0.2, 0.8]).requires_grad_()

    def density(x, scale, smoothness):
        return make(spectrum, kind, smoothness, scale=scale, validate_args=False).log_prob(x)

    def draw(scale, smoothness):
        with seeded(2):
            return make(spectrum, kind, smoothness, scale=scale).rsample()

    shared = (scale, smoothness) if CASES[kind][0] else (scale, smoothness.detach())
    assert gradcheck(density, (x, *shared), fast_mode=True)
    assert gradcheck(draw, shared, fast_mode=True)


@pytest.mark.parametrize("kind", CASES)
def test_gradients_at_no_smoothness_are_finite(graphs, kind):
    smoothness, scale = tensor(0.0).requires_grad_(), tensor(1.0).requires_grad_()
    gmrf = make(graphs["islands"], kind, smoothness, scale=scale)
    x = gmrf.rsample()
    (gmrf.log_prob(x).sum() + x.sum()).backward()
    assert torch.isfinite(scale.grad)
    if CASES[kind][0]:
        assert torch.isfinite(smoothness.grad)


@pytest.mark.parametrize("kind", CASES)
def test_a_pyro_model_in_a_plate(graphs, kind):
    graph = graphs["islands"]

    def model():
        scale = pyro.sample("scale", pyro.distributions.Exponential(tensor(1.0)))
        with pyro.plate("field", 3):
            return pyro.sample("x", make(graph, kind, 0.5, scale=scale))

    trace = poutine.trace(model).get_trace()
    trace.compute_log_prob()
    x, scale = trace.nodes["x"]["value"], trace.nodes["scale"]["value"]
    assert x.shape == (3, 20)
    torch.testing.assert_close(trace.nodes["x"]["log_prob"], make(graph, kind, 0.5, scale=scale).log_prob(x))
    unconstrained, potential, transforms, _ = initialize_model(model)
    values = {name: transforms[name].inv(value) for name, value in unconstrained.items()}
    expected = poutine.trace(poutine.condition(model, values)).get_trace().log_prob_sum()
    jacobian = unconstrained["scale"]  # of the exponential; that of the fields is 1
    torch.testing.assert_close(potential(unconstrained), -(expected + jacobian))
    assert unconstrained["x"].shape == (3, 18 if kind == "icar" else 20)


def test_unconstrained_icar_fields(graph, regions_of_components):
    support = GMRF(graph, "icar").support
    transform = biject_to(support)
    free = free_basis(graph, "icar", regions_of_components).shape[1]
    coordinates = tensor(fields(np.eye(free), 2, 3))
    x = transform(coordinates)
    assert x.shape == (2, 3, graph.n_regions) == transform.forward_shape(coordinates.shape)
    assert transform.inverse_shape(x.shape) == coordinates.shape
    assert support.check(x).all()
    torch.testing.assert_close(transform.inv(x), coordinates)
    torch.testing.assert_close((x**2).sum(-1), (coordinates**2).sum(-1))  # an isometry: no volume is gained or lost
    assert not transform.log_abs_det_jacobian(coordinates, x).any()
    assert transform(coordinates.float()).dtype == torch.float32


@pytest.mark.parametrize("kind", CASES)
def test_support(graphs, kind):
    constrained = isinstance(make(graphs["two"], kind, 0.5).support, SumToZero)
    assert constrained == (kind == "icar")
    apart = nv.RegionGraph.from_adjacency(np.zeros((3, 3)), list("abc"))  # icar of islands is iid
    gmrf, x = make(apart, kind, 0.5), tensor([0.3, -1.0, 2.0])
    assert not isinstance(gmrf.support, SumToZero)
    torch.testing.assert_close(gmrf.log_prob(x), GMRF(apart, "iid").log_prob(x))


@pytest.mark.parametrize("kind", CASES)
def test_float32_values(graph, kind):
    gmrf = make(graph, kind, 0.5, validate_args=True)
    x = gmrf.sample((4,)).float()
    exact = make(graph, kind, 0.5, validate_args=False).log_prob(x.double())
    torch.testing.assert_close(gmrf.log_prob(x), exact, rtol=0, atol=0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "car"}, "unknown GMRF kind 'car': the known ones are paper, leroux, icar, bym2, iid"),
        ({"kind": "bym2", "rho": 0.5}, "the GMRF kind 'bym2' takes no rho: its smoothness is phi"),
        ({"kind": "icar", "phi": 0.5}, "the GMRF kind 'icar' takes no phi: it has no smoothness"),
    ],
)
def test_what_a_kind_does_not_have(graphs, options, message):
    with pytest.raises(nv.SettingsError, match=message):
        GMRF(graphs["two"], **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "paper", "lam": -0.1}, "parameter lam .* to satisfy the constraint GreaterThanEq"),
        ({"kind": "leroux", "rho": 1.0}, "parameter rho .* to satisfy the constraint HalfOpenInterval"),
        ({"kind": "bym2", "phi": [0.5, -0.1]}, "parameter phi .* to satisfy the constraint HalfOpenInterval"),
        ({"kind": "bym2", "phi": float("nan")}, "parameter phi .* to satisfy the constraint HalfOpenInterval"),
        ({"kind": "iid", "scale": 0.0}, "parameter scale .* to satisfy the constraint GreaterThan"),
    ],
)
def test_parameters_out_of_range(graphs, options, message):
    with pytest.raises(ValueError, match=message):
        GMRF(graphs["two"], **options)


def test_values_outside_the_support(graphs):
    gmrf = GMRF(graphs["two"], "icar", validate_args=True)
    for one in (gmrf, gmrf.expand((2,))):
        with pytest.raises(ValueError, match=r"within the support \(SumToZero\(\)\)"):
            one.log_prob(torch.ones(9, dtype=torch.float64))
        with pytest.raises(ValueError, match="must match event_shape"):
            one.log_prob(torch.zeros(8, dtype=torch.float64))


def test_spectrum_or_graph(graphs):
    graph = graphs["weighted"]
    x = tensor(fields(np.eye(10), 2))
    torch.testing.assert_close(GMRF(Spectrum.of(graph)).log_prob(x), nv.GMRF(graph, "leroux", rho=0.9).log_prob(x))


@pytest.mark.parametrize("kind", ["leroux", "icar", "bym2"])
def test_a_thousand_regions(graphs, kind, dense):
    graph = graphs["thousand"]
    gmrf = make(graph, kind, 0.5, validate_args=True)
    np.testing.assert_allclose(gmrf.covariance(), dense(graph, kind, 0.5), rtol=0, atol=1e-9)
    x = gmrf.sample((2,))
    quadratic = ((x @ gmrf.precision()) * x).sum(-1)
    constant = gmrf.log_prob(x) + 0.5 * quadratic
    torch.testing.assert_close(constant[0], constant[1])
    # Each quadratic form is chi squared, with as many degrees of freedom as the field has: sd sqrt(2 free).
    free = 1000 - (graph.n_components if kind == "icar" else 0)
    assert float((quadratic - free).abs().max()) < 5 * (2 * free) ** 0.5
