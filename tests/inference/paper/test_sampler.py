"""The paper's model: its loss is minus the ELBO, its limits, what stops its training, and whole fits."""

from __future__ import annotations

import math
from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import norm
from torch.distributions import MultivariateNormal, Normal, kl_divergence

import pyro_neurovae as nv
from pyro_neurovae.errors import NeurovaeError
from pyro_neurovae.inference.elbo import ReplicateELBO
from pyro_neurovae.inference.encoder import RegionEncoder
from pyro_neurovae.inference.engine import run_fit, train_fit
from pyro_neurovae.inference.noise import NoiseStreams
from pyro_neurovae.inference.normal_draw import NormalDraw, least_divergence
from pyro_neurovae.inference.observation import observe
from pyro_neurovae.inference.paper import sampler as paper_fit
from pyro_neurovae.inference.paper.early_stopping import EarlyStopping, correlation, held_back
from pyro_neurovae.inference.paper.guide import PaperGuide, PaperNoise
from pyro_neurovae.models.gmrf import GMRF
from pyro_neurovae.models.observations import Observations
from pyro_neurovae.models.paper import Decoder, Paper
from pyro_neurovae.models.settings import PaperSettings, PCPrior, fit_settings
from pyro_neurovae.models.spectrum import Spectrum

# Sizes and a schedule that run every step of a fit in a moment.
TINY = {"n_latent": 3, "width": 12}
QUICK = TINY | {"steps": 50, "learning_rate": 0.01, "warm_up": 10, "patience": 20, "validation": 0.3, "draws": 30}


def ring(n: int) -> np.ndarray:
    forward = np.roll(np.eye(n), 1, axis=1)
    return forward + forward.T


def weighted(n: int) -> np.ndarray:
    """Positive weights on a ring and a third of all chords."""
    rng = np.random.default_rng(1)
    joined = np.triu(np.maximum(ring(n), rng.uniform(size=(n, n)) < 0.3), 1) > 0
    half = np.where(joined, rng.lognormal(size=(n, n)), 0.0)
    return half + half.T


