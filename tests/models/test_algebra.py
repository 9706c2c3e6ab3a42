"""The algebra of a map: dense computations, and the same numbers from torch, NumPy and JAX."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from pyro_neurovae.models.algebra import (
    expression_covariance,
    expression_root,
    expression_size,
    map_covariance,
    part_amounts,
    residual_root,
    share_homologues,
    structural_axis,
    structural_root,
    tied_programs,
    unit_covariance,
    wide_covariance,
)

PROGRAMS, REGIONS, MAPS = 3, 6, 2
HOMOLOGUE = np.array([1, 0, 3, 2, 4, 5])  # the last two have none
SHARING = 0.4
RNG = np.random.default_rng(0)

# A batch of (2, 4) draws.
SCORE, STRENGTH = RNG.standard_normal((2, 4, PROGRAMS, REGIONS)), RNG.uniform(0.5, 2, (2, 4, PROGRAMS))
GENES = RNG.standard_normal((REGIONS, 9)) * np.array([1, 1, 1, 1, 0, 1])[:, None]
EXPRESSED = np.array([1.0, 1.0, 1.0, 1.0, 0.0, 1.0])
SCALES = {f"{part}_scale": RNG.uniform(0.1, 1, (2, 4, MAPS)) for part in ("one", "other")}
ROOTS = {"one": RNG.standard_normal((2, 4, 1, 7, REGIONS)), "other": RNG.standard_normal((1, 1, 1, 5, REGIONS))}
NOISE, LEVEL = np.eye(REGIONS) * RNG.uniform(1, 2, (MAPS, 1, 1)), RNG.uniform(1, 2, (2, 1, MAPS, 2))
WIDE = np.stack([np.ones(REGIONS), RNG.standard_normal(REGIONS)])
PEOPLE = np.corrcoef(RNG.standard_normal((REGIONS, 20)) + RNG.standard_normal(20))


def everything(convert):
    """Every function of the module, on arrays of one library."""
    score, strength, homologue = convert(SCORE), convert(STRENGTH), convert(HOMOLOGUE)
    kernels = {part: unit_covariance(convert(root)) for part, root in ROOTS.items()}
    scales = {name: convert(values) for name, values in SCALES.items()}
    wide = wide_covariance(convert(LEVEL), convert(WIDE))
    rest = residual_root(
        convert(GENES @ GENES.T / 9),
        PROGRAMS,
        expressed=convert(np.ones(REGIONS, bool)),
        identity=convert(np.eye(REGIONS)),
    )
    return {
        "rest": unit_covariance(rest),  # an eigenvector has no sign of its own
        "expression_size": expression_size(strength, rest),
        "expression_root": unit_covariance(expression_root(score, strength, rest, homologue, SHARING)),
        "structural_axis": structural_axis(*(convert(part) for part in np.linalg.eigh(PEOPLE))),
        "structural_root": structural_root(*(convert(part) for part in np.linalg.eigh(PEOPLE))),
        "wide_covariance": wide,
        "share_homologues": share_homologues(score, homologue, SHARING),
        "tied_programs": tied_programs(score, strength, homologue, SHARING),
        "expression_covariance": expression_covariance(
            convert(GENES @ GENES.T / 9), convert(EXPRESSED.astype(bool)), convert(np.eye(REGIONS))
        ),
        "map_covariance": map_covariance(convert(NOISE), wide, part_amounts(scales, ROOTS), kernels),
        **{f"unit_covariance of {part}": kernel for part, kernel in kernels.items()},
    }


@pytest.fixture(scope="module")
def plain():
    return everything(np.asarray)


def assert_close(found, expected):
    """Equal to 1e-15 of the largest entry: sums may have another order; ten times that where eigenvectors are."""
    assert set(found) == set(expected)
    for name, values in found.items():
        size = np.abs(expected[name]).max()
        tolerance = (
            1e-14
            if name in ("rest", "expression_size", "expression_root", "structural_axis", "structural_root")
            else 1e-15
        )
        np.testing.assert_allclose(np.asarray(values), expected[name], rtol=0, atol=tolerance * size, err_msg=name)


def test_torch_gives_the_numbers_of_numpy(plain):
    found = everything(torch.as_tensor)
    assert all(values.dtype == torch.float64 for values in found.values())
    assert_close(found, plain)


def test_jax_gives_the_numbers_of_numpy(plain):
    pytest.importorskip("numpyro")
    import jax.numpy as jnp

    from pyro_neurovae.inference.nuts.sampler import double_precision

    with double_precision():
        assert_close(everything(jnp.asarray), plain)


def test_homologues_are_shared_as_a_matrix_says(plain):
    exchange = np.eye(REGIONS)[HOMOLOGUE]
    shared = (1 - SHARING) * np.eye(REGIONS) + SHARING * (np.eye(REGIONS) + exchange) / 2
    np.testing.assert_allclose(plain["share_homologues"], SCORE @ shared, rtol=1e-14)
    for sharing, expected in ((0.0, SCORE), (1.0, SCORE @ (np.eye(REGIONS) + exchange) / 2)):
        np.testing.assert_allclose(share_homologues(SCORE, HOMOLOGUE, sharing), expected, rtol=1e-14, atol=1e-15)


def test_tied_programs_are_weighted_by_the_direction_of_their_strengths(plain):
    for index in np.ndindex(2, 4):
        share = STRENGTH[index] / np.linalg.norm(STRENGTH[index])
        expected = share_homologues(np.diag(share) @ SCORE[index], HOMOLOGUE, SHARING)
        np.testing.assert_allclose(plain["tied_programs"][index], expected, rtol=1e-14, atol=1e-15)


def test_what_programs_leave_is_of_the_components_beyond_as_many(plain):
    values, vectors = np.linalg.eigh(GENES @ GENES.T / 9)
    left = (vectors[:, :-PROGRAMS] * values[:-PROGRAMS]) @ vectors[:, :-PROGRAMS].T
    np.testing.assert_allclose(plain["rest"], left, atol=1e-14)
    every, eye = np.ones(REGIONS, bool), np.eye(REGIONS)
    assert residual_root(GENES @ GENES.T / 9, REGIONS, expressed=every, identity=eye).shape == (0, REGIONS)
    size = np.sqrt((STRENGTH**2).sum(-1) + left.diagonal().mean())
    np.testing.assert_allclose(plain["expression_size"], size)
    exchange = np.eye(REGIONS)[HOMOLOGUE]
    shared = (1 - SHARING) * np.eye(REGIONS) + SHARING * (np.eye(REGIONS) + exchange) / 2
    for index in np.ndindex(2, 4):
        scaled = STRENGTH[index][:, None] * SCORE[index]
        expected = shared @ (scaled.T @ scaled + left) @ shared / size[index] ** 2
        np.testing.assert_allclose(plain["expression_root"][index], expected, atol=1e-14)


def test_expression_covariance_has_a_mean_diagonal_of_one(plain):
    found, scatter = plain["expression_covariance"], GENES @ GENES.T
    measured = EXPRESSED > 0
    inside = scatter[np.ix_(measured, measured)]
    np.testing.assert_allclose(found[np.ix_(measured, measured)], inside / inside.diagonal().mean(), rtol=1e-14)
    np.testing.assert_array_equal(found[~measured], np.eye(REGIONS)[~measured])
    assert found.diagonal().mean() == pytest.approx(1)


def test_map_covariance_is_that_of_its_sum(plain):
    """Noise, wide and scaled parts are independent: the matrix that makes the map from white numbers, squared."""
    for b, s, m in np.ndindex(2, 4, MAPS):
        parts = [SCALES["one_scale"][b, s, m] * ROOTS["one"][b, s, 0], SCALES["other_scale"][b, s, m] * ROOTS["other"]]
        made = np.vstack(
            [np.sqrt(NOISE[m]), LEVEL[b, 0, m][:, None] * WIDE, *(part.reshape(-1, REGIONS) for part in parts)]
        )
        np.testing.assert_allclose(plain["map_covariance"][b, s, m], made.T @ made, rtol=1e-13, atol=1e-14)


def test_the_structural_axis_is_the_leading_eigenvector_without_its_level():
    values, vectors = np.linalg.eigh(PEOPLE)
    axis = structural_axis(values, vectors)
    assert axis.mean() == pytest.approx(0, abs=1e-14)
    assert axis.var() == pytest.approx(1)
    leading = vectors[:, -1] * np.sign(vectors[:, -1].sum())
    np.testing.assert_allclose(axis, (leading - leading.mean()) / leading.std())
    # An eigenvector has no sign of its own: the axis is larger where people differ more.
    np.testing.assert_array_equal(structural_axis(values, -vectors), axis)


def test_the_structural_root_spreads_along_the_correlation_but_its_leading_axis():
    """R R' without its leading axis, of mean variance 1: the axis and the level stand for that."""
    values, vectors = np.linalg.eigh(PEOPLE)
    root = structural_root(values, vectors)
    left = PEOPLE - values[-1] * np.outer(vectors[:, -1], vectors[:, -1])
    np.testing.assert_allclose(root.T @ root, left @ left / np.trace(left @ left) * REGIONS, atol=1e-12)
    np.testing.assert_allclose(root @ vectors[:, -1], 0, atol=1e-12)
    np.testing.assert_allclose(root, root.T, atol=1e-14)
    assert not structural_root(*np.linalg.eigh(np.zeros((REGIONS, REGIONS)))).any()


@pytest.mark.parametrize(
    "correlation",
    [np.zeros((REGIONS, REGIONS)), 0.4 + 0.6 * np.eye(REGIONS)],
    ids=["no correlation", "one for all pairs"],
)
def test_without_a_leading_contrast_there_is_no_axis(correlation):
    assert not structural_axis(*np.linalg.eigh(correlation)).any()


def test_a_region_without_expression_has_a_residual_part_of_its_own():
    scatter, expressed = GENES @ GENES.T / 9, np.arange(REGIONS) != 1
    scatter = scatter * np.outer(expressed, expressed)
    root = residual_root(scatter, PROGRAMS, expressed=expressed, identity=np.eye(REGIONS))
    variance = (root**2).sum(0)
    np.testing.assert_allclose(variance[1], variance[expressed].mean(), rtol=1e-12)
    np.testing.assert_allclose((root.T @ root)[1, expressed], 0, atol=1e-12)
