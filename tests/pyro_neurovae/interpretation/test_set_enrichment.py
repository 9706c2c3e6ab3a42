"""Gene sets: scores and p-values by hand, nulls that are what they say, false positives."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, false_discovery_control

import pyro_neurovae as nv
from pyro_neurovae.errors import InputError, NeurovaeError, SettingsError
from pyro_neurovae.interpretation.gene_sets import place_sets
from pyro_neurovae.interpretation.null_weights import matched_sets, spatial_null_weights, transcriptomic_smoother
from pyro_neurovae.interpretation.set_enrichment import ENRICHMENT_COLUMNS, enrichment
from pyro_neurovae.posterior.program_draws import standard_expression

TRAINING = {"n_programs": 4, "steps": 25, "map_steps": 40, "draws": 100, "program_sweeps": 10}


@pytest.fixture(scope="module")
def sets(small_study):
    genes = small_study.genes
    return {"first": [*genes[:12], "UNKNOWN"], "second": genes[10:30], "third": genes[25:40], "few": genes[:3]}


@pytest.fixture(scope="module")
def told():
    """A study whose map is the first axis of its expression, with a little noise; and its fit."""
    study = nv.simulate(2, genes=120, programs=4, transcriptomic_scale=0.0, spatial_scale=0.0)
    axis = np.linalg.svd(standard_expression(study))[0][:, 0] * np.sqrt(68)
    values = -0.2 + 0.1 * axis + 0.02 * np.random.default_rng(0).standard_normal(68)
    study = study.with_thinning(values, np.full(68, 0.04))
    return nv.fit(study, seed=1, **TRAINING)


@pytest.fixture(scope="module")
def along(told):
    """Genes along the map, against it, and across it."""
    study = told.study
    correlation = standard_expression(study).T @ study.thinning[0]
    order = np.array(study.genes)[np.argsort(correlation)]
    middle = len(order) // 2
    across = list(order[middle - 8 : middle + 8])
    return {
        "along": list(order[-16:]),
        "against": list(order[:16]),
        "across": across,
        "mixed": [*order[:8], *order[-8:]],
    }


def test_scores_by_hand(small_fit, sets):
    table = enrichment(small_fit, sets, n=19)
    assert tuple(table.columns) == ENRICHMENT_COLUMNS
    assert table["map"].tolist() == ["simulated1"] * 3 + ["simulated2"] * 3  # "few" is left out
    draws, genes = small_fit.posterior.draws("gene_weight"), np.array(small_fit.study.genes)
    for row in table.to_dict("records"):
        inside = np.isin(genes, sets[row["set"]])
        own = draws[:, small_fit.study.maps.index(row["map"])].astype(float)
        score = own[:, inside].mean(1) - own[:, ~inside].mean(1)
        assert row["score"] == pytest.approx(score.mean(), abs=1e-7)
        assert row["probability"] == (score > 0).mean()
        np.testing.assert_allclose([row["lower90"], row["upper90"]], np.quantile(score, [0.05, 0.95]), atol=1e-6)
        assert row["found"] == inside.sum()
        assert row["size"] == len(sets[row["set"]])


@pytest.mark.parametrize("direction", ["signed", "both"])
def test_p_values_of_null_maps_by_hand(small_fit, sets, direction):
    table = enrichment(small_fit, sets, n=49, seed=2, direction=direction, map="simulated2").set_index("set")
    weights = spatial_null_weights(small_fit, 1, number=49, seed=2)
    genes, own = np.array(small_fit.study.genes), small_fit.posterior.draws("gene_weight")[:, 1].mean(0)
    if direction == "both":
        weights, own = np.abs(weights), np.abs(own)
    for name in table.index:
        inside = np.isin(genes, sets[name])
        null = weights[:, inside].mean(1) - weights[:, ~inside].mean(1)
        score = own[inside].mean() - own[~inside].mean()
        above, below = (1 + (null >= score).sum()) / 50, (1 + (null <= score).sum()) / 50
        expected = above if direction == "both" else min(1, 2 * above, 2 * below)
        assert table.loc[name, "p"] == pytest.approx(expected)
        assert table.loc[name, "null_mean"] == pytest.approx(null.mean())
        assert table.loc[name, "null_sd"] == pytest.approx(null.std())
    np.testing.assert_allclose(table["q"], false_discovery_control(table["p"]))


@pytest.mark.parametrize("model", ["cross-scale", "expression"])
def test_the_smoother_gives_the_drawn_transcriptomic_part(small_fit, small_study, model):
    fit = small_fit if model == "cross-scale" else nv.fit(small_study, model, seed=5, map_steps=20, draws=120)
    for m in range(2):
        seen = small_study.thinning_observed[m]
        mean = transcriptomic_smoother(fit, m) @ small_study.thinning[m, seen]
        draws = fit.posterior.draws("transcriptomic")[:, m]
        deviation = (mean - draws.mean(0)) / (draws.std(0) / np.sqrt(len(draws)))
        assert np.sqrt((deviation**2).mean()) < 2.5  # correlated over regions: about one if they are the same
    if model == "expression":
        assert np.isfinite(enrichment(fit, {"s": small_study.genes[:12]}, n=9)["p"]).all()


def test_matched_sets_are_as_co_expressed_as_the_set(told, along):
    study, rng = told.study, np.random.default_rng(0)
    unit = (standard_expression(study) / np.sqrt(68)).T
    for name in ("along", "mixed"):
        members = np.isin(study.genes, along[name])
        chosen, reached = matched_sets(unit, members, number=50, rng=rng)
        assert chosen.shape == (50, 16)
        assert all(len(set(own)) == 16 for own in chosen)
        correlation = unit @ unit.T
        pairs = ~np.eye(16, dtype=bool)
        goal = correlation[np.ix_(members, members)][pairs].mean()
        by_hand = np.array([correlation[np.ix_(own, own)][pairs].mean() for own in chosen])
        np.testing.assert_allclose(by_hand, reached, atol=1e-5)
        assert np.quantile(np.abs(by_hand - goal), 0.9) < 0.0101  # in so few genes some sets find no better swap


def test_sets_that_the_map_follows_stand_out(told, along):
    table = enrichment(told, along, n=199).set_index("set")
    assert table.loc["along", "score"] > 0 > table.loc["against", "score"]
    assert table.loc["along", "probability"] > 0.99
    assert table.loc["against", "probability"] < 0.01
    assert (table.loc[["along", "against"], "p"] <= 0.02).all()
    sizes = enrichment(told, along, n=199, direction="both").set_index("set")
    assert sizes.loc["mixed", "p"] <= 0.02
    assert sizes.loc["across", "score"] < 0
    assert sizes.loc["across", "p"] > 0.5


def test_of_two_nulls_the_larger_p_counts(told, along):
    tables = {null: enrichment(told, along, null=null, n=99) for null in ("spatial", "coexpression", "both")}
    by_set = {null: table.set_index("set").loc[list(along)] for null, table in tables.items()}
    np.testing.assert_array_equal(by_set["both"]["p"], np.maximum(by_set["spatial"]["p"], by_set["coexpression"]["p"]))
    for name, row in by_set["both"].iterrows():
        own = [null for null in ("spatial", "coexpression") if by_set[null].loc[name, "p"] == row["p"]]
        assert any(by_set[null].loc[name, "null_sd"] == row["null_sd"] for null in own)


def test_null_maps_may_be_made_otherwise(told, along, small_fit, sets):
    tables = [enrichment(told, along, n=199, method=method).set_index("set") for method in ("laplacian", "moran")]
    assert not np.isclose(tables[0]["null_sd"], tables[1].loc[tables[0].index, "null_sd"]).any()
    np.testing.assert_array_equal(tables[0]["score"], tables[1].loc[tables[0].index, "score"])
    with pytest.raises(SettingsError, match="simulated1 has missing values, and null maps by spin move them"):
        enrichment(small_fit, sets, n=3, method="spin")
    with pytest.raises(SettingsError, match="unknown null maps 'other'"):
        enrichment(small_fit, sets, n=3, method="other")


def test_the_same_seed_gives_the_same_numbers(small_fit, sets):
    first, again = (enrichment(small_fit, sets, null="both", n=19, seed=3) for _ in range(2))
    pd.testing.assert_frame_equal(first, again)
    other = enrichment(small_fit, sets, null="both", n=19, seed=4)
    assert not np.allclose(first["null_sd"], other["null_sd"])


def test_limits_choose_sets_by_the_genes_that_are_found(small_study, sets):
    placed = place_sets(sets, small_study.genes, minimum=12, maximum=15)
    assert placed.names == ("first", "third")
    assert placed.sizes.tolist() == [13, 15]
    assert placed.found.tolist() == [12, 15]
    weights = np.random.default_rng(0).standard_normal((2, 40))
    expected = weights[:, :12].mean(1) - weights[:, 12:].mean(1)
    np.testing.assert_allclose(placed.means(weights)[:, 0], expected)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"map": "ad"}, SettingsError, "the fit has no map 'ad': it has simulated1, simulated2"),
        ({"null": "spin"}, SettingsError, "unknown null 'spin': the known ones are spatial, coexpression, both"),
        ({"direction": "up"}, SettingsError, "unknown direction 'up': the known ones are signed, both"),
        ({"n": 0}, SettingsError, "n is 0; give at least 1"),
        ({"minimum": 20, "maximum": 10}, SettingsError, "minimum 20 and maximum 10: give whole numbers"),
        (
            {"minimum": 39},
            InputError,
            r"none of 4 gene sets has 39 to 500 of the study's 40 genes \(of second 20 of 20",
        ),
    ],
)
def test_settings_that_mean_nothing_are_refused(small_fit, sets, given, error, message):
    with pytest.raises(error, match=message):
        enrichment(small_fit, sets, **given)


def test_sets_of_other_symbols_and_none_are_refused(small_fit):
    with pytest.raises(InputError, match="give gene symbols as the expression table has them"):
        enrichment(small_fit, {"a": ["ENSG1", "ENSG2"]})
    with pytest.raises(InputError, match="no gene sets; give a mapping"):
        enrichment(small_fit, {})


def test_models_without_genes_or_a_linear_part(baseline_fit, small_study, sets):
    with pytest.raises(NeurovaeError, match="weighs no genes: fit the model cross-scale or expression"):
        enrichment(baseline_fit, sets)


@pytest.mark.slow
def test_false_positives_are_rare_for_co_expressed_sets():
    """40 smooth maps that expression knows nothing of; the rate's upper limit is that of a valid test, and chance."""
    study = nv.simulate(0, genes=200)
    first = nv.fit(study, seed=0, steps=60, map_steps=30, draws=150)
    standard, genes = standard_expression(study), np.array(study.genes)
    rng = np.random.default_rng(0)
    near = [np.argsort(-(standard.T @ standard[:, j]))[:25] for j in rng.choice(200, 10, replace=False)]
    sets = {f"s{i}": list(genes[own]) for i, own in enumerate(near)}
    values, vectors = np.linalg.eigh(nv.GMRF(study.graph, "icar").covariance().numpy())
    maps = rng.standard_normal((40, 68)) @ (vectors * np.sqrt(values.clip(min=0))).T
    rejected = permuted = 0.0
    for run, one in enumerate(maps):
        own = study.with_thinning(-0.2 + 0.08 * one, np.full(68, 0.05))
        fit = nv.fit(own, seed=0, draws=150, programs=first, map_steps=30)
        rejected += (enrichment(fit, sets, n=99, seed=run)["p"] <= 0.05).mean()
        weights = fit.posterior.draws("gene_weight")[:, 0].mean(0)
        null = np.stack([weights[rng.choice(200, 25, replace=False)].mean() for _ in range(400)])
        low, high = np.quantile(null, [0.025, 0.975])
        permuted += np.mean([not low <= weights[own].mean() <= high for own in near])
    assert rejected <= binom.ppf(0.99, 40, 0.05)
    assert permuted / 40 > 0.3  # permuting genes does not hold its rate
