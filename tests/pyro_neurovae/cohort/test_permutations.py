"""Permuted contrasts: against least squares written out, their level, and what strata keep."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

import pyro_neurovae as nv
from pyro_neurovae.cohort.permutations import check_strata, deal_rows, permuted_effects
from pyro_neurovae.cohort.regression import hedges_factor, regress
from pyro_neurovae.errors import InputError


@pytest.fixture(scope="module")
def cohort() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Thickness (90, 5) with holes and a real effect, a design with age that goes with the group, and three sites."""
    rng = np.random.default_rng(3)
    site = np.arange(90) % 3
    case = (rng.random(90) < 0.4).astype(float)
    age = rng.normal(70 + 4 * case, 6)
    sites = np.column_stack([site == 1, site == 2]).astype(float)
    y = 2.5 + 0.2 * (rng.standard_normal((90, 1)) + rng.standard_normal((90, 5)) - case[:, None])
    y += 0.3 * site[:, None] - 0.01 * (age - 70)[:, None]
    y[[4, 7, 30], 1] = y[[7, 60], 3] = np.nan
    return y, np.column_stack([np.ones(90), case, age - age.mean(), sites - sites.mean(0)]), site


@pytest.mark.parametrize("weighted", [False, True])
def test_permutations_are_regressions_of_what_was_dealt(
    cohort: tuple[np.ndarray, np.ndarray, np.ndarray], weighted: bool
) -> None:
    y, design, site = cohort
    weights = np.random.default_rng(0).uniform(0.5, 2, 90) if weighted else np.ones(90)
    rows = deal_rows(site, 4, seed=1)
    d = permuted_effects(y, design, rows, weights=weights)
    in_mm = permuted_effects(y, design, rows, weights=weights, standardised=False)
    own = regress(y, design, weights)
    reduced = np.delete(design, 1, axis=1)
    for region in range(5):
        seen = ~np.isnan(y[:, region])
        before = sm.OLS(y[seen, region], reduced[seen]).fit()
        left = np.full(90, np.nan)
        left[seen] = before.resid
        for number, row in enumerate(rows):
            dealt = np.full(90, np.nan)
            dealt[row] = left
            there = ~np.isnan(dealt)
            fitted = reduced[there] @ before.params
            after = sm.WLS(fitted + dealt[there], design[there], weights=weights[there] / weights.mean()).fit()
            effect = after.params[1] / np.sqrt(after.scale)
            assert d[number, region] == pytest.approx(hedges_factor(np.array(seen.sum() - 5.0)) * effect, abs=1e-10)
            assert in_mm[number, region] == pytest.approx(effect * own.sd[region], abs=1e-10)


def test_subjects_own_rows_give_the_contrast(cohort: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    y, design, _ = cohort
    rows = np.arange(90)[None]
    np.testing.assert_allclose(permuted_effects(y, design, rows)[0], regress(y, design).cohens_d(), rtol=1e-10)
    np.testing.assert_allclose(
        permuted_effects(y, design, rows, standardised=False)[0], regress(y, design).effect, rtol=1e-10
    )


def test_a_deal_stays_within_its_strata(cohort: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    _, design, site = cohort
    rows = deal_rows(site, 300, seed=2)
    case = design[:, 1] == 1
    assert (np.sort(rows, axis=1) == np.arange(90)).all()
    for stratum in range(3):
        assert (site[rows[:, site == stratum]] == stratum).all()
        assert (case[rows[:, site == stratum]].sum(1) == case[site == stratum].sum()).all()
    # Each subject is dealt a case's row as often as its site has cases.
    share = np.array([case[site == one].mean() for one in site])
    assert np.abs(case[rows].mean(0) - share).max() < 4.5 * 0.5 / np.sqrt(300)
    np.testing.assert_array_equal(rows, deal_rows(site, 300, seed=2))
    assert (rows != deal_rows(site, 300, seed=3)).any()


def test_exchangeable_groups_have_mean_0_and_the_spread_of_the_errors() -> None:
    rng = np.random.default_rng(5)
    case = (np.arange(120) < 50).astype(float)
    age = rng.normal(0, 1, 120) + case  # goes with the group, and with thickness
    y = 2.5 + 0.1 * (rng.standard_normal((120, 1)) + rng.standard_normal((120, 6))) - 0.2 * age[:, None]
    design = np.column_stack([np.ones(120), case, age - age.mean()])
    drawn = permuted_effects(y, design, deal_rows(np.zeros(120), 2000, seed=0))
    fitted = regress(y, design)
    expected = fitted.d_classical() / (1 + fitted.cohens_d() ** 2 / 234)  # without what the effect itself adds
    se = np.sqrt(expected.diagonal())
    assert np.abs(drawn.mean(0) / se).max() < 4 / np.sqrt(2000)
    np.testing.assert_allclose(drawn.std(0), se, rtol=0.07)
    apart = np.sqrt(hedges_factor(np.array(117.0)) ** 2 * (1 / 50 + 1 / 70))
    assert (se > 1.08 * apart).all()  # dealt labels would have this smaller one: age would be no burden to them
    own = np.corrcoef(fitted.residual.T)
    np.testing.assert_allclose(np.corrcoef(drawn.T), own, atol=0.08)


def test_a_column_that_keeps_everybody_in_place_is_told() -> None:
    case = np.arange(20) < 10
    assert check_strata(case, np.full(20, ""), None) == ()
    assert check_strata(case, np.arange(20) % 2, "site") == ()
    with pytest.raises(InputError, match="column site: no value has cases and controls"):
        check_strata(case, case.astype(int), "site")


def test_real_people_are_permuted_within_their_sites(data_dir: Path) -> None:
    people = pd.read_csv(data_dir / "subjects" / "impac_dk_thickness.csv.gz")
    regions = people.filter(regex="^.h_.*_thickness$").replace(0, np.nan)
    people = people.assign(**regions)[(people["dataset"] == "adhd200") & (people["qc"] == 1)]
    options = {"group": "dx", "case": 1, "control": 0, "covariates": ["age", "sex", "C(site)"], "missing": "drop"}
    found = nv.contrast(people, **options, strata="site", permutations=200, normative="abide")
    values = found.permuted["value"].to_numpy().reshape(200, 68)
    se = found.map["se"].to_numpy()
    # Errors share a quarter of their variance: the mean over regions has an sd of half a se, over the root of 200.
    assert abs((values / se).mean()) < 4 * 0.5 / np.sqrt(200)
    assert np.median(values.std(0) / se) == pytest.approx(1, abs=0.06)
    theirs = np.corrcoef(values.T)[np.triu_indices(68, 1)]
    ours = (found.covariance.to_numpy() / np.outer(se, se))[np.triu_indices(68, 1)]
    assert np.corrcoef(theirs, ours)[0, 1] > 0.75  # 200 permutations know a correlation to .07
    assert theirs.mean() == pytest.approx(ours.mean(), abs=0.05)
