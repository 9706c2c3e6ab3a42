"""The ELBO of replicates side by side: each is its own, and Pyro's estimate of it."""

from __future__ import annotations

import pyro
import pytest
import torch
from pyro import poutine
from pyro.distributions import Delta, Normal
from pyro.infer import Trace_ELBO
from torch.distributions import kl_divergence

from pyro_neurovae.inference.elbo import ReplicateELBO, log_joint, site_densities
from pyro_neurovae.inference.normal_draw import NormalDraw
from pyro_neurovae.models.gmrf import GMRF

REPLICATES, DRAWS, MAPS = 2, 5, 3
Y = torch.arange(6.0, dtype=torch.float64).reshape(REPLICATES, 1, MAPS)


def plates():
    return (
        pyro.plate("replicate", REPLICATES, dim=-3),
        pyro.plate("draw", DRAWS, dim=-2),
        pyro.plate("map", MAPS, dim=-1),
    )


def model(white):
    """x ~ N(0, 1), y ~ N(x, 0.5) for each replicate, draw and map."""
    del white
    replicate, draw, own = plates()
    with replicate, draw, own:
        x = pyro.sample("x", Normal(torch.zeros(1, dtype=torch.float64), 1.0))
        pyro.sample("y", Normal(x, 0.5), obs=Y.expand(-1, DRAWS, -1))


def guide_of(loc, sd):
    """q(x) = N(loc, sd^2) as a function of numbers drawn before."""

    def guide(white):
        replicate, draw, own = plates()
        with replicate, draw, own:
            density = Normal(0.0, 1.0).log_prob(white) - torch.as_tensor(sd).log()
            pyro.sample("x", Delta(loc + sd * white, log_density=density))

    return guide


def test_at_the_posterior_it_is_the_log_evidence(streams):
    # x | y ~ N(0.8 y, 0.2), y ~ N(0, 1.25): the bound is reached at every draw.
    guide = guide_of(0.8 * Y, torch.tensor(0.2, dtype=torch.float64).sqrt())
    found = ReplicateELBO().per_replicate(model, guide, streams(1, 2).normal(DRAWS, MAPS))
    evidence = Normal(0.0, torch.tensor(1.25, dtype=torch.float64).sqrt()).log_prob(Y[:, 0]).sum(-1)
    torch.testing.assert_close(found, evidence)


def test_its_sum_and_gradient_are_those_of_pyro(streams):
    loc = torch.zeros(REPLICATES, 1, MAPS, dtype=torch.float64, requires_grad=True)
    sd = torch.full_like(loc, 0.7, requires_grad=True)
    white = streams(1, 2).normal(DRAWS, MAPS)
    ours = ReplicateELBO().per_replicate(model, guide_of(loc, sd), white)
    theirs = -Trace_ELBO(max_plate_nesting=3).differentiable_loss(model, guide_of(loc, sd), white) / DRAWS
    torch.testing.assert_close(ours.sum(), theirs)
    slopes = [torch.autograd.grad(total, (loc, sd)) for total in (ours.sum(), theirs)]
    torch.testing.assert_close(*slopes)


def test_replicates_do_not_reach_each_other(streams):
    loc = torch.zeros(REPLICATES, 1, MAPS, dtype=torch.float64, requires_grad=True)
    found = ReplicateELBO().per_replicate(model, guide_of(loc, 0.7 + 0 * loc), streams(1, 2).normal(DRAWS, MAPS))
    (slope,) = torch.autograd.grad(found[0], loc)
    assert bool(slope[0].any())
    assert not slope[1].any()


def test_a_normal_draw_enters_by_its_exact_divergence(apart, streams):
    prior = GMRF(apart, "paper", lam=0.4)
    noise = streams(1, 2)
    mean, sd, white = noise.normal(1, 1, 13), 0.1 + noise.uniform(1, 1, 13), noise.normal(DRAWS, 1, 13)

    def run(fn):
        with pyro.plate("replicate", REPLICATES, dim=-3), pyro.plate("draw", DRAWS, dim=-2):
            return pyro.sample("z", fn)

    found = ReplicateELBO().per_replicate(lambda: run(prior), lambda: run(NormalDraw(mean, sd, white)))
    torch.testing.assert_close(found, -kl_divergence(NormalDraw(mean, sd, 0 * sd), prior)[:, 0, 0])


def test_densities_of_sites_leave_plates_out(streams):
    white = streams(1, 2).normal(DRAWS, MAPS)
    trace = poutine.trace(poutine.condition(model, {"x": white})).get_trace(white)
    densities = site_densities(trace)
    assert list(densities) == ["x", "y"]
    torch.testing.assert_close(densities["x"], Normal(0.0, 1.0).log_prob(white))
    torch.testing.assert_close(log_joint(trace), (densities["x"] + densities["y"]).sum(-1))
    torch.testing.assert_close(log_joint(trace, {"x"}), densities["y"].sum(-1))
    assert log_joint(trace, {"x", "y"}) == 0


@pytest.mark.parametrize("name", ["cross-scale", "spatial"])
def test_the_joint_of_a_model_is_pyros(models, name):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        trace = poutine.trace(models[name].model).get_trace(3)
    joint = log_joint(trace)
    assert joint.shape == (1, 3)
    torch.testing.assert_close(joint.sum(), trace.log_prob_sum())
