"""Shrunk correlations: towards other people, towards none, and tables that are no correlation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pyro_neurovae.atlases.normative import normative_correlation
from pyro_neurovae.cohort.shrinkage import NORMATIVE_WEIGHT, shrunk_to_none, shrunk_to_target, target_correlation
from pyro_neurovae.errors import InputError, SettingsError


def test_a_correlation_of_few_subjects_becomes_one_that_can_be_inverted() -> None:
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((20, 68)) + rng.standard_normal((20, 1))
    sample = np.corrcoef(rows.T)
    assert np.linalg.eigvalsh(sample)[0] < 1e-10
    shrunk, share = shrunk_to_none(sample, rows)
    np.testing.assert_array_equal(np.diag(shrunk), 1)
    assert np.linalg.eigvalsh(shrunk)[0] > 1e-3
    assert 0.05 < share < 1
    np.testing.assert_allclose(shrunk, (1 - share) * sample + share * np.eye(68), atol=1e-12)
    many = rng.standard_normal((5000, 5)) @ np.linalg.cholesky(0.5 + 0.5 * np.eye(5)).T
    correlation, share = shrunk_to_none(np.corrcoef(many.T), many)
    assert share < 0.01
    np.testing.assert_allclose(correlation, np.corrcoef(many.T), rtol=0.03)


def test_the_share_is_that_of_ledoit_and_wolf_in_any_units() -> None:
    """Rows count about 0, whatever their mean."""
    rng = np.random.default_rng(1)
    rows = 0.5 + rng.standard_normal((40, 6)) + 0.5 * rng.standard_normal((40, 1))
    unit = rows / np.sqrt((rows**2).mean(0))
    own = unit.T @ unit / 40
    noise = ((unit[:, :, None] * unit[:, None, :] - own) ** 2).sum() / 40**2
    expected = noise / ((own - np.eye(6)) ** 2).sum()
    assert 0.1 < expected < 0.9
    for scale in (np.ones(6), 10.0 ** np.arange(-3, 3)):
        assert shrunk_to_none(own, rows * scale)[1] == pytest.approx(expected)


def test_people_and_target_weigh_by_their_numbers() -> None:
    own, target = 0.2 + 0.8 * np.eye(4), 0.6 + 0.4 * np.eye(4)
    equal, share = shrunk_to_target(own, target, NORMATIVE_WEIGHT)
    assert share == 0.5
    np.testing.assert_allclose(equal, 0.4 + 0.6 * np.eye(4))
    np.testing.assert_allclose(shrunk_to_target(own, target, 1e9)[0], own, atol=1e-6)
    np.testing.assert_allclose(shrunk_to_target(own, target, 0)[0], target)


def test_pairs_that_do_not_fit_together_are_made_to() -> None:
    odd = np.array([[1, 0.9, -0.9], [0.9, 1, 0.9], [-0.9, 0.9, 1]])
    assert np.linalg.eigvalsh(odd)[0] < 0
    found, _ = shrunk_to_target(odd, np.eye(3), 1e9)
    assert np.linalg.eigvalsh(found)[0] > 0
    np.testing.assert_array_equal(np.diag(found), 1)


def test_the_target_is_in_the_order_of_the_regions() -> None:
    table = normative_correlation("adhd200")
    names = ["R_insula", "L_cuneus", "L_insula"]
    for given, told in (("adhd200", "adhd200"), (table, "given")):
        square, name = target_correlation(given, names)
        np.testing.assert_array_equal(square, table.loc[names, names])
        assert name == told
    assert target_correlation("none", names) == (None, "none")
    assert target_correlation("pooled", ["L_insula", "L_V1"]) == (None, "none")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda table: table.drop(index="L_insula"), "no row L_insula"),
        (lambda table: table.drop(columns="L_insula"), "no column L_insula"),
        (lambda table: pd.concat([table, table.iloc[:1]]), "row L_bankssts stands twice"),
        (lambda table: table.astype(object).replace(1.0, "one"), "row L_bankssts, column L_bankssts: 'one' is not a"),
        (lambda table: 2 * table, "is no correlation"),
        (lambda table: table.where(table < 1, 0.2), "is no correlation"),
        (lambda table: table.mask(table.eq(table.loc["L_insula", "R_insula"]), -1), "is no correlation"),
    ],
)
def test_tables_that_are_no_correlation_are_told(change, message) -> None:
    table = normative_correlation()
    with pytest.raises(InputError, match=message):
        target_correlation(change(table), list(table.index))


def test_an_unknown_source_is_told() -> None:
    with pytest.raises(SettingsError, match="normative is 'hcp': the known ones are pooled, abide, adhd200, none"):
        target_correlation("hcp", ["L_insula"])
