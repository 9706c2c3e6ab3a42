"""Fits from a study to tables: the same numbers again, nobody's random state touched, further maps for little."""

from __future__ import annotations

import asyncio
import random

import numpy as np
import pandas as pd
import pytest

import pyro_neurovae as nv
from pyro_neurovae import inferencedata
from pyro_neurovae.errors import NeurovaeError, SettingsError

TABLES = ("regions", "genes", "programs", "variance", "predict")


def assert_same_tables(first: nv.Fit, second: nv.Fit) -> None:
    for name in TABLES:
        pd.testing.assert_frame_equal(getattr(first, name)(), getattr(second, name)(), check_exact=True)


# Seeds and states


def test_the_same_seed_gives_the_same_tables(small_study, small_fit, quick):
    assert_same_tables(nv.fit(small_study, seed=5, **quick), small_fit)


def test_another_seed_gives_other_numbers(small_study, small_fit, quick):
    other = nv.fit(small_study, seed=6, **quick).regions()
    assert not np.isclose(other["mean"], small_fit.regions()["mean"], rtol=1e-12).any()


def states():
    import pyro
    import torch

    store = pyro.get_param_store()
    return {
        "torch": torch.get_rng_state().tolist(),
        "numpy": str(np.random.get_state()),  # noqa: NPY002  the legacy state is what is at stake
        "python": random.getstate(),
        "parameters": {name: store[name].tolist() for name in store},
        "settings": (torch.get_default_dtype(), torch.is_grad_enabled(), torch.get_num_threads()),
        "pyro": {name: str(value) for name, value in pyro.settings.get().items()},
        "numpy errors": np.geterr(),
    }


@pytest.fixture
def callers_states():
    """What a caller may have going on: seeds, and a parameter of its own in Pyro's store."""
    import pyro
    import torch

    torch.manual_seed(11)
    np.random.seed(12)  # noqa: NPY002  the legacy state is what is at stake
    random.seed(13)
    pyro.param("mine", torch.ones(2))
    yield states()
    pyro.clear_param_store()


@pytest.mark.parametrize(
    "call",
    [
        lambda study, fitted, path: nv.fit(study, n_programs=2, steps=2, map_steps=2, draws=3),
        lambda study, fitted, path: nv.fit(study, "spatial", map_steps=2, draws=3),
        lambda study, fitted, path: nv.fit(study, programs=fitted, map_steps=2, draws=3),
        lambda study, fitted, path: nv.simulate(3, genes=20),
        lambda study, fitted, path: (fitted.save(path), nv.load(path)),
        lambda study, fitted, path: [getattr(fitted, table)() for table in (*TABLES, "summary")],
    ],
    ids=["fit", "baseline", "further map", "simulate", "save and load", "tables"],
)
def test_the_callers_states_are_as_before(small_study, small_fit, tmp_path, callers_states, call):
    call(small_study, small_fit, tmp_path / "fit.nc")
    assert states() == callers_states


async def side_by_side(*calls):
    return await asyncio.gather(*(asyncio.to_thread(call) for call in calls))


def test_fits_at_once_in_threads_give_each_its_own_numbers(small_study, small_fit, quick, callers_states):
    options = quick | {"restarts": 1}
    alone = nv.fit(small_study, seed=6, **options)
    calls = (lambda: nv.fit(small_study, seed=5, **quick), lambda: nv.fit(small_study, seed=6, **options))
    for found, wanted in zip(asyncio.run(side_by_side(*calls)), (small_fit, alone), strict=True):
        assert_same_tables(found, wanted)
    assert states() == callers_states


# A further map


def test_a_further_map_trains_its_own_half_and_gives_what_a_full_fit_gives(small_study, small_fit, quick):
    shuffled = np.random.default_rng(0).permuted(np.nan_to_num(small_study.thinning[:1], nan=-0.2), axis=1)
    further = small_study.with_thinning(shuffled, np.full_like(shuffled, 0.05), maps=["further"])
    labels: set[str] = set()
    options = {name: quick[name] for name in ("map_steps", "map_rounds", "draws", "restarts")}
    cheap = nv.fit(further, seed=5, programs=small_fit, progress=lambda label, *_: labels.add(label), **options)
    assert labels == {"thinning"}
    assert_same_tables(cheap, nv.fit(further, seed=5, **quick))
    assert cheap.settings.family == small_fit.settings.family
    assert cheap.notices[0] == "the programs are those of an earlier fit (seed 5)."


