"""Resampling by importance weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from pyro_neurovae.inference.programs.resampling import resample


def weights(replicates=2, draws=4000):
    return torch.randn((replicates, draws), generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_kept_draws_have_the_weighted_distribution():
    # Draws x from N(0, 1) with log weights x are, weighted, N(1, 1).
    x = weights()
    kept = resample(x, 4000, torch.tensor([0.3, 0.8], dtype=torch.float64))
    chosen = x.gather(1, kept.index)
    # The effective number of draws is 4000 / e: a Monte Carlo error of 0.026 in the mean.
    assert torch.allclose(chosen.mean(1), torch.ones(2, dtype=torch.float64), atol=0.11)
    assert torch.allclose(chosen.std(1), torch.ones(2, dtype=torch.float64), atol=0.11)
    assert torch.allclose(kept.ess, torch.full((2,), 4000 / np.e, dtype=torch.float64), rtol=0.15)
    assert bool((kept.index.diff(dim=1) >= 0).all())
    assert bool((kept.k < 0.7).all())


def test_equal_weights_keep_every_draw_once():
    kept = resample(torch.zeros((1, 50), dtype=torch.float64), 50, torch.tensor([0.5], dtype=torch.float64))
    assert kept.index[0].tolist() == list(range(50))
    assert float(kept.ess[0]) == pytest.approx(50)


def test_a_draw_is_kept_as_often_as_its_share_rounded_up_or_down():
    log_weight = weights(1, 200)
    kept = resample(log_weight, 100, torch.tensor([0.1], dtype=torch.float64))
    counts = torch.bincount(kept.index[0], minlength=200)
    share = 100 * log_weight[0].softmax(0)
    inside = share < share.quantile(0.75)  # the tail is smoothed
    assert bool(((counts - share).abs()[inside] < 1.1).all())


def test_weights_without_a_mean_are_not_used():
    heavy = 5 * weights(1, 400).abs().exp()  # log weights with a tail far beyond any Pareto k of 0.7
    kept = resample(heavy, 400, torch.tensor([0.5], dtype=torch.float64))
    assert float(kept.k[0]) > 0.7
    assert kept.index[0].tolist() == list(range(400))
    assert float(kept.ess[0]) == pytest.approx(400)
