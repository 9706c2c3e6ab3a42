"""Numbers that are not the effects they are called, and maps in which positive may mean thinner."""

from __future__ import annotations

import re

import numpy as np
import pytest

from pyro_neurovae.errors import InputError
from pyro_neurovae.readers.effect_checks import check_effects, sign_notice, twin_notice

LABELS = [f"r{k}" for k in range(40)]
D = np.random.default_rng(0).normal(-0.3, 0.1, 40)
THICKNESS = np.random.default_rng(1).uniform(2.0, 3.4, 40)


def checked(value, kind, **options):
    check_effects(value, kind, labels=LABELS, source="m.csv", column="x", **options)


@pytest.mark.parametrize("kind", ["d", "mm", "percent", "rate", "t", "z", "b", ""])
def test_effects_pass_in_any_unit(kind):
    checked(D, kind)
    checked(np.where(np.arange(40) == 3, np.nan, D) * (1 if kind == "d" else 1e6), kind)
    checked(np.full(40, np.nan), kind)


@pytest.mark.parametrize(
    ("value", "kind", "message"),
    [
        (
            D / 0.05,
            "d",
            r"m\.csv: x is called an effect size and has a median size of \d\.\d+, which no Cohen's d has; say",
        ),
        (
            THICKNESS,
            "",
            r"m\.csv: x is 2.\d+ to 3.\d+, as the thickness of a group is in mm and a difference between gr",
        ),
        (THICKNESS, "mm", "name the column of the effect with --value-column, or say what this one is with --kind"),
        (np.where(np.arange(40) == 3, -9999.0, D), "d", r"m\.csv, row r3: column x -9999 is .* leave the cell empty"),
        (D * 1e200, "b", r"m\.csv, row r\d+: column x -.*e\+199 is beyond 1e\+30"),
        (
            2.5 + D * 1e-9,
            "b",
            r"m\.csv: column x is 2\.5 in every region, up to rounding; name the column of the effect",
        ),
        (D * 1e-310, "b", r"m\.csv: column x is nowhere above .*; give it in another unit"),
    ],
)
def test_numbers_that_are_no_such_effects(value, kind, message):
    with pytest.raises(InputError, match=message):
        checked(value, kind)


def test_the_user_s_word_on_the_kind_is_taken():
    checked(D / 0.05, "d", asked=True)
    checked(THICKNESS, "mm", asked=True)
    checked(THICKNESS, "t")


@pytest.mark.parametrize(
    ("value", "names", "told"),
    [
        (D, {"column": "d", "name": "ad"}, None),
        (-D, {"column": "d", "name": "ad"}, "40 of 40 effects are positive"),
        (D, {"column": "cortical_atrophy"}, "it is called atrophy"),
        (D, {"column": "d", "name": "AD-thinning"}, None),
        (-D, {"column": "d", "name": "AD-Thinning"}, "40 of 40 effects are positive and it is called thinning"),
        (D, {"column": "d", "contrast": "HC - AD"}, "its contrast is HC - AD"),
        (D, {"column": "d", "contrast": "AD - HC"}, None),
        (
            -D,
            {"column": "atrophy", "contrast": "Control vs AD"},
            "40 of 40 .* called atrophy and its contrast is Contr",
        ),
        (np.where(np.arange(40) < 22, -D, D), {"column": "d"}, None),
    ],
)
def test_signs_that_may_be_the_other_way_round(value, names, told):
    found = sign_notice(value, source="m.csv", **names)
    if told is None:
        assert found == []
        return
    assert re.match(f"m.csv: {told}", found[0])
    assert "negative is read as thinner in cases; where positive means thinner, turn the signs round" in found[0]
    assert sign_notice(value, source="m.csv", **names, flipped=True) == []


def test_hemispheres_with_the_same_numbers():
    names = [f"{side}_{k}" for side in "LR" for k in range(20)]
    same = np.concatenate([D[:20], D[:20]])
    (told,) = twin_notice(np.where(np.arange(40) == 3, np.nan, same), names, source="m.csv")
    assert told.startswith("m.csv: left and right have the same values in all 19 pairs")
    assert twin_notice(D, names, source="m.csv") == []
    assert twin_notice(same, [f"parcel{k}" for k in range(40)], source="m.csv") == []
    assert twin_notice(np.where(np.arange(40) < 15, np.nan, same), names, source="m.csv") == []
