"""The default family: the prior of its programs, and what of them thinning sees."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

PROGRAMS, DRAWS = 3, 2


def programs_of(model, strength=None):
    """Programs drawn at random; z (replicate, draw, program, region) and s (replicate, draw, program)."""
    rng, shape = np.random.default_rng(3), (model.data.replicates, DRAWS, PROGRAMS)
    score = torch.tensor(rng.standard_normal((*shape, model.data.regions)))
    return {
        "program_score": score,
        "strength": torch.tensor(rng.uniform(1, 2, shape)) if strength is None else strength,
    }


@pytest.mark.parametrize("kind", ["bym2", "leroux"])
def test_prior_of_the_programs(study, build, dense, kind):
    model = build("cross-scale", study, program_prior=kind)
    smoothness = torch.tensor([[0.2, 0.9]], dtype=torch.float64)
    gmrf = model.program_gmrf(smoothness)
    assert gmrf.batch_shape == (1, 2)
    assert model.smoothness_prior.kind == kind
    for k in range(2):
        np.testing.assert_allclose(
            gmrf.covariance()[0, k], dense(study.graph, kind, float(smoothness[0, k])), atol=1e-10
        )


def test_tied_programs_share_the_direction_of_the_strengths(study, build):
    model = build("cross-scale", study, homologue_sharing=0.0, beyond_programs=False)
    given = programs_of(model)
    tied = model.program_roots(given)["transcriptomic"]
    one = torch.ones(1, DRAWS, study.n_regions, dtype=torch.float64)
    torch.testing.assert_close((tied / given["program_score"]).square().sum(2), one)
    # So c is a standard deviation whatever the panel's scale.
    again = model.program_roots(given | {"strength": 7.0 * given["strength"]})["transcriptomic"]
    torch.testing.assert_close(again, tied)


def test_what_programs_leave_of_the_expression_acts_by_its_variance(study, build):
    """Beside the programs the components beyond as many: root (Z s, E) / e with e^2 the variance of both."""
    model = build("cross-scale", study, homologue_sharing=0.0, n_programs=PROGRAMS)
    given = programs_of(model)
    root = model.program_roots(given)["transcriptomic"]
    centred = study.centred_expression()
    values, vectors = np.linalg.eigh(centred @ centred.T / centred.shape[1])
    left = (vectors[:, :-PROGRAMS] * values[:-PROGRAMS].clip(min=0)) @ vectors[:, :-PROGRAMS].T
    # A region without expression has a part of its own, as large as the others' on average.
    left += np.diag(~study.expression_observed * left.diagonal()[study.expression_observed].mean())
    for s in range(DRAWS):
        score, strength = given["program_score"][0, s].numpy(), given["strength"][0, s].numpy()
        size = (strength**2).sum() + left.diagonal().mean()
        np.testing.assert_allclose(root[0, s, :PROGRAMS], score * strength[:, None] / np.sqrt(size))
        found = root[0, s, PROGRAMS:].mT @ root[0, s, PROGRAMS:]
        np.testing.assert_allclose(found, left / size, atol=1e-12)


@pytest.mark.parametrize("sharing", [0.0, 0.3, 1.0])
def test_a_sharing_that_is_integrated_over_is_each_maps_own(study, build, sharing):
    """Given its value the covariance of a map is that of a model with this sharing."""
    paired = replace(study, graph=replace(study.graph, homologues=((0, 6), (3, 2))))
    free, fixed = (build("cross-scale", paired, homologue_sharing=h) for h in (None, sharing))
    given = programs_of(fixed)
    scales = {name: torch.full((1, DRAWS, 2), 0.1, dtype=torch.float64) for name in fixed.scale_names}
    # The second map shares in another way, which the first does not see.
    own = torch.tensor([sharing, 0.5], dtype=torch.float64).expand(1, DRAWS, 2)
    found = free.covariance(scales | {"homologue_sharing": own}, free.kernels(given))[:, :, 0]
    torch.testing.assert_close(found, fixed.covariance(scales, fixed.kernels(given))[:, :, 0])


@pytest.mark.parametrize("sharing", [0.25, 1.0])
def test_thinning_sees_programs_moved_towards_the_mean_of_homologues(study, build, sharing):
    paired = replace(study, graph=replace(study.graph, homologues=((0, 6), (3, 2))))
    own, shared = (build("cross-scale", paired, homologue_sharing=h) for h in (0.0, sharing))
    given = programs_of(own, torch.ones(1, DRAWS, PROGRAMS, dtype=torch.float64))
    exchange = torch.eye(12, dtype=torch.float64)[[6, 1, 3, 2, 4, 5, 0, 7, 8, 9, 10, 11]]
    moved = (1 - sharing) * torch.eye(12) + sharing * (torch.eye(12) + exchange) / 2
    before, after = (one.program_roots(given)["transcriptomic"] for one in (own, shared))
    torch.testing.assert_close(after, before @ moved)


def test_roots_take_arrays_of_another_library(study, build):
    paired = replace(study, graph=replace(study.graph, homologues=((0, 6), (3, 2))))
    model = build("cross-scale", paired)
    given = programs_of(model)
    plain = {name: values.numpy() for name, values in given.items()}
    found = model.program_roots(plain)["transcriptomic"]
    np.testing.assert_allclose(found, model.program_roots(given)["transcriptomic"], rtol=1e-14, atol=1e-16)


def test_roots_are_of_the_programs_the_field_and_the_structure(models, dense, structural, study):
    model = models["cross-scale"]
    given = programs_of(model)
    roots, kernels = model.roots(given), model.kernels(given)
    assert list(roots) == list(kernels) == ["transcriptomic", "spatial", "structural"]
    tied = model.program_roots(given)["transcriptomic"]
    torch.testing.assert_close(kernels["transcriptomic"], torch.einsum("bdki,bdkj->bdij", tied, tied))
    np.testing.assert_allclose(kernels["spatial"][0, 0], dense(study.graph, "icar"), atol=1e-10)
    np.testing.assert_allclose(kernels["structural"][0, 0], structural(study), atol=1e-12)


def test_the_expression_part_gives_what_the_thinning_needs(models, seeded):
    with seeded(0):
        given = models["cross-scale"].expression_part(DRAWS)
    shape = (2, DRAWS, 2)
    assert {name: tuple(values.shape) for name, values in given.items()} == {
        "program_score": (*shape, models["cross-scale"].data.regions),
        "strength": shape,
    }


def test_programs_are_needed_for_the_kernels(models):
    with pytest.raises(KeyError, match="program_score"):
        models["cross-scale"].kernels({})
