"""Keys of results: all that decides a number, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import pyro_neurovae as nv
from pyro_neurovae.studies.fingerprints import fingerprint


@pytest.fixture(scope="module")
def plain():
    return nv.simulate(0, genes=24)


@pytest.fixture(scope="module")
def weighted(plain):
    return replace(plain, gene_weights=np.linspace(0.1, 3.0, 24))


def test_a_key_is_of_all_that_decides(plain, weighted):
    joint = np.diag(plain.standard_error[0] ** 2)[None] + 1e-4
    graph = plain.graph
    others = [
        plain,
        weighted,
        replace(plain, normalise="none"),
        plain.with_thinning(plain.thinning + 1e-9, plain.standard_error),
        plain.with_thinning(plain.thinning, plain.standard_error, covariance=joint),
        replace(plain, structure=np.full((68, 68), 0.1) + 0.9 * np.eye(68)),
        plain.select(regions=plain.regions[::-1]),
        plain.select(genes=plain.genes[::-1]),
        *(
            replace(plain, graph=replace(graph, **{name: None}))
            for name in ("centroids", "sphere", "hemispheres", "lobes")
        ),
        replace(plain, graph=replace(graph, homologues=())),
        replace(plain, graph=nv.RegionGraph.dk68(weights="boundary")),
    ]
    assert len({fingerprint(one, "a") for one in others}) == len(others)
    assert fingerprint(plain, "a") == fingerprint(nv.simulate(0, genes=24), "a")


def test_a_key_is_of_nothing_else(plain):
    told = replace(plain, notices=("a note",), truth=None, graph=replace(plain.graph, label="other"))
    assert fingerprint(told) == fingerprint(plain)


def test_parts_do_not_run_together():
    assert fingerprint("ab", "c") != fingerprint("a", "bc")
    assert fingerprint(np.arange(4)) != fingerprint(np.arange(4).reshape(2, 2))


# What is resumed and what is kept belongs to the study that it was made from


@pytest.fixture(scope="module")
def fits(plain, weighted):
    return [nv.fit(one, "expression", map_steps=20, draws=60) for one in (plain, weighted)]


def test_validation_goes_on_with_its_own_study_only(plain, weighted, tmp_path):
    def scores(study, **how):
        return nv.validate(study, {"ridge": {"model": "ridge"}}, **how).scores

    first = scores(plain, resume=tmp_path)
    resumed, fresh = scores(weighted, resume=tmp_path), scores(weighted)
    pd.testing.assert_frame_equal(resumed, fresh)
    assert abs(first["elpd"][0] - fresh["elpd"][0]) > 1e-3


def test_null_maps_go_on_with_their_own_study_only(fits, tmp_path):
    def shares(fit, **how):
        return nv.nulls(fit, number=5, draws=20, map_steps=5, **how).summary

    first, resumed = (shares(fit, resume=tmp_path) for fit in fits)
    pd.testing.assert_frame_equal(resumed, shares(fits[1]))
    assert not first["observed"].equals(resumed["observed"])


def test_sensitivity_goes_on_with_its_own_study_only(fits, tmp_path):
    def shifts(fit, **how):
        return nv.sensitivity(fit, [nv.Variant("another seed", seed=1)], **how).regions["mean"]

    first, resumed = (shifts(fit, resume=tmp_path) for fit in fits)
    pd.testing.assert_series_equal(resumed, shifts(fits[1]))
    assert not np.allclose(first, resumed, atol=1e-3)


def test_sensitivity_of_a_study_with_weights_takes_half_of_its_genes(fits):
    variant = nv.Variant("every other gene", genes=fits[1].study.genes[::2])
    found = nv.sensitivity(fits[1], [variant])
    assert (found.genes["variant"] == variant.name).sum() == 12


def test_programs_of_another_weighting_are_refused(plain, weighted, quick):
    fitted = nv.fit(plain, **(quick | {"restarts": 1}))
    with pytest.raises(nv.SettingsError, match="programs= takes a cross-scale fit of the same expression"):
        nv.fit(weighted, programs=fitted, **(quick | {"restarts": 1}))
    again = nv.fit(plain.with_thinning(plain.thinning * 2, plain.standard_error), programs=fitted, map_steps=5)
    assert any("the programs are those of an earlier fit" in notice for notice in again.notices)
