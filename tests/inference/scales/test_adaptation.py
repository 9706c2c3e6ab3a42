"""Rounds of proposals: the mixture comes near the exact posterior, and each map's is its own."""

from __future__ import annotations

import pytest
import torch

from pyro_neurovae.inference.exact import scale_grid
from pyro_neurovae.inference.observation import observe
from pyro_neurovae.inference.scales import adaptation
from pyro_neurovae.inference.scales.adaptation import adapt_guide
from pyro_neurovae.inference.scales.guide import ScaleGuide, ScaleNoise
from pyro_neurovae.inference.scales.training import train_scales
from pyro_neurovae.models.families import family_of
from pyro_neurovae.models.training_settings import TrainingSettings

ROUNDS = 5


def adapted(model, streams, rounds=ROUNDS, **options):
    guide, kernels = ScaleGuide(model, streams()), model.kernels({})
    return guide, adapt_guide(model, guide, kernels, streams(2), rounds, **options)


@pytest.mark.parametrize("name", ["spatial", "structural"])
def test_the_guide_has_the_moments_of_the_exact_posterior(models, streams, name):
    model = models[name]
    guide, _ = adapted(model, streams)
    noise = ScaleNoise.draw(streams(5), 1, 4000, model.data.maps, len(model.globals))
    values, _ = guide.transform(noise)
    grid = scale_grid(model, 60)
    for i, scale in enumerate(model.scale_names):
        drawn = values[0, ..., i].detach()  # (draw, map)
        mean = (grid.weight * grid.scales[scale]).sum(1)[0]
        sd = ((grid.weight * grid.scales[scale].square()).sum(1)[0] - mean.square()).sqrt()
        assert bool(((drawn.mean(0) - mean).abs() < 0.25 * sd).all())
        assert bool(((drawn.std(0) / sd).log().abs() < 0.35).all())


def test_rounds_end_at_the_log_evidence(models, streams):
    """Each round's mean ratio estimates p(y); the last one of two other streams agrees with the exact grid's sum."""
    model = models["spatial"]
    last = [adapted(model, lambda *seed, s=s: streams(*seed) if not seed else streams(s))[1][0, -1] for s in (2, 9)]
    grid = scale_grid(model, 150)
    log_density = model.log_density(grid.scales, model.kernels({}))
    area = sum(grid.scales[name].log() for name in model.scale_names)
    exact = (log_density + area).logsumexp(1) + len(model.scale_names) * torch.log(torch.tensor(grid.step))
    for found in last:
        assert float(found) == pytest.approx(float(exact[0].sum()), abs=0.15)


def test_each_replicate_is_fitted_as_if_alone(study, hidden, same_draws):
    family, training = family_of("structural"), TrainingSettings(map_rounds=3)
    states = []
    for data, seeds in ((observe(study, hidden=hidden), (3, 5)), (observe(study, hidden=hidden[1:]), (5,))):
        model = family.build(data, family.settings())
        guide, _ = train_scales(model, model.kernels({}), seeds, training)
        states.append({name: values.detach()[-1:] for name, values in guide.named_parameters()})
    same_draws(*states, exact=False)


def test_a_map_whose_proposals_hardly_count_gets_rounds_more_and_the_others_keep_what_they_have(
    models, streams, monkeypatch
):
    model, told = models["spatial"], []
    assert len(adapted(model, streams, 2)[1][0]) in (2, 3)
    monkeypatch.setattr(adaptation, "_FEWEST", adaptation._PROPOSALS)  # no map's ever do
    _, evidence = adapted(model, streams, 2, progress=lambda *news: told.append(news[:3]))
    assert evidence.shape == (1, 2 + adaptation._MORE)
    assert told[:2] == [("thinning", 1, 2), ("thinning", 2, 2)]


def test_steps_follow_the_rounds_where_they_are_asked_for(models):
    model = models["expression"]
    kernels = model.kernels({})
    _, rounds = train_scales(model, kernels, (0,), TrainingSettings(map_rounds=3))
    assert not rounds.drift.isfinite().any()  # nothing was trained
    assert bool(rounds.settled.all())
    _, both = train_scales(model, kernels, (0,), TrainingSettings(map_rounds=3, map_steps=20))
    _, steps = train_scales(model, kernels, (0,), TrainingSettings(map_rounds=0, map_steps=20))
    assert both.elbo.shape == steps.elbo.shape == (1, 20)
    assert float(both.elbo[0, :5].mean()) > float(steps.elbo[0, :5].mean()) + 0.5  # it begins where the rounds ended
