"""The view of a fit: chains stacked once, a map's part, what is absent, and files of version 0.1."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import pyro_neurovae as nv
from pyro_neurovae import inferencedata
from pyro_neurovae.posterior.posterior import Posterior

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def posterior(small_fit: nv.Fit) -> Posterior:
    """Two chains of 60 draws of cross-scale on two maps."""
    return small_fit.posterior


@pytest.fixture(scope="module")
def kept(small_fit: nv.Fit) -> xr.Dataset:
    """What the view looks at."""
    return inferencedata.group(small_fit.idata, "posterior")


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Files of version 0.1: "fit" is of cross-scale by svi, "exact" of spatial by method exact.

    Both were made by pyro_neurovae 0.1.0 (commit 16d545c), prior draws cut to 10 to keep the files small:

        from pyro_neurovae.inference import groups
        groups._PRIOR_DRAWS = 10
        study = nv.simulate(4, genes=10, maps=2, programs=2, missing_expression=["R_fusiform"])
        names = ("entorhinal", "fusiform", "inferiortemporal", "middletemporal", "parahippocampal", "superiortemporal")
        study = study.select(regions=[f"{side}_{name}" for side in "LR" for name in names])
        thinning = study.thinning.copy()
        thinning[0, 3] = np.nan
        study = study.with_thinning(thinning, study.standard_error)
        fit = nv.fit(study, seed=5, n_programs=2, steps=20, map_steps=20, draws=10, restarts=2)
        exact = nv.fit(study, "spatial", method="exact", seed=5, draws=10)
    """
    folder = tmp_path_factory.mktemp("old")
    for name in ("fit", "exact"):
        (folder / f"{name}.nc").write_bytes(gzip.decompress((HERE / f"{name}_0.1.nc.gz").read_bytes()))
    return {name: folder / f"{name}.nc" for name in ("fit", "exact")}


# Draws


def test_chains_follow_one_another(posterior, kept):
    drawn = posterior.draws("thinning")
    assert drawn.shape == (120, 2, 68)
    np.testing.assert_array_equal(drawn[:60], kept["thinning"].values[0])
    np.testing.assert_array_equal(drawn[60:], kept["thinning"].values[1])
    assert posterior.draws("expression_noise").shape == (120,)


def test_one_map_is_taken_by_name_or_number(posterior):
    every = posterior.draws("gene_weight")
    np.testing.assert_array_equal(posterior.draws("gene_weight", "simulated2"), every[:, 1])
    np.testing.assert_array_equal(posterior.draws("gene_weight", 0), every[:, 0])
    assert posterior.dims("gene_weight", 0) == ("gene",)


def test_what_is_no_maps_own_is_the_same_for_each(posterior):
    np.testing.assert_array_equal(posterior.draws("program_score", "simulated1"), posterior.draws("program_score"))


def test_dimensions_and_labels_are_told(posterior, small_study):
    assert posterior.dims("region_share") == ("map", "region", "source")
    assert posterior.dims("program_score") == ("region", "program")
    assert posterior.dims("expression_noise") == ()
    assert posterior.labels("region") == small_study.regions
    assert posterior.labels("source") == ("transcriptomic", "spatial", "structural", "regional", "sampling")


def test_order_of_chains_and_draws_in_a_file_does_not_matter(posterior, kept):
    turned = kept.transpose("map", "draw", "chain", ...)
    idata = inferencedata.build(
        {"posterior": {name: (array.dims, array.values) for name, array in turned.data_vars.items()}},
        {name: array.values for name, array in kept.coords.items()},
        {},
    )
    other = Posterior(idata)
    assert other.dims("thinning") == ("map", "region")
    for name in ("thinning", "variance_share", "strength"):
        np.testing.assert_array_equal(other.draws(name), posterior.draws(name))


def test_chains_keep_labels_for_arviz(posterior):
    array = posterior.chains("thinning", "simulated1")
    assert array.dims == ("chain", "draw", "region")
    assert float(array.sel(region="L_insula").mean()) == pytest.approx(
        posterior.summary("thinning", "simulated1")["mean"][posterior.labels("region").index("L_insula")]
    )


def test_summary_is_of_the_stacked_draws(posterior):
    drawn = posterior.draws("thinning", 1)
    columns = posterior.summary("thinning", 1, percents=(50, 90))
    assert list(columns) == ["mean", "sd", "lower50", "upper50", "lower90", "upper90"]
    np.testing.assert_allclose(columns["sd"], drawn.std(0))
    np.testing.assert_allclose(columns["lower90"], np.quantile(drawn, 0.05, axis=0))


def test_other_groups_are_read_alike(posterior, small_fit):
    prior = inferencedata.group(small_fit.idata, "prior")["thinning"].values  # (chain, draw, map, region)
    np.testing.assert_array_equal(posterior.draws("thinning", 0, group="prior"), prior[:, :, 0].reshape(-1, 68))
    assert posterior.draws("thinning", group="predictions").shape == (120, 2, 68)
    assert posterior.draws("thinning", group="log_likelihood").shape[:2] == (120, 2)
    assert posterior.has("strength", group="log_prior")


def test_what_a_fit_lacks(posterior, small_fit, baseline_fit):
    lacking = baseline_fit.posterior
    assert (posterior.has_genes, posterior.has_programs) == (True, True)
    assert (lacking.has_genes, lacking.has_programs) == (False, False)
    assert not lacking.has("mean", group="loadings")
    assert not posterior.has("thinning", group="nonsense")
    with pytest.raises(KeyError):
        lacking.draws("gene_weight")
    with pytest.raises(nv.SettingsError, match="no map 'other': it has simulated1, simulated2"):
        posterior.draws("thinning", "other")
    with pytest.raises(nv.SettingsError, match="no map 2"):
        posterior.draws("thinning", 2)


