"""Settings: flat options to records, records to JSON and back."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from pyro_neurovae.errors import SettingsError
from pyro_neurovae.settings import EXPRESSION_HALF, FAMILIES, CrossScaleSettings, FitSettings, PCPrior, fit_settings


@pytest.mark.parametrize("model", FAMILIES)
def test_json_and_back(model):
    plain = fit_settings(model)
    changed = fit_settings(model, seed=2**62, draws=7, restarts=3, steps=11, learning_rate=0.5, device="cpu")
    changed = dataclasses.replace(
        changed, family=dataclasses.replace(changed.family, unexplained_scale=PCPrior(0.3, 0.2))
    )
    for settings in (plain, changed):
        text = settings.to_json()
        assert "\n" not in text
        assert FitSettings.from_json(text) == settings
        assert json.loads(text)["model"] == model


def test_numbers_of_numpy_become_plain_ones():
    settings = fit_settings(seed=np.uint8(3), draws=np.int64(5), learning_rate=np.float64(0.5), n_programs=np.int32(2))
    assert FitSettings.from_json(settings.to_json()) == settings


def test_options_go_to_the_record_that_has_them():
    settings = fit_settings("cross-scale", n_programs=5, map_steps=9, draws=4, spatial_prior="iid")
    assert (settings.family.n_programs, settings.family.spatial_prior) == (5, "iid")
    assert (settings.training.map_steps, settings.draws) == (9, 4)


def test_the_expression_half_is_named_by_fields_that_exist():
    assert set(EXPRESSION_HALF) < {field.name for field in dataclasses.fields(CrossScaleSettings)}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": "gp"}, "unknown model 'gp': the known ones are cross-scale, expression, spatial"),
        ({"program_prior": "car"}, "unknown program_prior 'car': the known ones are bym2, leroux"),
        ({"model": "spatial", "spatial_prior": "car"}, "unknown spatial_prior 'car': the known ones are icar, iid"),
        ({"n_programs": 0}, "n_programs is 0; give a whole number of at least 1"),
        ({"draws": "5"}, "draws is '5'; give a whole number"),
        ({"particles": 0}, "particles is 0"),
        ({"learning_rate": float("nan")}, "learning_rate is nan; give a number above 0"),
        ({"map_learning_rate": 0}, "map_learning_rate is 0"),
        ({"strength": 1.0}, r"strength is 1.0; give PCPrior\(upper=..., alpha=...\)"),
        ({"model": "expression", "transcriptomic_scale": 1.0}, "transcriptomic_scale is 1.0; give PCPrior"),
        ({"training": None}, "has no setting 'training'"),
        ({"family": None}, "has no setting 'family'"),
    ],
)
def test_faults_name_the_setting_and_what_it_takes(options, message):
    with pytest.raises(SettingsError, match=message):
        fit_settings(**options)


@pytest.mark.parametrize(("upper", "alpha"), [(0, 0.1), (-1, 0.1), (1, 0), (1, 1), (float("nan"), 0.1)])
def test_a_prior_out_of_range(upper, alpha):
    with pytest.raises(SettingsError, match="is out of range: give upper > 0 and 0 < alpha < 1"):
        PCPrior(upper, alpha)
