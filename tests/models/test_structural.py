"""What needs no gene: the axes of healthy variation beside the field, and the field alone where none is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch


def scales_of(model):
    generator = torch.Generator().manual_seed(0)
    return {
        name: 0.05 + 0.1 * torch.rand(1, 3, 2, generator=generator, dtype=torch.float64) for name in model.scale_names
    }


def test_kernels_are_the_field_and_the_structure(study, build, dense, structural):
    model = build("structural", study)
    kernels = model.kernels({})
    assert list(kernels) == list(model.parts) == ["spatial", "structural"]
    np.testing.assert_allclose(kernels["spatial"][0, 0], dense(study.graph, "icar"), atol=1e-10)
    np.testing.assert_allclose(kernels["structural"][0, 0], structural(study), atol=1e-12)
    assert model.scale_names == ("spatial_scale", "structural_scale", "unexplained_scale")


def test_the_axis_of_the_structure_stands_beside_the_level(study, build):
    model = build("structural", study)
    wide = model.wide
    leading = np.linalg.eigh(study.structure)[1][:, -1]
    np.testing.assert_array_equal(wide[0], np.ones(12))
    assert np.corrcoef(wide[1], leading)[0, 1] ** 2 == pytest.approx(1)
    assert (float(wide[1].mean()), float(wide[1].var(correction=0))) == (pytest.approx(0, abs=1e-14), pytest.approx(1))
    torch.testing.assert_close(model.levels, torch.stack([model.data.level, model.data.unit / 2], -1))
    alone = build("spatial", study)  # no structure, no axis
    np.testing.assert_array_equal(alone.wide, np.ones((1, 12)))
    torch.testing.assert_close(alone.levels[..., 0], alone.data.level)


def test_without_a_known_structure_it_is_the_field_alone(study, build):
    alone, spatial = build("structural", replace(study, structure=None)), build("spatial", study)
    assert not alone.kernels({})["structural"].any()
    assert not alone.wide[1].any()
    scales = scales_of(alone)
    torch.testing.assert_close(
        alone.covariance(scales, alone.kernels({})), spatial.covariance(scales, spatial.kernels({})), rtol=1e-14, atol=0
    )
    known = build("structural", study)
    assert not torch.equal(known.covariance(scales, known.kernels({})), spatial.covariance(scales, spatial.kernels({})))