def paired(weights: np.ndarray) -> nv.Study:
    """Twins half way round, three lobes, two maps; a region lacks expression, another thinning in the first map."""
    n = len(weights)
    graph = nv.RegionGraph(
        names=tuple(f"r{i}" for i in range(n)),
        weights=weights,
        lobes=tuple("abc"[i % 3] for i in range(n)),
        homologues=tuple((i, i + n // 2) for i in range(n // 2)),
    )
    study = nv.simulate(3, genes=20, maps=2, programs=3, graph=graph, missing_expression=["r4"])
    thinning = study.thinning.copy()
    thinning[0, 7] = np.nan
    return study.with_thinning(thinning, study.standard_error)


STUDIES = {"ring": paired(ring(12)), "weighted": paired(weighted(12))}


@pytest.fixture
def pairs() -> nv.Study:
    return STUDIES["ring"]


@pytest.fixture
def hidden(pairs) -> np.ndarray:
    """Two folds: each hides another region in every map."""
    hidden = np.zeros((2, 2, pairs.n_regions), dtype=bool)
    hidden[0, :, 1], hidden[1, :, 5] = True, True
    return hidden


def tensor(values):
    return torch.as_tensor(values, dtype=torch.float64)


def streams(*seeds: int, name: str = "test") -> NoiseStreams:
    return NoiseStreams(seeds, name, dtype=torch.float64)


def randomise(module, seed, size=0.3):
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter += size * torch.randn(parameter.shape, generator=generator, dtype=parameter.dtype)


def assert_same_draws(first, second, exact=True):
    """Draws of two fits of the same replicates are the same, NaN in the same places."""
    tolerance = {"rtol": 0, "atol": 0} if exact else {"rtol": 1e-6, "atol": 1e-8}
    assert set(first) == set(second)
    for name, values in first.items():
        torch.testing.assert_close(values, second[name], **tolerance, equal_nan=True, msg=name)


# The identity


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
            error = error + (tensor(y) - y.mean() - y.std() * f).square().sum() / (2 * sigma**2) / white.shape[1]
        smoothness = 0.0
        for i, j in zip(*np.nonzero(np.triu(study.graph.weights)), strict=True):
            distance = (mean[b, :, i] - mean[b, :, j]).square() + sd[b, :, i].square() + sd[b, :, j].square()
            smoothness = smoothness + study.graph.weights[i, j] * distance.sum()
        divergence = 0.5 * (mean[b].square() + sd[b].square() - 2 * sd[b].log() - 1).sum()
        losses.append(error + settings.lam * smoothness + divergence)
    return torch.stack(losses)


@pytest.mark.parametrize("name", STUDIES)
def test_minus_the_elbo_is_the_papers_loss(name, hidden):
    study, draws = STUDIES[name], 2
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
        torch.testing.assert_close(ours - theirs, tensor(constant), rtol=1e-10, atol=1e-10)
        slopes = [torch.autograd.grad(loss.sum(), guide.parameters(), allow_unused=True) for loss in (ours, theirs)]
        for (parameter, _), one, other in zip(guide.named_parameters(), *slopes, strict=True):
            assert (one is None) == (other is None), parameter
            if one is not None:
                torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-10, msg=parameter)


# Limits of lambda

ISLAND = np.zeros((13, 13))
ISLAND[:7, :7], ISLAND[7:12, 7:12] = ring(7), weighted(5)
ORDER = np.random.default_rng(0).permutation(13)
APART = nv.RegionGraph.from_adjacency(ISLAND[np.ix_(ORDER, ORDER)], [f"r{i}" for i in range(13)])


def family_prior(lam):
    study = nv.simulate(1, genes=5, programs=2, graph=APART)
    return Paper(observe(study), PaperSettings(**TINY, lam=lam), torch.nn.Identity()).latent_prior(lam)


PRIORS = pytest.mark.parametrize(
    "prior", [lambda lam: GMRF(APART, "paper", lam=lam), family_prior], ids=["GMRF", "family"]
)


@PRIORS
def test_without_smoothness_regions_are_independent(prior):
    independent = prior(0.0)
    torch.testing.assert_close(independent.covariance(), torch.eye(13, dtype=torch.float64))
    mean, sd = streams(1).normal(4, 13)[0], streams(1).uniform(4, 13)[0] + 0.1
    each = kl_divergence(Normal(mean, sd), Normal(0.0, 1.0)).sum(-1)
    torch.testing.assert_close(kl_divergence(NormalDraw(mean, sd, torch.zeros_like(sd)), independent), each)
    torch.testing.assert_close(least_divergence(independent), tensor(0.0), rtol=0, atol=1e-13)


@PRIORS
def test_without_end_smoothness_leaves_one_value_a_component(prior):
    lam, component = 1e8, APART.components
    smooth = prior(lam)
    same = component[:, None] == component
    values = np.linalg.eigvalsh(APART.laplacian())
    largest = 1 / (2 * lam * values[values > 1e-9].min())  # what is left of the variance within components
    torch.testing.assert_close(smooth.covariance(), tensor(same / same.sum(1)), rtol=1e-9, atol=largest)
    drawn = smooth.sample((20,)).numpy()
    assert APART.n_components == 3
    for c in range(3):
        within = drawn[:, component == c]
        assert np.abs(within - within.mean(1, keepdims=True)).max() < 6 * math.sqrt(largest)
        assert within.mean(1).std() > 0.1


# The guide's normal


def spread_normal(graph, *, draws=4):
    """q of three dimensions, and p of every kind of smoothness for it; batches (2, 1, 3) and (2, draws, 1)."""
    n, noise = graph.n_regions, streams(1, 2)
    mean, sd = noise.normal(1, 3, n), 0.1 + noise.uniform(1, 3, n)
    smoothness, scale = noise.uniform(draws, 1), 0.5 + noise.uniform(draws, 1)
    fields = [
        GMRF(graph, kind, scale=scale, **{name: smoothness})
        for kind, name in (("paper", "lam"), ("leroux", "rho"), ("bym2", "phi"))
    ]
    return mean, sd, fields


@pytest.mark.parametrize("graph", [APART, STUDIES["weighted"].graph], ids=["apart", "weighted"])
def test_divergence_is_that_of_dense_gaussians(graph):
    mean, sd, priors = spread_normal(graph)
    dense = MultivariateNormal(mean, scale_tril=torch.diag_embed(sd))
    for p in priors:
        ours = kl_divergence(NormalDraw(mean, sd, torch.zeros_like(sd)), p)
        target = MultivariateNormal(p.mean, p.covariance())
        torch.testing.assert_close(ours, kl_divergence(dense.expand((2, 4, 3)), target.expand((2, 4, 3))))


def test_a_normal_draw_is_the_draw_that_its_numbers_make():
    mean, sd, _ = spread_normal(APART)
    white = streams(3, 4).normal(5, 3, 13)
    drawn = NormalDraw(mean, sd, white)
    assert (drawn.batch_shape, drawn.event_shape) == ((2, 5, 3), (13,))
    z = drawn.rsample()
    torch.testing.assert_close(z, mean + sd * white, rtol=0, atol=0)
    torch.testing.assert_close(drawn.log_prob(z), Normal(mean, sd).log_prob(z).sum(-1))
    with pytest.raises(ValueError, match="the random numbers make one draw"):
        drawn.rsample((2,))


def test_least_divergence_is_attained_and_never_beaten():
    p = GMRF(APART, "paper", lam=0.7)
    least = least_divergence(p)
    _, sd, _ = spread_normal(APART)
    for mean in (torch.zeros_like(sd), 0.01 * torch.ones_like(sd)):
        assert bool((kl_divergence(NormalDraw(mean, sd, sd), p) > least).all())
    free = torch.zeros(2, 13, dtype=torch.float64, requires_grad=True)  # mean and log sd
    optimiser = torch.optim.LBFGS([free], max_iter=100, tolerance_grad=1e-10, line_search_fn="strong_wolfe")

    def divergence():
        optimiser.zero_grad()
        value = kl_divergence(NormalDraw(free[0] + 0.5, free[1].exp(), free[1]), p)
        value.backward()
        return value

    optimiser.step(divergence)
    torch.testing.assert_close(divergence().detach(), least)
    torch.testing.assert_close(free[1].detach().exp(), p.precision().diagonal().rsqrt(), rtol=1e-6, atol=0)


# Pooling by lobe


def encoder_of(data: Observations, features, **options):
    graph = {"edge_index": data.edge_index, "edge_weight": data.edge_weight, "pools": data.lobe}
    encoder = RegionEncoder(features, **graph, outputs=4, noise=streams(1, 2), width=5, zero=False, **options)
    randomise(encoder, 3)
    return encoder


@torch.no_grad()
@pytest.mark.parametrize("layers", [1, 3])
def test_encoder_gives_back_the_means_of_its_layers_and_lobes(layers):
    study = STUDIES["weighted"]
    features = streams(4).normal(study.n_regions, 6)[0]
    encoder = encoder_of(observe(study), features, layers=layers)
    average = tensor(study.graph.weights / study.graph.weights.sum(1, keepdims=True))
    lobes = np.array(study.graph.lobes)
    for b in range(2):
        x = features
        for layer in encoder.convolutions:
            own, others = layer.self_map, layer.neighbour_map
            x = torch.relu(x @ own.weight[b] + own.bias[b] + average @ x @ others.weight[b])
        lobe = torch.stack([x[torch.as_tensor(lobes == one)].mean(0) for one in lobes])
        read = torch.cat([x, x.mean(0).expand_as(x), lobe], -1) @ encoder.read_out.weight[b] + encoder.read_out.bias[b]
        torch.testing.assert_close(encoder()[b], read)


@torch.no_grad()
def test_relabelling_regions_relabels_what_the_encoder_says():
    study = STUDIES["weighted"]
    order = np.random.default_rng(5).permutation(study.n_regions)
    other = study.select(regions=[study.regions[i] for i in order])
    features = streams(4).normal(study.n_regions, 6)[0]
    before, after = encoder_of(observe(study), features)(), encoder_of(observe(other), features[order])()
    torch.testing.assert_close(after, before[:, order])


# What is held back, and what stops the training


def test_hiding_computes_anew_what_is_computed_from_thinning(pairs, hidden):
    whole = observe(pairs, replicates=2)
    ours, again = whole.hide(torch.as_tensor(hidden)), observe(pairs, hidden=hidden)
    for field in fields(Observations):
        one, other = getattr(ours, field.name), getattr(again, field.name)
        if field.name == "spectrum":
            one, other = one.values, other.values
        assert one == other if field.name == "genes" else torch.equal(one, other), field.name
    assert not torch.equal(ours.unit, whole.unit)
    for b, m in np.ndindex(2, 2):
        y = pairs.thinning[m, pairs.thinning_observed[m] & ~hidden[b, m]]
        assert float(ours.unit[b, m]) == pytest.approx(y.std())
        assert float(ours.level[b, m]) == pytest.approx(2 * np.sqrt((y**2).mean()))


@pytest.fixture(scope="module")
def cortex() -> nv.Study:
    """The 34 homologue pairs, five regions of them without thinning in the first of two maps."""
    study = nv.simulate(0, genes=3, maps=2, programs=1)
    thinning = study.thinning.copy()
    thinning[0, :5] = np.nan
    return study.with_thinning(thinning, study.standard_error)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5])
