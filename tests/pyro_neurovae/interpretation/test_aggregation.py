"""Means over groups of regions: of the draws, exactly, and by name or position."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import pyro_neurovae as nv
from pyro_neurovae.errors import InputError


@pytest.fixture(scope="module")
def fit() -> nv.Fit:
    return nv.fit(nv.simulate(seed=0, genes=20, maps=2), draws=60, n_programs=2, steps=5, progress=False)


def test_a_lobes_effect_is_the_mean_of_its_regions_draw_by_draw(fit):
    table = nv.aggregate(fit, "lobe", prob=0.8)
    draws, lobes = fit.posterior.draws("thinning"), np.array(fit.study.graph.lobes)
    for row in table.itertuples():
        own = draws[:, fit.study.maps.index(row.map)][:, lobes == row.region].mean(1)
        assert (row.mean, row.sd) == pytest.approx((own.mean(), own.std()))
        assert (row.lower80, row.upper80) == pytest.approx(tuple(np.quantile(own, [0.1, 0.9])))
        assert row.p_negative == (own < 0).mean()
        assert row.regions == (lobes == row.region).sum()
    assert len(table) == 2 * len(set(lobes))


def test_groups_of_ones_own_may_leave_regions_out(fit):
    groups = pd.Series({"L_entorhinal": "medial", "R_entorhinal": "medial", "L_insula": "insula"})
    table = nv.aggregate(fit, groups)
    observed = pd.Series(fit.study.thinning[0], index=fit.study.regions)
    assert list(table["region"][:2]) == ["medial", "insula"]
    assert table["observed"][0] == pytest.approx(observed[["L_entorhinal", "R_entorhinal"]].mean())


def test_another_atlas_sees_effects_by_position(fit):
    table = nv.aggregate(fit, "schaefer100")
    first = table[table["map"] == fit.study.maps[0]]
    assert len(first) == 100
    regions = fit.regions()
    own = regions[regions["map"] == fit.study.maps[0]]
    assert own["mean"].min() - 0.1 < first["mean"].min() < first["mean"].max() < own["mean"].max() + 0.1
    assert first["regions"].isna().all()


def test_the_studys_own_atlas_changes_nothing(fit):
    table, regions = nv.aggregate(fit, "dk68"), fit.regions()
    both = table.merge(regions, on=["map", "region"])
    assert len(both) == 2 * 68
    assert both["mean_x"].to_numpy() == pytest.approx(both["mean_y"].to_numpy())


def test_a_region_without_a_group_is_left_out(fit):
    table = nv.aggregate(fit, pd.Series({"L_insula": "insula", "R_insula": None, "L_cuneus": np.nan}))
    assert list(table["region"]) == ["insula"] * 2


def test_parcels_on_a_side_without_regions_are_left_out():
    study = nv.simulate(seed=0, genes=20)
    left = nv.fit(study.select(regions=study.regions[:34]), draws=30, n_programs=2, steps=5, progress=False)
    assert set(nv.aggregate(left, "schaefer100")["region"].str[:12]) == {"7Networks_LH"}


@pytest.mark.parametrize(
    ("onto", "said"),
    [
        ({"L_nowhere": "a"}, "L_nowhere is not a region"),
        ("nosuch", "unknown graph 'nosuch'"),
        ({}, "give a series or mapping"),
        (["lobe"], "no graph: a list"),
    ],
)
def test_what_is_no_group_is_named(fit, onto, said):
    with pytest.raises(InputError, match=said):
        nv.aggregate(fit, onto)
