"""The closed-form parts against dense Gaussian algebra, in float64."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from pyro_neurovae.inference.gaussian import draw_linear, leave_one_out, seen_root

SCALES = {"transcriptomic_scale": 0.13, "spatial_scale": 0.07, "unexplained_scale": 0.04}


def given(family):
    """Scales, roots and their shapes for one draw of a family."""
    maps = family.data.maps
    scales = {name: torch.full((1, 1, maps), SCALES[name], dtype=torch.float64) for name in family.scale_names}
    generator = torch.Generator().manual_seed(0)
    programs = torch.randn(1, 1, 3, family.data.regions, generator=generator, dtype=torch.float64)
    roots = family.roots(programs if family.name == "cross-scale" else None)
    return scales, roots, {part: root.mT @ root for part, root in roots.items()}


def dense(family, scales, roots, m):
    """Posterior mean and covariance of (a, weights of every part) by solving the normal equations."""
    data = family.data
    design = [np.ones((data.regions, 1))]
    prior = [np.array([float(data.level[0, m]) ** 2])]
    for part in family.parts:
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


def noises(family, roots, fill):
    shape = {"intercept": (family.data.maps,), "data": (family.data.maps, family.data.regions)}
    shape |= {part: (family.data.maps, root.shape[-2]) for part, root in roots.items()}
    return {name: fill(size) for name, size in shape.items()}


@pytest.mark.parametrize("name", ["cross-scale", "expression", "spatial"])
def test_posterior_mean_equals_dense_normal_equations(families, name):
    family = families[name]
    scales, roots, kernels = given(family)
    zero = noises(family, roots, lambda size: torch.zeros(1, 1, *size, dtype=torch.float64))
    drawn = draw_linear(family, scales, roots, zero, seen_root(family, scales, kernels))
    for m in range(family.data.maps):
        design, mean, _ = dense(family, scales, roots, m)
        np.testing.assert_allclose(drawn.thinning[0, 0, m], design @ mean, rtol=0, atol=1e-10)
        np.testing.assert_allclose(drawn.intercept[0, 0, m], mean[0], rtol=0, atol=1e-10)


def responses(family, scales, roots, root):
    """Responses (noise, map, region) of a draw to each unit of noise: draws are affine in it."""
    template = noises(family, roots, lambda size: torch.zeros(size))
    total = sum(value.numel() for value in template.values())
    unit, shaped, start = torch.eye(total, dtype=torch.float64), {}, 0
    for key, value in template.items():
        shaped[key] = unit[None, :, start : start + value.numel()].reshape(1, total, *value.shape)
        start += value.numel()
    many = {key: value.expand(1, total, -1) for key, value in scales.items()}
    zero = {key: torch.zeros_like(value) for key, value in shaped.items()}
    moved = draw_linear(family, many, roots, shaped, root).thinning
    return (moved - draw_linear(family, many, roots, zero, root).thinning)[0]


@pytest.mark.parametrize("name", ["cross-scale", "expression", "spatial"])
def test_posterior_covariance_equals_dense(families, name):
    family = families[name]
    scales, roots, kernels = given(family)
    response = responses(family, scales, roots, seen_root(family, scales, kernels))
    for m in range(family.data.maps):
        design, _, covariance = dense(family, scales, roots, m)
        expected = design @ covariance @ design.T
        np.testing.assert_allclose(response[:, m].T @ response[:, m], expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", ["cross-scale", "expression", "spatial"])
def test_prior_covariance_equals_dense(families, name):
    family = families[name]
    scales, roots, kernels = given(family)
    response = responses(family, scales, roots, None)
    for m in range(family.data.maps):
        expected = float(family.data.level[0, m]) ** 2
        expected = expected + sum(SCALES[f"{part}_scale"] ** 2 * kernels[part][0, 0].numpy() for part in family.parts)
        np.testing.assert_allclose(response[:, m].T @ response[:, m], expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", ["cross-scale", "expression", "spatial"])
def test_leave_one_out_equals_dense_conditionals(families, name):
    family = families[name]
    scales, _, kernels = given(family)
    density, below = (part[0, 0] for part in leave_one_out(family, seen_root(family, scales, kernels)))
    covariance = family.covariance(scales, kernels)[0, 0]
    for m in range(family.data.maps):
        seen = torch.nonzero(family.data.seen[0, m])[:, 0]
        assert torch.isnan(density[m][~family.data.seen[0, m]]).all()
        assert torch.isnan(below[m][~family.data.seen[0, m]]).all()
        for i in seen:
            others = seen[seen != i]
            inner, cross = covariance[m][others][:, others], covariance[m][i, others]
            mean = cross @ torch.linalg.solve(inner, family.data.thinning[0, m, others])
            variance = covariance[m][i, i] - cross @ torch.linalg.solve(inner, cross)
            normal = torch.distributions.Normal(mean, variance.sqrt())
            torch.testing.assert_close(density[m, i], normal.log_prob(family.data.thinning[0, m, i]))
            torch.testing.assert_close(below[m, i], normal.cdf(family.data.thinning[0, m, i]))
