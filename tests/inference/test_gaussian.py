"""The closed-form parts against dense Gaussian algebra, in float64."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from pyro_neurovae.inference.gaussian import draw_linear, leave_one_out, seen_root

SCALES = {"transcriptomic_scale": 0.13, "spatial_scale": 0.07, "unexplained_scale": 0.04}


def given(model):
    """Scales, roots and their shapes for one draw of a model."""
    maps = model.data.maps
    scales = {name: torch.full((1, 1, maps), SCALES[name], dtype=torch.float64) for name in model.scale_names}
    generator = torch.Generator().manual_seed(0)
    programs = {
        "program_score": torch.randn(1, 1, 3, model.data.regions, generator=generator, dtype=torch.float64),
        "strength": torch.rand(1, 1, 3, generator=generator, dtype=torch.float64),
    }
    roots = model.roots(programs if model.has_programs else {})
    return scales, roots, {part: root.mT @ root for part, root in roots.items()}


def dense(model, scales, roots, m):
    """Posterior mean and covariance of (a, weights of every part) by solving the normal equations."""
    data = model.data
    design = [np.ones((data.regions, 1))]
    prior = [np.array([float(data.level[0, m]) ** 2])]
    for part in model.parts:
        root = roots[part][0, 0].numpy()
        design.append(float(scales[f"{part}_scale"][0, 0, m]) * root.T)
        prior.append(np.ones(root.shape[0]))
    design, prior = np.concatenate(design, 1), np.concatenate(prior)
    noise = data.sampling[m].numpy() + np.eye(data.regions) * SCALES["unexplained_scale"] ** 2
    seen = data.seen[0, m].numpy()
    x, y = design[seen], data.thinning[0, m].numpy()[seen]
    weight = np.linalg.inv(noise[np.ix_(seen, seen)])
    covariance = np.linalg.inv(np.diag(1 / prior) + x.T @ weight @ x)
    return design, covariance @ x.T @ weight @ y, covariance


def noises(model, roots, fill):
    shape = {"intercept": (model.data.maps,), "data": (model.data.maps, model.data.regions)}
    shape |= {part: (model.data.maps, root.shape[-2]) for part, root in roots.items()}
    return {name: fill(size) for name, size in shape.items()}


@pytest.mark.parametrize("name", ["cross-scale", "expression", "spatial"])
def test_posterior_mean_equals_dense_normal_equations(models, name):
    model = models[name]
    scales, roots, kernels = given(model)
    zero = noises(model, roots, lambda size: torch.zeros(1, 1, *size, dtype=torch.float64))
    drawn = draw_linear(model, scales, roots, zero, seen_root(model, scales, kernels))
    for m in range(model.data.maps):
        design, mean, _ = dense(model, scales, roots, m)
        np.testing.assert_allclose(drawn.thinning[0, 0, m], design @ mean, rtol=0, atol=1e-10)
        np.testing.assert_allclose(drawn.intercept[0, 0, m], mean[0], rtol=0, atol=1e-10)


def responses(model, scales, roots, root):
    """Responses (noise, map, region) of a draw to each unit of noise: draws are affine in it."""
    template = noises(model, roots, lambda size: torch.zeros(size))
    total = sum(value.numel() for value in template.values())
    unit, shaped, start = torch.eye(total, dtype=torch.float64), {}, 0
    for key, value in template.items():
        shaped[key] = unit[None, :, start : start + value.numel()].reshape(1, total, *value.shape)
        start += value.numel()
    many = {key: value.expand(1, total, -1) for key, value in scales.items()}
    zero = {key: torch.zeros_like(value) for key, value in shaped.items()}
    moved = draw_linear(model, many, roots, shaped, root).thinning
    return (moved - draw_linear(model, many, roots, zero, root).thinning)[0]


@pytest.mark.parametrize("name", ["cross-scale", "expression", "spatial"])
def test_posterior_covariance_equals_dense(models, name):
    model = models[name]
    scales, roots, kernels = given(model)
    response = responses(model, scales, roots, seen_root(model, scales, kernels))
    for m in range(model.data.maps):
        design, _, covariance = dense(model, scales, roots, m)
        expected = design @ covariance @ design.T
        np.testing.assert_allclose(response[:, m].T @ response[:, m], expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", ["cross-scale", "expression", "spatial"])
def test_prior_covariance_equals_dense(models, name):
    model = models[name]
    scales, roots, kernels = given(model)
    response = responses(model, scales, roots, None)
    for m in range(model.data.maps):
        expected = float(model.data.level[0, m]) ** 2
        expected = expected + sum(SCALES[f"{part}_scale"] ** 2 * kernels[part][0, 0].numpy() for part in model.parts)
        np.testing.assert_allclose(response[:, m].T @ response[:, m], expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", ["cross-scale", "expression", "spatial"])
def test_leave_one_out_equals_dense_conditionals(models, name):
    model = models[name]
    scales, _, kernels = given(model)
    density, below = (part[0, 0] for part in leave_one_out(model, seen_root(model, scales, kernels)))
    covariance = model.covariance(scales, kernels)[0, 0]
    for m in range(model.data.maps):
        seen = torch.nonzero(model.data.seen[0, m])[:, 0]
        assert torch.isnan(density[m][~model.data.seen[0, m]]).all()
        assert torch.isnan(below[m][~model.data.seen[0, m]]).all()
        for i in seen:
            others = seen[seen != i]
            inner, cross = covariance[m][others][:, others], covariance[m][i, others]
            mean = cross @ torch.linalg.solve(inner, model.data.thinning[0, m, others])
            variance = covariance[m][i, i] - cross @ torch.linalg.solve(inner, cross)
            normal = torch.distributions.Normal(mean, variance.sqrt())
            torch.testing.assert_close(density[m, i], normal.log_prob(model.data.thinning[0, m, i]))
            torch.testing.assert_close(below[m, i], normal.cdf(model.data.thinning[0, m, i]))