def test_whole_pairs_are_held_back(cortex, share):
    left, right = np.array(cortex.graph.homologues).T
    hidden = np.zeros((3, 2, cortex.n_regions), dtype=bool)
    unseen = slice(0, 20)  # pairs of which the last replicate sees nothing
    hidden[2][:, left[unseen]] = hidden[2][:, right[unseen]] = True
    data, seeds = observe(cortex, hidden=hidden), (0, 1, 0)
    back = held_back(data, seeds, share).numpy()
    assert torch.equal(held_back(data, seeds, share), torch.as_tensor(back))
    for b, seed in enumerate(seeds):
        alone = held_back(data.select(torch.tensor([b])), (seed,), share)
        assert np.array_equal(alone[0], back[b])
    assert not (back & ~data.seen.numpy()).any()
    both = data.seen.numpy()[..., left] & data.seen.numpy()[..., right]
    assert np.array_equal((back[..., left] == back[..., right]) | ~both, np.ones_like(both))
    drawn = (back[..., left] | back[..., right]).any(1).sum(-1)
    assert drawn.tolist() == [max(2, math.ceil(round(share * 2 * n) / 2)) for n in (34, 34, 14)]
    assert not np.array_equal(back[0], back[1])


def test_a_correlation_is_over_four_regions_at_least(study):
    assert held_back(observe(study), (0,), 0.01).any(1).sum().item() == 4


