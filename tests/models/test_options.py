"""What a fit was asked to do: flat options to records, records to JSON and back, settings as text."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from pyro_neurovae.errors import SettingsError
from pyro_neurovae.models.families import FAMILIES
from pyro_neurovae.models.options import FitSettings, fit_settings, parse_options
from pyro_neurovae.models.settings import PCPrior, SpikedPrior
from pyro_neurovae.models.training_settings import NutsTraining, PaperTraining


@pytest.mark.parametrize("model", FAMILIES)
def test_json_and_back(model):
    plain = fit_settings(model)
    changed = fit_settings(model, seed=2**62, draws=7, restarts=3, steps=1100, learning_rate=0.5, device="cpu")
    own = {"folds": 4} if model == "stacked" else {"unexplained_scale": PCPrior(0.3, 0.2)}
    changed = dataclasses.replace(changed, family=dataclasses.replace(changed.family, **own))
    spiked = [name for name in dataclasses.asdict(changed.family) if name.endswith("_scale") and model != "paper"]
    both = changed.with_options(dict.fromkeys(spiked, SpikedPrior(0.2, 0.01, 0.6)))
    for settings in (plain, changed, both):
        text = settings.to_json()
        assert "\n" not in text
        assert FitSettings.from_json(text) == settings
        assert json.loads(text)["model"] == model


@pytest.mark.parametrize(("model", "method"), [(name, own) for name in FAMILIES for own in FAMILIES[name].methods])
def test_json_and_back_for_every_method(model, method):
    settings = fit_settings(model, method=method, seed=3)
    again = FitSettings.from_json(settings.to_json())
    assert again == settings
    assert type(again.training) is FAMILIES[model].methods[method]


def test_settings_from_before_there_were_methods_are_svi():
    record = json.loads(fit_settings(n_programs=5).to_json())
    del record["method"]
    assert FitSettings.from_json(json.dumps(record)) == fit_settings(n_programs=5)


def test_numbers_of_numpy_become_plain_ones():
    settings = fit_settings(seed=np.uint8(3), draws=np.int64(5), learning_rate=np.float64(0.5), n_programs=np.int32(2))
    assert FitSettings.from_json(settings.to_json()) == settings


@pytest.mark.parametrize("lam", [0, 0.25, np.float32(0.25), PCPrior(0.1, 0.5)])
@pytest.mark.parametrize("sigma", [0.2, PCPrior(0.3, 0.2)])
def test_what_may_be_fixed_or_learned_is_json_and_back(lam, sigma):
    changed = fit_settings("paper", lam=lam, unexplained_scale=sigma, standard_errors=False, validation=0, patience=7)
    again = FitSettings.from_json(changed.to_json())
    assert again == changed
    assert isinstance(again.family.lam, PCPrior) == isinstance(lam, PCPrior)
    assert isinstance(again.training, PaperTraining)


def test_options_go_to_the_record_that_has_them():
    settings = fit_settings("cross-scale", n_programs=5, map_steps=9, draws=4, spatial_prior="iid")
    assert (settings.family.n_programs, settings.family.spatial_prior) == (5, "iid")
    assert (settings.training.map_steps, settings.draws) == (9, 4)
    nuts = fit_settings("spatial", method="nuts", warm_up=9)
    assert isinstance(nuts.training, NutsTraining)
    assert nuts.training.warm_up == 9


def test_settings_are_changed_by_name():
    before = fit_settings("spatial", seed=4, map_steps=9)
    after = before.with_options({"draws": 8, "map_steps": 3, "spatial_prior": "iid"})
    assert (after.seed, after.draws, after.training.map_steps, after.family.spatial_prior) == (4, 8, 3, "iid")
    assert (before.draws, before.training.map_steps, before.family.spatial_prior) == (1000, 9, "icar")
    assert before.with_options({}) == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": "gp"}, "unknown model 'gp': the known ones are cross-scale, expression, spatial"),
        ({"method": "gibbs"}, "unknown method 'gibbs': the known ones are svi, nuts, exact"),
        ({"model": "stacked", "method": "exact"}, "the model stacked is fitted by svi only"),
        ({"draws": "5"}, "draws is '5'; give a whole number"),
        ({"restarts": 0}, "restarts is 0; give a whole number"),
        ({"seed": -1}, "seed is -1; give a whole number from 0 to"),
        ({"training": None}, "has no setting 'training'"),
        ({"family": None}, "has no setting 'family'"),
        ({"model": "paper", "map_steps": 5}, "model paper has no setting 'map_steps'; it has .*warm_up"),
        ({"model": "spatial", "method": "nuts", "map_steps": 5}, "model spatial has no setting 'map_steps'"),
    ],
)
def test_faults_of_options(options, message):
    with pytest.raises(SettingsError, match=message):
        fit_settings(**options)


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
        ("spatial_scale=spiked(0.5,0.03,1.2)", {"spatial_scale": SpikedPrior(0.5, 0.03, 1.2)}),
        ("spatial_scale = Spiked( 5e-1 , 0.03, 1 )", {"spatial_scale": SpikedPrior(0.5, 0.03, 1.0)}),
        ("name=a=b", {"name": "a=b"}),
    ],
)
def test_a_value_is_what_it_looks_like(text, options):
    parsed = parse_options([text])
    assert parsed == options
    assert [type(value) for value in parsed.values()] == [type(value) for value in options.values()]


def test_several_and_none():
    assert parse_options(None) == parse_options([]) == {}
    with pytest.raises(SettingsError, match="the setting steps is given twice; give it once"):
        parse_options(["steps=3", "lam=0.2", "steps =4"])


def test_python_writes_truth_with_a_capital():
    assert parse_options(["standard_errors=True", "other=False"]) == {"standard_errors": True, "other": False}


def test_a_name_that_has_an_option_of_its_own_is_refused():
    with pytest.raises(SettingsError, match="seed can't be set so; use the command's own option for it"):
        parse_options(["lam=1", "seed=3"], taken=("seed", "draws"))


@pytest.mark.parametrize("text", ["lam", "lam=", "=0.1", "=", "", " = 3"])
def test_a_setting_without_name_or_value(text):
    with pytest.raises(SettingsError, match=r"has no value; write NAME=VALUE, for example lam=0\.1"):
        parse_options([text])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lam=pc(a,b)", r"the prior 'pc\(a,b\)' does not hold 2 numbers; write pc\(upper, alpha\)"),
        ("lam=pc(0.1,half)", "does not hold 2 numbers"),
        ("lam=pc(0.1)", r"the prior 'pc\(0\.1\)' does not hold 2 numbers"),
        ("lam=pc(1,2,3)", "does not hold 2 numbers"),
        ("lam=pc()", "does not hold 2 numbers"),
        ("c=spiked(0.5,0.03)", r"does not hold 3 numbers; write spiked\(absent, tip, width\)"),
        ("c=SPIKED(a,b,c)", r"does not hold 3 numbers; write spiked\("),
        ("c=spiked(1,0.03,1)", "out of range: give 0 < absent < 1 and 0 < tip < width"),
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
        ("lam=spiked(0.5,0.03,1.2)", r"lam is SpikedPrior\(.*; give a number of at least 0, or PCPrior"),
        (
            "unexplained_scale=spiked(0.5,0.03,1.2)",
            "unexplained_scale is SpikedPrior.*; give a number above 0, or PCPrior",
        ),
        ("lam=[1]", r"lam is \[1\]; give a number"),
        ("standard_errors=1", "standard_errors is 1; give True or False"),
        ("validation=0.6", "validation is 0.6; give a share of the pairs from 0 to 0.5"),
        ("n_programs=3", "model paper has no setting 'n_programs'; it has lam"),
    ],
)
def test_what_a_model_cannot_take_is_named_by_its_settings(text, message):
    with pytest.raises(SettingsError, match=message):
        fit_settings("paper", **parse_options([text]))
