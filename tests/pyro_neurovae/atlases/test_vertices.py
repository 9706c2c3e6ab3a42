"""Vertices of the parcellations: which names are whose, and values of coarser surfaces on the finest."""

from __future__ import annotations

import numpy as np
import pytest

from pyro_neurovae.atlases.vertices import (
    HEMISPHERE,
    PARCELLATIONS,
    finer,
    parcel_names,
    parcellation_of,
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