def test_regions_without_twins_are_held_back_one_by_one(study):
    drawn = [held_back(observe(study), (seed,), 0.3).any(1).sum().item() for seed in range(5)]
    assert set(drawn) == {round(0.3 * study.n_regions)}


def test_correlation_is_over_the_regions_and_averaged_over_the_maps():
    first, second = streams(1).normal(3, 9), streams(2).normal(3, 9)
    where = torch.ones(1, 3, 9, dtype=torch.bool)
    where[0, 0, 2:5] = where[0, 2, 1:] = False  # of one region there is no correlation
    expected = [np.corrcoef(first[0, m][where[0, m]], second[0, m][where[0, m]])[0, 1] for m in range(2)]
    torch.testing.assert_close(correlation(first, second, where), tensor([np.mean(expected)]))


# Replicate to its score at steps 20, 30, ...; the state at a step is the step.
NAN = math.nan
SCORES = {
    "stops and stays": [0.1, 0.5, 0.2, 0.3, 0.1, 0.9, 0.9, 0.9, 0.9],
    "better in time": [NAN, NAN, 0.2, 0.1, NAN, 0.4, 0.4, 0.3, NAN],
    "never known": [NAN] * 9,
}


def test_every_replicate_keeps_its_own_best_state():
    state = torch.nn.Parameter(torch.zeros(3, 2))
    looks = iter(tensor(list(SCORES.values())).T)
    stopping = EarlyStopping(lambda: next(looks), [state], warm_up=20, patience=30)
    stopped = {}
    for step in range(1, 200):
        with torch.no_grad():
            state.fill_(step)
        done = stopping.done(step)
        stopped[step] = stopping.stopped.tolist()
        if done:
            break
    # Patience runs from the best step, or from the end of the warm-up where there was none.
    assert [next(s for s, each in stopped.items() if each[b]) for b in range(3)] == [60, 100, 50]
    assert step == 100
    assert stopping.best.tolist() == pytest.approx([0.5, 0.4, -math.inf])
    assert stopping.best_step.tolist() == [30, 70, 0]
    stopping.restore()
    assert state.tolist() == [[30, 30], [70, 70], [100, 100]]  # without a score the last state stays


