"""Scores of models on regions they have not seen."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import pyro_neurovae as nv
from pyro_neurovae.errors import InputError, SettingsError
from pyro_neurovae.scores import coverage, r_squared

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


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"folds": "circles"}, SettingsError, "unknown folds 'circles': the known ones are pairs, blocks, random"),
        ({"repeats": 0}, SettingsError, "repeats is 0; give a whole number of at least 1"),
        ({"seed": -1}, SettingsError, "seed is -1"),
        (
            {"folds": [np.zeros(3)]},
            InputError,
            "a way of folding has shape .3,.; give a fold number for each of the 68",
        ),
        ({"folds": [np.zeros(68)]}, InputError, "fold 0.* leaves 0 regions of map"),
        ({"models": ["magic"]}, SettingsError, "unknown model 'magic'"),
        ({"models": {"n": {"model": "spatial", "method": "nuts"}}}, SettingsError, "leave out method"),
    ],
)
def test_what_can_not_be_validated_is_said(study, options, error, message):
    with pytest.raises(error, match=message):
        nv.validate(study, **({"models": ["spatial"]} | options))
