"""Spectrum: the eigenbasis as an operator, against the dense matrices it stands for."""

from __future__ import annotations

import numpy as np
import pytest
import torch

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
