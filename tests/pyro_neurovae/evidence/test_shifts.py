"""Shifts and verdicts: every number by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pyro_neurovae.evidence.shifts import QUANTITIES, Outcome, outcome_arrays, shift_tables


def test_arrays_are_moments_and_ends_of_the_draws():
    draws = np.random.default_rng(0).normal(size=(200, 2, 5))
    found = outcome_arrays({"thinning": draws})
    assert set(found) == {f"thinning.{key}" for key in ("mean", "sd", "lower90", "upper90")}
    np.testing.assert_allclose(found["thinning.mean"], draws.mean(0))
    np.testing.assert_allclose(found["thinning.sd"], draws.std(0))
    np.testing.assert_allclose(found["thinning.lower90"], np.quantile(draws, 0.05, axis=0))
    np.testing.assert_allclose(found["thinning.upper90"], np.quantile(draws, 0.95, axis=0))


@pytest.fixture(scope="module")
def own(small_fit):
    """The fit itself, as a variant."""
    posterior = small_fit.posterior
    arrays = outcome_arrays({name: posterior.draws(name) for name in QUANTITIES}) | {"seconds": np.array(2.0)}
    return Outcome("itself", "choice", "refit", np.nan, arrays, small_fit.study.genes)


def test_a_fit_does_not_move_from_itself(small_fit, own):
    variants, regions, genes = shift_tables(small_fit, [own])
    for table in (regions, genes):
        assert not table["shift"].any()
        assert (table["width"] == 1).all()
        assert not table["flips_excludes_zero"].any()
    assert not regions["flips_most_affected"].any()
    assert regions.groupby("map")["most_affected"].sum().tolist() == [10, 10]
    assert not variants[["largest_shift", "flips", "gene_flips"]].any(axis=None)
    assert variants["seconds"].tolist() == [2.0, 2.0]


def test_a_shift_is_in_the_fits_sds_and_rows_are_the_variants(small_fit, own):
    """Everything half an sd higher, and every other gene alone."""
    moved = {f"{name}.{key}": own.arrays[f"{name}.{key}"] for name in QUANTITIES for key in ("lower90", "upper90")}
    moved |= {f"{name}.mean": own.arrays[f"{name}.mean"] + own.arrays[f"{name}.sd"] / 2 for name in QUANTITIES}
    half = {name: values[:, ::2] if name.startswith("gene") else values for name, values in moved.items()}
    one = replace(own, name="half", arrays=half | {"seconds": np.array(0.0)}, genes=own.genes[::2])
    variants, regions, genes = shift_tables(small_fit, [own, one])
    assert variants["variant"].tolist() == ["itself", "itself", "half", "half"]
    assert variants["map"].tolist() == list(small_fit.study.maps) * 2
    np.testing.assert_allclose(regions.loc[regions["variant"] == "half", "shift"], 0.5, atol=1e-6)
    table = genes[genes["variant"] == "half"]
    assert table["gene"].tolist() == list(own.genes[::2]) * 2
    np.testing.assert_allclose(table["shift"], 0.5, atol=1e-5)
    assert variants.loc[variants["variant"] == "half", "median_shift"].to_numpy() == pytest.approx(0.5, abs=1e-6)


def test_verdicts_by_hand(small_fit, small_sensitivity):
    before, found = small_fit.regions(), small_sensitivity
    for (variant, name), own in found.regions.groupby(["variant", "map"], sort=False):
        old = before[before["map"] == name].reset_index(drop=True)
        own = own.reset_index(drop=True)
        excludes = (own["lower90"] > 0) | (own["upper90"] < 0)
        excluded = (old["lower90"] > 0) | (old["upper90"] < 0)
        low, lower = own["mean"].nsmallest(10).index, old["mean"].nsmallest(10).index
        assert own["excludes_zero"].tolist() == excludes.tolist()
        assert own["flips_excludes_zero"].tolist() == (excludes != excluded).tolist()
        assert set(np.flatnonzero(own["flips_most_affected"])) == set(low) ^ set(lower)
        row = found.variants[(found.variants["variant"] == variant) & (found.variants["map"] == name)].iloc[0]
        assert row["flips"] == ((excludes != excluded) | own["flips_most_affected"]).sum()
        assert row["largest_shift"] == pytest.approx(own["shift"].abs().max())