def test_a_view_is_made_once_a_fit(small_fit):
    assert small_fit.posterior is small_fit.posterior


# How they came about


def test_loadings_pool_the_chains(posterior, small_fit):
    loadings = inferencedata.group(small_fit.idata, "loadings")
    means, sds = loadings["mean"].values, loadings["sd"].values  # (chain, program, gene)
    columns = posterior.loadings()
    assert columns["mean"].shape == (40, 3)
    np.testing.assert_allclose(columns["mean"], means.mean(0).T)
    # The law of total variance over two chains of equal weight.
    second = (sds**2 + means**2).mean(0) - means.mean(0) ** 2
    np.testing.assert_allclose(columns["sd"], np.sqrt(second).T)
    assert (columns["lower90"] < columns["upper90"]).all()


def test_statistics_of_the_sampler(posterior, small_fit):
    np.testing.assert_array_equal(
        posterior.stats("importance_k", "simulated2"),
        inferencedata.group(small_fit.idata, "sample_stats")["importance_k"].values[:, 1],
    )
    assert posterior.stats("loo_pit").shape == (2, 2, 68)
    assert posterior.stats("best_step") is None


def test_training_is_traced_where_something_was_trained(posterior, small_study):
    trace = posterior.training
    assert trace.loss.shape == (2, 20)
    assert trace.drift.shape == trace.drift_se.shape == (2,)
    np.testing.assert_array_equal(trace.loss, posterior.stats("loss"))
    exact = nv.fit(small_study, "spatial", method="exact", draws=5)
    assert exact.posterior.training is None


def test_a_training_of_one_step_is_one(small_study):
    trace = nv.fit(small_study, "spatial", map_steps=1, draws=5).posterior.training
    assert trace.loss.shape == (1, 1)
    assert np.isnan(trace.drift).all()


def test_trained_programs_are_kept_by_a_family_with_programs(posterior, baseline_fit, small_study):
    programs = posterior.trained_programs
    assert {"loc", "scale", "elbo"} <= set(programs)
    assert programs["elbo"].shape == (2, 20)
    assert baseline_fit.posterior.guide == {}
    assert baseline_fit.posterior.trained_programs is None
    paper = nv.fit(small_study, "paper", steps=4, warm_up=2, draws=5).posterior
    assert paper.trained_programs is None
    assert paper.guide["held_back"].shape == (1, 2, 68)


def test_records_of_the_fit(posterior, small_fit):
    assert posterior.settings["family"]["n_programs"] == 3
    assert posterior.versions["pyro_neurovae"] == nv.__version__
    assert posterior.elapsed_s > 0
    assert (*small_fit.study.notices, *posterior.notices) == small_fit.notices  # no ceiling is below zero


# Files of version 0.1


def test_a_fit_of_version_0_1_gives_every_table(old):
    fitted = nv.load(old["fit"])
    assert fitted.posterior.versions["pyro_neurovae"] == "0.1.0"
    with xr.open_dataset(old["fit"], group="posterior", engine="h5netcdf") as kept:
        thinning = kept["thinning"].values
    regions = fitted.regions()
    assert len(regions) == 24
    assert fitted.posterior.labels("source") == ("transcriptomic", "spatial", "unexplained", "sampling")
    assert "structural_share" not in regions
    np.testing.assert_array_equal(regions["predictable_mean"], regions["mean"])  # that version had nothing else
    assert len(nv.region_report(fitted)) == 24
    np.testing.assert_allclose(regions["mean"], thinning.mean((0, 1)).ravel())
    assert list(regions.loc[~regions["expression_observed"], "region"]) == ["R_fusiform"] * 2
    assert set(fitted.genes()["gene"]) == set(fitted.study.genes)
    assert fitted.raw_programs().groupby("quantity").size()["loading"] == 2 * 10
    np.testing.assert_allclose(fitted.variance().groupby("map")["mean"].sum(), 1)
    assert len(fitted.predict()) == 24
    assert {"spread", "draws", "importance_k", "rhat", "ess"} <= set(fitted.check()["check"])
    assert fitted.summary().startswith("Fit: cross-scale, seed 5, 2 x 10 draws")
    assert fitted.posterior.training.loss.shape == (2, 20)
    assert fitted.posterior.trained_programs is not None


def test_an_exact_fit_of_version_0_1_has_no_training(old):
    fitted = nv.load(old["exact"])
    assert fitted.posterior.stats("loss") is not None  # the sham record of that version
    assert fitted.posterior.training is None
    assert fitted.summary().startswith("Fit: spatial, seed 5, 1 x 10 draws")
    assert not fitted.check().empty
    with pytest.raises(nv.InputError, match="a fit by exact has no training to show"):
        nv.plots.training(fitted)


def test_a_fit_of_version_0_1_is_the_same_once_saved_again(old, tmp_path):
    fitted = nv.load(old["fit"])
    fitted.save(tmp_path / "again.nc")
    again = nv.load(tmp_path / "again.nc")
    for name in ("regions", "genes", "programs", "variance", "predict", "check"):
        pd.testing.assert_frame_equal(getattr(again, name)(), getattr(fitted, name)(), check_exact=True)
