"""Null maps in a histogram, those at or beyond the map in colour."""

from __future__ import annotations

import pytest
from matplotlib.colors import to_rgba

from pyro_neurovae import plots
from pyro_neurovae.errors import SettingsError
from pyro_neurovae.wording import told_p


@pytest.mark.parametrize("statistic", ["transcriptomic_share", "correlation", "genes_excluding_zero"])
def test_null_maps_and_the_map(found, statistic, drawn, of_map):
    name = "simulated2"
    axis = drawn(plots.nulls(found, map=name, statistic=statistic)).axes[0]
    values = of_map(found.distribution, name)[statistic]
    row = of_map(found.summary, name).set_index("statistic").loc[statistic]
    grey = to_rgba("0.72")
    below = [bar.get_height() for bar in axis.patches if bar.get_facecolor() == grey]
    beyond = [bar.get_height() for bar in axis.patches if bar.get_facecolor() != grey]
    assert sum(below) == (values < row["observed"]).sum()
    assert sum(beyond) == (values >= row["observed"]).sum() == round(row["p"] * 20) - 1
    assert axis.lines[0].get_xdata() == [row["observed"], row["observed"]]
    assert told_p(row["p"], 1 / (1 + row["n"])) in axis.texts[0].get_text()
    assert axis.get_title(loc="left") == f"{name}: 19 null maps (model)"


def test_a_statistic_that_there_is_not(found):
    with pytest.raises(SettingsError, match="statistic is 'share'; give one of transcriptomic_share"):
        plots.nulls(found, statistic="share")
