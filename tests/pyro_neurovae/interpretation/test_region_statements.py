"""The region report, column by column from the draws."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from pyro_neurovae import inferencedata
from pyro_neurovae.errors import SettingsError
from pyro_neurovae.interpretation.region_statements import REGION_REPORT_COLUMNS, region_report, simultaneous_band


def drawn(fit):
    values = inferencedata.group(fit.idata, "posterior")["thinning"].values
    return values.reshape(-1, *values.shape[2:])


def test_columns_by_hand(small_fit):
    table, draws, study = region_report(small_fit, threshold=-0.25, top=7), drawn(small_fit), small_fit.study
    assert tuple(table.columns) == REGION_REPORT_COLUMNS
    np.testing.assert_allclose(table["p_beyond"], (draws < -0.25).mean(0).ravel())
    rank = draws.argsort(-1).argsort(-1)
    np.testing.assert_allclose(table["p_top"], (rank < 7).mean(0).ravel())
    np.testing.assert_allclose(table.groupby("map")["p_top"].sum(), 7)
    np.testing.assert_allclose(table["shrinkage"], 1 - draws.std(0).ravel() / study.standard_error.ravel())
    np.testing.assert_allclose(table["move"], draws.mean(0).ravel() - study.thinning.ravel())
    np.testing.assert_array_equal(table["move"].isna(), ~study.thinning_observed.ravel())


def test_what_it_shares_with_the_table_of_regions_is_the_same(small_fit):
    table, regions = region_report(small_fit), small_fit.regions()
    shared = [name for name in table if name in regions]
    assert len(shared) == 19
    pd.testing.assert_frame_equal(table[shared], regions[shared])
    assert table["p_beyond"].isna().all()


def test_the_band_holds_all_regions_of_nine_draws_in_ten(small_fit):
    table, draws = region_report(small_fit), drawn(small_fit)
    lower, upper = (table[f"simultaneous_{end}90"].to_numpy().reshape(2, 68) for end in ("lower", "upper"))
    inside = ((draws >= lower - 1e-12) & (draws <= upper + 1e-12)).all(-1).mean(0)
    assert ((inside >= 0.9) & (inside < 0.9 + 2 / len(draws))).all()
    assert (lower < table["lower90"].to_numpy().reshape(2, 68)).all()
    ratio = (upper - lower) / (2 * draws.std(0))  # one width for all regions of a map, in sds
    np.testing.assert_allclose(ratio, np.broadcast_to(ratio[:, :1], ratio.shape))


def test_the_band_has_its_coverage_for_independent_and_for_equal_entries():
    rng = np.random.default_rng(0)
    independent = rng.standard_normal((40000, 20))
    _, upper = simultaneous_band(independent, 0.9)
    assert upper.mean() == pytest.approx(norm.ppf(1 - (1 - 0.9 ** (1 / 20)) / 2), abs=0.03)
    equal = np.repeat(independent[:, :1], 20, axis=1)
    _, upper = simultaneous_band(equal, 0.9)
    assert upper.mean() == pytest.approx(norm.ppf(0.95), abs=0.03)


def test_an_entry_that_does_not_vary_has_no_width():
    draws = np.random.default_rng(0).standard_normal((500, 3))
    draws[:, 1] = 2.0
    lower, upper = simultaneous_band(draws, 0.9)
    assert lower[1] == upper[1] == 2
    assert upper[0] > 1


def test_a_positive_threshold_is_exceeded_upwards_and_one_map_may_be_asked_for(small_fit):
    name = small_fit.study.maps[1]
    table = region_report(small_fit, threshold=0.01, map=name)
    assert set(table["map"]) == {name}
    np.testing.assert_allclose(table["p_beyond"], (drawn(small_fit)[:, 1] > 0.01).mean(0))
    assert table["region"].tolist() == list(small_fit.study.regions)


def test_every_model_has_a_report(baseline_fit):
    table = region_report(baseline_fit, threshold=-0.2)
    assert table["p_beyond"].between(0, 1).all()
    assert (table["transcriptomic_share"] == 0).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"map": "ad"}, "the fit has no map 'ad': it has simulated1, simulated2"),
        ({"threshold": float("nan")}, "threshold is nan; give a finite number in the map's units, or None"),
        ({"top": 0}, "top is 0; give a whole number from 1 to the number of regions, 68"),
        ({"top": 69}, "top is 69; give a whole number from 1"),
        ({"top": 2.5}, "top is 2.5; give a whole number"),
    ],
)
def test_settings_that_mean_nothing_are_refused(small_fit, options, message):
    with pytest.raises(SettingsError, match=message):
        region_report(small_fit, **options)
