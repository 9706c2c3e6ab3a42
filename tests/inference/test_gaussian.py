"""The closed-form parts against dense Gaussian algebra, in float64."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from pyro_neurovae.inference import gaussian
from pyro_neurovae.inference.gaussian import draw_linear, leave_one_out, predict_unseen, seen_root
from pyro_neurovae.inference.observation import observe
from pyro_neurovae.models.families import family_of

SCALES = {"transcriptomic_scale": 0.13, "spatial_scale": 0.07, "structural_scale": 0.05, "unexplained_scale": 0.04}
NAMES = ("cross-scale", "expression", "spatial", "structural")
EACH = pytest.mark.parametrize("name", NAMES)


def given(model):
    """Scales, roots and unit covariances for one draw of a model."""
    shape = (model.data.replicates, 1, model.data.maps)
    scales = {name: torch.full(shape, SCALES[name], dtype=torch.float64) for name in model.scale_names}
    generator = torch.Generator().manual_seed(0)
    programs = {
        "program_score": torch.randn(1, 1, 3, model.data.regions, generator=generator, dtype=torch.float64),
        "strength": torch.rand(1, 1, 3, generator=generator, dtype=torch.float64),
    }
    roots = model.roots(programs if model.has_programs else {})
    return scales, roots, {part: root.mT @ root for part, root in roots.items()}


def blocks(model, kernels, m):
    """Prior covariance (region, region) of all that a value is the sum of, in the order of `terms`."""
    data, one = model.data, np.ones(model.data.regions)
    level = float(data.level[0, m]) ** 2
    found = {"intercept": level * np.outer(one, one)}
    for part in model.parts:
        found[part] = SCALES[f"{part}_scale"] ** 2 * kernels[part][0, 0].numpy()
        if part == "structural":  # with its axis
            found[part] = found[part] + (float(data.unit[0, m]) / 2) ** 2 * np.outer(data.axis, data.axis)
    return found | {
        "regional": SCALES["unexplained_scale"] ** 2 * np.eye(data.regions),
        "error": data.sampling[0, m].numpy(),
    }


def terms(linear):
    """Everything that a value is the sum of, side by side: (draw, map, term x region)."""
    level = linear.intercept[..., None].expand_as(linear.regional)
    return torch.cat([level, *linear.fields.values(), linear.regional, linear.error], -1)[0]


def joint_posterior(model, kernels, m):
    """Mean and covariance of the terms given the seen values of a map, which are their sums."""
    prior, n = blocks(model, kernels, m), model.data.regions
    whole = np.zeros((len(prior) * n,) * 2)
    for place, block in enumerate(prior.values()):
        whole[place * n : (place + 1) * n, place * n : (place + 1) * n] = block
    seen = model.data.seen[0, m].numpy()
    summed = np.tile(np.eye(n), len(prior))[seen]
    gain = whole @ summed.T @ np.linalg.inv(summed @ whole @ summed.T)
    return gain @ model.data.thinning[0, m].numpy()[seen], whole - gain @ summed @ whole


def noises(model, roots, fill):
    maps, regions = model.data.maps, model.data.regions
    shape = {"wide": (maps, len(model.wide)), "regional": (maps, regions), "error": (maps, regions)}
    shape |= {part: (maps, root.shape[-2]) for part, root in roots.items()}
    return {name: fill(size) for name, size in shape.items()}


@EACH
def test_posterior_means_equal_the_dense_conditional(models, name):
    model = models[name]
    scales, roots, kernels = given(model)
    zero = noises(model, roots, lambda size: torch.zeros(1, 1, *size, dtype=torch.float64))
    drawn = draw_linear(model, scales, roots, zero, seen_root(model, model.covariance(scales, kernels)))
    for m in range(model.data.maps):
        mean, _ = joint_posterior(model, kernels, m)
        np.testing.assert_allclose(terms(drawn)[0, m], mean, rtol=0, atol=1e-12)
        seen = model.data.seen[0, m]
        summed = (drawn.predictable + drawn.regional + drawn.error)[0, 0, m, seen]
        torch.testing.assert_close(summed, model.data.thinning[0, m, seen])  # what was seen is explained, all of it


def responses(model, scales, roots, root):
    """Responses (noise, map, term x region) of a draw to each unit of noise: draws are affine in it."""
    template = noises(model, roots, lambda size: torch.zeros(size))
    total = sum(value.numel() for value in template.values())
    unit, shaped, start = torch.eye(total, dtype=torch.float64), {}, 0
    for key, value in template.items():
        shaped[key] = unit[None, :, start : start + value.numel()].reshape(1, total, *value.shape)
        start += value.numel()
    many = {key: value.expand(1, total, -1) for key, value in scales.items()}
    zero = {key: torch.zeros_like(value) for key, value in shaped.items()}
    return terms(draw_linear(model, many, roots, shaped, root)) - terms(draw_linear(model, many, roots, zero, root))


@EACH
def test_posterior_covariance_equals_the_dense_conditional(models, name):
    """Of all terms and regions jointly: fields, what is a region's own and errors, seen regions and unseen ones."""
    model = models[name]
    scales, roots, kernels = given(model)
    response = responses(model, scales, roots, seen_root(model, model.covariance(scales, kernels)))
    assert not bool(model.data.seen.all())
    for m in range(model.data.maps):
        _, covariance = joint_posterior(model, kernels, m)
        np.testing.assert_allclose(response[:, m].T @ response[:, m], covariance, rtol=0, atol=1e-10)


