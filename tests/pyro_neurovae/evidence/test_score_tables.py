"""Scores, differences and weights: those of the table of predictions, by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import pyro_neurovae as nv
from pyro_neurovae.evidence.score_tables import (
    PREDICTED,
    difference_table,
    gain_over,
    pointwise_table,
    score_table,
    weight_table,
)
from pyro_neurovae.evidence.scores import correlation, coverage, r_squared
from pyro_neurovae.studies.summary import noise_ceilings


@pytest.fixture(scope="module")
def way(small_study):
    return nv.make_folds(small_study.graph, "pairs")


@pytest.fixture(scope="module")
def arrays(small_study):
    """Predictions of two models on two ways of folding, as any numbers."""
    rng = np.random.default_rng(0)
    shape = small_study.thinning.shape
    return {
        (model, repeat): {name: rng.normal(level, 1, shape) for name in PREDICTED}
        for model, level in (("one", 0.0), ("two", 0.3))
        for repeat in range(2)
    }


@pytest.fixture(scope="module")
def rows(small_study, way, arrays):
    tables = [
        pointwise_table(small_study, way, found, model=model, repeat=repeat)
        for (model, repeat), found in arrays.items()
    ]
    return pd.concat(tables, ignore_index=True)


def test_every_observed_value_has_its_predictions(small_study, way, arrays):
    table = pointwise_table(small_study, way, arrays["two", 1], model="two", repeat=1)
    assert len(table) == small_study.thinning_observed.sum()
    assert ",".join(table.columns) == ("model,map,repeat,region,fold,observed,mean,sd,lower90,upper90,log_density,crps")
    for row in table.sample(9, random_state=0).to_dict("records"):
        m, region = small_study.maps.index(row["map"]), small_study.regions.index(row["region"])
        assert row["observed"] == small_study.thinning[m, region]
        assert row["fold"] == way[region]
        assert [row[name] for name in PREDICTED] == [arrays["two", 1][name][m, region] for name in PREDICTED]


def test_scores_are_those_of_the_pointwise_table(small_study, rows):
    scores = score_table(small_study, rows, folds="pairs")
    assert ",".join(scores.columns) == "model,map,folds,repeat,elpd,elpd_se,r2,r,coverage90,crps,noise_ceiling"
    first, second = small_study.maps
    assert scores[["model", "repeat", "map"]].to_numpy().tolist() == [
        [model, repeat, name] for model in ("one", "two") for repeat in (0, 1) for name in (first, second)
    ]
    for row in scores.to_dict("records"):
        own = rows.query("model == @row['model'] and map == @row['map'] and repeat == @row['repeat']")
        y, mean = own["observed"].to_numpy(), own["mean"].to_numpy()
        assert row["elpd"] == pytest.approx(own["log_density"].mean())
        assert row["elpd_se"] == pytest.approx(own["log_density"].std() / np.sqrt(len(own)))
        assert row["r2"] == pytest.approx(r_squared(y, mean))
        assert row["r"] == pytest.approx(correlation(y, mean))
        assert row["coverage90"] == pytest.approx(coverage(y, own["lower90"].to_numpy(), own["upper90"].to_numpy()))
        assert row["crps"] == pytest.approx(own["crps"].mean())
        assert row["noise_ceiling"] == noise_ceilings(small_study)[row["map"]]


def test_differences_from_the_best_with_pairs_as_units(small_study, rows):
    found = difference_table(small_study, rows)
    assert len(found) == 4
    for m, name in enumerate(small_study.maps):
        own = found[found["map"] == name].set_index("model")
        density = rows[rows["map"] == name].pivot_table("log_density", "region", "model", sort=False)
        best = own["best"].iloc[0]
        assert density.mean().idxmax() == best
        (other,) = set(own.index) - {best}
        lost = (density[other] - density[best]).reindex(small_study.regions).to_numpy()
        seen = small_study.thinning_observed[m]
        assert own.loc[other, "elpd_difference"] == pytest.approx(lost[seen].mean())
        centred = np.where(seen, lost - lost[seen].mean(), 0)
        pairs = (centred[:34] + centred[34:])[seen[:34] | seen[34:]]
        se = np.sqrt((pairs**2).sum() * len(pairs) / (len(pairs) - 1)) / seen.sum()
        assert own.loc[other, "se"] == pytest.approx(se)
        if seen.all():
            assert se == pytest.approx((lost[:34] + lost[34:]).std(ddof=1) * np.sqrt(34) / 68)
        assert own.loc[best, "elpd_difference"] == own.loc[best, "se"] == 0


def test_every_model_is_held_against_the_one_without_genes(small_study, rows):
    assert not any(column.startswith("beyond") for column in difference_table(small_study, rows))
    found = difference_table(small_study, rows.replace({"model": {"two": "structural"}})).set_index(["map", "model"])
    own = difference_table(small_study, rows).set_index(["map", "model"])
    for name in small_study.maps:
        one, other = found.loc[(name, "one")], found.loc[(name, "structural")]
        loser = own.loc[name].loc[lambda table: table["elpd_difference"] < 0].iloc[0]
        sign = -1 if own.loc[(name, "one"), "elpd_difference"] == 0 else 1
        assert one["beyond_structural"] == pytest.approx(sign * loser["elpd_difference"])
        assert one["beyond_structural_se"] == pytest.approx(loser["se"])
        assert other["beyond_structural"] == other["beyond_structural_se"] == 0


def test_a_gain_over_another_model_is_the_difference_turned_round(small_study, rows):
    own = difference_table(small_study, rows).set_index(["map", "model"])
    for name in small_study.maps:
        best = own.loc[name, "best"].iloc[0]
        (other,) = {"one", "two"} - {best}
        gains = gain_over(small_study, rows, name, other)
        assert list(gains.index) == [best]
        assert gains.loc[best, "gain"] == pytest.approx(-own.loc[(name, other), "elpd_difference"])
        assert gains.loc[best, "se"] == pytest.approx(own.loc[(name, other), "se"])
        assert gain_over(small_study, rows, name, "none").empty


def test_weights_of_models_sum_to_one_and_are_the_best_there_are(rows):
    found = weight_table(rows)
    assert found.groupby("map")["weight"].sum().to_numpy() == pytest.approx(1)
    assert (found["weight"] >= 0).all()
    for name, own in found.groupby("map"):
        density = rows[rows["map"] == name].pivot_table("log_density", "region", "model", sort=False)[own["model"]]
        grid = np.linspace(0, 1, 201)
        scores = [np.log(np.exp(density.to_numpy()) @ [w, 1 - w]).mean() for w in grid]
        assert own["weight"].iloc[0] == pytest.approx(grid[int(np.argmax(scores))], abs=0.01)