def test_values_that_stop_the_training_reach_no_gradient(pairs):
    settings = fit_settings("paper", **QUICK | {"patience": 1000})
    back = held_back(observe(pairs), (0,), settings.training.validation)[0].numpy()
    changed = np.where(back, -pairs.thinning, pairs.thinning)  # their correlation with anything changes sign
    other = pairs.with_thinning(changed, pairs.standard_error)
    before, after = (train_fit(observe(one), settings, (0,)) for one in (pairs, other))
    assert np.array_equal(before.sampler.held_back[0], back)
    assert before.record.elbo.shape == (1, settings.training.steps)
    assert torch.equal(before.record.elbo, after.record.elbo)
    assert before.record.best_step.tolist() != after.record.best_step.tolist()


def test_the_best_state_is_put_back(pairs, monkeypatch):
    made = []

    class Kept(EarlyStopping):
        def __init__(self, *args, **options):
            super().__init__(*args, **options)
            made.append(self)

    monkeypatch.setattr(paper_fit, "EarlyStopping", Kept)
    settings = fit_settings("paper", **QUICK)
    trained = train_fit(observe(pairs, replicates=2), settings, (0, 4))
    assert torch.equal(made[0].score(), made[0].best)
    best = trained.record.best_step
    assert torch.equal(best, made[0].best_step)
    assert bool((best >= settings.training.warm_up).all())
    # It is the state of a training that ends there.
    for b, seed in enumerate((0, 4)):
        short = replace(settings, training=replace(settings.training, steps=int(best[b])))
        ended = train_fit(observe(pairs), short, (seed,)).sampler.guide
        for one, other in zip(trained.sampler.guide.parameters(), ended.parameters(), strict=True):
            torch.testing.assert_close(one[b], other[0], rtol=1e-6, atol=1e-8)


# Batches, folds, seeds


@pytest.mark.parametrize("validation", [0.0, 0.3])
def test_a_batch_of_fits_gives_each_fits_own_numbers(pairs, validation):
    prior = PCPrior(0.1, 0.5)
    settings = fit_settings("paper", **QUICK | {"validation": validation, "patience": 10, "lam": prior})
    seeds = (0, 5, 9)
    batch = train_fit(observe(pairs, replicates=3), settings, seeds)
    drawn = batch.sampler.draw(20)
    taken = []
    for b, seed in enumerate(seeds):
        single = train_fit(observe(pairs), settings, (seed,))
        assert_same_draws({name: values[b : b + 1] for name, values in drawn.items()}, single.sampler.draw(20), False)
        taken.append(single.record.elbo.shape[1])
        torch.testing.assert_close(batch.record.elbo[b : b + 1, : taken[-1]], single.record.elbo)
    assert batch.record.elbo.shape[1] == max(taken)
    assert (min(taken) < settings.training.steps) == bool(validation)


