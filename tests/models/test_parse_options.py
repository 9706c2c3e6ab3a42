"""Settings as text: NAME=VALUE to numbers, flags, words and priors."""

from __future__ import annotations

import pytest

from pyro_neurovae.errors import SettingsError
from pyro_neurovae.models.settings import PCPrior, fit_settings, parse_options


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("steps=20", {"steps": 20}),
        ("lam=-1", {"lam": -1}),
        ("learning_rate=1e-3", {"learning_rate": 1e-3}),
        ("lam=0", {"lam": 0}),
        (" lam = 0.5 ", {"lam": 0.5}),
        ("standard_errors=true", {"standard_errors": True}),
        ("standard_errors=false", {"standard_errors": False}),
        ("spatial_prior=iid", {"spatial_prior": "iid"}),
        ("lam=pc(0.1,0.5)", {"lam": PCPrior(0.1, 0.5)}),
        ("lam = PC( 1e-1 , 0.5 )", {"lam": PCPrior(0.1, 0.5)}),
        ("name=a=b", {"name": "a=b"}),
    ],
)
def test_a_value_is_what_it_looks_like(text, options):
    parsed = parse_options([text])
    assert parsed == options
    assert [type(value) for value in parsed.values()] == [type(value) for value in options.values()]


def test_several_and_none():
    assert parse_options(None) == parse_options([]) == {}
    assert parse_options(["steps=3", "lam=0.2", "steps=4"]) == {"steps": 4, "lam": 0.2}


@pytest.mark.parametrize("text", ["lam", "lam=", "=0.1", "=", "", " = 3"])
def test_a_setting_without_name_or_value(text):
    with pytest.raises(SettingsError, match=r"has no value; write NAME=VALUE, for example lam=0\.1"):
        parse_options([text])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lam=pc(a,b)", r"the prior 'pc\(a,b\)' holds no two numbers; write pc\(upper, alpha\)"),
        ("lam=pc(0.1,half)", "holds no two numbers"),
        ("lam=pc(0,0.5)", "out of range: give upper > 0 and 0 < alpha < 1"),
        ("lam=pc(0.1,1)", "out of range"),
        ("lam=pc(nan,0.5)", "out of range"),
    ],
)
def test_a_prior_that_is_none(text, message):
    with pytest.raises(SettingsError, match=message):
        parse_options([text])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("steps=abc", "steps is 'abc'; give a whole number of at least 1"),
        ("steps=1.5", "steps is 1.5; give a whole number"),
        ("steps=true", "steps is True; give a whole number"),
        ("steps=NaN", "steps is nan; give a whole number"),
        ("learning_rate=fast", "learning_rate is 'fast'; give a number above 0"),
        ("learning_rate=Infinity", "learning_rate is inf; give a number above 0"),
        ("lam=-1", r"lam is -1; give a number of at least 0, or PCPrior"),
        ("lam=pc(0.1)", r"lam is 'pc\(0.1\)'; give a number of at least 0, or PCPrior"),
        ("lam=pc(1,2,3)", "lam is 'pc"),
        ("lam=[1]", r"lam is \[1\]; give a number"),
        ("standard_errors=1", "standard_errors is 1; give True or False"),
        ("validation=0.6", "validation is 0.6; give a share of the pairs from 0 to 0.5"),
        ("n_programs=3", "model paper has no setting 'n_programs'; it has lam"),
    ],
)
def test_what_a_model_cannot_take_is_named_by_its_settings(text, message):
    with pytest.raises(SettingsError, match=message):
        fit_settings("paper", **parse_options([text]))
