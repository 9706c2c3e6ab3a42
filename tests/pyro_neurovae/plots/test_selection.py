"""What a picture is told: maps and choices that there are not."""

from __future__ import annotations

import pytest

from pyro_neurovae import plots
from pyro_neurovae.errors import SettingsError


@pytest.mark.parametrize("name", ["forest", "observed_predicted", "prior_posterior", "surface", "program_maps"])
def test_a_map_that_there_is_not(small_fit, name):
    with pytest.raises(SettingsError, match="there is no map 'x': the maps are simulated1, simulated2"):
        getattr(plots, name)(small_fit, map="x")
