"""The ridge on every gene: its kernel, and regions that the genes say nothing of."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch


@pytest.mark.parametrize("normalise", ["gene", "region", "none"])
def test_a_region_without_expression_has_a_part_of_its_own(study, build, normalise):
    kernel = build("expression", replace(study, normalise=normalise)).kernels({})["transcriptomic"][0, 0]
    missing = study.regions.index("r4")
    torch.testing.assert_close(kernel[missing], torch.eye(12, dtype=torch.float64)[missing])
    assert float(kernel.diagonal().mean()) == pytest.approx(1)


@pytest.mark.parametrize("normalise", ["gene", "region", "none"])
def test_the_root_is_of_the_scatter_of_the_genes(study, build, normalise):
    """The kernel of standard normal weights on centred genes, scaled to an average variance of one."""
    normalised = replace(study, normalise=normalise)
    model = build("expression", normalised)
    measured = study.expression_observed
    genes = normalised.centred_expression()[measured]
    scatter = genes @ genes.T
    kernel = model.kernels({})["transcriptomic"][0, 0].numpy()[np.ix_(measured, measured)]
    np.testing.assert_allclose(kernel, scatter / scatter.diagonal().mean(), atol=1e-12)
    root = model.roots({})["transcriptomic"]
    assert root.shape == (1, 1, 12, 12)
    assert model.parts == ("transcriptomic", "structural")


def test_what_healthy_people_differ_in_is_not_the_genes(study, build, structural):
    model = build("expression", study)
    np.testing.assert_allclose(model.kernels({})["structural"][0, 0], structural(study), atol=1e-12)
    assert model.scale_names == ("transcriptomic_scale", "structural_scale", "unexplained_scale")
