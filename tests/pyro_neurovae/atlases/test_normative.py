"""The normative correlation of thickness: what its table holds, and what is made of it for other atlases."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pyro_neurovae.atlases.atlas import dk68_names, dk68_table
from pyro_neurovae.atlases.normative import (
    MEASURED,
    can_interpolate,
    interpolated_correlation,
    mean_correlation,
    normative_correlation,
    normative_people,
)
from pyro_neurovae.errors import InputError, SettingsError

DERIVE = Path(__file__).resolve().parents[3] / "pyro_neurovae/atlases/tables/derive_normative.py"
PAIRS = np.triu_indices(68, k=1)


@pytest.fixture(scope="module")
def derive(load_script):
    return load_script(DERIVE)


@pytest.mark.parametrize("source", MEASURED)
def test_the_table_is_a_correlation(source):
    table = normative_correlation(source)
    assert list(table.index) == list(table.columns) == list(dk68_names())
    values = table.to_numpy()
    np.testing.assert_array_equal(values, values.T)
    np.testing.assert_array_equal(np.diag(values), 1.0)
    # 68 regions in some 500 people, shrunk: rounding to four decimals moves an eigenvalue by .0004 at most
    assert np.linalg.eigvalsh(values)[0] > 0.1
    # DESIGN.md, section 2: mean correlation .25 to .41, homologues .57 to .69, over data sets
    assert 0.2 < mean_correlation(source) < 0.45
    assert 0.5 < np.diag(values, 34).mean() < 0.7
    assert mean_correlation(source) == pytest.approx(values[PAIRS].mean())


def test_a_table_is_the_callers_own():
    table = normative_correlation()
    table.iloc[0, 1] = 5.0
    assert normative_correlation().iloc[0, 1] < 1


def test_people_and_sources():
    assert normative_people("abide") + normative_people("adhd200") == normative_people()
    assert normative_people() > 1400
    # Both data sets tell the same story: .88 over the pairs of regions
    one, other = (normative_correlation(source).to_numpy()[PAIRS] for source in ("abide", "adhd200"))
    assert np.corrcoef(one, other)[0, 1] > 0.8
    for ask in (normative_correlation, normative_people, mean_correlation):
        with pytest.raises(SettingsError, match="unknown source 'oasis' of the normative correlation; give pooled"):
            ask("oasis")


def test_the_table_is_what_the_subjects_give(derive, data_dir):
    table, account = derive.derive(pd.read_csv(data_dir / "subjects/impac_dk_thickness.csv.gz"))
    kept = pd.read_csv(DERIVE.parent / derive.TABLE)
    assert list(kept.columns) == ["region", "region_to", *MEASURED[1:], "pooled"]
    # Other builds of BLAS may round the last decimal the other way
    pd.testing.assert_frame_equal(table, kept, rtol=0, atol=1.5e-4)
    assert json.loads((DERIVE.parent / derive.ACCOUNT).read_text()) == account


def made_people(spread, *, people=400):
    """People of one dataset at two sites: thickness follows age, sex, diagnosis and site, plus correlated noise."""
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(
        {
            "dataset": "abide",
            "qc": 1,
            "site": rng.integers(0, 2, people),
            "sex": rng.choice(["F", "M"], people),
            "age": rng.uniform(6, 60, people),
            "dx": rng.integers(0, 2, people),
        }
    )
    common, noise = rng.normal(size=(people, 1)), rng.normal(size=(people, 68))
    known = 0.5 * frame["site"] + 0.3 * (frame["sex"] == "M") - 0.02 * frame["age"] - 0.2 * frame["dx"]
    thickness = 3 + known.to_numpy()[:, None] + spread * (common + noise)
    names = [f"{name[0].lower()}h_{name[2:]}_thickness" for name in dk68_names()]
    return pd.concat([frame, pd.DataFrame(thickness, columns=names)], axis=1)


def test_what_is_known_of_people_is_taken_off(derive):
    people = derive.good_people(made_people(0.1), "abide")
    rows = derive.residuals(people, of_sites=True)
    np.testing.assert_allclose(rows.mean(0), 0, atol=1e-12)
    np.testing.assert_allclose(rows.std(0), 1)
    # A common part of the noise's own variance makes .5; sites and ages, .2 mm of sd against .1, would make .9
    shrunk, share = derive.correlation([rows])
    assert shrunk[PAIRS].mean() == pytest.approx(0.5, abs=0.1)
    assert 0 < share < 0.1
    # Sites alone, .25 mm of sd: (.1^2 + .25^2) / (2 * .1^2 + .25^2) = .88; the table has the mean of both
    mixed, whole = derive.residuals(people, of_sites=False), derive.correlation
    assert whole([mixed])[0][PAIRS].mean() == pytest.approx(0.88, abs=0.05)
    np.testing.assert_allclose(whole([rows, mixed])[0], (shrunk + whole([mixed])[0]) / 2)


def test_slips_of_a_surface_count_little_and_bad_people_not_at_all(derive):
    whole = made_people(0.1)
    clean = derive.residuals(derive.good_people(whole, "abide"), of_sites=True)
    slip = whole.copy()
    slip.iloc[5, -68:] += 3.0  # thirty standard deviations in every region of one person
    slipped = derive.residuals(derive.good_people(slip, "abide"), of_sites=True)
    change = [derive.correlation([rows])[0][PAIRS].mean() for rows in (clean, slipped)]
    assert abs(change[1] - change[0]) < 0.05
    bad = whole.copy()
    bad.loc[:9, "qc"] = 3
    bad.iloc[10, -1] = 0.0
    bad.loc[11, "site"] = 7  # alone at its site
    assert len(derive.good_people(bad, "abide")) == len(whole) - 12


# Other atlases


def test_parcels_get_the_correlation_of_the_regions_near_them():
    table = dk68_table()
    positions, sides = table[["x", "y", "z"]].to_numpy(), list(table["hemisphere"])
    near = interpolated_correlation(positions, sides)
    known = normative_correlation().to_numpy()
    assert np.corrcoef(near[PAIRS], known[PAIRS])[0, 1] > 0.75
    assert near[PAIRS].mean() == pytest.approx(known[PAIRS].mean(), abs=0.02)
    swapped = interpolated_correlation(positions[::-1], sides[::-1])
    np.testing.assert_allclose(swapped, near[::-1, ::-1], atol=1e-12)


def test_small_parcels_of_one_region_are_not_the_same():
    rng = np.random.default_rng(4)
    table = dk68_table()
    positions = np.repeat(table[["x", "y", "z"]].to_numpy(), 6, axis=0) + rng.normal(0, 4, (408, 3))
    sides = list(np.repeat(table["hemisphere"].to_numpy(), 6))
    correlation = interpolated_correlation(positions, sides)
    np.testing.assert_array_equal(np.diag(correlation), 1.0)
    np.testing.assert_array_equal(correlation, correlation.T)
    assert np.linalg.eigvalsh(correlation)[0] > 0.1
    apart = correlation - np.eye(408)
    assert apart.max() < 0.85
    twice = interpolated_correlation(np.repeat(positions[:1], 2, axis=0), sides[:2])
    assert 0.3 < twice[0, 1] < 0.85


@pytest.mark.parametrize(
    ("positions", "sides"),
    [
        ([[-40.0, 0.0, 0.0]], [""]),
        ([[-40.0, np.nan, 0.0]], ["L"]),
        ([[-40.0, 0.0, -90.0]], ["L"]),
        ([[60.0, 0.0, 0.0]], ["L"]),
    ],
)
def test_what_is_not_on_the_cortex_is_refused(positions, sides):
    positions = np.array(positions)
    assert not can_interpolate(positions, sides)
    with pytest.raises(InputError, match=r"can't be interpolated: a parcel has no hemisphere .* mm of MNI space"):
        interpolated_correlation(positions, sides)
