"""Checks of single settings: what passes, and the one sentence where it does not."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from pyro_neurovae.errors import SettingsError
from pyro_neurovae.models.setting_checks import check_flag, check_known, check_number, check_whole


def record(value, name="size"):
    return SimpleNamespace(**{name: value})


@pytest.mark.parametrize("value", [1, 7, np.int32(3), np.uint8(1)])
def test_whole_numbers_pass(value):
    check_whole(record(value), "size")


@pytest.mark.parametrize("value", [0, -1, 1.0, "1", True, None, float("nan")])
def test_what_is_no_whole_number_does_not(value):
    with pytest.raises(SettingsError, match=r"^size is .*; give a whole number of at least 1\.$"):
        check_whole(record(value), "size")


def test_the_first_of_several_that_fails_is_named():
    with pytest.raises(SettingsError, match=r"^b is 0; give"):
        check_whole(SimpleNamespace(a=1, b=0, c=0), "a", "b", "c")


@pytest.mark.parametrize("value", [0, 0.5, np.float32(2), np.int64(1)])
def test_numbers_pass(value):
    check_number(record(value), "size", least=0)


@pytest.mark.parametrize("value", [-0.1, float("nan"), float("inf"), "1", True, None, 1j])
def test_what_is_no_number_or_too_small_does_not(value):
    with pytest.raises(SettingsError, match=r"^size is .*; give a number of at least 0\.$"):
        check_number(record(value), "size", least=0)


def test_a_bound_may_be_left_out_itself():
    check_number(record(1e-9), "size", above=0)
    with pytest.raises(SettingsError, match=r"^size is 0; give a number above 0\.$"):
        check_number(record(0), "size", above=0)


@pytest.mark.parametrize("name", ["lam", "unexplained_scale"])
def test_what_may_be_a_prior_says_so(name):
    with pytest.raises(SettingsError, match=r"give a number above 0, or PCPrior\(upper=\.\.\., alpha=\.\.\.\)\.$"):
        check_number(record(-1, name), name, above=0)


def test_flags_and_words():
    check_flag(record(False), "size")
    with pytest.raises(SettingsError, match=r"^size is 1; give True or False\.$"):
        check_flag(record(1), "size")
    check_known("kind", "b", ("a", "b"))
    with pytest.raises(SettingsError, match=r"^unknown kind 'c': the known ones are a, b\.$"):
        check_known("kind", "c", ("a", "b"))
