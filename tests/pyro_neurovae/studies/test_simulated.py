"""Simulated studies: what is kept as truth is what the study was made from."""

from __future__ import annotations

import numpy as np
import pytest

import pyro_neurovae as nv
from pyro_neurovae.errors import InputError, SettingsError


def test_shape_and_names():
    study = nv.simulate(0)
    assert (study.n_regions, len(study.genes), study.maps) == (68, 910, ("simulated",))
    assert study.expression_observed.all()
    assert nv.simulate(0, genes=4, maps=2).maps == ("simulated1", "simulated2")


def test_the_same_seed_draws_the_same_study():
    first, again, other = (nv.simulate(seed, genes=20, maps=2) for seed in (3, 3, 4))
    for name in ("expression", "thinning", "standard_error"):
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))
        assert not np.isclose(getattr(first, name), getattr(other, name), rtol=1e-12).any()


def test_truth_adds_up():
    study = nv.simulate(1, genes=20, maps=2, intercept=-0.3)
    truth = study.truth
    predictable = -0.3 + truth["transcriptomic"] + truth["spatial"] + truth["structural"]
    np.testing.assert_allclose(truth["predictable"], predictable)
    np.testing.assert_allclose(truth["thinning"], predictable + truth["regional"])  # the effect is all that is real
    np.testing.assert_allclose(truth["spatial"].sum(1), 0, atol=1e-6)  # an ICAR sums to zero in every component
    # The transcriptomic part lies in the span of the programs, each moved a quarter of the way to its homologues' mean.
    score = truth["program_score"]
    score = score + 0.25 * (np.roll(score, 34, axis=0) - score) / 2
    fitted = score @ np.linalg.lstsq(score, truth["transcriptomic"].T, rcond=None)[0]
    np.testing.assert_allclose(fitted.T, truth["transcriptomic"], atol=1e-10)


def test_scales_are_standard_deviations_over_regions():
    quiet = nv.simulate(2, genes=5, maps=300, spatial_scale=0.0, transcriptomic_scale=0.1, unexplained_scale=0.0)
    assert (quiet.truth["spatial"] == 0).all()
    # Each of 300 maps weighs the 14 programs anew, all of unit variance: the mean square is good to a tenth.
    assert np.sqrt((quiet.truth["transcriptomic"] ** 2).mean()) == pytest.approx(0.1, rel=0.25)
    error = (quiet.thinning - quiet.truth["thinning"]) / quiet.standard_error
    assert error.std() == pytest.approx(1, abs=0.03)  # of 20,400 standard normal errors
    genes = nv.simulate(2, genes=2000, expression_noise=0.6).expression
    assert genes.var() == pytest.approx(1, abs=0.3)


def test_gene_weight_is_the_slope_on_each_gene():
    study = nv.simulate(5, genes=6, maps=2, missing_expression=["L_insula", "R_cuneus"])
    seen = study.expression_observed
    for m in range(2):
        for j in range(6):
            gene = study.normalised_expression()[seen, j]
            slope = np.polyfit(gene, study.truth["transcriptomic"][m, seen], 1)[0]
            assert study.truth["gene_weight"][m, j] == pytest.approx(slope)


def test_regions_without_expression():
    study = nv.simulate(0, genes=5, missing_expression=["R_frontalpole"])
    assert [study.regions[i] for i in np.flatnonzero(~study.expression_observed)] == ["R_frontalpole"]
    np.testing.assert_array_equal(study.thinning, nv.simulate(0, genes=5).thinning)


def test_any_graph():
    weights = np.eye(15, k=1) + np.eye(15, k=-1)
    weights[14] = weights[:, 14] = 0
    graph = nv.RegionGraph.from_adjacency(weights, [f"r{i}" for i in range(15)])
    study = nv.simulate(0, genes=5, graph=graph)
    assert study.graph is graph
    assert np.isfinite(study.thinning).all()


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"genes": 0}, SettingsError, "genes is 0; give at least 1"),
        ({"maps": 0}, SettingsError, "maps is 0"),
        ({"n_case": 0}, SettingsError, "n_case is 0"),
        ({"spatial_scale": -0.1}, SettingsError, "a scale is negative"),
        ({"homologue_sharing": 1.5}, SettingsError, "homologue_sharing is 1.5; give a number from 0 to 1"),
        ({"expression_noise": float("nan")}, SettingsError, "a scale is negative or no number"),
        ({"seed": -1}, SettingsError, "seed is -1"),
        ({"missing_expression": ["L_nowhere"]}, InputError, "L_nowhere, which the graph dk68 does not have"),
    ],
)
def test_what_cannot_be_drawn(options, error, message):
    with pytest.raises(error, match=message):
        nv.simulate(**options)
