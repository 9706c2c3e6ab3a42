"""The one training loop: it finds a posterior that is known, tells of itself, and says whether it had settled."""

from __future__ import annotations

import math
import sys

import pyro
import pytest
import torch
from pyro.distributions import Delta, Normal
from torch import nn
from torch.optim.optimizer import register_optimizer_step_pre_hook

from pyro_neurovae.inference.training import TrainingRecord, train

REPLICATES, DRAWS = 2, 20
Y = torch.tensor([-1.0, 3.0], dtype=torch.float64)[:, None, None]


def model(white):
    """x ~ N(0, 1), y ~ N(x, 0.5): x | y ~ N(0.8 y, 0.2) and y ~ N(0, 1.25)."""
    with pyro.plate("replicate", REPLICATES, dim=-3), pyro.plate("draw", white.shape[1], dim=-2):
        x = pyro.sample("x", Normal(torch.zeros(1, dtype=torch.float64), 1.0))
        pyro.sample("y", Normal(x, 0.5), obs=Y.expand(-1, white.shape[1], -1))


class Guide(nn.Module):
    """A normal of each replicate's own."""

    def __init__(self):
        super().__init__()
        self.loc = nn.Parameter(torch.zeros(REPLICATES, 1, 1, dtype=torch.float64))
        self.log_sd = nn.Parameter(torch.zeros(REPLICATES, 1, 1, dtype=torch.float64))

    def forward(self, white):
        with pyro.plate("replicate", REPLICATES, dim=-3), pyro.plate("draw", white.shape[1], dim=-2):
            density = Normal(0.0, 1.0).log_prob(white) - self.log_sd
            pyro.sample("x", Delta(self.loc + self.log_sd.exp() * white, log_density=density))


class Stop:
    """Stops after a step, and is told to put states back."""

    def __init__(self, last):
        self.last, self.restored, self.best_step = last, False, torch.tensor([1, 2])

    def done(self, step):
        return step == self.last

    def restore(self):
        self.restored = True


def run(streams, steps=200, **options):
    guide, noise = Guide(), streams(0, 1)
    record = train(model, guide, lambda _: (noise.normal(DRAWS, 1),), steps=steps, learning_rate=0.1, **options)
    return guide, record


def test_it_finds_the_conjugate_posterior_of_every_replicate(streams):
    guide, record = run(streams)
    # To a tenth of the posterior's standard deviation: the last rates, near zero, average the noise of single steps.
    torch.testing.assert_close(guide.loc.detach(), 0.8 * Y, rtol=0, atol=0.1 * math.sqrt(0.2))
    torch.testing.assert_close(guide.log_sd.exp().detach(), torch.full_like(Y, math.sqrt(0.2)), rtol=0.05, atol=0)
    assert record.elbo.shape == (REPLICATES, 200)
    evidence = Normal(0.0, math.sqrt(1.25)).log_prob(Y[:, 0, 0])
    torch.testing.assert_close(record.elbo[:, -1], evidence, rtol=0, atol=0.05)
    assert record.settled.tolist() == [True, True]
    assert record.best_step is None


def test_the_rate_falls_to_zero_along_a_cosine(streams):
    rates = []
    hook = register_optimizer_step_pre_hook(lambda optimiser, *_: rates.append(optimiser.param_groups[0]["lr"]))
    try:
        run(streams, 10)
        assert rates == pytest.approx([0.05 * (1 + math.cos(math.pi * step / 10)) for step in range(10)])
        rates.clear()
        run(streams, 10, stopping=Stop(4))
        assert rates == [0.1] * 4  # one rate where a score ends it
    finally:
        hook.remove()


def test_it_tells_of_every_step(streams):
    heard = []
    _, record = run(streams, 6, label="toy", progress=lambda *news: heard.append(news))
    assert [news[:3] for news in heard] == [("toy", step, 6) for step in range(1, 7)]
    assert [news[3] for news in heard] == pytest.approx(record.elbo.mean(0).tolist())


def test_a_score_ends_it_and_has_states_put_back(streams):
    stop = Stop(7)
    _, record = run(streams, 50, stopping=stop)
    assert record.elbo.shape == (REPLICATES, 7)
    assert stop.restored
    assert record.best_step.tolist() == [1, 2]
    assert record.settled.all()


def test_what_it_was_given_is_what_model_and_guide_get(streams):
    given = []

    def inputs(step):
        given.append(step)
        return (streams(step, step).normal(DRAWS, 1),)

    train(model, Guide(), inputs, steps=3, learning_rate=0.1)
    assert given == [0, 1, 2]


@pytest.mark.parametrize(
    ("drift", "drift_se", "settled"),
    [
        (0.05, 0.0, True),
        (0.2, 0.0, False),
        (0.2, 0.1, True),
        (0.5, 0.1, False),
        (-3.0, 0.0, True),
        (math.nan, 0.0, True),
    ],
)
def test_settled_is_a_tenth_of_a_nat_or_the_noise(drift, drift_se, settled):
    record = TrainingRecord(torch.zeros(1, 1), torch.tensor([drift]), torch.tensor([drift_se]))
    assert record.settled.tolist() == [settled]


def test_drift_is_of_the_last_tenth_over_the_tenth_before(streams):
    _, record = run(streams, 60)
    last, before = record.elbo[:, -6:], record.elbo[:, -12:-6]
    torch.testing.assert_close(record.drift, last.mean(1) - before.mean(1))
    torch.testing.assert_close(record.drift_se, ((last.var(1) + before.var(1)) / 6).sqrt())
    assert run(streams, 5)[1].drift.isnan().all()  # too short to tell


def test_parameters_and_random_state_of_the_caller_are_left_alone(streams):
    pyro.clear_param_store()
    state = torch.get_rng_state()
    run(streams, 3)
    assert len(pyro.get_param_store()) == 0
    assert torch.equal(torch.get_rng_state(), state)


def test_training_does_without_the_compiler_that_takes_seconds_to_import(streams, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch._dynamo", None)  # an import of it would fail
    assert run(streams, 2)[1].elbo.shape == (REPLICATES, 2)
