"""Maps that the network learns from are draws of the model that conditions on them; learning helps on new ones."""

from __future__ import annotations

import math

import torch
from scipy import stats

from pyro_neurovae.inference.exact import scale_grid
from pyro_neurovae.inference.gaussian import normal_log_density
from pyro_neurovae.inference.noise import NoiseStreams
from pyro_neurovae.inference.scales.amortisation import drawn_maps, train_network
from pyro_neurovae.inference.scales.guide import ScaleGuide, mixture_log_density
from pyro_neurovae.inference.scales.network import read_maps, reading_points


def read(model, seed, number):
    drawn, scores = drawn_maps(model, {}, seed, number)
    guide = ScaleGuide(drawn, NoiseStreams([0], "unused", dtype=torch.float64))
    return read_maps(guide, model.kernels({}), reading_points(scores.shape[-1])), scores


def test_ranks_of_the_drawn_scales_in_their_exact_posteriors_are_uniform(models):
    """Simulation-based calibration: the posterior of each drawn map, on a grid, holds its own scales as it says."""
    model = models["spatial"]
    ranks = []
    for seed in (5, 6, 7, 8):
        drawn, scores = drawn_maps(model, {}, seed, 80)
        assert len(scores) == drawn.data.maps == 80
        assert bool((drawn.data.unit.log().abs() < 0.1).all())
        values, _ = ScaleGuide(drawn, NoiseStreams([0], "unused", dtype=torch.float64)).values(scores[None, None])
        grid = scale_grid(drawn, 60)
        below = [grid.scales[name] < values[..., i] for i, name in enumerate(model.scale_names)]
        ranks.append(torch.stack([(grid.weight * one).sum(1)[0] for one in below]))
    for own in torch.cat(ranks, 1):
        assert stats.kstest(own.numpy(), "uniform").pvalue > 1e-3


def test_the_same_seed_draws_the_same_maps_and_another_seed_others(models):
    model = models["structural"]
    first, again, other = (drawn_maps(model, {}, seed, 20) for seed in (1, 1, 2))
    torch.testing.assert_close(first[0].data.thinning, again[0].data.thinning, rtol=0, atol=0)
    torch.testing.assert_close(first[1], again[1], rtol=0, atol=0)
    assert not torch.equal(first[0].data.thinning, other[0].data.thinning)


def test_some_maps_lack_values_and_errors_of_some_are_independent(models):
    data = drawn_maps(models["spatial"], {}, 3, 100)[0].data
    partly = (~data.seen[0]).any(-1)
    assert 0.2 < float(partly.double().mean()) < 0.8
    across = data.means - torch.diag_embed(data.means.diagonal(dim1=-2, dim2=-1))
    alone = (across == 0).all(-1).all(-1)
    assert 0.1 < float(alone.double().mean()) < 0.6
    assert float(data.means.diagonal(dim1=-2, dim2=-1).sqrt().median()) > 0.02


def test_a_trained_network_tells_the_scales_of_new_maps_better_than_the_prior(models):
    """By two nats where three scales are told; and training with one seed twice gives one network."""
    model, told = models["structural"], []
    readings, scores = zip(*(read(model, seed, 400) for seed in range(8)), strict=True)
    network = train_network(readings, scores, 0, progress=lambda *news: told.append(news))
    new, truth = read(model, 99, 400)
    loc, root = network(new)
    gain = mixture_log_density(loc[0], root[0], truth) - normal_log_density(truth).sum(-1)
    assert float(gain.mean()) > 0.3
    assert told[-1][0] == "network"
    assert told[-1][3] > told[0][3]
    assert math.isfinite(told[-1][3])
    again = train_network(readings, scores, 0)
    for name, values in network.state_dict().items():
        torch.testing.assert_close(values, again.state_dict()[name], rtol=0, atol=0)
