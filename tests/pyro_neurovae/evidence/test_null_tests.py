"""A fit among those of null maps: p-values by hand, and what null maps are for."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pandas as pd
import pytest
from scipy.stats import false_discovery_control, spearmanr

import pyro_neurovae as nv
from pyro_neurovae import cli
from pyro_neurovae.errors import SettingsError
from pyro_neurovae.evidence.null_tests import null_fit_settings
from pyro_neurovae.inference.null_draws import draw_null_maps

QUICK = {"number": 9, "draws": 30, "map_steps": 10}


@pytest.fixture(scope="module")
def found(small_nulls):
    return small_nulls


def test_tables_have_a_row_for_everything(small_fit, found):
    study = small_fit.study
    assert found.summary.groupby("map")["statistic"].apply(list).tolist() == [
        ["transcriptomic_share", "correlation", "genes_excluding_zero"]
    ] * len(study.maps)
    assert set(found.genes["gene"]) == set(study.genes)
    assert len(found.genes) == len(study.maps) * len(study.genes)
    assert len(found.maps) == len(study.maps) * 9 * study.n_regions
    assert len(found.distribution) == len(study.maps) * 9
    assert found.settings == {"method": "model", "number": 9, "seed": 3, "draws": 30}


def test_p_values_by_hand(found):
    for row in found.summary.to_dict("records"):
        null = found.distribution.loc[found.distribution["map"] == row["map"], row["statistic"]].to_numpy()
        assert row["p"] == pytest.approx((1 + (null >= row["observed"]).sum()) / 10)
        assert row["null_mean"] == pytest.approx(null.mean())
        assert row["null_upper95"] == pytest.approx(np.quantile(null, 0.975))
    share = found.summary[found.summary["statistic"] == "transcriptomic_share"].set_index("map")["p"]
    for name, own in found.genes.groupby("map"):
        np.testing.assert_allclose(own["q"], false_discovery_control(own["p"]))
        np.testing.assert_array_equal(own["called"], (own["q"] <= 0.05) & (share[name] <= 0.05))
        assert (np.diff(own["p"]) >= 0).all()
        assert set((own["p_family"] * 10).round(9)) <= set(range(1, 11))


def made_maps(found, study):
    """Null maps (null, region) of the first map."""
    table = found.maps.pivot_table("value", ["map", "null"], "region", sort=False, dropna=False)[list(study.regions)]
    return table.loc[study.maps[0]].to_numpy()


def test_null_maps_are_those_of_the_seed(small_fit, found):
    settings = null_fit_settings(small_fit, draws=30, map_steps=10)[0]
    expected = draw_null_maps(small_fit.study, settings, number=9, seed=3)
    np.testing.assert_allclose(made_maps(found, small_fit.study), expected[:, 0])
    again = nv.nulls(small_fit, seed=3, **QUICK)
    pd.testing.assert_frame_equal(again.genes, found.genes)
    study, moran = small_fit.study, nv.nulls(small_fit, method="moran", seed=3, number=2, draws=10, map_steps=2)
    expected = nv.make_null_maps(study.thinning[0], study.graph, method="moran", number=2, seed=3)
    np.testing.assert_allclose(made_maps(moran, study), expected)


def test_null_maps_of_ones_own(small_fit, found):
    """The same maps given give the same numbers."""
    given = nv.nulls(small_fit, null_maps=found.maps, draws=30, map_steps=10)
    columns = ["map", "statistic", "observed", "null_mean", "p", "n"]
    pd.testing.assert_frame_equal(given.summary[columns], found.summary[columns])
    assert given.settings["method"] == "given"
    assert "the null maps given" in given.conclusion()
    fewer = nv.nulls(small_fit, null_maps=found.maps, number=4, draws=10, map_steps=2)
    assert (fewer.summary["n"] == 4).all()


def test_a_list_stands_with_the_share_alone(made_results):
    found = made_results[nv.Nulls]
    assert "1 of 2 genes are called" in found.conclusion("a")
    assert "does not stand up, so that no gene is called" in found.conclusion("b")
    assert "not the correlation of errors that comes of measuring all regions in the same people" in found.conclusion()


def test_a_map_made_by_expression_stands_out_and_a_smooth_one_does_not():
    options = {"n_programs": 4, "steps": 40, "map_steps": 40, "map_rounds": 0, "draws": 60}
    told = nv.simulate(1, genes=80, programs=4, transcriptomic_scale=0.2, spatial_scale=0.02)
    plain = nv.simulate(1, genes=80, programs=4, transcriptomic_scale=0.0, spatial_scale=0.15)
    p = [
        nv.nulls(nv.fit(study, **options), number=19, draws=40, map_steps=30).summary.set_index("statistic")["p"]
        for study in (told, plain)
    ]
    assert p[0]["transcriptomic_share"] <= 0.05
    assert p[1]["transcriptomic_share"] > 0.05


def test_parts_are_kept_and_workers_change_nothing(small_fit, found, tmp_path, monkeypatch):
    module = import_module("pyro_neurovae.evidence.null_tests")
    monkeypatch.setattr(module, "_BATCH", 4)
    spread = nv.nulls(small_fit, seed=3, workers=2, resume=tmp_path, **QUICK)
    assert len(list(tmp_path.iterdir())) == 3
    pd.testing.assert_frame_equal(spread.summary, found.summary, rtol=1e-4)
    monkeypatch.setattr(module, "fit_null_maps", None)  # nothing is left to call it
    pd.testing.assert_frame_equal(nv.nulls(small_fit, seed=3, resume=tmp_path, **QUICK).summary, spread.summary)


def test_what_can_not_be_tested_is_said(small_fit, baseline_fit):
    with pytest.raises(SettingsError, match="this fit is of the model spatial; fit cross-scale or expression"):
        nv.nulls(baseline_fit)
    with pytest.raises(SettingsError, match="unknown null maps 'magic'"):
        nv.nulls(small_fit, method="magic")
    with pytest.raises(SettingsError, match="null maps are given, and made by spin; leave out one of the two"):
        nv.nulls(small_fit, method="spin", null_maps=np.zeros((3, 2, 68)))
    with pytest.raises(SettingsError, match="no null maps are given; name their table, or another method"):
        nv.nulls(small_fit, method="given")
    exact = nv.fit(small_fit.study, "expression", method="exact", draws=20)
    with pytest.raises(SettingsError, match="null maps are fitted by svi; fit the study without method= first"):
        nv.nulls(exact, number=2)


def test_command(small_fit, tmp_path, capsys):
    small_fit.save(tmp_path / "fit.nc")
    given = ["nulls", str(tmp_path / "fit.nc"), "--out", str(tmp_path / "out"), "--maps", "5", "--draws", "20"]
    with pytest.raises(SystemExit) as end:
        cli.main(given)
    printed = capsys.readouterr().out
    assert end.value.code == 0
    assert "among 5 null maps (model)" in printed
    assert "Expression explains" in printed
    assert "wrote nulls.csv, null_genes.csv, null_maps.csv, null_distribution.csv" in printed
    table = pd.read_csv(tmp_path / "out" / "nulls.csv")
    assert ",".join(table.columns) == "map,statistic,observed,null_mean,null_lower95,null_upper95,p,n,method"
    assert ",".join(pd.read_csv(tmp_path / "out" / "null_genes.csv").columns) == (
        "map,gene,weight,p,q,null_sd,p_family,called"
    )
    with pytest.raises(SystemExit) as end:
        cli.main(given)
    assert end.value.code == 2
    assert "holds nulls.csv already; add --overwrite" in capsys.readouterr().err
    own = ["--null-maps", str(tmp_path / "out" / "null_maps.csv")]
    with pytest.raises(SystemExit) as end:
        cli.main([*given[:2], "--out", str(tmp_path / "own"), "--draws", "20", *own])
    assert end.value.code == 0
    assert "among 5 null maps (given)" in capsys.readouterr().out


@pytest.mark.slow
def test_null_maps_are_as_full_refits():
    study = nv.simulate(3, genes=200)
    fitted = nv.fit(study)
    quick = nv.nulls(fitted, number=12)
    made = quick.maps.pivot_table("value", "null", "region", sort=False)[list(study.regions)].to_numpy()
    every = np.concatenate([study.thinning, made])
    shares = [
        nv.fit(study.with_thinning(one, study.standard_error, covariance=study.covariance), draws=200)
        .variance()
        .set_index("source")
        .loc["transcriptomic", "mean"]
        for one in every
    ]
    p = (1 + (np.array(shares[1:]) >= shares[0]).sum()) / 13
    assert quick.summary["p"].iloc[0] == pytest.approx(p, abs=0.1)
    assert spearmanr(quick.distribution["transcriptomic_share"], shares[1:]).statistic > 0.9


@pytest.mark.slow
def test_maps_without_expression_are_rejected_at_the_rate_of_the_test_ci_selection():
    """Twenty maps from the model without expression, and one that expression makes."""
    options = {"transcriptomic_scale": 0.0, "spatial_scale": 0.06, "structural_scale": 0.08}
    told = nv.simulate(7, genes=200, programs=6, transcriptomic_scale=0.25)
    plain = nv.simulate(7, genes=200, programs=6, maps=20, **options)
    assert np.array_equal(told.expression, plain.expression)
    study = plain.with_thinning(
        np.concatenate([told.thinning, plain.thinning]),
        np.concatenate([told.standard_error, plain.standard_error]),
        maps=["told", *plain.maps],
        covariance=np.concatenate([told.covariance, plain.covariance]),
    )
    fitted = nv.fit(study, n_programs=6, draws=60)
    found = nv.nulls(fitted, number=19, draws=40).summary
    p = found[found["statistic"] == "transcriptomic_share"].set_index("map")["p"]
    assert p["told"] <= 0.05
    assert (p.drop("told") <= 0.05).sum() <= 4