def test_a_loaded_fit_lends_its_programs_too(small_study, small_fit, tmp_path):
    small_fit.save(tmp_path / "fit.nc")
    options = {"seed": 1, "draws": 5, "map_steps": 2}
    lent = nv.fit(small_study, programs=nv.load(tmp_path / "fit.nc"), **options)
    assert_same_tables(lent, nv.fit(small_study, programs=small_fit, **options))


def test_programs_of_another_expression_are_refused(small_study, small_fit, baseline_fit, quick):
    other = nv.simulate(9, genes=40, maps=1, programs=3)
    for study, fitted, model in (
        (other, small_fit, "cross-scale"),
        (small_study.select(regions=small_study.regions[:60]), small_fit, "cross-scale"),
        (small_study, baseline_fit, "cross-scale"),
        (small_study, small_fit, "spatial"),
    ):
        with pytest.raises(SettingsError, match="programs= takes a cross-scale fit of the same expression"):
            nv.fit(study, model, programs=fitted)


# What a fit holds


def test_settings_and_seed_are_recorded(small_fit):
    assert small_fit.settings.seed == small_fit.idata.attrs["seed"] == 5
    assert (small_fit.settings.draws, small_fit.settings.restarts) == (60, 2)
    assert small_fit.settings.family.n_programs == 3
    assert small_fit.settings.training.map_steps == 20


GROUPS = {
    "posterior", "prior", "posterior_predictive", "prior_predictive", "log_likelihood", "observed_data",
    "constant_data", "sample_stats", "log_prior", "predictions",
}  # fmt: skip


@pytest.mark.parametrize("name", ["small_fit", "baseline_fit"])
def test_groups_and_dimensions(request, name):
    idata = request.getfixturevalue(name).idata
    assert set(inferencedata.group_names(idata)) >= GROUPS
    for group in ("posterior", "posterior_predictive", "prior_predictive", "log_likelihood"):
        assert inferencedata.group(idata, group)["thinning"].dims == ("chain", "draw", "map", "region")
    assert inferencedata.group(idata, "observed_data")["thinning"].dims == ("map", "region")
    assert {"loss", "log_p", "log_q", "importance_k"} <= set(inferencedata.group(idata, "sample_stats"))


def test_labels_of_the_dimensions(small_fit, small_study):
    posterior = inferencedata.group(small_fit.idata, "posterior")
    assert tuple(posterior["region"].values) == small_study.regions
    assert tuple(posterior["gene"].values) == small_study.genes
    assert tuple(posterior["map"].values) == small_study.maps
    assert list(posterior["program"].values) == ["raw1", "raw2", "raw3"]
    assert list(posterior["source"].values) == ["transcriptomic", "spatial", "structural", "regional", "sampling"]
    assert posterior["thinning"].shape == (2, 60, 2, 68)
    assert posterior["gene_weight"].dims == ("chain", "draw", "map", "gene")
    assert posterior["program_score"].dims == ("chain", "draw", "region", "program")


def test_log_likelihood_is_missing_where_thinning_is(small_fit, small_study):
    density = inferencedata.group(small_fit.idata, "log_likelihood")["thinning"].values
    missing = np.isnan(small_study.thinning)
    assert np.array_equal(np.isnan(density), np.broadcast_to(missing, density.shape))


def test_a_region_without_thinning_is_predicted_less_surely(small_fit, small_study):
    regions = small_fit.regions()
    first = regions[regions["map"] == small_study.maps[0]]
    hidden, seen = first[~first["thinning_observed"]], first[first["thinning_observed"]]
    assert len(hidden) == 3
    assert hidden["observed"].isna().all()
    assert np.isfinite(hidden[["mean", "sd", "lower90", "upper90"]].to_numpy()).all()
    assert hidden["sd"].min() > seen["sd"].median()


def test_predictions_are_wider_than_the_noise_free_thinning(small_fit):
    assert (small_fit.predict()["sd"] > small_fit.regions()["sd"]).all()


