"""Matrices over regions: order by cluster, limits and faults."""

from __future__ import annotations

import matplotlib
import matplotlib.figure
import numpy as np
import pandas as pd
import pytest

from pyro_neurovae import plots
from pyro_neurovae.errors import InputError


def test_matrix_with_clusters():
    names = ["a", "b", "c", "d"]
    frame = pd.DataFrame(np.arange(16.0).reshape(4, 4) / 15, index=names, columns=names)
    frame.iloc[0, 1] = np.nan
    axis = matplotlib.figure.Figure().subplots()
    clusters = pd.Series({"d": 1, "c": 2, "b": 1, "a": 2})
    figure = plots.matrix(frame, clusters, label="probability of one cluster", limits=(0, 1), ax=axis)
    assert figure is axis.figure
    order = ["b", "d", "a", "c"]
    np.testing.assert_array_equal(axis.images[0].get_array().filled(np.nan), frame.loc[order, order])
    assert axis.images[0].get_clim() == (0, 1)
    for labels in (axis.get_xticklabels(), axis.get_yticklabels()):
        assert [label.get_text() for label in labels] == order
    assert [line.get_ydata()[0] for line in axis.lines[::2]] == [1.5]
    assert figure.axes[1].get_ylabel() == "probability of one cluster"


def test_matrix_without_clusters_and_with_faults(drawn):
    names = ["a", "b"]
    frame = pd.DataFrame([[1.0, -0.5], [-0.5, 1.0]], index=names, columns=names)
    axis = drawn(plots.matrix(frame, title="a title")).axes[0]
    assert axis.images[0].get_clim() == (-1, 1)
    assert axis.images[0].get_cmap().name == "RdBu"
    assert not axis.lines
    assert axis.get_title(loc="left") == "a title"
    with pytest.raises(InputError, match="rows and columns of a matrix have different names"):
        plots.matrix(frame[["b", "a"]])
    with pytest.raises(InputError, match="a matrix has two rows a"):
        plots.matrix(frame.set_axis(["a", "a"]).set_axis(["a", "a"], axis=1))
    with pytest.raises(InputError, match="clusters has none for b"):
        plots.matrix(frame, pd.Series({"a": 1}))
    with pytest.raises(InputError, match="there is no value of value to show"):
        plots.matrix(frame * np.nan)


def test_a_matrix_of_many_is_as_large_as_a_page_and_has_no_names(drawn):
    names = [f"region {number}" for number in range(121)]
    frame = pd.DataFrame(np.eye(121), index=names, columns=names)
    few, many = (drawn(plots.matrix(some)) for some in (frame.iloc[:120, :120], frame))
    assert len(few.axes[0].get_yticklabels()) == 120
    assert not many.axes[0].get_yticklabels()
    assert tuple(many.get_size_inches()) == tuple(few.get_size_inches())
