"""Programs turned towards one another: what rotations leave, loadings by sampling, planted programs found."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import pyro_neurovae as nv
from pyro_neurovae import inferencedata
from pyro_neurovae.errors import NeurovaeError, SettingsError
from pyro_neurovae.posterior.program_alignment import aligned_programs, program_names, varimax
from pyro_neurovae.posterior.program_draws import ProgramDraws


def altered(fit, **posterior):
    """The fit with other draws of some quantities."""
    groups = {name: inferencedata.group(fit.idata, name) for name in inferencedata.group_names(fit.idata)}
    own = groups["posterior"]
    groups["posterior"] = own.assign({name: (own[name].dims, values) for name, values in posterior.items()})
    return nv.Fit(inferencedata._assemble(groups, dict(fit.idata.attrs)), fit.study, fit.settings)


def turned(fit, seed=0):
    """The fit with every draw's programs rotated by a rotation of its own, signs and order included."""
    posterior = inferencedata.group(fit.idata, "posterior")
    score, strength = posterior["program_score"].values, posterior["strength"].values
    turns = np.linalg.qr(np.random.default_rng(seed).standard_normal((*strength.shape, strength.shape[-1])))[0]
    even = np.sqrt((strength**2).mean(-1, keepdims=True)) * np.ones(strength.shape[-1])
    other = (score * strength[:, :, None]) @ turns / even[:, :, None]
    weight = (posterior["program_weight"].values / strength[:, :, None]) @ turns * even[:, :, None]
    return altered(fit, program_score=other, strength=even, program_weight=weight)


@pytest.fixture(scope="module")
def study():
    return nv.simulate(3, genes=150, programs=3, expression_noise=0.5, missing_expression=["R_frontalpole"])


@pytest.fixture(scope="module")
def fit(study):
    return nv.fit(study, seed=1, n_programs=3, steps=25, map_steps=20, draws=60, program_sweeps=10, restarts=2)


@pytest.mark.parametrize("rotation", ["principal", "varimax"])
def test_rotations_of_each_draw_change_nothing(fit, rotation):
    own, other = aligned_programs(fit, rotation=rotation), aligned_programs(turned(fit), rotation=rotation)
    np.testing.assert_allclose(other.scores, own.scores, atol=1e-5)
    pd.testing.assert_frame_equal(other.table, own.table, atol=1e-5, rtol=1e-4)
    assert other.names["name"].tolist() == own.names["name"].tolist()


def test_alignment_undoes_what_makes_means_of_programs_meaningless(fit):
    plain = turned(fit).raw_programs().query("quantity == 'score'")
    aligned = aligned_programs(turned(fit)).table.query("quantity == 'score'")
    assert plain["sd"].mean() > 3 * aligned["sd"].mean()
    assert aligned_programs(fit).names["stability"].min() > 0.8


def test_the_programs_of_a_simulation_are_found(study, fit):
    truth = study.truth["program_score"] * study.truth["strength"]
    axes, _, _ = np.linalg.svd(truth - truth[study.expression_observed].mean(0), full_matrices=False)
    table = aligned_programs(fit).table.query("quantity == 'score'")
    mean = table.pivot_table("mean", "name", "program", sort=False).loc[list(study.regions)].to_numpy()
    basis = np.linalg.qr(mean)[0]
    assert np.linalg.norm(basis.T @ axes[:, :3]) ** 2 / 3 > 0.95  # the same subspace
    assert abs(np.corrcoef(axes[:, 0], mean[:, 0])[0, 1]) > 0.9


def test_scores_times_loadings_are_the_expression_that_programs_explain(fit):
    draws = ProgramDraws.of(fit, 500)
    maps, _ = draws.loading_maps()
    expression = fit.study.centred_expression()
    explained = (draws.centred @ maps).mean(0) @ expression  # posterior mean over draws, no alignment in it
    table = aligned_programs(fit).table
    wide = {
        quantity: table[table["quantity"] == quantity].pivot_table("mean", "name", "program", sort=False).to_numpy()
        for quantity in ("score", "loading")
    }
    measured = fit.study.expression_observed
    np.testing.assert_allclose((wide["score"] @ wide["loading"].T)[measured], explained[measured], atol=0.15)


