"""Tables of a fit: their columns, what their numbers must obey, and their order."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import pyro_neurovae as nv
from pyro_neurovae import inferencedata
from pyro_neurovae.posterior.tables import largest_first

REGION_COLUMNS = [
    "map", "region", "hemisphere", "lobe", "observed", "se", "mean", "sd", "lower50", "upper50", "lower90", "upper90",
    "lower95", "upper95", "p_negative", "predictable_mean", "predictable_lower90", "predictable_upper90",
    "expression_observed", "thinning_observed", "transcriptomic_share", "spatial_share", "structural_share",
]  # fmt: skip
GENE_COLUMNS = [
    "map", "gene", "weight", "sd", "lower90", "upper90", "p_positive", "local_false_sign_rate", "stability",
    "q_value",
]  # fmt: skip


@pytest.fixture(scope="module")
def one_gene_fit() -> nv.Fit:
    """Thinning that is minus the first gene's expression, under the family `expression`."""
    drawn = nv.simulate(8, genes=30)
    first = drawn.expression[:, 0]
    effect = -0.1 * (first - first.mean()) / first.std()
    study = drawn.with_thinning(effect, np.full(68, 0.01))
    return nv.fit(study, "expression", map_steps=60, draws=100)


# Regions


def test_regions_are_one_row_a_map_and_region(small_fit, small_study):
    table = small_fit.regions()
    assert list(table) == REGION_COLUMNS
    assert list(table["map"]) == list(np.repeat(small_study.maps, 68))
    assert list(table["region"]) == list(small_study.regions) * 2
    np.testing.assert_array_equal(table["observed"], small_study.thinning.ravel())
    np.testing.assert_array_equal(table["se"], small_study.standard_error.ravel())
    np.testing.assert_array_equal(table["thinning_observed"], small_study.thinning_observed.ravel())
    unmeasured = table.loc[~table["expression_observed"], "region"]
    assert list(unmeasured) == ["R_frontalpole", "R_temporalpole"] * 2
    assert table["lobe"].iloc[0] == "temporal"


def test_moments_and_intervals_are_those_of_the_draws(small_fit):
    draws = inferencedata.group(small_fit.idata, "posterior")["thinning"].values.reshape(120, 136)
    table = small_fit.regions()
    np.testing.assert_allclose(table["mean"], draws.mean(0))
    np.testing.assert_allclose(table["sd"], draws.std(0))
    np.testing.assert_allclose(table["lower90"], np.quantile(draws, 0.05, axis=0))
    np.testing.assert_allclose(table["upper50"], np.quantile(draws, 0.75, axis=0))
    np.testing.assert_allclose(table["p_negative"], (draws < 0).mean(0))


def test_the_predictable_part_stands_beside_the_effect(small_fit):
    drawn = inferencedata.group(small_fit.idata, "posterior")
    part, own = (drawn[name].values.reshape(120, 136) for name in ("predictable", "regional"))
    table = small_fit.regions()
    np.testing.assert_allclose(table["predictable_mean"], part.mean(0))
    np.testing.assert_allclose(table["predictable_lower90"], np.quantile(part, 0.05, axis=0))
    np.testing.assert_allclose(table["predictable_upper90"], np.quantile(part, 0.95, axis=0))
    np.testing.assert_allclose(table["mean"], (part + own).mean(0))


def test_a_precise_observation_is_never_three_standard_errors_away():
    """Four regions that nothing predicts lie ten of their standard errors, .01, from where they would be."""
    study = nv.simulate(3, genes=30, sampling_correlation="independent")
    odd, error = [5, 20, 40, 60], np.full(68, 0.05)
    error[odd] = 0.01
    thinning = study.thinning[0].copy()
    thinning[odd] = -1.5
    fitted = nv.fit(study.with_thinning(thinning, error), "spatial", map_steps=60, draws=200)
    table = fitted.regions().iloc[odd]
    assert ((table["mean"] - table["observed"]).abs() < 3 * 0.01).all()
    assert ((table["predictable_mean"] - table["observed"]).abs() > 3 * 0.01).all()