@pytest.mark.parametrize("validation", [0.0, 0.3])
def test_folds_are_replicates_and_hidden_values_reach_nothing(pairs, hidden, validation):
    settings = fit_settings("paper", **QUICK | {"validation": validation})
    changed = pairs.thinning.copy()
    changed[:, 1] = 9.0
    other = pairs.with_thinning(changed, pairs.standard_error)
    before, after = (train_fit(observe(one, hidden=hidden), settings, (0, 0)).sampler for one in (pairs, other))
    first, second = before.draw(20), after.draw(20)
    assert_same_draws(*({name: values[:1] for name, values in drawn.items()} for drawn in (first, second)))
    assert not torch.equal(first["thinning"][1], second["thinning"][1])  # fold 1 sees the region that changed
    assert not bool((before.held_back & torch.as_tensor(hidden)).any())


def test_the_same_seed_gives_the_same_groups(pairs):
    settings = fit_settings("paper", **QUICK, restarts=2)
    first, second = run_fit(pairs, settings).groups, run_fit(pairs, settings).groups
    for group, variables in first.items():
        for name, (_, values) in variables.items():
            np.testing.assert_array_equal(values, second[group][name][1], err_msg=f"{group}/{name}")
    chains = first["posterior"]["thinning"][1]
    assert not np.array_equal(chains[0], chains[1])


# What is learned, and what collapses


@pytest.mark.parametrize("lam", [0.3, PCPrior(0.1, 0.5)])
@pytest.mark.parametrize("sigma", [0.3, PCPrior(1.0, 0.1)])
def test_what_is_learned_is_drawn_and_what_is_fixed_stays(pairs, lam, sigma):
    settings = fit_settings("paper", **QUICK, lam=lam, unexplained_scale=sigma)
    groups = run_fit(pairs, settings).groups
    for group in ("posterior", "prior"):
        assert ("lam" in groups[group]) == isinstance(lam, PCPrior)
        if "lam" in groups[group]:
            values = groups[group]["lam"][1]
            assert np.isfinite(values).all()
            assert values.min() > 0
            assert len(np.unique(values)) == values.size
        scale = groups[group]["unexplained_scale"][1]
        assert np.isfinite(scale).all()
        if isinstance(sigma, PCPrior):
            assert len(np.unique(scale)) == scale.size
        else:  # in units of what the gradient saw
            seen = pairs.thinning_observed & ~groups["guide"]["held_back"][1][0]
            unit = [y[s].std() for y, s in zip(pairs.thinning, seen, strict=True)]
            np.testing.assert_allclose(scale, np.broadcast_to(sigma * np.array(unit), scale.shape))
    assert all(np.isfinite(values).all() for _, values in groups["posterior"].values())


LONG = {"steps": 300, "learning_rate": 0.02, "validation": 0.0, "width": 8, "standard_errors": False}


def test_noise_that_drowns_the_map_collapses_the_posterior(pairs):
    sampler = train_fit(observe(pairs), fit_settings("paper", **LONG, n_latent=4, unexplained_scale=50.0), (0,)).sampler
    assert sampler.notices() == (
        "posterior collapse: 4 of 4 latent dimensions say nothing of the expression; the decoder can only give the "
        "mean map: lower unexplained_scale, the noise.",
    )
    draws = 1000
    thinning, unit = sampler.draw(draws)["thinning"][0], sampler.family.data.unit[0]
    # The regions' means are the map's, up to their Monte Carlo error and what 300 steps leave of the decoder's start.
    error = thinning.std(0) / math.sqrt(draws)
    off = (thinning.mean(0) - sampler.family.centre[0, :, None]).abs()
    assert bool((off < 4 * error + 0.05 * unit[:, None]).all())
    assert bool((thinning.mean(0).std(-1) < 0.02 * unit).all())


