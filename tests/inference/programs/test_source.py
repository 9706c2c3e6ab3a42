"""Draws of the programs: made once for the fits that share them, whatever the threads and the sweeps kept."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from pyro_neurovae.inference.observation import observe
from pyro_neurovae.inference.programs.source import ProgramSource
from pyro_neurovae.models.families import family_of


def source_of(study, quick, seeds, programs=None):
    model = family_of("cross-scale").build(observe(study, replicates=len(seeds)), quick.family)
    return ProgramSource.of(model, programs, seeds, quick.training)


def test_draws_do_not_hang_on_sweeps_kept_or_threads(fitted):
    source = fitted.sampler.programs
    one, other = (source.draw("x", 120, workers) for workers in (1, 2))
    for name, values in one.items():
        assert torch.equal(values, other[name])
        assert values.shape[1] == 120
    assert len(torch.unique(one["expression_noise"])) == 120


def test_programs_are_trained_once_for_each_seed(study, quick):
    source = source_of(study, quick, (4, 4, 6))
    assert source.seeds == (4, 6)
    assert source.index.tolist() == [0, 0, 1]
    assert source.trained.elbo.shape[0] == source.model.data.replicates == 2
    drawn = source.draw("x", 5)["program_score"]
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])


def test_lent_programs_are_taken_in_turn(study, quick):
    lent = source_of(study, quick, (4, 6)).trained
    source = source_of(study, quick, (7, 7, 7, 8), lent)
    assert source.seeds == (7, 7, 8)  # fit 2 shares programs and seed with fit 0
    assert source.index.tolist() == [0, 1, 0, 2]
    assert torch.equal(source.trained.sites.mean, lent.sites.mean[[0, 1, 1]])


@pytest.mark.parametrize("sweeps", [0, 3])
def test_draws_are_named_as_in_the_posterior(study, fitted, sweeps):
    source = replace(fitted.sampler.programs, sweeps=sweeps)
    drawn = source.draw("x", 7)
    n = study.n_regions
    shapes = {"program_score": (3, n), "strength": (3,), "smoothness": (3,), "expression_noise": ()}
    assert {name: tuple(values.shape) for name, values in drawn.items()} == {k: (1, 7, *v) for k, v in shapes.items()}
    guided = replace(source, sweeps=0).draw("x", 7)
    assert torch.equal(guided["strength"], drawn["strength"]) == (sweeps == 0)
    # Order and sign are the guide's: each program is nearest to its own site.
    score = drawn["program_score"][0] * drawn["strength"][0, ..., None]
    alike = torch.cosine_similarity(score, source.trained.sites.mean[0], dim=-1)
    assert float(alike.mean()) > 0.5


def test_of_more_draws_than_are_wanted_every_so_many_th_is_given(fitted):
    source = fitted.sampler.programs
    whole = source.draw("x", 120)
    some = source.draw("x", 120, most=50)
    for name, values in some.items():
        assert torch.equal(values, whole[name][:, ::2][:, :50])
    assert torch.equal(source.draw("x", 120, most=200)["strength"], whole["strength"])
