"""What is held back from the training of the paper's model, and what stops it."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

import pyro_neurovae as nv
from pyro_neurovae.inference.observation import observe
from pyro_neurovae.inference.paper.early_stopping import EarlyStopping, correlation, held_back


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


def test_regions_without_homologues_are_held_back_one_by_one(study):
    drawn = [held_back(observe(study), (seed,), 0.3).any(1).sum().item() for seed in range(5)]
    assert set(drawn) == {round(0.3 * study.n_regions)}


def test_correlation_is_over_the_regions_and_averaged_over_the_maps(streams):
    first, second = streams(1).normal(3, 9), streams(2).normal(3, 9)
    where = torch.ones(1, 3, 9, dtype=torch.bool)
    where[0, 0, 2:5] = where[0, 2, 1:] = False  # of one region there is no correlation
    expected = [np.corrcoef(first[0, m][where[0, m]], second[0, m][where[0, m]])[0, 1] for m in range(2)]
    assert correlation(first, second, where).tolist() == pytest.approx([np.mean(expected)])


# Replicate to its score at steps 20, 30, ...; the state at a step is the step.
NAN = math.nan
SCORES = {
    "stops and stays": [0.1, 0.5, 0.2, 0.3, 0.1, 0.9, 0.9, 0.9, 0.9],
    "better in time": [NAN, NAN, 0.2, 0.1, NAN, 0.4, 0.4, 0.3, NAN],
    "never known": [NAN] * 9,
}


def test_every_replicate_keeps_its_own_best_state():
    state = torch.nn.Parameter(torch.zeros(3, 2))
    looks = iter(torch.tensor(list(SCORES.values()), dtype=torch.float64).T)
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
