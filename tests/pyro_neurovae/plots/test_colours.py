"""Values to colours: the ends of the scale."""

from __future__ import annotations

import numpy as np

from pyro_neurovae.plots.colours import colour_scale


def test_the_scale_of_one_value_and_of_limits_given():
    def limits(**options):
        norm = colour_scale(np.array([2.0, np.nan]), "thickness (mm)", **options).norm
        return norm.vmin, norm.vmax

    assert limits() == (0, 4)
    assert limits(diverging=True) == (-2, 2)
    assert limits(limits=(1, 3)) == limits(diverging=True, limits=(1, 3)) == (1, 3)
