"""Sparse fields on a mesh against dense algebra."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pyro_neurovae.graphs.surface_field import Detail, SurfaceField, interpolation

ROWS, COLUMNS, STEP = 14, 15, 3.0
RNG = np.random.default_rng(0)


def grid(rows: int, columns: int, step: float, height: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    """Positions and triangles of an uneven sheet."""
    place = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), -1).reshape(-1, 2) * step
    place = np.column_stack([place + 0.3 * RNG.uniform(-1, 1, place.shape), height * RNG.uniform(0, 1, len(place))])
    corner = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).ravel()
    lower = np.stack([corner, corner + 1, corner + columns], 1)
    return place, np.concatenate([lower, np.stack([corner + 1, corner + columns + 1, corner + columns], 1)])


MESH = grid(ROWS, COLUMNS, STEP)
FIELD = SurfaceField.on(*MESH, range_mm=9.0)
PARCEL = (np.arange(ROWS)[:, None] // 5 * 4 + np.arange(COLUMNS) // 4).ravel()
HOLES = np.where(RNG.random(ROWS * COLUMNS) < 0.1, -1, PARCEL)


def dense_covariance(range_mm: float) -> np.ndarray:
    """C from gradients of the elements, triangle by triangle."""
    place, faces = MESH
    mass, stiffness = np.zeros(len(place)), np.zeros((len(place), len(place)))
    for corners in faces:
        a, b, c = place[corners]
        normal = np.cross(b - a, c - a)
        area = np.linalg.norm(normal) / 2
        unit = normal / (2 * area)
        slopes = np.stack([np.cross(unit, c - b), np.cross(unit, a - c), np.cross(unit, b - a)]) / (2 * area)
        stiffness[np.ix_(corners, corners)] += area * slopes @ slopes.T
        mass[corners] += area / 3
    kappa = math.sqrt(8) / range_mm
    inverse = np.linalg.inv(kappa**2 * np.diag(mass) + stiffness)
    return 4 * math.pi * kappa**2 * inverse @ np.diag(mass) @ inverse


def means(parcel: np.ndarray) -> np.ndarray:
    member = parcel == np.arange(parcel.max() + 1)[:, None]
    return member / member.sum(1, keepdims=True)


def test_covariance_and_draws_are_those_of_dense_algebra():
    dense, identity = dense_covariance(9.0), np.eye(len(MESH[0]))
    assert FIELD.covariance_with(identity) == pytest.approx(dense, abs=1e-10)
    root = FIELD.draw(identity)  # what standard normal numbers are multiplied by
    assert root @ root.T == pytest.approx(dense, abs=1e-10)


def test_the_variance_is_one_away_from_the_edge_on_coarse_and_fine_meshes():
    found = []
    for step in (1.5, 3.0):
        size = round(90 / step)
        field = SurfaceField.on(*grid(size, size, step, height=0.0), range_mm=15.0)
        middle = np.eye(size**2)[:, [size * (size // 2) + size // 2 + k for k in range(5)]]
        found.append((middle * field.covariance_with(middle)).sum(0).mean())
    assert found == pytest.approx([1, 1], abs=0.1)
    assert abs(found[0] - 1) < abs(found[1] - 1) < 0.1


def test_the_correlation_at_the_range_is_as_stated():
    size = 61
    place, faces = grid(size, size, 1.5, height=0.0)
    field, middle = SurfaceField.on(place, faces, range_mm=15.0), size * (size // 2) + size // 2
    covariance = field.covariance_with(np.eye(size**2)[:, [middle]])[:, 0]
    at = np.linalg.norm(place - place[middle], axis=1)
    around = covariance[np.abs(at - 15.0) < 0.5] / covariance[middle]
    assert around.mean() == pytest.approx(0.14, abs=0.01)


def test_smoothing_keeps_integrals_and_levels():
    values = RNG.standard_normal(len(MESH[0]))
    smooth = FIELD.smooth(values)
    assert FIELD.areas @ smooth == pytest.approx(FIELD.areas @ values)
    assert FIELD.smooth(np.ones(len(values))) == pytest.approx(1)
    assert smooth.std() < 0.5 * values.std()


@pytest.mark.parametrize("parcel", [PARCEL, HOLES])
def test_interpolation_is_ordinary_kriging(parcel):
    dense, over = dense_covariance(40.0), means(parcel)
    system = np.block([[over @ dense @ over.T, np.ones((len(over), 1))], [np.ones((1, len(over))), np.zeros((1, 1))]])
    sides = np.vstack([over @ dense, np.ones((1, len(dense)))])
    expected = np.linalg.solve(system, sides)[:-1].T
    found = interpolation(FIELD, parcel)
    assert found == pytest.approx(expected, abs=1e-8)
    assert over @ found == pytest.approx(np.eye(len(over)), abs=1e-10)


@pytest.mark.parametrize("parcel", [PARCEL, HOLES])
def test_effects_of_vertices_given_a_map_are_those_of_dense_algebra(parcel):
    """Parcels' effects and detail, each with its error: conditional mean and covariance by the joint normal."""
    over, share, size = means(parcel), 0.3, 0.7
    detail = Detail(FIELD, parcel, interpolation(FIELD, parcel))
    count, n = len(over), len(parcel)
    root, error = (RNG.standard_normal((count, count)) for _ in range(2))
    signal, noise = root @ root.T, error @ error.T
    taken_off = detail.beyond(np.eye(n))
    fine = size * taken_off @ dense_covariance(9.0) @ taken_off.T
    effect = detail.joined @ signal @ detail.joined.T + share * fine
    whole = effect + detail.joined @ noise @ detail.joined.T + (1 - share) * fine
    y = detail.joined @ RNG.standard_normal(count) + np.linalg.cholesky(fine + 1e-9 * np.eye(n)) @ RNG.standard_normal(
        n
    )
    measured = np.flatnonzero(parcel >= 0)
    y[parcel < 0] = 0.0
    gain = np.linalg.solve(whole[np.ix_(measured, measured)], effect[measured]).T[measured]
    mean, covariance = (
        gain @ y[measured],
        (effect - effect[:, measured] @ np.linalg.solve(whole[np.ix_(measured, measured)], effect[measured]))[
            np.ix_(measured, measured)
        ],
    )
    of_parcels = signal @ np.linalg.inv(signal + noise)
    own_mean = detail.joined @ of_parcels @ over @ y + share * detail.beyond(y)
    own = detail.joined @ (signal - of_parcels @ signal) @ detail.joined.T + share * (1 - share) * fine
    assert own_mean[measured] == pytest.approx(mean, abs=1e-6)
    assert own[np.ix_(measured, measured)] == pytest.approx(covariance, abs=1e-6)