@pytest.mark.parametrize("name", ["regions", "variance"])
def test_wider_intervals_hold_narrower_ones(small_fit, name):
    table = getattr(small_fit, name)()
    ends = ["lower95", "lower90", "lower50", "upper50", "upper90", "upper95"]
    assert (np.diff(table[ends].to_numpy(), axis=1) >= 0).all()


def test_sampling_error_that_is_not_known_is_missing_in_the_table(small_study):
    unknown = small_study.with_thinning(small_study.thinning, np.zeros((2, 68)))
    table = nv.fit(unknown, "spatial", map_steps=2, draws=5).regions()
    assert table["se"].isna().all()


# Genes


@pytest.mark.parametrize("name", ["small_fit", "one_gene_fit"])
def test_genes_are_in_order_of_size_within_a_map(request, name):
    fitted = request.getfixturevalue(name)
    table = fitted.genes()
    assert list(table) == GENE_COLUMNS
    for chosen in fitted.study.maps:
        rows = table[table["map"] == chosen]
        assert sorted(rows["gene"]) == sorted(fitted.study.genes)
        assert (np.diff(rows["weight"].abs()) <= 0).all()
    assert (table["lower90"] <= table["upper90"]).all()
    assert table["stability"].between(0, 1).all()
    # A tenth of the genes leads in every draw.
    leading = round(0.1 * len(fitted.study.genes))
    assert table["stability"].sum() == pytest.approx(leading * len(fitted.study.maps))


@pytest.mark.parametrize("name", ["small_fit", "one_gene_fit"])
def test_rates_of_false_signs_by_hand(request, name):
    fitted = request.getfixturevalue(name)
    posterior, genes, table = fitted.posterior, fitted.study.genes, fitted.genes()
    for m, chosen in enumerate(fitted.study.maps):
        rows = table[table["map"] == chosen].set_index("gene").loc[list(genes)]
        weight, part, effect = (
            posterior.draws(one)[:, m] for one in ("gene_weight", "transcriptomic", "thinning")
        )  # (draw, ...)
        nought = part.std(1) < 0.1 * effect.std(1)
        wrong = [min((nought | (own <= 0)).mean(), (nought | (own >= 0)).mean()) for own in weight.T]
        np.testing.assert_allclose(rows["local_false_sign_rate"], wrong)
        assert (rows["local_false_sign_rate"] >= nought.mean() - 1e-12).all()
        by_hand = [np.mean([one for one in wrong if one <= own]) for own in wrong]
        np.testing.assert_allclose(rows["q_value"], by_hand)
        assert (rows["q_value"] <= rows["local_false_sign_rate"] + 1e-12).all()


def test_no_gene_is_sure_where_there_is_no_transcriptomic_part(small_study):
    nought = nv.PCPrior(1e-6, 0.1)
    fitted = nv.fit(small_study, "expression", map_steps=5, draws=40, transcriptomic_scale=nought)
    assert (fitted.genes()["local_false_sign_rate"] == 1).all()
    assert (fitted.genes()["q_value"] == 1).all()


def test_the_gene_that_thinning_follows_leads_with_its_sign(one_gene_fit):
    leading = one_gene_fit.genes().iloc[0]
    assert leading["gene"] == "gene0001"
    assert leading["p_positive"] == 0
    assert leading["lower90"] < leading["weight"] < leading["upper90"] < 0
    assert leading["weight"] == pytest.approx(-0.1, rel=0.15)  # thinning falls by 0.1 a standard deviation


# Programs


