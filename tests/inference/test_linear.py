"""The method svi on the linear families: programs first, then each map's own scales."""

from __future__ import annotations

import torch

from pyro_neurovae.inference.linear import train_linear
from pyro_neurovae.inference.programs.source import ProgramSource
from pyro_neurovae.models.training_settings import TrainingSettings


def test_programs_are_trained_before_the_scales(models, quick):
    heard = []
    training = TrainingSettings(steps=3, map_steps=2, map_rounds=0)
    sampler, record = train_linear(
        models["cross-scale"], training, (0,), draws=5, progress=lambda label, step, *_: heard.append((label, step))
    )
    assert heard == [("programs", 1), ("programs", 2), ("programs", 3), ("thinning", 1), ("thinning", 2)]
    assert isinstance(sampler.programs, ProgramSource)
    assert (sampler.seeds, sampler.training) == ((0,), training)
    assert record.elbo.shape == (1, 2)
    assert sampler.trained.elbo.shape == (1, 3)


def test_a_model_without_programs_trains_its_scales_only(models):
    heard = []
    training = TrainingSettings(map_steps=2, map_rounds=0)
    sampler, _ = train_linear(models["spatial"], training, (4,), draws=5, progress=lambda *news: heard.append(news[0]))
    assert heard == ["thinning"] * 2
    assert sampler.programs is None
    assert sampler.trained is None
    assert sampler.kept() == {}


def test_lent_programs_are_not_trained_again(quick, fitted):
    heard, lent = [], fitted.sampler.trained
    sampler, record = train_linear(
        fitted.sampler.model,
        quick.training,
        (0,),
        draws=quick.draws,
        programs=lent,
        progress=lambda *news: heard.append(news[0]),
    )
    assert set(heard) == {"thinning"}
    assert torch.equal(sampler.trained.sites.mean, lent.sites.mean)
    torch.testing.assert_close(record.elbo, fitted.record.elbo)
