"""Guides: their densities are those of what they draw, and their smoothing is exact."""

from __future__ import annotations

import torch
from torch.autograd.functional import jacobian
from torch_geometric.nn import GraphConv

from pyro_neurovae.inference.encoder import RegionEncoder, ReplicateGraphConv, averaging
from pyro_neurovae.inference.noise import NoiseStreams
from pyro_neurovae.inference.program_guide import ProgramGuide, ProgramNoise, draw_scores
from pyro_neurovae.inference.scale_guide import ScaleGuide
from pyro_neurovae.models.gmrf import GMRF


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
    assert float(encoder().abs().max()) == 0.0
    randomise(encoder)
    before = encoder()
    encoder.features[0, 0] = 1.0
    moved = (encoder() - before).abs().sum(-1)[0]
    assert bool((moved > 0).all())  # the pooled context reaches every region


def test_scores_are_drawn_from_the_dense_gaussian_they_claim(families):
    family = families["cross-scale"]
    n = family.data.regions
    precision = streams((5,)).uniform(1, 3, n).abs() * 4 * family.data.expressed
    mean, phi = streams((6,)).normal(1, 3, n), torch.tensor([[[0.3, 0.8, 0.97]]], dtype=torch.float64)
    noise = streams((7,)).normal(1, 3, n)
    score, density = draw_scores(family, phi, precision, mean, noise)
    for k in range(3):
        w = precision[0, 0, k]
        centred = torch.diag(w) - torch.outer(w, w) / w.sum()
        posterior = GMRF(family.data.spectrum, "bym2", phi=phi[0, 0, k]).precision() + centred
        centre = torch.linalg.solve(posterior, centred @ mean[0, 0, k])
        dense = torch.distributions.MultivariateNormal(centre, precision_matrix=posterior)
        torch.testing.assert_close(density[0, 0, k], dense.log_prob(score[0, 0, k]))


def test_scores_do_not_hang_on_the_mean_of_the_sites(families):
    # Gene means are free, so a constant added to all sites of a program says nothing.
    family = families["cross-scale"]
    n = family.data.regions
    precision = torch.ones(1, 1, 3, n, dtype=torch.float64) * family.data.expressed
    mean, noise = streams((6,)).normal(1, 3, n), streams((7,)).normal(1, 3, n)
    phi = torch.full((1, 1, 3), 0.7, dtype=torch.float64)
    first, _ = draw_scores(family, phi, precision, mean, noise)
    second, _ = draw_scores(family, phi, precision, mean + 5.0, noise)
    torch.testing.assert_close(first, second)


def test_scale_guide_density_is_the_change_of_variables(families):
    guide = ScaleGuide(families["cross-scale"])
    randomise(guide)
    noise = streams((2,)).normal(1, families["cross-scale"].data.maps, 3)
    _, density = guide.transform(noise)
    full = jacobian(lambda eps: guide.transform(eps)[0], noise)
    for m in range(noise.shape[2]):
        inner = full[0, 0, m, :, 0, 0, m, :]
        base = torch.distributions.Normal(0.0, 1.0).log_prob(noise[0, 0, m]).sum()
        torch.testing.assert_close(density[0, 0, m].sum(), base - torch.linalg.slogdet(inner)[1])


def test_scale_guide_begins_near_the_prior_median(families):
    family = families["spatial"]
    guide = ScaleGuide(family)
    scale, _ = guide.transform(torch.zeros(1, 1, family.data.maps, 2, dtype=torch.float64))
    median = torch.log(torch.tensor(2.0)) / family.scale_prior("spatial_scale").rate
    torch.testing.assert_close(scale[..., 0], median, check_dtype=False)


def test_program_guide_begins_at_principal_components(families):
    family = families["cross-scale"]
    sites = ProgramGuide(family, streams()).sites()
    values, vectors = torch.linalg.eigh(family.data.scatter)
    first = vectors[:, -1] * values[-1].sqrt()
    cosine = torch.nn.functional.cosine_similarity(first, sites.mean[0, 0], dim=0)
    assert abs(float(cosine)) > 0.999
    assert float(sites.mean[0, :, ~family.data.expressed].abs().max()) == 0.0


def test_program_guide_draws_have_finite_density_and_the_right_shapes(families):
    family = families["cross-scale"]
    guide = ProgramGuide(family, streams())
    score, strength, smoothness, noise = guide(ProgramNoise.draw(streams(), 4, 3, family.data.regions))
    assert score.shape == (1, 4, 3, family.data.regions)
    assert strength.shape == smoothness.shape == (1, 4, 3)
    assert noise.shape == (1, 4, 1)
    assert bool((strength > 0).all() & (smoothness > 0).all() & (smoothness < 1).all() & (noise > 0).all())