# Other graphs


def test_a_graph_of_twenty_regions_with_three_islands(tmp_path, quick):
    weights = np.zeros((20, 20))
    weights[:17, :17] = np.eye(17, k=1) + np.eye(17, k=-1)
    graph = nv.RegionGraph.from_adjacency(weights, [f"area{i}" for i in range(20)])
    study = nv.simulate(2, genes=15, programs=3, graph=graph, missing_expression=["area18"])
    thinning = study.thinning.copy()
    thinning[0, [5, 19]] = np.nan
    study = study.with_thinning(thinning, study.standard_error)
    fitted = nv.fit(study, seed=1, **quick)
    regions = fitted.regions()
    assert list(regions["region"]) == list(graph.names)
    assert np.isfinite(regions[["mean", "sd", "lower95", "upper95"]].to_numpy()).all()
    assert (regions[["hemisphere", "lobe"]] == "").all(axis=None)
    assert list(regions.loc[~regions["expression_observed"], "region"]) == ["area18"]
    fitted.save(tmp_path / "fit.nc")
    assert_same_tables(nv.load(tmp_path / "fit.nc"), fitted)


# What is refused


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seed": -1}, r"seed is -1; give a whole number from 0 to 2\^63 - 1"),
        ({"seed": 2**63}, "seed is 9223372036854775808"),
        ({"seed": 1.5}, "seed is 1.5"),
        ({"draws": 0}, "draws is 0; give a whole number of at least 1"),
        ({"restarts": 0}, "restarts is 0"),
        ({"steps": 2.5}, "steps is 2.5; give a whole number"),
        ({"model": "gp"}, "unknown model 'gp': the known ones are cross-scale, expression, spatial"),
        ({"n_program": 3}, "model cross-scale has no setting 'n_program'; it has .*n_programs"),
        ({"model": "spatial", "n_programs": 3}, "model spatial has no setting 'n_programs'"),
        ({"spatial_scale": (1, 0.1)}, r"spatial_scale is \(1, 0.1\); give PCPrior\(upper=..., alpha=...\)"),
        ({"device": "abacus"}, "device 'abacus' is not to be had here; give auto or cpu"),
    ],
)
def test_what_cannot_be_done_is_said_before_training(small_study, options, message):
    with pytest.raises(SettingsError, match=message):
        nv.fit(small_study, progress=lambda *_: pytest.fail("training began"), **options)


def test_tables_that_a_family_lacks(baseline_fit):
    with pytest.raises(NeurovaeError, match="weighs no genes: fit the model cross-scale or expression"):
        baseline_fit.genes()
    with pytest.raises(NeurovaeError, match="has no programs; fit the model cross-scale"):
        baseline_fit.programs()


def test_numbers_of_numpy_are_settings_too(small_study, tmp_path):
    draws, seed = np.int64(4), np.uint32(3)
    fitted = nv.fit(small_study, "spatial", seed=seed, draws=draws, map_steps=np.int32(2))
    fitted.save(tmp_path / "fit.nc")
    assert nv.load(tmp_path / "fit.nc").settings == fitted.settings


def test_tables_take_a_further_interval(small_fit):
    plain, more = small_fit.regions(), small_fit.regions(prob=0.89)
    assert list(more.columns) == [*plain.columns, "lower89", "upper89"]
    pd.testing.assert_frame_equal(more[plain.columns], plain)
    draws = small_fit.posterior.draws("thinning")
    np.testing.assert_allclose(more["lower89"], np.quantile(draws, 0.055, axis=0).ravel())
    for table in (small_fit.regions, small_fit.genes, small_fit.variance):
        found = table(prob=0.8, hdi=True)
        assert list(found.columns[-2:]) == ["hdi_lower80", "hdi_upper80"]
        assert (found["hdi_lower80"] <= found["hdi_upper80"]).all()


def test_a_fit_draws_itself(small_fit):
    figure = small_fit.plot(top=5)
    assert len(figure.axes[0].get_yticklabels()) == 5
    assert len(small_fit.plot("variance").axes) >= 1
    with pytest.raises(SettingsError, match=r"no picture 'pie' of a fit; give one of forest, surface"):
        small_fit.plot("pie")