def test_programs_are_tidy(small_fit, small_study):
    table = small_fit.raw_programs()
    assert list(table) == ["program", "quantity", "name", "mean", "sd", "lower90", "upper90"]
    counts = table.groupby("quantity").size().to_dict()
    assert counts == {"strength": 3, "smoothness": 3, "weight": 3 * 2, "score": 3 * 68, "loading": 3 * 40}
    assert set(table["program"]) == {"raw1", "raw2", "raw3"}
    assert set(table.loc[table["quantity"] == "weight", "name"]) == set(small_study.maps)
    assert (table["lower90"] <= table["mean"]).all()
    assert (table["mean"] <= table["upper90"]).all()


def test_rows_of_a_program_carry_its_own_numbers(small_fit):
    posterior = inferencedata.group(small_fit.idata, "posterior")
    table = small_fit.raw_programs().set_index(["quantity", "program", "name"])["mean"]
    score = posterior["program_score"].sel(region="L_insula", program="raw2").values.mean()
    weight = posterior["program_weight"].sel(map="simulated2", program="raw3").values.mean()
    loading = (
        inferencedata.group(small_fit.idata, "loadings")["mean"].sel(gene="gene0007", program="raw1").values.mean()
    )
    assert table["score", "raw2", "L_insula"] == pytest.approx(score)
    assert table["weight", "raw3", "simulated2"] == pytest.approx(weight)
    assert table["loading", "raw1", "gene0007"] == pytest.approx(loading)


def test_programs_are_ordered_by_strength_and_aligned_between_restarts(small_fit):
    posterior = inferencedata.group(small_fit.idata, "posterior")
    first, second = posterior["program_score"].values.mean(1)  # (region, program)
    correlation = np.corrcoef(first.T, second.T)[:3, 3:]
    assert (correlation.argmax(1) == np.arange(3)).all()
    assert (np.diag(correlation) > 0.9).all()
    assert (np.diff(inferencedata.group(small_fit.idata, "guide")["loc"].values[0, :3]) < 0).all()


# Variance shares and predictions


@pytest.mark.parametrize("name", ["small_fit", "baseline_fit", "one_gene_fit"])
def test_variance_shares_sum_to_one(request, name):
    fitted = request.getfixturevalue(name)
    table = fitted.variance()
    assert list(table)[:4] == ["map", "source", "mean", "sd"]
    assert list(table["source"]) == ["transcriptomic", "spatial", "structural", "regional", "sampling"] * len(
        fitted.study.maps
    )
    np.testing.assert_allclose(table.groupby("map")["mean"].sum(), 1)
    assert ((table.select_dtypes("number") >= 0) & (table.select_dtypes("number") <= 1)).all(axis=None)


def test_a_part_that_the_family_lacks_has_no_share(baseline_fit, one_gene_fit):
    for fitted, source in ((baseline_fit, "transcriptomic"), (one_gene_fit, "spatial")):
        assert (fitted.regions()[f"{source}_share"] == 0).all()
        assert (fitted.variance().set_index("source").loc[[source], "mean"] == 0).all()


def test_predictions_are_of_the_value_observed_anew(small_fit, small_study):
    table = small_fit.predict()
    assert list(table) == ["map", "region", "mean", "sd", "lower90", "upper90"]
    assert len(table) == 136
    assert (table["lower90"] < table["upper90"]).all()
    error = np.where(small_study.thinning_observed, small_study.standard_error, np.nan).ravel()
    known = ~np.isnan(error)
    assert (table["sd"][known] > 0.8 * error[known]).all()  # the noise of 120 draws' sd is under a tenth


def test_tables_are_the_callers_own(small_fit):
    table = small_fit.regions()
    table.loc[0, "mean"] = 99.0
    pd.testing.assert_series_equal(small_fit.regions()["mean"].iloc[1:], table["mean"].iloc[1:])
    assert small_fit.regions()["mean"][0] != 99.0


def test_the_largest_come_first_whatever_their_sign():
    table = pd.DataFrame({"region": list("abcd"), "mean": [-0.1, 0.3, -0.3, 0.2]})
    assert list(largest_first(table)["region"]) == ["b", "c", "d", "a"]
