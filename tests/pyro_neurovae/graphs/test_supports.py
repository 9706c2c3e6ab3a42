"""What regions see of places: smooth fields are told right, and what can't be seen is said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import pyro_neurovae as nv
from pyro_neurovae.errors import InputError
from pyro_neurovae.graphs.supports import seen_through

DK, COARSE, FINE = nv.RegionGraph.dk68(), nv.RegionGraph.schaefer(100), nv.RegionGraph.schaefer(400)
PAIRS = [(DK, FINE), (FINE, DK), (COARSE, FINE), (DK, COARSE)]


@pytest.mark.parametrize(("regions", "places"), PAIRS)
def test_a_level_is_seen_as_it_is_and_a_smooth_field_nearly(regions, places):
    weights = seen_through(regions, places, np.ones(places.n_regions, dtype=bool))
    assert weights.shape == (regions.n_regions, places.n_regions)
    assert weights.sum(1) == pytest.approx(1)
    seen, there = weights @ places.sphere[:, 1], regions.sphere[:, 1]
    assert np.corrcoef(seen, there)[0, 1] > 0.97


def test_weights_are_those_of_ordinary_kriging():
    """The weights solve the kriging equations with a Lagrange multiplier (Cressie 1993, equation 3.2.12)."""
    measured = np.ones(100, dtype=bool)
    measured[[3, 70]] = False
    weights = seen_through(DK, COARSE, measured)
    assert (weights[:, ~measured] == 0).all()
    side, far = (np.array(graph.hemispheres) for graph in (DK, COARSE))

    def covariance(first, second, together):
        h = np.sqrt(12) * 100 * np.arccos(np.clip(first @ second.T, -1, 1)) / 120
        return np.where(together, (1 + h) * np.exp(-h), 0)

    known, own = COARSE.sphere[measured], far[measured]
    within = covariance(known, known, own[:, None] == own) + 0.1 * np.eye(98)
    system = np.block([[within, np.ones((98, 1))], [np.ones((1, 98)), np.zeros((1, 1))]])
    right = np.vstack([covariance(known, DK.sphere, own[:, None] == side), np.ones((1, 68))])
    assert weights[:, measured] == pytest.approx(np.linalg.solve(system, right)[:98].T)


def test_a_side_without_a_measured_place_sees_nothing():
    left = np.array(COARSE.hemispheres) == "L"
    weights = seen_through(DK, COARSE, left)
    assert (weights[34:] == 0).all()
    assert weights[:34].sum(1) == pytest.approx(1)


def test_without_a_sphere_positions_in_space_serve():
    flat = replace(DK, sphere=None)
    weights = seen_through(flat, FINE, np.ones(400, dtype=bool))
    assert np.corrcoef(weights @ FINE.centroids[:, 1], DK.centroids[:, 1])[0, 1] > 0.97


@pytest.mark.parametrize(
    ("missing", "said"),
    [({"sphere": None, "centroids": None}, "has no positions"), ({"hemispheres": None}, "has no hemispheres")],
)
def test_what_is_not_known_is_named(missing, said):
    with pytest.raises(InputError, match=f"the graph dk68 {said}"):
        seen_through(replace(DK, **missing), FINE, np.ones(400, dtype=bool))
