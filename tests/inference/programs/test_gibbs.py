"""Gibbs sweeps over the programs: they leave the posterior as it is, and lead to it from elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats

import pyro_neurovae as nv
from pyro_neurovae.inference.noise import NoiseStreams
from pyro_neurovae.inference.observation import observe
from pyro_neurovae.inference.programs.gibbs import ProgramGibbs, _rounds, _von_mises
from pyro_neurovae.models.families import family_of
from pyro_neurovae.models.settings import CrossScaleSettings
from pyro_neurovae.models.smoothness import pc_scale

REGIONS, UNMEASURED, DRAWS = 11, 4, 4000


def ring():
    weights = np.roll(np.eye(REGIONS), 1, axis=1) + np.roll(np.eye(REGIONS), -1, axis=1)
    return nv.RegionGraph.from_adjacency(weights, [f"r{i}" for i in range(REGIONS)])


def streams(name: str, seeds=(0,)):
    return NoiseStreams(seeds, name, dtype=torch.float64)


def from_prior(gibbs, settings, smoothness_prior, programs, genes):
    """Programs from their prior, and genes from those; all (draw, ...)."""
    rng = np.random.default_rng(0)
    torch.manual_seed(0)

    def exponential(prior, *shape):
        return torch.as_tensor(rng.exponential(1 / float(pc_scale(prior.upper, prior.alpha).rate), (DRAWS, *shape)))

    strength, tau = exponential(settings.strength, programs), exponential(settings.expression_noise)
    phi = smoothness_prior.sample((DRAWS, programs))
    variance = phi[..., None] * gibbs.spectrum.icar + 1 - phi[..., None]
    white = torch.as_tensor(rng.standard_normal((DRAWS, programs, REGIONS)))
    score = gibbs.spectrum.unrotate(white * variance.sqrt())
    loadings = torch.as_tensor(rng.standard_normal((DRAWS, programs, genes)))
    noise = tau[:, None, None] * torch.as_tensor(rng.standard_normal((DRAWS, REGIONS, genes)))
    return score, strength, phi, tau, (score * strength[..., None]).mT @ loadings + noise


@pytest.mark.parametrize(("genes", "programs"), [(16, 2), (11, 3), (300, 3)])
def test_sweeps_leave_the_posterior_as_it_is(genes, programs):
    """Programs from the prior are programs from the posterior given the genes that come of them (Geweke 2004)."""
    study = nv.simulate(0, genes=genes, programs=programs, graph=ring(), missing_expression=[f"r{UNMEASURED}"])
    settings = CrossScaleSettings(n_programs=programs)
    model = family_of("cross-scale").build(observe(study), settings)
    gibbs = ProgramGibbs(model)
    assert (gibbs.dimensions, gibbs.rank) == (REGIONS - 2, REGIONS - 2)
    *drawn, genes_seen = from_prior(gibbs, settings, model.smoothness_prior, programs, genes)
    measured = torch.arange(REGIONS) != UNMEASURED
    centred = (genes_seen - genes_seen[:, measured].mean(1, keepdim=True)) * measured[:, None]
    root = torch.linalg.svd(centred, full_matrices=False)
    gibbs.data = gibbs.spectrum.rotate_columns(
        (root.U * root.S[:, None])[..., : gibbs.rank]
    )  # every draw its own genes
    gibbs.total = centred.square().sum((-2, -1))

    begun = gibbs.start(*drawn)
    noise = gibbs.draw_noise(streams("geweke"), DRAWS, 4)
    state = list(gibbs.run(begun, noise["normal"][0], noise["uniform"][0]))[-1]

    def summaries(state):
        score = gibbs.score(state)
        scaled = score * state.strength[..., None]
        return {
            "noise": state.noise,
            "strength": state.strength.norm(dim=-1),
            "one strength": state.strength[:, 0],
            "smoothness": state.smoothness.mean(-1),
            "one smoothness": state.smoothness[:, 0],
            "unmeasured": scaled[:, :, UNMEASURED].square().sum(-1),
            "measured": scaled[:, :, 0].square().sum(-1),
            "level": scaled.mean(-1).square().sum(-1),
            "across": score[:, 0, 0] * score[:, 0, 5],
            "overlap": (score[:, 0] * score[:, 1]).mean(-1).abs(),
        }

    before, after = summaries(begun), summaries(state)
    for name, values in after.items():
        assert stats.ks_2samp(values.numpy(), before[name].numpy()).pvalue > 1e-3, name
    assert not torch.allclose(before["smoothness"], after["smoothness"])
    # Programs so faint that expression says nothing of them are as many as the prior has.
    faint = [float((one.strength < 0.1 * one.noise[:, None]).double().mean()) for one in (begun, state)]
    assert faint[1] == pytest.approx(faint[0], abs=0.015)


def test_sweeps_lead_to_the_same_place_from_elsewhere():
    study = nv.simulate(3, genes=80, programs=3)
    model = family_of("cross-scale").build(observe(study), CrossScaleSettings(n_programs=3))
    gibbs, found = ProgramGibbs(model), []
    for factor in (0.5, 2.0):
        white = streams(f"start {factor}").normal(250, 3, study.n_regions)[0]
        one = torch.ones(250, dtype=torch.float64)
        start = gibbs.start(
            white, factor * torch.ones(250, 3, dtype=torch.float64), 0.5 * one[:, None].expand(-1, 3), one
        )
        noise = gibbs.draw_noise(streams(f"{factor}"), 250, 40)
        state = list(gibbs.run(start, noise["normal"][0], noise["uniform"][0]))[-1]
        found.append({"noise": state.noise, "strength": state.strength.norm(dim=-1), "phi": state.smoothness.mean(-1)})
    for name, values in found[0].items():
        assert stats.ks_2samp(values.numpy(), found[1][name].numpy()).pvalue > 1e-3, name


@pytest.mark.parametrize("kappa", [1e-6, 0.1, 1.0, 30.0, 1e4])
def test_angles_have_von_mises_density(kappa):
    uniform = torch.as_tensor((np.arange(20_000) + 0.5) / 20_000)
    angles = _von_mises(torch.full_like(uniform, kappa), uniform).numpy()
    assert stats.kstest(angles, stats.vonmises(kappa).cdf).statistic < 0.003


@pytest.mark.parametrize("count", [1, 2, 5, 16])
def test_rounds_hold_every_pair_once(count):
    rounds = list(_rounds(count))
    pairs = [frozenset(pair) for left, right in rounds for pair in zip(left, right, strict=True)]
    assert len(pairs) == len(set(pairs)) == count * (count - 1) // 2
    assert all(not set(left) & set(right) and len(set(left)) == len(left) for left, right in rounds)
