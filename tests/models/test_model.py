"""What every model has: plates, and priors of scales in the units of each map."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from pyro_neurovae.models.settings import PCPrior, SpikedPrior
from pyro_neurovae.models.spiked import SpikedScale


@pytest.mark.parametrize("name", ["cross-scale", "expression", "spatial", "structural"])
def test_scale_priors_are_in_units_of_each_map(study, build, name):
    options = {"unexplained_scale": PCPrior(0.5, 0.2)}
    model = build(name, study, **options)
    larger = build(name, study.with_thinning(10 * study.thinning, 10 * study.standard_error), **options)
    for m in range(2):
        sd = np.nanstd(study.thinning[m])
        for scale in model.scale_names:
            prior, told = model.scale_prior(scale), getattr(model.settings, scale)
            assert prior.batch_shape == (1, 1, 2)
            torch.testing.assert_close(larger.scale_prior(scale).rate, prior.rate / 10)
            assert isinstance(prior, SpikedScale) == isinstance(told, SpikedPrior) == (scale == "transcriptomic_scale")
            if isinstance(prior, SpikedScale):
                assert float(prior.tip[0, 0, m]) == pytest.approx(told.tip * sd)
                assert float(prior.width[0, 0, m]) == pytest.approx(told.width * sd)
                assert prior.absent == told.absent
            else:
                beyond = 1 - prior.cdf(torch.full((1, 1, 2), told.upper * sd))
                assert float(beyond[0, 0, m]) == pytest.approx(told.alpha)
    assert model.settings.unexplained_scale == PCPrior(0.5, 0.2)


def test_any_scale_may_be_spiked(study, build):
    prior = build("spatial", study, spatial_scale=SpikedPrior(0.2, 0.1, 0.7)).scale_prior("spatial_scale")
    assert isinstance(prior, SpikedScale)
    assert (prior.absent, float(prior.width[0, 0, 1])) == (0.2, pytest.approx(0.7 * np.nanstd(study.thinning[1])))


def test_plates_are_entered_by_all_parts_and_made_anew_in_a_whole_run(models):
    model = models["spatial"]
    plates = {"replicate": (model.replicate_plate, -3, 2), "draw": (lambda: model.draw_plate(5), -2, 5)}
    for name, (plate, dim, size) in (plates | {"map": (model.map_plate, -1, 2)}).items():
        made = plate()
        assert (made.name, made.dim, made.size) == (name, dim, size)
        assert plate() is made
        model.new_plates()
        assert plate() is not made
