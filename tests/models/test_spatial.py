"""The field alone: its kernel is that of the prior, and with noise it is the BYM2 model."""

from __future__ import annotations

import numpy as np
import pytest
import torch


@pytest.mark.parametrize("name", ["cross-scale", "spatial"])
def test_iid_in_place_of_a_spatial_part(study, build, name):
    root = build(name, study, spatial_prior="iid").fixed_roots()["spatial"]
    torch.testing.assert_close((root.mT @ root)[0, 0], torch.eye(12, dtype=torch.float64))


def test_the_kernel_is_the_scaled_icar(study, build, dense):
    model = build("spatial", study)
    kernels = model.kernels({})
    assert list(kernels) == ["spatial"]
    assert kernels["spatial"].shape == (1, 1, 12, 12)
    np.testing.assert_allclose(kernels["spatial"][0, 0], dense(study.graph, "icar"), atol=1e-10)


@pytest.mark.parametrize("phi", [0.2, 0.8])
def test_a_field_and_noise_are_the_bym2_model(study, build, dense, phi):
    """With t^2 = s^2 phi and sigma^2 = s^2 (1 - phi) the covariance is that of BYM2 of scale s."""
    model, total = build("spatial", study), 0.3
    scales = {
        "spatial_scale": torch.full((1, 1, 2), total * phi**0.5, dtype=torch.float64),
        "unexplained_scale": torch.full((1, 1, 2), total * (1 - phi) ** 0.5, dtype=torch.float64),
    }
    covariance = model.covariance(scales, model.kernels({}))[0, 0]
    for m in range(2):
        known = model.data.sampling[0, m] + model.data.level[0, m] ** 2
        np.testing.assert_allclose(covariance[m] - known, total**2 * dense(study.graph, "bym2", phi), atol=1e-12)
