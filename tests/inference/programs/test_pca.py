"""Probabilistic PCA: the maximum of its likelihood in closed form, and what it does at the edges."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from pyro_neurovae.inference.observation import observe
from pyro_neurovae.inference.programs.pca import pca_start
from pyro_neurovae.models.marginal import ProgramExpression


def test_it_is_the_maximum_of_the_likelihood_of_the_expression(study):
    """Gradients of the density with loadings integrated out vanish at what PCA gives (Tipping & Bishop 1999)."""
    data = observe(study)
    start = pca_start(data, 3)
    programs, noise = start.score.mT.clone().requires_grad_(), start.noise.clone().requires_grad_()
    likelihood = ProgramExpression(programs, noise, genes=data.genes, expressed=data.expressed)
    slopes = torch.autograd.grad(likelihood.log_prob(data.scatter), (programs, noise))
    for slope in slopes:
        torch.testing.assert_close(slope, torch.zeros_like(slope), rtol=0, atol=1e-8 * data.genes)


def test_numbers_are_those_of_the_eigenvalues(study):
    data = observe(study)
    start = pca_start(data, 2)
    measured = int(data.expressed.sum())
    values = np.linalg.eigvalsh(data.scatter.numpy())[::-1]
    noise = values[2 : measured - 1].mean()
    assert float(start.noise) == pytest.approx(np.sqrt(noise))
    np.testing.assert_allclose(start.strength, np.sqrt((values[:2] - noise) / measured))
    np.testing.assert_allclose(start.score[data.expressed].square().mean(0).sqrt(), start.strength)
    assert float(start.score[~data.expressed].abs().max()) < 1e-12
    largest = start.score.abs().argmax(0)  # signs are the same on every machine
    assert bool((start.score.gather(0, largest[None]) > 0).all())


def test_as_many_programs_as_dimensions_leave_some_noise(study):
    data = observe(study)
    most = int(data.expressed.sum()) - 1
    start = pca_start(data, most)
    assert float(start.noise) > 0
    assert bool((start.strength > 0).all())


def test_expression_without_noise_keeps_some(study):
    data = observe(study)
    values, vectors = torch.linalg.eigh(data.scatter)
    flat = (vectors[:, -2:] * values[-2:]) @ vectors[:, -2:].mT  # of two dimensions only
    start = pca_start(replace(data, scatter=flat), 4)
    assert float(start.noise) > 0
    assert bool((start.strength > 0).all())
