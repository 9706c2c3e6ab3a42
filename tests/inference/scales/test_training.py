"""A map's scales: trained given draws of the programs, and corrected by their exact density."""

from __future__ import annotations

import pytest
import torch
from pyro import poutine

from pyro_neurovae.inference.elbo import log_joint
from pyro_neurovae.inference.exact import scale_grid
from pyro_neurovae.inference.observation import observe
from pyro_neurovae.inference.scales.guide import ScaleGuide, ScaleNoise
from pyro_neurovae.inference.scales.training import draw_scales, train_scales
from pyro_neurovae.models.families import family_of
from pyro_neurovae.models.training_settings import TrainingSettings

DRAWS = 1500


def proposals_of(model, streams, draws, each):
    noise = ScaleNoise.draw(streams, draws, each, model.data.maps, len(model.scale_names), defensive=True)
    return noise, streams.uniform(draws, model.data.maps)


def test_draws_are_of_the_exact_posterior_even_where_the_guide_is_not(models, streams):
    """Of the proposals of a guide that is hardly trained the kept ones have the posterior's moments on a grid."""
    model = models["spatial"]
    kernels = model.kernels({})
    guide, _ = train_scales(model, kernels, (0,), TrainingSettings(map_steps=25, map_rounds=0))
    found = draw_scales(model, guide, kernels, *proposals_of(model, streams(2), DRAWS, 30))
    grid = scale_grid(model, 60)
    for name in model.scale_names:
        drawn = found.scales[name][0]  # (draw, map)
        mean = (grid.weight * grid.scales[name]).sum(1)[0]
        assert bool(((drawn.mean(0) - mean).abs() < 5 * drawn.std(0) / DRAWS**0.5 + 0.02 * mean).all())


def test_ratios_are_those_of_model_and_guide(models, streams, randomise):
    model = models["expression"]
    guide, kernels = ScaleGuide(model, streams()), model.kernels({})
    randomise(guide)
    noise, pick = proposals_of(model, streams(2), 5, 4)
    found = draw_scales(model, guide, kernels, noise, pick)
    assert found.log_weight.shape == (1, 5, 4, 2)
    guided = poutine.trace(guide).get_trace(kernels, noise)
    replayed = poutine.replay(lambda: model.thinning_part(kernels, 20), guided)
    target = poutine.trace(replayed).get_trace()
    ratio = (log_joint(target) - log_joint(guided)).unflatten(1, (5, 4))
    torch.testing.assert_close(found.log_weight.sum(-1), ratio)
    torch.testing.assert_close(found.log_evidence, found.log_weight.logsumexp(2) - torch.tensor(4.0).log().double())
    # What is kept is one of the proposals, with its own densities.
    for name in model.scale_names:
        proposed = guided.nodes[name]["value"].unflatten(1, (5, 4))
        assert bool((found.scales[name][:, :, None] == proposed).any(2).all())
    kept = (found.log_weight == (found.log_p - found.log_q)[:, :, None]).any(2)
    assert bool(kept.all())


def test_evidence_is_the_mean_of_the_ratios(models, streams):
    """Over many proposals the mean ratio is p(y), whatever the guide: two guides agree."""
    model = models["spatial"]
    kernels, found = model.kernels({}), []
    for seed in (1, 2):
        guide = ScaleGuide(model, streams(seed))
        noise, pick = proposals_of(model, streams(seed + 10), 1, 20_000)
        found.append(draw_scales(model, guide, kernels, noise, pick).log_evidence[0, 0])
    torch.testing.assert_close(*found, rtol=0, atol=0.1)


def test_each_replicate_trains_as_if_alone(study, hidden, same_draws):
    family, training = family_of("spatial"), TrainingSettings(map_steps=8, map_rounds=0)
    states, elbos = [], []
    for data, seeds in ((observe(study, hidden=hidden), (3, 5)), (observe(study, hidden=hidden[1:]), (5,))):
        model = family.build(data, family.settings())
        guide, record = train_scales(model, model.kernels({}), seeds, training)
        states.append({name: values.detach()[-1:] for name, values in guide.named_parameters()})
        elbos.append(record.elbo[-1:])
    same_draws(*states, exact=False)
    torch.testing.assert_close(*elbos)


def test_training_goes_round_the_draws_of_the_programs(models, streams, monkeypatch):
    """Step t sees the next few kernels, around the end and again."""
    model, seen = models["cross-scale"], []
    kernels = {part: kernel.expand(1, 5, -1, -1) for part, kernel in model.kernels(programs(model, streams)).items()}
    numbered = {
        "transcriptomic": torch.arange(5.0, dtype=torch.float64)[None, :, None, None] + kernels["transcriptomic"]
    }
    whole = kernels | numbered

    def told(given, draws=1):
        seen.append((given["transcriptomic"][0, :, 0, 0] - kernels["transcriptomic"][0, 0, 0, 0]).round().tolist())
        return type(model).thinning_part(model, given, draws)

    monkeypatch.setattr(model, "thinning_part", told)
    train_scales(model, whole, (0,), TrainingSettings(map_steps=4, map_particles=3, map_rounds=0))
    assert seen == [[0, 1, 2], [3, 4, 0], [1, 2, 3], [4, 0, 1]]


def programs(model, streams):
    noise = streams(7)
    return {"program_score": noise.normal(1, 3, model.data.regions), "strength": noise.uniform(1, 3)}


@pytest.mark.parametrize("name", ["expression", "spatial", "structural"])
def test_training_raises_the_bound(models, name):
    model = models[name]
    _, record = train_scales(model, model.kernels({}), (0,), TrainingSettings(map_steps=60, map_rounds=0))
    assert float(record.elbo[0, -10:].mean()) > float(record.elbo[0, :10].mean())
