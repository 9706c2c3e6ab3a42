"""Scores of models on regions they have not seen."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import pyro_neurovae as nv
from pyro_neurovae.errors import InputError, SettingsError
from pyro_neurovae.evidence.scores import coverage, r_squared

QUICK = {"map_steps": 20}


@pytest.fixture(scope="module")
def study():
    return nv.simulate(0, genes=40, maps=2)


@pytest.fixture(scope="module")
def found(study):
    models = {"smooth": {"model": "spatial"} | QUICK, "kernel": {"model": "expression", "normalise": "region"} | QUICK}
    return nv.validate(study, models, folds="pairs", repeats=2, draws=60)


def test_every_observed_region_is_predicted_once_by_every_model_and_repeat(study, found):
    table = found.pointwise
    assert len(table) == 2 * 2 * 2 * study.n_regions
    assert not table.duplicated(["model", "map", "repeat", "region"]).any()
    assert np.isfinite(table.select_dtypes("number")).all().all()
    folds = table.pivot_table(index="region", columns=["model", "map", "repeat"], values="fold")
    for repeat in range(2):
        own = folds.xs(repeat, axis=1, level="repeat")
        assert own.eq(own.iloc[:, 0], axis=0).all(axis=None)  # every model and map has the same folds
    assert (folds.xs(0, axis=1, level="repeat") != folds.xs(1, axis=1, level="repeat")).to_numpy().any()


def test_scores_are_those_of_the_pointwise_table(study, found):
    assert list(found.scores.columns[:4]) == ["model", "map", "folds", "repeat"]
    for row in found.scores.to_dict("records"):
        own = found.pointwise.query("model == @row['model'] and map == @row['map'] and repeat == @row['repeat']")
        y = own["observed"].to_numpy()
        assert row["elpd"] == pytest.approx(own["log_density"].mean())
        assert row["elpd_se"] == pytest.approx(own["log_density"].std() / np.sqrt(len(own)))
        assert row["r2"] == pytest.approx(r_squared(y, own["mean"].to_numpy()))
        assert row["coverage90"] == pytest.approx(coverage(y, own["lower90"].to_numpy(), own["upper90"].to_numpy()))
        assert row["crps"] == pytest.approx(own["crps"].mean())
    assert set(found.scores["folds"]) == {"pairs"}
    assert len(found.summary()) == 4


def test_folds_of_the_users_own(study):
    way = np.arange(study.n_regions) % 4
    table = nv.validate(study, {"spatial": {"model": "spatial"} | QUICK}, folds=[way], draws=20)
    assert table.scores["folds"].unique().tolist() == ["table"]
    assert (
        pd.Series(way, index=study.regions).loc[table.pointwise["region"]].tolist() == table.pointwise["fold"].tolist()
    )


def test_differences_from_the_best_with_pairs_as_units(study, found):
    assert len(found.differences) == 4
    for name in study.maps:
        own = found.differences[found.differences["map"] == name].set_index("model")
        rows = found.pointwise[found.pointwise["map"] == name]
        density = rows.pivot_table("log_density", "region", "model", sort=False)
        best = own["best"].iloc[0]
        assert density.mean().idxmax() == best
        (other,) = set(own.index) - {best}
        lost = (density[other] - density[best]).loc[list(study.regions)].to_numpy()
        assert own.loc[other, "elpd_difference"] == pytest.approx(lost.mean())
        pairs = lost[:34] + lost[34:]
        assert own.loc[other, "se"] == pytest.approx(pairs.std(ddof=1) * np.sqrt(34) / 68)
        assert own.loc[best, "elpd_difference"] == own.loc[best, "se"] == 0


def test_weights_of_models_sum_to_one(found):
    assert found.weights.groupby("map")["weight"].sum().to_numpy() == pytest.approx(1)
    assert (found.weights["weight"] >= 0).all()


def test_baselines_stand_beside_models(study):
    table = nv.validate(study, {"ridge": {"model": "ridge", "normalise": "none"}, "pls": {"model": "pls"}}).scores
    assert set(table["model"]) == {"ridge", "pls"}
    assert np.isfinite(table["elpd"]).all()


def test_leave_one_out_is_the_exact_prediction_without_the_region():
    study = nv.simulate(3, genes=10, graph=nv.RegionGraph.dk68().subset(nv.RegionGraph.dk68().names[:12]))
    table = nv.validate(study, ["spatial"], folds="loo", draws=2000).pointwise
    for region in (0, 5, 8):
        thinning = study.thinning.copy()
        thinning[0, region] = np.nan
        without = study.with_thinning(thinning, np.where(np.isnan(thinning), np.nan, study.standard_error))
        drawn = nv.fit(without, "spatial", method="exact", draws=4000).idata["predictions"]
        anew = drawn["thinning"].sel(region=study.regions[region]).values
        assert table["sd"][region] == pytest.approx(anew.std(), rel=0.1)
        assert table["mean"][region] == pytest.approx(anew.mean(), abs=0.1 * anew.std())
    assert table["fold"].tolist() == list(range(12))


def test_workers_and_resumed_runs_give_the_same_numbers(study, found, tmp_path):
    models = {"smooth": {"model": "spatial"} | QUICK, "kernel": {"model": "expression", "normalise": "region"} | QUICK}
    again = nv.validate(study, models, repeats=2, draws=60, workers=2, resume=tmp_path)
    kept = nv.validate(study, models, repeats=2, draws=60, resume=tmp_path)
    numbers = found.pointwise.select_dtypes("number").columns
    np.testing.assert_allclose(again.pointwise[numbers], found.pointwise[numbers], rtol=1e-6, atol=1e-9)
    pd.testing.assert_frame_equal(kept.pointwise, again.pointwise)
    assert len(list(tmp_path.iterdir())) == 4


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"folds": "circles"}, SettingsError, "unknown folds 'circles': the known ones are pairs, blocks, random, loo"),
        ({"repeats": 0}, SettingsError, "repeats is 0; give a whole number of at least 1"),
        ({"seed": -1}, SettingsError, "seed is -1"),
        (
            {"folds": [np.zeros(3)]},
            InputError,
            "a way of folding has shape .3,.; give a fold number for each of the 68",
        ),
        ({"folds": [np.zeros(68)]}, InputError, "fold 0.* leaves 0 regions of map"),
        ({"folds": [np.r_[-1, np.arange(67)]]}, InputError, "gives no fold to L_bankssts, which has a value in a map"),
        ({"workers": 0}, SettingsError, "workers is 0; give a whole number of at least 1"),
        ({"models": []}, SettingsError, "no model to validate; name at least one"),
        ({"models": {"r": {"model": "ridge", "draws": 3}}}, SettingsError, "ridge has no setting 'draws'; it has norm"),
        ({"models": ["magic"]}, SettingsError, "unknown model 'magic'"),
        ({"models": {"n": {"model": "spatial", "method": "nuts"}}}, SettingsError, "leave out method"),
    ],
)
def test_what_can_not_be_validated_is_said(study, options, error, message):
    with pytest.raises(error, match=message):
        nv.validate(study, **({"models": ["spatial"]} | options))