def test_a_latent_dimension_that_the_map_needs_does_not_collapse(pairs):
    settings = fit_settings("paper", **LONG, n_latent=2, unexplained_scale=0.1)
    sampler = train_fit(observe(pairs), settings, (0,)).sampler
    assert sampler.notices() == ()
    mean, sd = sampler.guide.moments()
    target = MultivariateNormal(torch.zeros_like(mean), sampler.family.latent_prior(0.1).covariance())
    whole = kl_divergence(MultivariateNormal(mean, scale_tril=torch.diag_embed(sd)), target)
    least = least_divergence(GMRF(Spectrum.of(pairs.graph), "paper", lam=0.1))
    torch.testing.assert_close(sampler.divergence(), (whole - least).detach())


# Whole fits


def test_log_likelihood_is_the_density_about_the_drawn_thinning(pairs):
    fitted = nv.fit(pairs, "paper", **QUICK)
    posterior, density = fitted.idata.posterior, fitted.idata.log_likelihood["thinning"].values
    sigma = posterior["unexplained_scale"].values[..., None]
    spread = np.sqrt(sigma**2 + pairs.standard_error**2)
    expected = norm(posterior["thinning"].values, spread).logpdf(pairs.thinning)
    np.testing.assert_allclose(density, expected)  # NaN where thinning is missing
    assert np.isnan(density[..., 0, 7]).all()


def test_standard_errors_count_where_the_settings_say_so(pairs):
    options = QUICK | {"unexplained_scale": 0.2, "draws": 500}
    for counted in (True, False):
        settings = fit_settings("paper", **options, standard_errors=counted)
        sampler = train_fit(observe(pairs), settings, (0,)).sampler
        drawn = sampler.draw(settings.draws)
        noise = (drawn["replicated"] - drawn["thinning"])[0]
        error = np.where(
            np.isnan(pairs.standard_error), np.nanmedian(pairs.standard_error, 1)[:, None], pairs.standard_error
        )
        variance = (0.2 * sampler.family.data.unit[0, :, None]) ** 2 + counted * tensor(error) ** 2
        # The variance of 500 normal numbers is known to sqrt(2 / 500) of itself; the largest of 24 stays under 4.
        assert bool((noise.square().mean(0) / variance - 1).abs().max() < 4 * math.sqrt(2 / settings.draws))


def test_a_fit_from_end_to_end(study, tmp_path):
    fitted = nv.fit(study, "paper", **QUICK | {"restarts": 2, "seed": 3})
    draws = 2 * QUICK["draws"]
    regions, genes, predicted, shares = fitted.regions(), fitted.genes(), fitted.predict(), fitted.variance()
    assert list(regions["region"]) == 2 * list(study.regions)
    thinning = fitted.idata.posterior["thinning"].values.reshape(draws, -1)
    np.testing.assert_allclose(regions["mean"], thinning.mean(0))
    assert np.isfinite(regions[["mean", "sd", "lower90", "upper90"]].to_numpy()).all()
    assert (predicted["sd"] > regions["sd"]).mean() > 0.9
    assert len(genes) == 2 * len(study.genes)
    assert np.isfinite(genes["weight"]).all()
    np.testing.assert_allclose(shares.groupby("map")["mean"].sum(), 1.0)
    assert (shares.loc[shares["source"] == "spatial", "mean"] == 0).all()
    assert fitted.summary().startswith("Fit: paper, seed 3, 2 x 30 draws")
    with pytest.raises(NeurovaeError, match="this fit has no programs"):
        fitted.programs()
    fitted.save(tmp_path / "fit.nc")
    loaded = nv.load(tmp_path / "fit.nc")
    assert loaded.settings == fitted.settings
    for name in ("regions", "genes", "predict", "variance"):
        pd.testing.assert_frame_equal(getattr(loaded, name)(), getattr(fitted, name)(), check_exact=True)
    assert loaded.summary() == fitted.summary()


def test_log_p_and_log_q_are_the_joint_whatever_the_number_of_maps(study):
    stats = nv.fit(study, "paper", **QUICK).idata.sample_stats
    difference = (stats["log_p"] - stats["log_q"]).values
    np.testing.assert_allclose(difference, stats["log_evidence"].values[..., 0])
