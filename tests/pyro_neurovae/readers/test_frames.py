"""Thinning in memory: series, frames of columns, frames of maps and mappings, as one list of maps."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pyro_neurovae.errors import InputError
from pyro_neurovae.readers.expression_table import ExpressionTable
from pyro_neurovae.readers.frames import maps_from_frames, study_fields
from pyro_neurovae.readers.standard_errors import cohens_d_error, spread_share

NAMES = ["one", "two", "three"]
VALUE = pd.Series([0.1, -0.2, 0.3], index=NAMES[::-1], name="ad")
ERROR = pd.Series([0.01, 0.02, 0.03], index=NAMES)


def placed(thinning, error=None, covariance=None):
    return maps_from_frames(thinning, error, covariance, NAMES)


@pytest.mark.parametrize(
    ("thinning", "error", "names"),
    [
        (VALUE, ERROR, ["ad"]),
        (VALUE.rename(None), ERROR, ["thinning"]),
        (pd.DataFrame({"d": VALUE, "se": ERROR}), None, ["thinning"]),
        (pd.DataFrame({"a": VALUE, "b": VALUE}), pd.DataFrame({"b": ERROR, "a": ERROR}), ["a", "b"]),
        ({"a": VALUE, "b": pd.DataFrame({"d": VALUE})}, {"a": ERROR, "b": ERROR}, ["a", "b"]),
        ({"a": pd.DataFrame({"region": NAMES[::-1], "d": VALUE.to_numpy(), "se": [0.03, 0.02, 0.01]})}, None, ["a"]),
    ],
)
def test_every_shape_gives_the_same_maps(thinning, error, names):
    found = placed(thinning, error)
    assert [one.name for one in found] == names
    for one in found:
        np.testing.assert_array_equal(one.value, [0.3, -0.2, 0.1])
        np.testing.assert_array_equal(one.standard_error, ERROR)


def test_errors_come_from_the_diagonal_of_a_covariance():
    joint = pd.DataFrame(np.diag([0.01, 0.04, 0.09]), index=NAMES, columns=NAMES)
    np.testing.assert_allclose(placed(VALUE, None, joint)[0].standard_error, [0.1, 0.2, 0.3])
    with pytest.raises(InputError, match="covariance of ad, row two: the variance is not above 0"):
        placed(VALUE, None, joint * np.array([1, 0, 1]))
    with pytest.raises(InputError, match="covariance of ad: all variances are 1, as those of correlations are; give"):
        placed(VALUE, None, pd.DataFrame(np.eye(3), index=NAMES, columns=NAMES))


def test_the_share_of_a_standard_deviation_is_the_tables_own_where_it_says_it():
    """Beside a covariance as without one; else it is that of Cohen's d."""
    table = pd.DataFrame({"d": VALUE, "se": ERROR, "spread_share": pd.Series([0.1, 0.3, 0.2], index=NAMES)})
    joint = pd.DataFrame(np.diag([0.01, 0.04, 0.09]), index=NAMES, columns=NAMES)
    for covariance in (None, joint):
        np.testing.assert_array_equal(placed(table, None, covariance)[0].spread_share, [0.1, 0.3, 0.2])
        found = placed(table[["d", "se"]], None, covariance)[0]
        np.testing.assert_allclose(found.spread_share, spread_share(found.value))
    assert "spread_share" not in " ".join(placed(table)[0].notices)
    sizes = table.assign(n_control=40, n_case=20)
    found = placed(sizes, "sizes")[0]  # standard errors of the formula, and its share
    np.testing.assert_allclose(found.spread_share, spread_share(found.value, 40, 20))


def test_unknown_errors_have_to_be_said():
    assert not placed(VALUE, "none")[0].standard_error.any()
    with pytest.raises(InputError, match='map ad: no standard errors; give standard_error, or standard_error="none"'):
        placed(VALUE)
    with pytest.raises(InputError, match='\'file\'; give a series, a frame, a mapping, "sizes" or "none"'):
        placed(VALUE, "file")
    with pytest.raises(InputError, match="standard_error has nothing for map b; name it like the map"):
        placed({"a": VALUE, "b": VALUE}, {"a": ERROR})
    with pytest.raises(InputError, match="one series of standard errors for several maps"):
        placed({"a": VALUE, "b": VALUE}, ERROR)
    with pytest.raises(InputError, match="thinning has two columns of one name among a, a; rename them"):
        placed(pd.DataFrame(np.ones((3, 2)), index=NAMES, columns=["a", "a"]), pd.DataFrame({"a": ERROR}))
    with pytest.raises(InputError, match="thinning holds no map"):
        placed({})


def test_errors_from_the_sizes_of_a_frame():
    table = pd.DataFrame({"d": VALUE, "se": -1.0, "n_controls": 50, "n_patients": 40})
    (found,) = placed(table, "sizes")
    np.testing.assert_allclose(found.standard_error, cohens_d_error(found.value, 50, 40))
    assert "those in se are set aside" in found.notices[0]
    with pytest.raises(
        InputError, match="map ad: no group sizes beside a series; give a frame with columns of the eff"
    ):
        placed(VALUE, "sizes")


