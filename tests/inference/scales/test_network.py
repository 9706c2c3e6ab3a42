"""What the network is told of a map: exact densities and slopes, of nothing but what is seen."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from pyro_neurovae.inference.observation import observe
from pyro_neurovae.inference.scales.guide import COMPONENTS, ScaleGuide, mixture_log_density
from pyro_neurovae.inference.scales.network import ScaleNetwork, read_maps, reading_points


@pytest.fixture
def guide(models, streams):
    return ScaleGuide(models["structural"], streams())


def joint(guide, points):
    """Log density of each map and of the normal scores; (map, point)."""
    model = guide.model
    values, log_slope = guide.values(points[None, :, None].repeat(1, 1, model.data.maps, 1))
    scales = dict(zip(model.globals, values.unbind(-1), strict=True))
    return (model.log_density(scales, model.kernels({})) + log_slope.sum(-1))[0].T


def test_shares_and_densities_are_those_of_the_model(guide):
    points = reading_points(3)
    reading = read_maps(guide, guide.model.kernels({}), points)
    density = joint(guide, points)
    share, below = reading.context[0, :, : len(points)], reading.context[0, :, len(points) : 2 * len(points)]
    torch.testing.assert_close(share, density.softmax(-1))
    torch.testing.assert_close(below, ((density - density.amax(-1, keepdim=True)) / 10).clamp(min=-3))
    torch.testing.assert_close(reading.start[0], density.softmax(-1) @ points)


def test_slopes_are_the_differences_of_the_density(guide):
    points, step = reading_points(3), 1e-5
    told = read_maps(guide, guide.model.kernels({}), points).context[0, :, 2 * len(points) :]
    slope = (3 * torch.sinh(told)).unflatten(-1, (len(points), 3))
    for i in range(3):
        away = step * torch.eye(3, dtype=points.dtype)[i]
        expected = (joint(guide, points + away) - joint(guide, points - away)) / (2 * step)
        torch.testing.assert_close(slope[..., i], expected, rtol=1e-5, atol=1e-5)


def test_a_value_that_is_hidden_reaches_no_reading(guide, streams):
    """The first map lacks a value: whatever stands in its place changes nothing."""
    data = guide.model.data
    other = torch.where(data.seen, data.thinning, torch.full_like(data.thinning, 99.0))
    changed = type(guide.model)(replace(data, thinning=other), guide.model.settings)
    points, kernels = reading_points(3), guide.model.kernels({})
    first = read_maps(guide, kernels, points)
    second = read_maps(ScaleGuide(changed, streams()), kernels, points)
    torch.testing.assert_close(first.context, second.context, rtol=0, atol=0)


def test_replicates_and_maps_are_read_each_by_itself(study, hidden, models, streams):
    model = models["structural"]
    both = type(model)(observe(study, hidden=hidden), model.settings)
    points, kernels = reading_points(3), model.kernels({})
    together = read_maps(ScaleGuide(both, streams(0, 1)), kernels, points)
    alone = type(model)(observe(study, hidden=hidden[1:]), model.settings)
    torch.testing.assert_close(
        together.context[1:], read_maps(ScaleGuide(alone, streams(1)), kernels, points).context, rtol=1e-9, atol=1e-9
    )


def test_a_network_gives_components_that_a_guide_can_hold(guide):
    torch.manual_seed(0)
    network = ScaleNetwork(3, width=8)
    loc, root = network(read_maps(guide, guide.model.kernels({}), network.points))
    assert loc.shape == (1, 2, COMPONENTS, 3)
    assert bool((root.diagonal(dim1=-2, dim2=-1) > 0).all())
    assert bool((root.triu(1) == 0).all())
    assert bool((loc[..., -1, :] == 0).all())
    assert bool((root[..., -1, :, :] == torch.eye(3)).all())  # the prior


def test_the_density_of_a_mixture_is_that_of_torch():
    rng = torch.Generator().manual_seed(1)
    loc = torch.randn(4, COMPONENTS, 3, generator=rng)
    root = torch.randn(4, COMPONENTS, 3, 3, generator=rng).tril() * 0.3 + torch.eye(3)
    root = root.tril(-1) + torch.diag_embed(root.diagonal(dim1=-2, dim2=-1).abs() + 0.1)
    own = torch.distributions.MultivariateNormal(loc, scale_tril=root)
    mixture = torch.distributions.MixtureSameFamily(torch.distributions.Categorical(torch.ones(4, COMPONENTS)), own)
    x = torch.randn(4, 3, generator=rng)
    torch.testing.assert_close(mixture_log_density(loc, root, x), mixture.log_prob(x))


def test_whatever_a_network_says_stays_within_reach_of_the_prior(guide):
    """A map unlike all that it was trained on once gave a component 1e8 standard deviations wide."""
    network = ScaleNetwork(3)
    reading = read_maps(guide, guide.model.kernels({}), network.points)
    for size in (1e6, -1e6):
        torch.nn.init.constant_(network.layers[-1].bias, size)
        loc, root = network(reading)
        assert loc.abs().max() <= 8
        assert root.abs().max() < 3 + 1e-9
        assert (root.diagonal(dim1=-2, dim2=-1) >= 0).all()
