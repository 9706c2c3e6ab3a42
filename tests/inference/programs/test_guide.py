"""The guide of the programs: where it begins, and the density that it claims of what it draws."""

from __future__ import annotations

import torch
from pyro import poutine

from pyro_neurovae.inference.elbo import site_densities
from pyro_neurovae.inference.programs.guide import ProgramGuide, ProgramNoise, ProgramSites, draw_programs


def test_it_begins_at_principal_components(models, streams):
    model = models["cross-scale"]
    sites = ProgramGuide(model, streams()).sites()
    values, vectors = torch.linalg.eigh(model.data.scatter)
    first = vectors[:, -1] * values[-1].sqrt()
    cosine = torch.nn.functional.cosine_similarity(first, sites.mean[0, 0].detach(), dim=0)
    assert abs(float(cosine)) > 0.999
    assert float(sites.mean[0, :, ~model.data.expressed].detach().abs().max()) < 1e-14


def test_draws_have_finite_density_and_the_right_shapes(models, streams):
    model = models["cross-scale"]
    guide = ProgramGuide(model, streams())
    drawn = draw_programs(model, guide.field, guide.sites(), ProgramNoise.draw(streams(), 4, 3, model.data.regions))
    assert drawn.score.shape == (1, 4, 3, model.data.regions)
    assert drawn.strength.shape == drawn.smoothness.shape == (1, 4, 3)
    assert drawn.noise.shape == (1, 4, 1)
    assert bool((drawn.strength > 0).all() & (drawn.smoothness > 0).all() & (drawn.smoothness < 1).all())
    assert bool((drawn.noise > 0).all())
    assert all(bool(torch.isfinite(density).all()) for density in drawn.density.values())


@torch.no_grad()
def test_globals_are_log_and_logit_normal(models, streams, randomise):
    model = models["cross-scale"]
    guide = ProgramGuide(model, streams())
    randomise(guide)
    sites = guide.sites()
    drawn = draw_programs(model, guide.field, sites, ProgramNoise.draw(streams(3), 5, 3, model.data.regions))
    loc, scale = sites.loc[:, None], sites.scale[:, None]
    normal = torch.distributions.Normal
    strength = torch.distributions.LogNormal(loc[..., :3], scale[..., :3])
    torch.testing.assert_close(drawn.density["strength"], strength.log_prob(drawn.strength))
    phi = drawn.smoothness
    smooth = normal(loc[..., 3:6], scale[..., 3:6]).log_prob(phi.logit()) - (phi * (1 - phi)).log()
    torch.testing.assert_close(drawn.density["smoothness"], smooth)
    tau = torch.distributions.LogNormal(loc[..., 6:], scale[..., 6:])
    torch.testing.assert_close(drawn.density["noise"], tau.log_prob(drawn.noise))


@torch.no_grad()
def test_programs_are_the_gaussian_that_the_prior_makes_of_sites(models, streams, randomise):
    """q(z_k) against the dense product of the GMRF and one Gaussian site a region, its level free."""
    model = models["cross-scale"]
    guide, expressed = ProgramGuide(model, streams()), model.data.expressed
    randomise(guide, size=0.1)
    sites = guide.sites()
    drawn = draw_programs(model, guide.field, sites, ProgramNoise.draw(streams(3), 2, 3, model.data.regions))
    for s in range(2):
        for k in range(3):
            prior = model.program_gmrf(drawn.smoothness[0, s, k]).precision()
            size = drawn.strength[0, s, k]
            sharp = model.data.genes * (size / drawn.noise[0, s, 0]) ** 2 * sites.log_precision[0, k].exp() * expressed
            information = torch.diag(sharp) - torch.outer(sharp, sharp) / sharp.sum()
            whole = prior + information
            mean = torch.linalg.solve(whole, information @ (sites.mean[0, k] / size))
            law = torch.distributions.MultivariateNormal(mean, precision_matrix=(whole + whole.T) / 2)
            torch.testing.assert_close(drawn.density["score"][0, s, k], law.log_prob(drawn.score[0, s, k]))


def test_sites_of_the_trace_are_those_of_the_model(models, streams):
    model = models["cross-scale"]
    guide = ProgramGuide(model, streams())
    noise = ProgramNoise.draw(streams(3), 2, 3, model.data.regions)
    trace = poutine.trace(guide).get_trace(noise)
    drawn = draw_programs(model, guide.field, guide.sites(), noise)
    densities = site_densities(trace)
    assert list(densities) == ["expression_noise", "strength", "smoothness", "program_score"]
    names = dict(zip(densities, ("noise", "strength", "smoothness", "score"), strict=True))
    for site, name in names.items():
        torch.testing.assert_close(densities[site], drawn.density[name])
        torch.testing.assert_close(trace.nodes[site]["value"], getattr(drawn, name))
    replayed = poutine.trace(poutine.replay(model.expression_part, trace)).get_trace(2)
    assert {*site_densities(replayed)} == {*densities, "expression"}


def test_numbers_are_cut_and_kept_by_replicate(streams):
    noise = ProgramNoise.draw(streams(1, 2), 5, 3, 4)
    assert (noise.globals.shape, noise.score.shape) == ((2, 5, 7), (2, 5, 3, 2, 4))
    pieces = noise.split(2)
    assert [piece.globals.shape[1] for piece in pieces] == [2, 2, 1]
    assert torch.equal(torch.cat([piece.score for piece in pieces], 1), noise.score)
    alone = ProgramNoise.draw(streams(2), 5, 3, 4)
    assert torch.equal(noise.select([1]).score, alone.score)


def test_sites_are_kept_by_replicate():
    sites = ProgramSites(*(torch.arange(12.0).reshape(3, 2, 2) for _ in range(4)))
    assert torch.equal(sites.select([2, 0]).mean, sites.mean[[2, 0]])