def test_detail_has_no_means_and_unit_mean_square():
    detail = Detail(FIELD, HOLES, interpolation(FIELD, HOLES))
    drawn = detail.draw(RNG.standard_normal((len(HOLES), 200)))
    assert means(HOLES) @ drawn == pytest.approx(0, abs=1e-10)
    assert np.square(drawn[HOLES >= 0]).mean() == pytest.approx(1)


@pytest.mark.parametrize("range_mm", [8.0, 16.0])
def test_the_range_of_a_drawn_detail_is_found(range_mm):
    size = 60
    field = SurfaceField.on(*grid(size, size, 3.0), range_mm=range_mm)
    parcel = (np.arange(size)[:, None] // 15 * 4 + np.arange(size) // 15).ravel()
    detail = Detail(field, parcel, interpolation(field, parcel))
    found = [detail.like(detail.draw(RNG.standard_normal((size**2, 1)))[:, 0]).field.range_mm for _ in range(5)]
    assert np.mean(found) == pytest.approx(range_mm, rel=0.15)


def test_a_detail_rougher_than_any_field_takes_the_least_range():
    detail = Detail(FIELD, PARCEL, interpolation(FIELD, PARCEL))
    assert detail.like(detail.beyond(RNG.standard_normal(len(PARCEL)))).field.range_mm < 6
