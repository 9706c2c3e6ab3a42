"""Vertices of the parcellations: which names are whose, and values of coarser surfaces on the finest."""

from __future__ import annotations

import numpy as np
import pytest

from pyro_neurovae.atlases.atlas import dk68_names
from pyro_neurovae.atlases.vertices import (
    _REGISTERED,
    HEMISPHERE,
    PARCELLATIONS,
    finer,
    parcel_names,
    parcellation_of,
    register_parcels,
    surface_mesh,
    vertex_parcels,
)


@pytest.mark.parametrize("parcellation", PARCELLATIONS)
def test_names_are_those_of_the_smallest_parcellation_that_has_them(parcellation):
    names = parcel_names(parcellation)
    assert parcellation_of(names) == parcellation
    assert set(vertex_parcels(names)) == {-1, *range(len(names))}
    left, right = (set(half[half >= 0]) for half in np.split(vertex_parcels(names), 2))
    assert max(left) < min(right)
    assert parcellation_of([*names, "V1"]) is None
    assert vertex_parcels(["V1"]) is None


def test_patches_of_two_numbers_are_of_the_fewer():
    assert parcellation_of(["L_p001"]) == "cortex200"
    assert parcellation_of(["L_p001", "R_p200"]) == "cortex400"


@pytest.mark.parametrize("vertices", [642, 2_562, HEMISPHERE])
def test_values_between_vertices_are_means_of_an_edge_s_ends(vertices):
    pytest.importorskip("nilearn")
    values = np.random.default_rng(0).standard_normal(vertices)
    found = finer(values, "left")
    assert len(found) == HEMISPHERE
    np.testing.assert_array_equal(found[:vertices], values)
    if vertices < HEMISPHERE:
        place = surface_mesh("left")[0]
        middle = np.stack([finer(axis, "left") for axis in place[:vertices].T], 1)
        assert np.linalg.norm(middle - place, axis=1).max() < 40  # mm: sulci lie off the chords
        assert np.median(np.linalg.norm(middle - place, axis=1)) < 5


def test_of_names_that_two_parcellations_have_the_label_tells():
    """The patch L_p001 of 400 is smaller than that of 200."""
    few, fewer = (vertex_parcels(["L_p001"], label) for label in ("cortex400", "cortex200"))
    assert (few == 0).sum() == (vertex_parcels(parcel_names("cortex400")) == 0).sum() < (fewer == 0).sum()
    assert parcellation_of(["L_p001"], "cortex400") == "cortex400"
    assert parcellation_of(["L_insula"], "cortex400") == "dk68"


def test_a_registered_parcellation_keeps_its_own_vertices_and_others_of_its_names_are_told():
    names, labels = dk68_names()[:10], np.full(2 * HEMISPHERE, -1)
    labels[:100] = np.arange(100) // 10
    register_parcels(names, labels)
    np.testing.assert_array_equal(vertex_parcels(names), labels)
    np.testing.assert_array_equal(vertex_parcels(names[:9]), vertex_parcels(names[:9], "dk68"))
    with pytest.warns(UserWarning, match="another graph has these regions"):
        register_parcels(names, labels[::-1])
    np.testing.assert_array_equal(vertex_parcels(names), labels[::-1])
    _REGISTERED.clear()
