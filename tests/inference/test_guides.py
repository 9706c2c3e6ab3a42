"""Guides: their densities are those of what they draw, and their smoothing is exact."""

from __future__ import annotations

import pytest
import torch
from torch_geometric.nn import GraphConv

from pyro_neurovae.inference.encoder import RegionEncoder, ReplicateGraphConv, averaging
from pyro_neurovae.inference.noise import NoiseStreams
from pyro_neurovae.inference.programs.guide import ProgramGuide, ProgramNoise, draw_programs
from pyro_neurovae.inference.scales.guide import COMPONENTS, ScaleGuide, ScaleNoise


def streams(seeds=(0,), name="test"):
    return NoiseStreams(seeds, name, dtype=torch.float64)


def randomise(module, seed=1, size=0.3):
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter += size * torch.randn(parameter.shape, generator=generator, dtype=parameter.dtype)


def test_graph_conv_of_each_replicate_is_that_of_torch_geometric(families):
    data = families["cross-scale"].data
    layer = ReplicateGraphConv(4, 5, streams((1, 2)))
    randomise(layer)
    x = streams((3, 4)).normal(data.regions, 4)
    weight = averaging(data.edge_index, data.edge_weight, data.regions)
    ours = layer(x, data.edge_index, weight)
    for b in range(2):
        theirs = GraphConv(4, 5).double()
        with torch.no_grad():
            theirs.lin_root.weight.copy_(layer.self_map.weight[b].T)
            theirs.lin_rel.weight.copy_(layer.neighbour_map.weight[b].T)
            theirs.lin_rel.bias.copy_(layer.self_map.bias[b, 0])
        torch.testing.assert_close(ours[b], theirs(x[b], data.edge_index, weight))


def test_encoder_begins_at_zero_and_depends_on_neighbours(families):
    data = families["cross-scale"].data
    features = torch.zeros(data.regions, 2, dtype=torch.float64)
    encoder = RegionEncoder(features, data.edge_index, data.edge_weight, outputs=3, noise=streams())
    assert float(encoder().detach().abs().max()) == 0.0
    randomise(encoder)
    before = encoder()
    encoder.features[0, 0] = 1.0
    moved = (encoder() - before).abs().sum(-1)[0]
    assert bool((moved > 0).all())  # the pooled context reaches every region


def scale_mixture(guide, m, *, wide):
    """The mixture that a scale guide claims for map m, as torch's own distribution over normal scores."""
    roots = (guide.lower.tril(-1) + torch.diag_embed(guide.log_diagonal.exp()))[0, m].detach()
    loc, weight = guide.loc[0, m].detach(), torch.ones(COMPONENTS)
    if wide:
        loc, roots, weight = (
            loc.repeat(2, 1),
            torch.cat([roots, 2 * roots]),
            torch.tensor([4.0, 1.0]).repeat_interleave(COMPONENTS),
        )
    return torch.distributions.MixtureSameFamily(
        torch.distributions.Categorical(weight.to(loc)), torch.distributions.MultivariateNormal(loc, scale_tril=roots)
    )


@pytest.mark.parametrize("wide", [False, True])
def test_scale_guide_has_the_density_of_its_mixture(families, wide):
    guide = ScaleGuide(families["cross-scale"], streams())
    randomise(guide)
    noise = ScaleNoise.draw(streams((2,)), 3, 2, families["cross-scale"].data.maps, 3, defensive=wide)
    scale, density = guide.transform(noise)
    for m in range(scale.shape[2]):
        rate = guide.rate[0, 0, m]
        at = scale[0, :, m].detach().requires_grad_()
        score = -torch.special.ndtri((-rate * at).exp())  # sigma = F^-1(Phi(x)), solved for x
        (slope,) = torch.autograd.grad(score.sum(), at)
        expected = scale_mixture(guide, m, wide=wide).log_prob(score.detach()) + slope.log().sum(-1)
        torch.testing.assert_close(density[0, :, m].sum(-1), expected)


def test_scale_noise_takes_the_components_in_turn():
    component = ScaleNoise.draw(streams((3,)), 50, COMPONENTS, 2, 3).component.unflatten(1, (50, COMPONENTS))
    assert bool((component.sort(2).values == torch.arange(COMPONENTS)[:, None]).all())
    first = component[0, :, 0, 0]
    assert len(first.unique()) > COMPONENTS // 2  # each group begins with a component of its own


def test_scales_drawn_from_the_guide_have_its_moments(families):
    guide = ScaleGuide(families["spatial"], streams())
    randomise(guide)
    draws = 40_000
    noise = ScaleNoise.draw(streams((4,)), draws // 4, 4, families["spatial"].data.maps, 2)
    scale, _ = guide.transform(noise)
    score = -torch.special.ndtri((-guide.rate * scale).exp())[0].detach()
    for m in range(score.shape[1]):
        mixture = scale_mixture(guide, m, wide=False)
        error = (mixture.variance / draws).sqrt()
        assert bool(((score[:, m].mean(0) - mixture.mean).abs() < 5 * error).all())


def test_program_guide_begins_at_principal_components(families):
    family = families["cross-scale"]
    sites = ProgramGuide(family, streams()).sites()
    values, vectors = torch.linalg.eigh(family.data.scatter)
    first = vectors[:, -1] * values[-1].sqrt()
    cosine = torch.nn.functional.cosine_similarity(first, sites.mean[0, 0].detach(), dim=0)
    assert abs(float(cosine)) > 0.999
    assert float(sites.mean[0, :, ~family.data.expressed].detach().abs().max()) < 1e-14


def test_program_guide_draws_have_finite_density_and_the_right_shapes(families):
    family = families["cross-scale"]
    guide = ProgramGuide(family, streams())
    drawn = draw_programs(family, guide.field, guide.sites(), ProgramNoise.draw(streams(), 4, 3, family.data.regions))
    assert drawn.score.shape == (1, 4, 3, family.data.regions)
    assert drawn.strength.shape == drawn.smoothness.shape == (1, 4, 3)
    assert drawn.noise.shape == (1, 4, 1)
    assert bool((drawn.strength > 0).all() & (drawn.smoothness > 0).all() & (drawn.smoothness < 1).all())
    assert bool((drawn.noise > 0).all())
    assert all(bool(torch.isfinite(density).all()) for density in drawn.density.values())