@EACH
def test_prior_covariance_equals_dense(models, name):
    model = models[name]
    scales, roots, kernels = given(model)
    response = responses(model, scales, roots, None).unflatten(-1, (-1, model.data.regions))
    for m in range(model.data.maps):
        for place, (term, expected) in enumerate(blocks(model, kernels, m).items()):
            part = response[:, m, place]
            np.testing.assert_allclose(part.T @ part, expected, rtol=0, atol=1e-12, err_msg=term)
            rest = response[:, m, place + 1 :].flatten(1)
            np.testing.assert_allclose(part.T @ rest, 0, atol=1e-12, err_msg=term)  # terms are independent a priori


@EACH
def test_unseen_values_are_predicted_given_values_and_errors_that_were_seen(study, hidden, name):
    """Mean and sd of the dense conditional Gaussian, with off-diagonal errors; for each replicate its own."""
    family = family_of(name)
    model = family.build(
        observe(study, hidden=hidden),
        family.settings(**({"n_programs": 3, "homologue_sharing": 0.25} if family.programs else {})),
    )
    scales, _, kernels = given(model)
    whole = model.covariance(scales, kernels)
    found = predict_unseen(model, whole, seen_root(model, whole))
    whole = model.covariance(scales, kernels)
    for b, m in np.ndindex(2, 2):
        o, dense = model.data.seen[b, m].numpy(), whole[b, 0, m].numpy()
        gain = dense[np.ix_(~o, o)] @ np.linalg.inv(dense[np.ix_(o, o)])
        left = dense[np.ix_(~o, ~o)] - gain @ dense[np.ix_(o, ~o)]
        mean, sd = (values[b, 0, m].numpy() for values in found)
        np.testing.assert_allclose(mean[~o], gain @ model.data.thinning[b, m].numpy()[o], rtol=1e-9)
        np.testing.assert_allclose(sd[~o], np.sqrt(left.diagonal()), rtol=1e-9)


@EACH
@pytest.mark.parametrize("columns", [7, 100])
def test_leave_one_out_equals_dense_conditionals(models, name, columns, monkeypatch):
    monkeypatch.setattr(gaussian, "_COLUMNS", columns)
    model = models[name]
    scales, _, kernels = given(model)
    density, below = (part[0, 0] for part in leave_one_out(model, seen_root(model, model.covariance(scales, kernels))))
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


def slope_along(axis, name, study):
    """Slope on the axis of the posterior mean of the effect, all parts but the wide ones being small."""
    family = family_of(name)
    model = family.build(observe(study), family.settings())
    scales = {key: torch.full((1, 1, 1), 0.02, dtype=torch.float64) for key in model.scale_names}
    roots = model.roots({})
    zero = noises(model, roots, lambda size: torch.zeros(1, 1, *size, dtype=torch.float64))
    drawn = draw_linear(model, scales, roots, zero, seen_root(model, model.covariance(scales, model.kernels({}))))
    return float(np.polyfit(axis, (drawn.predictable + drawn.regional)[0, 0, 0], 1)[0])


def test_a_large_effect_along_the_axis_of_healthy_people_is_not_taken_for_error(study):
    """Errors go along that axis, too; its wide prior keeps the effect, which a field alone would shrink."""
    axis = observe(study).axis.numpy()
    along = study.with_thinning(
        -0.8 - 0.5 * axis, np.full(12, 0.15), maps=["along"], covariance=(0.15**2 * study.structure)[None]
    )
    assert slope_along(axis, "structural", along) == pytest.approx(-0.5, abs=0.03)
    assert slope_along(axis, "expression", along) == pytest.approx(-0.5, abs=0.03)
    assert slope_along(axis, "spatial", along) > -0.1
    assert slope_along(axis, "structural", replace(along, structure=None)) > -0.1
