"""Every registered family through every method that it declares: fit, tables, checks, files, folds, variants."""

from __future__ import annotations

from dataclasses import fields
from html import escape
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import pyro_neurovae as nv
from pyro_neurovae.inference.methods import METHODS, method_of
from pyro_neurovae.models.families import FAMILIES, family_of
from pyro_neurovae.models.options import fit_settings

# Enough to run every step, not enough to trust the numbers.
QUICK = {
    **{"n_programs": 2, "n_latent": 3, "width": 4, "folds": 2, "steps": 20, "map_steps": 15, "points": 12},
    **{"map_rounds": 0},
    **{"max_tree_depth": 2, "program_sweeps": 2},
}
PAIRS = [(model, method) for model, family in FAMILIES.items() for method in family.methods]
# Of the methods that train nothing tests/inference shows that a seed decides: NUTS takes seconds to compile.
TRAINED = [(model, method) for model, method in PAIRS if FAMILIES[model].methods[method]().longer()]
# What NUTS compiles for the largest family takes longest; the smaller ones go the same way.
SLOW = ("cross-scale", "nuts")
EACH = pytest.mark.parametrize(
    ("model", "method"),
    [pytest.param(*pair, marks=[pytest.mark.slow] * (pair == SLOW), id=" by ".join(pair)) for pair in PAIRS],
)


def quick(model: str, method: str) -> dict[str, int]:
    """Small settings, those that the model and its method have."""
    settings = fit_settings(model, method=method)
    known = {entry.name for record in (settings.family, settings.training) for entry in fields(record)}
    own = {name: value for name, value in QUICK.items() if name in known}
    return own | ({"warm_up": 6} if "warm_up" in known else {})


@pytest.fixture(scope="module")
def study() -> nv.Study:
    """A ring of fourteen regions in pairs, two maps, one region without expression and one without thinning."""
    weights = np.roll(np.eye(14), 1, axis=1)
    graph = nv.RegionGraph(
        tuple(f"{side}_{i}" for side in "LR" for i in range(7)),
        weights + weights.T,
        homologues=tuple((i, i + 7) for i in range(7)),
    )
    study = nv.simulate(3, genes=20, maps=2, programs=2, graph=graph, missing_expression=["L_4"])
    thinning = study.thinning.copy()
    thinning[0, 9] = np.nan
    return study.with_thinning(thinning, study.standard_error)


@pytest.fixture(scope="module")
def fits(study: nv.Study) -> dict[tuple[str, str], nv.Fit]:
    """One fit of each pair, made when it is first asked for."""

    class Fits(dict):
        def __missing__(self, pair: tuple[str, str]) -> nv.Fit:
            model, method = pair
            options = quick(model, method) | {"seed": 2, "draws": 30, "restarts": 2}
            self[pair] = nv.fit(study, model, method=method, **options)
            return self[pair]

    return Fits()


def test_every_method_is_declared_once_and_every_declared_one_is_there():
    declared = {training for family in FAMILIES.values() for training in family.methods.values()}
    assert declared == set(METHODS)
    for training, method in METHODS.items():
        names = {name for family in FAMILIES.values() for name, own in family.methods.items() if own is training}
        assert names == {method.name}


@EACH
def test_tables_and_dimensions(study, fits, model, method):
    fit, family = fits[model, method], family_of(model)
    for name in fit.posterior.names():
        assert fit.posterior.dims(name) == family.dims[name], name
        assert np.isfinite(fit.posterior.draws(name)).all(), name
    assert fit.posterior.draws("thinning").shape == (60, 2, 14)
    regions = fit.regions()
    assert len(regions) == 28
    assert (regions["sd"] > 0).all()
    assert fit.posterior.has_programs == family.programs
    assert fit.posterior.has_genes == family.genes
    for has, table in ((family.genes, fit.genes), (family.programs, fit.programs)):
        if has:
            assert np.isfinite(table().select_dtypes("number").to_numpy()).all()
        else:
            with pytest.raises(nv.NeurovaeError, match="fit the model"):
                table()
    shares = fit.variance().groupby("map")["mean"].sum()
    np.testing.assert_allclose(shares, 1)
    assert fit.variance()["source"].drop_duplicates().tolist() == list(family.sources)
    assert np.isfinite(fit.predict()["sd"]).all()


@EACH
def test_checks_and_a_saved_fit(fits, model, method, tmp_path):
    fit = fits[model, method]
    checks = fit.check()
    assert ("draws" in set(checks["check"])) == family_of(model).linear
    fit.save(tmp_path / "fit.nc")
    loaded = nv.load(tmp_path / "fit.nc")
    assert loaded.settings == fit.settings
    assert loaded.study.same_as(fit.study)
    pd.testing.assert_frame_equal(loaded.regions(), fit.regions())
    pd.testing.assert_frame_equal(loaded.check(), checks)
    trained = method_of(fit.settings.training).name == "svi"
    assert (loaded.posterior.training is not None) == trained


@pytest.mark.parametrize(("model", "method"), TRAINED)
def test_the_same_seed_gives_the_same_numbers(study, fits, model, method):
    fit = fits[model, method]
    options = quick(model, method) | {"seed": 2, "draws": 30, "restarts": 2}
    again = nv.fit(study, model, method=method, **options)
    np.testing.assert_array_equal(again.posterior.draws("thinning"), fit.posterior.draws("thinning"))


@EACH
def test_what_the_method_declares_can_be_done(study, fits, model, method):
    fit, way, family = fits[model, method], method_of(fits[model, method].settings.training), family_of(model)
    options = quick(model, method) | {"model": model, "method": method}
    if not way.batches:
        with pytest.raises(nv.SettingsError, match="all as one batch"):
            nv.validate(study, {"own": options}, folds="pairs", draws=20)
        return
    scores = nv.validate(study, {"own": options}, folds="pairs", draws=20).scores
    assert np.isfinite(scores[["elpd", "r2", "crps"]].to_numpy()).all()
    moved = nv.sensitivity(fit, [nv.Variant("another seed", seed=9)])
    assert "another seed" in set(moved.variants["variant"])
    if family.tests_expression:
        found = nv.nulls(fit, number=4, draws=20, map_steps=10)
        assert found.summary["p"].between(0.2, 1).all()
    else:
        with pytest.raises(nv.SettingsError, match="null maps"):
            nv.nulls(fit, number=4)
    if way.keeps_programs and family.programs:
        other = nv.fit(study, model, programs=fit, **(quick(model, method) | {"seed": 5, "draws": 20}))
        assert "an earlier fit" in " ".join(other.notices)


def test_the_page_says_the_model_in_its_own_words(fits, tmp_path: Path):
    fit = fits["spatial", "exact"]
    nv.report(fit, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert escape(family_of("spatial").words) in page
    words = method_of(fit.settings.training).words
    assert words is not None
    assert words in page
