"""Gene modules: planted ones and their weights are found, and uncertainty grows with noise."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

import pyro_neurovae as nv
from pyro_neurovae import inferencedata
from pyro_neurovae.errors import NeurovaeError, SettingsError
from pyro_neurovae.interpretation.gene_groups import gene_modules

WEAK, MODERATE, STRONG = 0.5, 1.5, 4.0
MODULE = np.arange(160) % 4
TRAINING = {"n_programs": 6, "steps": 25, "map_steps": 30, "draws": 60, "program_sweeps": 10}


def planted(noise):
    """Genes of a module follow one smooth program of standard deviation about 1; thinning follows the first."""
    graph, rng = nv.RegionGraph.dk68(), np.random.default_rng(0)
    values, vectors = np.linalg.eigh(nv.GMRF(graph, "bym2", phi=0.9).covariance().numpy())
    program = (vectors * np.sqrt(values.clip(min=0))) @ rng.standard_normal((68, 4))
    expression = program[:, MODULE] + noise * rng.standard_normal((68, len(MODULE)))
    frame = pd.DataFrame(expression, index=list(graph.names), columns=[f"g{j}" for j in range(len(MODULE))])
    thinning = -0.2 + 0.1 * program[:, 0] / program[:, 0].std() + 0.03 * rng.standard_normal(68)
    maps = pd.DataFrame({"d": thinning, "se": 0.05}, index=list(graph.names))
    return nv.Study.from_frames(frame, maps, graph=graph, normalise="gene")


@pytest.fixture(scope="module")
def fits():
    return {noise: nv.fit(planted(noise), seed=1, **TRAINING) for noise in (WEAK, MODERATE, STRONG)}


@pytest.mark.parametrize("noise", [WEAK, MODERATE])
def test_planted_modules_and_their_number_are_found(fits, noise):
    found = gene_modules(fits[noise])
    assert found.settings == {"number": 4, "chosen": True, "seed": 0, "draws": 60}
    assert adjusted_rand_score(MODULE, found.membership["module"]) > 0.9


def test_noise_makes_membership_uncertain(fits):
    tables = [gene_modules(fits[noise], number=4, maximum=4).membership for noise in (WEAK, MODERATE, STRONG)]
    uncertainty = [table["uncertainty"].mean() for table in tables]
    doubt = [1 - table["probability"].mean() for table in tables]
    assert uncertainty == sorted(uncertainty)
    assert doubt == sorted(doubt)
    assert uncertainty[0] < 0.02
    assert uncertainty[2] > 0.5


def test_genes_without_groups_have_no_excess(fits, small_fit):
    assert gene_modules(small_fit).choice["excess"].abs().max() < 0.1
    assert gene_modules(fits[WEAK]).choice["excess"].max() > 0.4


def test_the_module_that_thinning_follows_has_the_weight(fits):
    found = gene_modules(fits[WEAK])
    module = found.membership.groupby(MODULE)["module"].agg(lambda own: own.mode()[0])
    weights = found.weights.set_index("module")
    assert weights["mean"].abs().idxmax() == module[0]
    assert weights.loc[module[0], "lower95"] > 0
    assert weights.loc[module[0], "p_positive"] > 0.99


def test_weights_are_means_over_the_modules_genes(small_fit):
    found = gene_modules(small_fit, number=3, maximum=3)
    values = inferencedata.group(small_fit.idata, "posterior")["gene_weight"].values
    draws = values.reshape(-1, *values.shape[2:])
    for row in found.weights.to_dict("records"):
        own = draws[:, small_fit.study.maps.index(row["map"]), found.membership["module"] == row["module"]].mean(1)
        assert row["mean"] == pytest.approx(own.mean(), abs=1e-6)
        assert row["sd"] == pytest.approx(own.std(), rel=1e-3)
        np.testing.assert_allclose([row["lower90"], row["upper90"]], np.quantile(own, [0.05, 0.95]), atol=1e-6)
        assert row["p_positive"] == (own > 0).mean()
    assert len(found.weights) == 2 * 3


def test_opposite_genes_are_in_different_modules():
    study = planted(WEAK)
    frame = pd.DataFrame(study.expression, index=list(study.regions), columns=list(study.genes))
    kept = frame.loc[:, MODULE == 0]
    both = pd.concat([kept, -kept.rename(columns=lambda name: f"not_{name}")], axis=1)
    maps = pd.DataFrame({"d": study.thinning[0], "se": 0.05}, index=list(study.regions))
    opposed = nv.Study.from_frames(both, maps, graph=study.graph, normalise="gene")
    found = gene_modules(nv.fit(opposed, seed=1, **TRAINING | {"n_programs": 2}), number=2, maximum=2)
    assert adjusted_rand_score(np.repeat([0, 1], 40), found.membership["module"]) == 1
    first, second = found.weights["mean"]
    assert first == pytest.approx(-second, rel=0.05)


def test_tables_agree_with_each_other(small_fit):
    found = gene_modules(small_fit, number=3, maximum=5)
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1)
    np.testing.assert_array_equal(found.probabilities.max(axis=1), found.membership["probability"])
    np.testing.assert_array_equal(found.probabilities.idxmax(axis=1), found.membership["module"])
    assert found.choice["k"].tolist() == [2, 3, 4, 5]
    assert found.summary["size"].tolist() == found.membership["module"].value_counts().sort_index().tolist()
    for row in found.summary.to_dict("records"):
        members = set(found.membership.loc[found.membership["module"] == row["module"], "gene"])
        assert set(row["genes"].split(", ")) <= members
        assert row["name"].split(": ")[0] == ", ".join(row["genes"].split(", ")[:2])


def test_the_same_seed_gives_the_same_numbers(small_fit):
    first, again = (gene_modules(small_fit, seed=3, maximum=4) for _ in range(2))
    pd.testing.assert_frame_equal(first.membership, again.membership)
    pd.testing.assert_frame_equal(first.choice, again.choice)
    assert not np.allclose(first.choice["score"], gene_modules(small_fit, seed=4, maximum=4).choice["score"])


def test_relabelling_regions_changes_nothing(fits):
    fit = fits[MODERATE]
    order = np.random.default_rng(1).permutation(68)
    groups = {name: inferencedata.group(fit.idata, name) for name in inferencedata.group_names(fit.idata)}
    groups["posterior"] = groups["posterior"].isel(region=order)
    study = fit.study.select(regions=[fit.study.regions[i] for i in order])
    other = nv.Fit(inferencedata._assemble(groups, dict(fit.idata.attrs)), study, fit.settings)
    own, again = gene_modules(fit), gene_modules(other)
    assert adjusted_rand_score(own.membership["module"], again.membership["module"]) == 1
    np.testing.assert_allclose(again.membership["probability"], own.membership["probability"], atol=0.05)
    # Numbers are drawn for axes whose signs the order of the regions decides: the same in distribution.
    np.testing.assert_allclose(again.choice["score"], own.choice["score"], atol=0.02)


def test_a_fit_without_programs_has_no_modules(baseline_fit):
    with pytest.raises(NeurovaeError, match="which has no programs; fit the model cross-scale"):
        gene_modules(baseline_fit)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"number": 1}, "number is 1; give a whole number of at least 2"),
        ({"number": 40}, "40 genes make at most 39 modules, not 40; give fewer, or more genes"),
        ({"maximum": 0}, "maximum is 0; give a whole number"),
        ({"seed": -1}, "seed"),
    ],
)
def test_settings_that_mean_nothing_are_refused(small_fit, options, message):
    with pytest.raises(SettingsError, match=message):
        gene_modules(small_fit, **options)


@pytest.mark.slow
def test_twelve_thousand_genes_all_get_a_module():
    fit = nv.fit(nv.simulate(0, genes=12000), steps=40, map_steps=20, draws=200)
    found = gene_modules(fit)
    assert len(found.membership) == 12_000
    assert found.summary["size"].sum() == 12_000
