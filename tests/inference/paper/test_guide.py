"""The guide of the paper's model: with it minus the ELBO is the paper's loss, and where it begins."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from pyro import poutine

from pyro_neurovae.inference.elbo import ReplicateELBO, site_densities
from pyro_neurovae.inference.observation import observe
from pyro_neurovae.inference.paper.guide import PaperGuide, PaperNoise, singular_scores
from pyro_neurovae.models.paper import Decoder, Paper
from pyro_neurovae.models.settings import PaperSettings, PCPrior

TINY = {"n_latent": 3, "width": 12}


def paper_loss(study, hidden, settings, guide, white):
    """Squared error / (2 sigma^2) + lambda * sum over edges of E|z_i - z_j|^2 + KL to N(0, I); (replicate,)."""
    mean, sd = guide.moments()  # (replicate, latent, region)
    first, out = guide.decoder.hidden, guide.decoder.out
    losses = []
    for b in range(len(hidden)):
        error = 0.0
        for m, s in np.ndindex(len(study.maps), white.shape[1]):
            seen = study.thinning_observed[m] & ~hidden[b, m]
            y = study.thinning[m, seen]
            z = mean[b] + sd[b] * white[b, s]
            inner = torch.relu(z.T @ first.weight[b] + first.bias[b])
            f = (inner @ out.weight[b] + out.bias[b])[torch.as_tensor(seen), m]
            sigma = settings.unexplained_scale * y.std()
            residual = torch.as_tensor(y) - y.mean() - y.std() * f
            error = error + residual.square().sum() / (2 * sigma**2) / white.shape[1]
        smoothness = 0.0
        for i, j in zip(*np.nonzero(np.triu(study.graph.weights)), strict=True):
            distance = (mean[b, :, i] - mean[b, :, j]).square() + sd[b, :, i].square() + sd[b, :, j].square()
            smoothness = smoothness + study.graph.weights[i, j] * distance.sum()
        divergence = 0.5 * (mean[b].square() + sd[b].square() - 2 * sd[b].log() - 1).sum()
        losses.append(error + settings.lam * smoothness + divergence)
    return torch.stack(losses)


@pytest.mark.parametrize("name", ["ring", "weighted"])
def test_minus_the_elbo_is_the_papers_loss(name, pairs, weighted, hidden, streams, randomise):
    study, draws = {"ring": pairs, "weighted": weighted}[name], 2
    settings = PaperSettings(**TINY, lam=0.3, unexplained_scale=0.4, standard_errors=False)
    data = observe(study, hidden=hidden)
    decoder = Decoder(settings.n_latent, settings.width, data.maps, streams(1, 2))
    model = Paper(data, settings, decoder)
    guide = PaperGuide(model, streams(3, 4))
    guide.decoder = decoder
    # What is left is known: the normalising constants of the likelihood and of the prior.
    seen = study.thinning_observed & ~hidden
    sigma = settings.unexplained_scale * np.nanstd(np.where(seen, study.thinning, np.nan), axis=-1)
    logdet = np.linalg.slogdet(np.eye(data.regions) + 2 * settings.lam * study.graph.laplacian())[1]
    constant = (seen.sum(-1) * np.log(np.sqrt(2 * np.pi) * sigma)).sum(-1) - 0.5 * settings.n_latent * logdet
    for seed in (5, 6):
        randomise(guide, seed)
        noise = PaperNoise.draw(streams(seed, seed + 1), draws, settings.n_latent, data)
        ours = -ReplicateELBO().per_replicate(lambda given: model.model(given.latent.shape[1]), guide, noise)
        theirs = paper_loss(study, hidden, settings, guide, noise.latent)
        torch.testing.assert_close(ours - theirs, torch.as_tensor(constant), rtol=1e-10, atol=1e-10)
        slopes = [torch.autograd.grad(loss.sum(), guide.parameters(), allow_unused=True) for loss in (ours, theirs)]
        for (parameter, _), one, other in zip(guide.named_parameters(), *slopes, strict=True):
            assert (one is None) == (other is None), parameter
            if one is not None:
                torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-10, msg=parameter)


def test_what_is_learned_is_log_normal(pairs, hidden, streams, randomise):
    prior = PCPrior(0.5, 0.5)
    model = Paper(observe(pairs, hidden=hidden), PaperSettings(**TINY, lam=prior, unexplained_scale=prior))
    guide = PaperGuide(model, streams(3, 4))
    noise = PaperNoise.draw(streams(5, 6), 4, 3, model.data)
    # It begins about the paper's lambda and a fifth of the map's spread.
    sites = poutine.trace(guide).get_trace(PaperNoise(noise.latent, 0 * noise.lam, 0 * noise.scale)).nodes
    torch.testing.assert_close(sites["lam"]["value"], torch.full((2, 4, 1), 0.1, dtype=torch.float64))
    fifth = 0.2 * model.data.unit[:, None].expand(2, 4, 2)
    torch.testing.assert_close(sites["unexplained_scale"]["value"], fifth)
    randomise(guide, 2)
    trace = poutine.trace(guide).get_trace(noise)
    density = site_densities(trace)
    own = {
        "lam": (guide.lam_loc, guide.lam_log_sd),
        "unexplained_scale": (guide.scale_loc, guide.scale_log_sd),
    }
    for name, (loc, log_sd) in own.items():
        law = torch.distributions.LogNormal(loc[:, None], log_sd.exp()[:, None])
        torch.testing.assert_close(density[name], law.log_prob(trace.nodes[name]["value"]))


def test_what_is_fixed_has_no_site(pairs, streams):
    model = Paper(observe(pairs), PaperSettings(**TINY, lam=0.2, unexplained_scale=0.3))
    guide = PaperGuide(model, streams(3))
    trace = poutine.trace(guide).get_trace(PaperNoise.draw(streams(5), 2, 3, model.data))
    assert list(site_densities(trace)) == ["latent"]
    mean, sd = guide.moments()
    assert mean.shape == sd.shape == (1, 3, pairs.n_regions)


def test_features_keep_every_distance_between_regions(study):
    """Left-singular scores are a rotation of the genes: distances are the same, up to one size."""
    data = observe(study)
    scores = singular_scores(data)
    genes = study.centred_expression()
    measured = study.expression_observed
    assert scores.shape[1] <= measured.sum()
    assert float(scores[data.expressed].square().mean()) == pytest.approx(1)
    ours = torch.cdist(scores, scores).numpy()[np.ix_(measured, measured)]
    theirs = np.linalg.norm(genes[:, None] - genes, axis=-1)[np.ix_(measured, measured)]
    off = ~np.eye(len(ours), dtype=bool)
    np.testing.assert_allclose(ours[off] / theirs[off], ours[0, 1] / theirs[0, 1])
    assert float(scores[~data.expressed].abs().max()) < 1e-12
