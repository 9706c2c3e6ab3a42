"""Spectrum: the eigenbasis as an operator, against the dense matrices it stands for."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from pyro_neurovae.inference.observation import observe
from pyro_neurovae.models import spectrum as home
from pyro_neurovae.models.families import family_of
from pyro_neurovae.models.gmrf import GMRF
from pyro_neurovae.models.smoothness import PCSmoothness
from pyro_neurovae.models.spectrum import KINDS, Spectrum, covariance_spectrum


def test_operations_are_those_of_dense_matrices(graph):
    spectrum, rng = Spectrum.of(graph), np.random.default_rng(0)
    n = graph.n_regions
    assert spectrum.n_regions == n
    np.testing.assert_allclose(spectrum.matrix(spectrum.values), graph.laplacian(), atol=1e-11)
    eigenvalues, x = torch.tensor(rng.uniform(1, 2, (3, n))), torch.tensor(rng.standard_normal((3, n)))
    dense = spectrum.vectors @ torch.diag_embed(eigenvalues) @ spectrum.vectors.T
    torch.testing.assert_close(spectrum.matrix(eigenvalues), dense)
    torch.testing.assert_close(spectrum.variances(eigenvalues), dense.diagonal(dim1=-2, dim2=-1))
    torch.testing.assert_close(spectrum.unrotate(spectrum.rotate(x)), x)
    torch.testing.assert_close(spectrum.rotate_columns(x.T), spectrum.rotate(x).T)
    each = torch.stack([torch.diag(row) for row in eigenvalues])  # independent values, of unequal variances
    rotated = (spectrum.vectors.T @ each @ spectrum.vectors).diagonal(dim1=-2, dim2=-1)
    torch.testing.assert_close(spectrum.coefficient_variances(eigenvalues), rotated)
    torch.testing.assert_close(spectrum.unrotate(eigenvalues * spectrum.rotate(x)), (dense @ x[..., None])[..., 0])


def test_means_within_components(graph, regions_of_components):
    spectrum = Spectrum.of(graph)
    x = np.random.default_rng(1).standard_normal((2, graph.n_regions))
    mean = spectrum.mean_within(torch.tensor(x))
    for inside in regions_of_components(graph):
        columns = spectrum.component == int(graph.components[inside[0]])
        assert int(columns.sum()) == len(inside)
        np.testing.assert_allclose(mean[:, columns], np.tile(x[:, inside].mean(1)[:, None], len(inside)))


def test_constants_and_islands(graph, regions_of_components):
    spectrum, sizes = Spectrum.of(graph), [len(inside) for inside in regions_of_components(graph)]
    assert int(spectrum.island.sum()) == sizes.count(1)
    assert int(spectrum.null.sum()) == len(sizes) - sizes.count(1)
    # A vector that is null is the same everywhere in its component and 0 elsewhere.
    assert not (torch.tensor(graph.laplacian()) @ spectrum.vectors[:, spectrum.null]).abs().gt(1e-11).any()


@pytest.mark.parametrize("kind", KINDS)
def test_dtype_and_shape_of_covariance_spectra(graph, kind):
    single = Spectrum.of(graph, dtype=torch.float32).to(device="cpu")
    smoothness = torch.tensor([[0.3], [0.8]])
    eigenvalues = covariance_spectrum(single, kind, smoothness)
    assert eigenvalues.dtype == torch.float32
    assert eigenvalues.shape == (2, 1, graph.n_regions)
    double = covariance_spectrum(Spectrum.of(graph), kind, smoothness.double())
    np.testing.assert_allclose(eigenvalues, double, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("kind", ["icar", "iid"])
def test_a_root_makes_the_covariance_of_its_kind(graph, kind):
    spectrum = Spectrum.of(graph)
    root = spectrum.prior_root(kind)
    assert root.shape == (1, 1, graph.n_regions, graph.n_regions)
    torch.testing.assert_close((root.mT @ root)[0, 0], GMRF(graph, kind).covariance())


def test_some_regions_are_rows_and_columns_of_the_whole(graph):
    spectrum, rng, n = Spectrum.of(graph), np.random.default_rng(2), graph.n_regions
    sites = torch.arange(0, n, 2)
    seen, k = spectrum.at(sites), len(sites)
    eigenvalues, coefficients = torch.tensor(rng.uniform(1, 2, (3, n))), torch.tensor(rng.standard_normal((3, n)))
    torch.testing.assert_close(seen.unrotate(coefficients), spectrum.unrotate(coefficients)[..., sites])
    values, whole = torch.tensor(rng.standard_normal((3, k))), torch.zeros(3, n, dtype=torch.float64)
    whole[:, sites] = values
    torch.testing.assert_close(seen.rotate(values), spectrum.rotate(whole))
    eigenvalues.requires_grad_()
    matrix = seen.matrix(eigenvalues)
    torch.testing.assert_close(matrix, spectrum.matrix(eigenvalues)[:, sites][..., sites])
    # What `forms` and `traces` give are derivatives by the eigenvalues.
    left, right = (torch.tensor(rng.standard_normal((3, k, 2))) for _ in range(2))
    (slope,) = torch.autograd.grad((left * (matrix @ right)).sum(), eigenvalues, retain_graph=True)
    torch.testing.assert_close(seen.forms(left, right), slope)
    symmetric = left @ left.mT
    (slope,) = torch.autograd.grad((matrix * symmetric).sum(), eigenvalues)
    torch.testing.assert_close(seen.traces(symmetric), slope)


def test_a_plain_copy_rotates_arrays(graph):
    spectrum, x = Spectrum.of(graph), np.random.default_rng(3).standard_normal((3, graph.n_regions))
    plain = spectrum.plain()
    np.testing.assert_allclose(plain.rotate(x), spectrum.rotate(torch.tensor(x)), atol=1e-12)
    np.testing.assert_array_equal(plain.icar, spectrum.icar)


# Eigenvectors are the module's own, so that a sparse factorisation can take their place


class Guarded(Spectrum):
    """Lets nobody but its own module read the eigenvectors."""

    def __getattribute__(self, name):
        if name == "vectors" and sys._getframe(1).f_globals["__name__"] != home.__name__:
            raise AssertionError("the eigenvectors were read from outside")
        return super().__getattribute__(name)


def guarded(spectrum):
    return Guarded(*(Spectrum.__getattribute__(spectrum, name) for name in Spectrum.__dataclass_fields__))


def test_the_guard_holds(graph):
    with pytest.raises(AssertionError, match="from outside"):
        _ = guarded(Spectrum.of(graph)).vectors


@pytest.mark.parametrize("kind", KINDS)
def test_fields_and_their_priors_go_through_the_methods(graph, kind):
    spectrum = guarded(Spectrum.of(graph))
    field, plain = GMRF(spectrum, kind), GMRF(graph, kind)
    x = field.sample((2,))
    torch.testing.assert_close(field.log_prob(x), plain.log_prob(x))
    torch.testing.assert_close(field.covariance(), plain.covariance())
    torch.testing.assert_close(field.precision(), plain.precision())
    if KINDS[kind] is not None:
        p = torch.tensor(0.4, dtype=torch.float64)
        torch.testing.assert_close(
            PCSmoothness(spectrum, kind).log_prob(p), PCSmoothness(Spectrum.of(graph), kind).log_prob(p)
        )


@pytest.mark.parametrize("name", ["cross-scale", "expression", "spatial", "paper"])
def test_models_go_through_the_methods(study, traced, name):
    data, family = observe(study), family_of(name)
    settings = family.settings(**{"n_programs": 2} if family.programs else {})
    own, plain = (family.build(one, settings) for one in (replace(data, spectrum=guarded(data.spectrum)), data))
    if name == "paper":
        own.decode = plain.decode = lambda z: z[..., :2, :]
    for one, other in zip(traced(own, 2).values(), traced(plain, 2).values(), strict=True):
        assert torch.equal(one["log_prob"], other["log_prob"])


def test_no_other_module_of_models_and_inference_reads_eigenvectors():
    models = Path(home.__file__).parent
    folders = (models, Path(sys.modules[observe.__module__].__file__).parent)
    modules = [path for folder in folders for path in folder.rglob("*.py") if path != Path(home.__file__)]
    assert len(modules) > 30
    assert [path.name for path in modules if re.search(r"\.vectors\b", path.read_text(encoding="utf-8"))] == []
