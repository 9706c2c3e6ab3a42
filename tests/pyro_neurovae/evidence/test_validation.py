"""Scores of models on regions they have not seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import pyro_neurovae as nv
from pyro_neurovae.errors import InputError, NeurovaeWarning, SettingsError
from pyro_neurovae.evidence.ways import HOMOLOGUE_SEEN

QUICK = {"map_steps": 20, "map_rounds": 0}


@pytest.fixture(scope="module")
def study():
    return nv.simulate(0, genes=40, maps=2)


@pytest.fixture(scope="module")
def found(small_validation):
    return small_validation


def test_every_observed_region_is_predicted_once_by_every_model_and_repeat(small_study, found):
    table = found.pointwise
    assert len(table) == 2 * 2 * small_study.thinning_observed.sum()
    assert not table.duplicated(["model", "map", "repeat", "region"]).any()
    assert np.isfinite(table.select_dtypes("number")).all().all()
    folds = table.pivot_table(index="region", columns=["model", "map", "repeat"], values="fold")
    for repeat in range(2):
        own = folds.xs(repeat, axis=1, level="repeat")
        seen = own[own.notna().all(axis=1)]
        assert seen.eq(seen.iloc[:, 0], axis=0).all(axis=None)  # every model and map has the same folds
        hidden = small_study.n_regions - small_study.thinning_observed.all(0).sum()
        assert len(own) - len(seen) == hidden == 3
    assert (folds.xs(0, axis=1, level="repeat") != folds.xs(1, axis=1, level="repeat")).to_numpy().any()


def test_a_table_of_scores_averages_over_repeats(found):
    assert set(found.scores["folds"]) == {"pairs"}
    assert len(found.scores) == 8
    assert len(found.summary()) == 4
    means = found.scores.groupby(["map", "model"])["elpd"].mean()
    np.testing.assert_allclose(found.summary().set_index(["map", "model"])["elpd"].sort_index(), means.sort_index())


def test_the_conclusion_names_the_best_and_what_is_as_good(found):
    for name in found.scores["map"].unique():
        own = found.differences[found.differences["map"] == name].set_index("model")
        text = found.conclusion(name)
        assert text.startswith(f"{own['best'].iloc[0]} predicts best (")
        (other,) = set(own.index) - {own["best"].iloc[0]}
        near = own.loc[other, "elpd_difference"] > -2 * own.loc[other, "se"]
        assert (f"by less than two standard errors ahead of {other}" in text) == near
    assert found.conclusion() == found.conclusion(found.scores["map"].iloc[0])


@pytest.mark.parametrize(
    ("gained", "told"),
    [(0.3, "more than two standard errors."), (0.1, "within two standard errors."), (-0.3, "a loss of more than two")],
)
def test_the_conclusion_says_what_expression_adds(found, gained, told):
    names = {"smooth": "structural", "kernel": "cross-scale"}
    tables = {name: getattr(found, name).replace({"model": names}) for name in ("scores", "differences", "weights")}
    assert "Expression adds" not in replace(found, **tables).conclusion()
    beyond = np.where(tables["differences"]["model"] == "cross-scale", gained, 0.0)
    more = tables["differences"].assign(beyond_structural=beyond, beyond_structural_se=0.1)
    text = replace(found, **tables | {"differences": more}).conclusion()
    assert f" Expression adds {gained:+.3f} ± 0.100 to the log density a region (cross-scale less structural" in text
    assert told in text


def test_folds_of_the_users_own(study):
    way = np.arange(study.n_regions) % 4
    with pytest.warns(NeurovaeWarning, match="the homologue of a hidden region is seen"):
        table = nv.validate(study, {"spatial": {"model": "spatial"} | QUICK}, folds=[way], draws=20)
    assert table.scores["folds"].unique().tolist() == ["table"]
    assert (
        pd.Series(way, index=study.regions).loc[table.pointwise["region"]].tolist() == table.pointwise["fold"].tolist()
    )


def test_baselines_stand_beside_models(study):
    named = {"ridge": {"model": "ridge", "normalise": "none"}} | {name: {"model": name} for name in ("pls", "twin")}
    table = nv.validate(study, named).scores
    assert set(table["model"]) == {"ridge", "pls", "twin"}
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


@pytest.mark.parametrize("folds", ["random", "loo"])
def test_homologues_that_are_seen_are_warned_of_once_and_noted(study, tmp_path, folds):
    with pytest.warns(NeurovaeWarning) as caught:
        found = nv.validate(study, ["twin", "neighbours"], folds=folds, repeats=2)
    assert [str(one.message) for one in caught] == [HOMOLOGUE_SEEN]
    assert found.remarks() == (HOMOLOGUE_SEEN,)
    found.write(tmp_path)
    assert nv.Validation.read(tmp_path).remarks() == (HOMOLOGUE_SEEN,)
    rows = found.pointwise.query("model == 'twin' and map == 'simulated1' and repeat == 0")
    copied = (rows["mean"].to_numpy() == study.thinning[0, study.graph.homologue]).mean()
    assert copied == (1 if folds == "loo" else pytest.approx(0.9, abs=0.1))


def test_folds_that_hide_homologues_together_need_no_note(study):
    assert nv.validate(study, ["twin"], folds="blocks").remarks() == ()


def test_workers_and_resumed_runs_give_the_same_numbers(study, tmp_path):
    models = {"smooth": {"model": "spatial"} | QUICK, "ridge": {"model": "ridge", "normalise": "none"}}
    found = nv.validate(study, models, repeats=2, draws=60)
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