def test_fields_of_a_study():
    maps = placed({"a": VALUE, "b": VALUE * 2}, "none")
    table = ExpressionTable(("G1",), np.ones((3, 1)), ("of the expression.",))
    fields = study_fields(table, maps, ("of the graph.",))
    assert fields["maps"] == ("a", "b")
    assert fields["genes"] == ("G1",)
    np.testing.assert_array_equal(fields["thinning"][1], 2 * fields["thinning"][0])
    assert fields["notices"][:2] == ("of the graph.", "of the expression.")
    assert [notice[:5] for notice in fields["notices"][2:]] == ["map a"] * 2 + ["map b"] * 2  # what is read, its sign


def test_maps_of_any_name_are_all_read():
    maps = pd.DataFrame(dict.fromkeys(["AD", "B", "G", "d", "mean", "t"], VALUE))
    for error in ("none", pd.DataFrame(dict.fromkeys(maps, ERROR))):
        found = placed(maps, error)
        assert [one.name for one in found] == list(maps)
        # A map called d, or G, is no Cohen's d for that, and one called t has no error of 1.
        assert all(one.spread_share is None for one in found)
        assert len({tuple(one.standard_error) for one in found}) == 1
    with pytest.raises(InputError, match="map AD: no standard errors; give standard_error"):
        placed(maps)


def test_a_frame_of_one_map_has_columns_that_only_such_a_table_has():
    (single,) = placed(pd.DataFrame({"d": VALUE}), "none")
    (table,) = placed(pd.DataFrame({"d": VALUE, "se": ERROR, "AD": VALUE}))
    assert "map thinning: columns not read: AD." in table.notices
    (labelled,) = placed(pd.DataFrame({"region": NAMES[::-1], "d": VALUE.to_numpy()}), "none")
    with pytest.raises(InputError, match="d may be an effect or the name of a map, as b may be; name the one to read"):
        placed(pd.DataFrame({"region": NAMES[::-1], "d": VALUE.to_numpy(), "b": 1.0}), "none")
    assert [one.name for one in (single, table, labelled)] == ["thinning"] * 3
    for one in (single, table, labelled):
        np.testing.assert_array_equal(one.value, [0.3, -0.2, 0.1])


@pytest.mark.parametrize(
    ("beside", "error"),
    [
        ({"lower": VALUE - 0.196, "upper": VALUE + 0.196}, [0.1, 0.1, 0.1]),
        ({"p": 0.04, "t": VALUE * 10}, [0.1, 0.1, 0.1]),
        ({"n_controls": 50, "n_patients": 40}, cohens_d_error(np.array([0.3, -0.2, 0.1]), 50, 40)),
    ],
)
def test_any_column_that_only_one_maps_table_has_makes_it_one(beside, error):
    (found,) = placed(pd.DataFrame({"d": VALUE, **beside}))
    assert found.name == "thinning"
    np.testing.assert_allclose(found.standard_error, error, rtol=1e-4)


def test_a_frame_of_mean_thickness_and_its_error_is_one_map():
    (found,) = placed(pd.DataFrame({"thickness": VALUE, "se": ERROR}))
    assert (found.name, found.spread_share) == ("thinning", None)
    np.testing.assert_array_equal(found.standard_error, ERROR)


def test_t_values_have_the_error_one():
    for thinning, kind in ((VALUE, "t"), (VALUE.rename("t"), "auto"), (VALUE.rename("z"), "auto")):
        (found,) = maps_from_frames(thinning, None, None, NAMES, kind=kind)
        np.testing.assert_array_equal(found.standard_error, 1.0)
    (unknown,) = maps_from_frames(VALUE, "none", None, NAMES, kind="t")
    assert not unknown.standard_error.any()
    with pytest.raises(InputError, match="unknown kind of effect 'v': the known ones are auto, d, mm, percent, rate"):
        maps_from_frames(VALUE, "none", None, NAMES, kind="v")
    (own,) = maps_from_frames(VALUE, ERROR, None, NAMES, kind="d")
    assert own.spread_share is not None


def test_signs_are_turned_round_where_positive_is_thinner():
    both = maps_from_frames({"a": VALUE, "b": VALUE}, "none", None, NAMES, flip=["b"])
    np.testing.assert_array_equal(both[1].value, -both[0].value)
    np.testing.assert_array_equal(maps_from_frames(VALUE, ERROR, None, NAMES, flip=True)[0].value, [-0.3, 0.2, -0.1])
    with pytest.raises(InputError, match="flip names c, which is no map; the maps are a, b"):
        maps_from_frames({"a": VALUE, "b": VALUE}, "none", None, NAMES, flip="c")
