"""What every model has: plates, and priors of scales in the units of each map."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from pyro_neurovae.models.settings import PCPrior


@pytest.mark.parametrize("name", ["cross-scale", "expression", "spatial"])
def test_scale_priors_are_in_units_of_each_map(study, build, name):
    options = {"unexplained_scale": PCPrior(0.5, 0.2)}
    model = build(name, study, **options)
    larger = build(name, study.with_thinning(10 * study.thinning, 10 * study.standard_error), **options)
    for m in range(2):
        sd = np.nanstd(study.thinning[m])
        for scale in model.scale_names:
            upper, alpha = (0.5, 0.2) if scale == "unexplained_scale" else (1.0, 0.1)
            prior = model.scale_prior(scale)
            assert prior.batch_shape == (1, 1, 2)
            beyond = 1 - prior.cdf(torch.full((1, 1, 2), upper * sd))
            assert float(beyond[0, 0, m]) == pytest.approx(alpha)
            torch.testing.assert_close(larger.scale_prior(scale).mean, 10 * prior.mean)


def test_plates_are_entered_by_all_parts_and_made_anew_in_a_whole_run(models):
    model = models["spatial"]
    plates = {"replicate": (model.replicate_plate, -3, 2), "draw": (lambda: model.draw_plate(5), -2, 5)}
    for name, (plate, dim, size) in (plates | {"map": (model.map_plate, -1, 2)}).items():
        made = plate()
        assert (made.name, made.dim, made.size) == (name, dim, size)
        assert plate() is made
        model.new_plates()
        assert plate() is not made
