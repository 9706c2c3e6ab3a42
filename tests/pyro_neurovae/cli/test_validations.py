"""The command validate: files, words, and what it does not take."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pandas as pd
import pytest

import pyro_neurovae as nv
from pyro_neurovae.evidence.ways import HOMOLOGUE_SEEN

SCORES = "model,map,folds,repeat,elpd,elpd_se,r2,r,coverage90,crps,noise_ceiling"
POINTWISE = "model,map,repeat,region,fold,observed,mean,sd,lower90,upper90,log_density,crps"
FILES = ["differences.csv", "pointwise.csv", "scores.csv", "weights.csv"]


@pytest.fixture
def folder(tmp_path):
    """Folder with expression.csv, map.csv and folds.csv."""
    study = nv.simulate(2, genes=30)
    pd.DataFrame(study.expression, index=pd.Index(study.regions, name="region"), columns=study.genes).to_csv(
        tmp_path / "expression.csv"
    )
    table = {"region": study.regions, "d": study.thinning[0], "se": study.standard_error[0]}
    pd.DataFrame(table).to_csv(tmp_path / "map.csv", index=False)
    folds = pd.DataFrame({"region": study.regions, "fold": np.arange(68) % 34 % 4})
    folds.sample(frac=1, random_state=0).to_csv(tmp_path / "folds.csv", index=False)
    return tmp_path


def arguments(folder, *more):
    files = ["--expression", folder / "expression.csv", "--thinning", folder / "map.csv"]
    return ["validate", *files, "--out", folder / "out", "--draws", 40, *more]


def test_files_are_those_of_the_contract(run, folder):
    status, out, err = run(*arguments(folder, "--model", "spatial", "ridge", "--repeats", 2, "--folds", "blocks"))
    assert (status, err) == (0, "")
    assert sorted(file.name for file in (folder / "out").iterdir()) == FILES
    scores = pd.read_csv(folder / "out" / "scores.csv")
    assert ",".join(scores.columns) == SCORES
    assert len(scores) == 4
    assert set(scores["folds"]) == {"blocks"}
    pointwise = pd.read_csv(folder / "out" / "pointwise.csv")
    assert ",".join(pointwise.columns) == POINTWISE
    assert len(pointwise) == 2 * 2 * 68
    assert "wrote scores.csv, pointwise.csv, differences.csv, weights.csv to" in out
    assert "held out by blocks; noise ceiling of R2" in out
    assert "predicts best" in out
    best = scores.groupby("model")["elpd"].mean().idxmax()
    assert f"{best} predicts best" in out


def test_folds_from_a_file_in_any_order_of_rows(run, folder):
    status, _, _ = run(*arguments(folder, "--model", "ridge", "--folds", folder / "folds.csv", "--quiet"))
    assert status == 0
    table = pd.read_csv(folder / "out" / "pointwise.csv").set_index("region")["fold"]
    expected = pd.read_csv(folder / "folds.csv").set_index("region")["fold"]
    pd.testing.assert_series_equal(table.sort_index(), expected.sort_index())


def test_folds_of_single_regions_are_warned_of_once(run, folder):
    status, out, err = run(*arguments(folder, "--model", "twin", "neighbours", "--folds", "random"))
    assert status == 0
    assert err.splitlines() == [f"warning: {HOMOLOGUE_SEEN}"]
    assert HOMOLOGUE_SEEN not in out
    assert set(pd.read_csv(folder / "out" / "scores.csv")["model"]) == {"twin", "neighbours"}


def test_quiet_prints_what_was_written_alone(run, folder):
    _, out, _ = run(*arguments(folder, "--model", "ridge", "--quiet"))
    assert out.splitlines() == [f"wrote scores.csv, pointwise.csv, differences.csv, weights.csv to {folder / 'out'}"]


def test_a_run_is_taken_up_again(run, folder, monkeypatch):
    given = arguments(folder, "--model", "ridge", "pls", "--resume", folder / "parts", "--quiet")
    run(*given)
    first = (folder / "out" / "pointwise.csv").read_bytes()
    monkeypatch.setattr(
        import_module("pyro_neurovae.evidence.validation"), "predict_ways", None
    )  # nothing is left that could call it
    status, _, _ = run(*given, "--overwrite")
    assert status == 0
    assert (folder / "out" / "pointwise.csv").read_bytes() == first


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (
            ("--folds", "circles"),
            "--folds circles is no file and unknown: the known ones are pairs, blocks, random, loo.",
        ),
        (("--model", "magic"), "unknown model 'magic': the known ones are cross-scale"),
        (("--repeats", "0"), "repeats is 0; give a whole number of at least 1."),
        (("--workers", "0"), "workers is 0; give a whole number of at least 1."),
        (("--resume", "map.csv"), "the folder map.csv to resume from can't be written"),
        (("--folds", "folds.csv", "--repeats", "2"), "--folds folds.csv is one way of folding; leave out --repeats."),
        (("--folds", "map.csv"), "map.csv has no column fold; a table of folds has the columns region and fold."),
        (("--folds", "odd.csv"), "odd.csv, row L_cuneus: the fold is 1.5; number folds with whole numbers from 0."),
        (("--folds", "short.csv"), "short.csv gives no fold to L_bankssts, which has a value in a map; number it."),
    ],
)
def test_bad_input_is_one_sentence_and_writes_nothing(run, folder, monkeypatch, more, sentence):
    monkeypatch.chdir(folder)
    folds = pd.read_csv("folds.csv")
    folds.assign(fold=folds["fold"].astype(float).where(folds["region"] != "L_cuneus", 1.5)).to_csv(
        "odd.csv", index=False
    )
    folds[folds["region"] != "L_bankssts"].to_csv("short.csv", index=False)
    model = () if "--model" in more else ("--model", "ridge")
    status, out, err = run(*arguments(folder, *model, *more))
    assert (status, out) == (2, "")
    assert sentence in err
    assert len(err.splitlines()) == 1
    assert not (folder / "out").exists()
