"""Clusters of regions: planted ones are found, and nothing hangs on how draws happen to be turned."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

import pyro_neurovae as nv
from pyro_neurovae import inferencedata
from pyro_neurovae.errors import NeurovaeError, SettingsError
from pyro_neurovae.interpretation.region_clusters import clusters

MODERATE, STRONG, WEAK = 1.0, 3.0, 0.5
TRAINING = {"n_programs": 6, "steps": 25, "map_steps": 10, "draws": 60, "program_sweeps": 10}


def planted(noise, seed=0, genes=200):
    """Regions of one lobe share their expression; standard deviation 1 between lobes, ``noise`` within."""
    graph, rng = nv.RegionGraph.dk68(), np.random.default_rng(seed)
    lobe = np.unique(graph.lobes, return_inverse=True)[1]
    expression = rng.standard_normal((6, genes))[lobe] + noise * rng.standard_normal((68, genes))
    frame = pd.DataFrame(expression, index=list(graph.names), columns=[f"g{j}" for j in range(genes)])
    thinning = pd.DataFrame({"d": -0.2 + 0.1 * rng.standard_normal(68), "se": 0.05}, index=list(graph.names))
    return nv.Study.from_frames(frame, thinning, graph=graph, normalise="gene")


def altered(fit, study=None, region=None, **posterior):
    """The fit with other draws of some quantities, or with its regions in another order."""
    groups = {name: inferencedata.group(fit.idata, name) for name in inferencedata.group_names(fit.idata)}
    own = groups["posterior"]
    own = own.assign({name: (own[name].dims, values) for name, values in posterior.items()})
    groups["posterior"] = own if region is None else own.isel(region=region)
    return nv.Fit(inferencedata._assemble(groups, dict(fit.idata.attrs)), study or fit.study, fit.settings)


@pytest.fixture(scope="module")
def fits():
    return {noise: nv.fit(planted(noise), seed=1, **TRAINING) for noise in (WEAK, MODERATE, STRONG)}


@pytest.mark.parametrize("noise", [WEAK, MODERATE])
def test_planted_clusters_and_their_number_are_found(fits, noise):
    found = clusters(fits[noise])
    assert found.settings == {"number": 6, "chosen": True, "seed": 0, "draws": 60}
    assert adjusted_rand_score(fits[noise].study.graph.lobes, found.membership["cluster"]) > 0.9


def test_with_their_number_given_clusters_are_found_in_strong_noise(fits):
    found = clusters(fits[STRONG], number=6, maximum=6)
    assert adjusted_rand_score(fits[STRONG].study.graph.lobes, found.membership["cluster"]) > 0.8


def test_noise_makes_membership_uncertain(fits):
    tables = [clusters(fits[noise], number=6, maximum=6).membership for noise in (WEAK, MODERATE, STRONG)]
    uncertainty = [table["uncertainty"].mean() for table in tables]
    doubt = [1 - table["probability"].mean() for table in tables]
    assert uncertainty[0] <= uncertainty[1] + 0.01 < uncertainty[2]
    assert doubt[0] <= doubt[1] + 0.01 < doubt[2]
    assert uncertainty[0] < 0.05
    assert uncertainty[2] > 0.15


def test_regions_that_are_not_in_groups_have_no_excess(fits, small_fit):
    assert clusters(small_fit).choice["excess"].abs().max() < 0.06
    assert clusters(fits[MODERATE]).choice["excess"].max() > 0.3


def test_rotations_signs_and_order_of_programs_change_nothing(fits):
    fit = fits[STRONG]
    posterior = inferencedata.group(fit.idata, "posterior")
    score, strength = posterior["program_score"].values, posterior["strength"].values
    turns = np.linalg.qr(np.random.default_rng(0).standard_normal((*strength.shape, 6)))[0]
    even = np.sqrt((strength**2).mean(-1, keepdims=True)) * np.ones(6)
    turned = (score * strength[:, :, None]) @ turns / even[:, :, None]
    other = altered(fit, program_score=turned, strength=even)
    own, other = (clusters(one, number=5, maximum=5) for one in (fit, other))
    pd.testing.assert_frame_equal(other.coclustering, own.coclustering)
    pd.testing.assert_frame_equal(other.membership, own.membership)
    pd.testing.assert_frame_equal(other.choice, own.choice)


def test_relabelling_regions_changes_nothing(fits):
    fit = fits[STRONG]
    order = np.random.default_rng(1).permutation(68)
    study = fit.study.select(regions=[fit.study.regions[i] for i in order])
    own, other = (clusters(one, number=5, maximum=5) for one in (fit, altered(fit, study, order)))
    names = list(fit.study.regions)
    pd.testing.assert_frame_equal(other.coclustering.loc[names, names], own.coclustering)
    again = other.membership.set_index("region").loc[names]
    assert adjusted_rand_score(again["cluster"], own.membership["cluster"]) == 1
    np.testing.assert_allclose(again["probability"], own.membership["probability"])
    np.testing.assert_allclose(other.choice["score"], own.choice["score"])


def test_the_same_seed_gives_the_same_numbers(small_fit):
    first, again, other = (clusters(small_fit, seed=seed, maximum=4) for seed in (3, 3, 4))
    pd.testing.assert_frame_equal(first.choice, again.choice)
    pd.testing.assert_frame_equal(first.membership, again.membership)
    assert not np.allclose(first.choice["reference"], other.choice["reference"])
    np.testing.assert_array_equal(first.choice["score"], other.choice["score"])


def test_tables_by_hand(small_fit):
    found = clusters(small_fit, number=4, maximum=6)
    assert found.choice["k"].tolist() == [2, 3, 4, 5, 6]
    np.testing.assert_allclose(found.choice["excess"], found.choice["score"] - found.choice["reference"])
    together, member = found.coclustering.to_numpy(), found.membership["cluster"].to_numpy()
    np.testing.assert_array_equal(np.diagonal(together), 1)
    np.testing.assert_array_equal(together, together.T)
    for i, probability in enumerate(found.membership["probability"]):
        others = [j for j in range(68) if member[j] == member[i] and j != i]
        if others:
            assert probability == pytest.approx(together[i, others].mean())
    sizes = found.membership["cluster"].value_counts().sort_index()
    assert found.summary["size"].tolist() == sizes.tolist() == sorted(sizes, reverse=True)


def test_clusters_are_named_by_their_regions_and_genes(fits):
    fit = fits[MODERATE]
    found = clusters(fit)
    expression = pd.DataFrame(fit.study.normalised_expression(), fit.study.regions, fit.study.genes)
    for row in found.summary.to_dict("records"):
        members = set(found.membership.loc[found.membership["cluster"] == row["cluster"], "region"])
        assert set(row["regions"].split(", ")) == members
        named, genes = row["name"].split(": ")
        assert set(named.split(", ")) <= members
        assert len({name[2:] for name in named.split(", ")}) == len(named.split(", "))  # homologues count once
        for gene in genes.split(", "):
            mean = expression.loc[sorted(members), gene[1:]].mean()
            assert np.sign(mean) == {"+": 1, "-": -1}[gene[0]]
            assert abs(mean) > 1


def test_a_fit_without_programs_has_no_clusters(baseline_fit):
    with pytest.raises(NeurovaeError, match="model spatial, which has no programs; fit the model cross-scale"):
        clusters(baseline_fit)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"number": 1}, "number is 1; give a whole number of at least 2"),
        ({"number": 2.5}, "number is 2.5; give a whole number"),
        ({"number": 68}, "68 regions make at most 67 clusters, not 68; give fewer"),
        ({"maximum": 1}, "maximum is 1; give a whole number"),
        ({"seed": -1}, "seed"),
    ],
)
def test_settings_that_mean_nothing_are_refused(small_fit, options, message):
    with pytest.raises(SettingsError, match=message):
        clusters(small_fit, **options)


def test_importing_the_module_does_not_import_torch():
    import subprocess

    code = "import sys, pyro_neurovae.interpretation\n"
    code += "sys.exit(any(name in sys.modules for name in ('torch', 'sklearn')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