def test_sds_of_loadings_are_those_of_sampled_ones(fit):
    rng, aligned = np.random.default_rng(0), aligned_programs(fit)
    draws = ProgramDraws.of(fit, 500)
    maps, inverse = draws.loading_maps()
    expression = fit.study.centred_expression()[:, :25]
    white = rng.standard_normal((40, *inverse.shape[:2], 25))
    sampled = maps @ expression + draws.noise[:, None, None] * (np.linalg.cholesky(inverse) @ white)
    # Turn sampled loadings as the scores were turned: own scores times the rotation are the aligned ones.
    own = draws.scaled - draws.scaled[:, draws.measured].mean(1, keepdims=True)
    rotations = np.stack([np.linalg.lstsq(a, b, rcond=None)[0] for a, b in zip(own, aligned.scores, strict=True)])
    scale = 1 / np.linalg.norm(rotations, axis=1)  # (draw, program): the strength that scores were divided by
    rotations = rotations * scale[:, None]
    loading = (rotations.swapaxes(1, 2) @ sampled) * scale[..., None]
    table = aligned.table[aligned.table["quantity"] == "loading"]
    sd = table.pivot_table("sd", "name", "program", sort=False).to_numpy()[:25]
    mean = table.pivot_table("mean", "name", "program", sort=False).to_numpy()[:25]
    np.testing.assert_allclose(loading.std((0, 1)).T, sd, rtol=0.05)
    np.testing.assert_allclose(loading.mean((0, 1)).T, mean, atol=4 * sd.max() / np.sqrt(40 * len(own)))


def test_strongest_programs_come_first_and_are_named(fit):
    names = aligned_programs(fit).names
    assert names["share"].is_monotonic_decreasing
    assert names["share"].sum() == pytest.approx(1)
    assert names["program"].tolist() == ["P1", "P2", "P3"]
    table = fit.raw_programs()
    own = program_names(table, fit.study, top=1)
    score = table.query("quantity == 'score' and program == 'raw2'").set_index("name")["mean"]
    sign = "+" if score[score.abs().idxmax()] > 0 else "-"
    assert own["name"][1].startswith(f"{sign}{score.abs().idxmax()}: ")
    assert len(own["genes"][0].split(", ")) == 10


def test_varimax_finds_simple_structure_again():
    rng = np.random.default_rng(0)
    simple = np.zeros((60, 3))
    simple[np.arange(60), np.arange(60) % 3] = rng.uniform(1, 2, 60)
    turn = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    rotation = varimax(simple @ turn)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-10)
    found = np.abs(simple @ turn @ rotation)
    assert np.sort(found, axis=1)[:, :2].max() < 0.05


def test_messages(fit, baseline_fit):
    with pytest.raises(NeurovaeError, match="has no programs; fit the model cross-scale"):
        aligned_programs(baseline_fit)
    with pytest.raises(SettingsError, match="unknown rotation 'oblique': the known ones are principal, varimax"):
        aligned_programs(fit, rotation="oblique")


def test_a_fit_gives_the_aligned_programs_and_the_drawn_ones_under_another_name(fit):
    aligned = aligned_programs(fit)
    pd.testing.assert_frame_equal(fit.programs(), aligned.table)
    assert not set(fit.raw_programs()["program"]) & set(fit.programs()["program"])
    wide = fit.programs(wide=True)
    assert wide["program"].tolist() == aligned.names["program"].tolist()
    weights = aligned.table.query("quantity == 'weight' and name == 'simulated'")
    for column, end in (("mean", ""), ("lower90", "_lower90"), ("upper90", "_upper90")):
        np.testing.assert_array_equal(wide[f"weight_simulated{end}"], weights[column])
