"""Settings: flat options to records, records to JSON and back."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from pyro_neurovae.errors import SettingsError
from pyro_neurovae.models.settings import (
    EXPRESSION_HALF,
    FAMILIES,
    CrossScaleSettings,
    FitSettings,
    PaperTraining,
    PCPrior,
    fit_settings,
)


@pytest.mark.parametrize("model", FAMILIES)
def test_json_and_back(model):
    plain = fit_settings(model)
    changed = fit_settings(model, seed=2**62, draws=7, restarts=3, steps=1100, learning_rate=0.5, device="cpu")
    own = {"folds": 4} if model == "stacked" else {"unexplained_scale": PCPrior(0.3, 0.2)}
    changed = dataclasses.replace(changed, family=dataclasses.replace(changed.family, **own))
    for settings in (plain, changed):
        text = settings.to_json()
        assert "\n" not in text
        assert FitSettings.from_json(text) == settings
        assert json.loads(text)["model"] == model


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


def test_the_papers_values_are_the_defaults():
    settings = fit_settings("paper")
    assert (settings.family.n_latent, settings.family.lam, settings.training.learning_rate) == (64, 0.1, 1e-3)


def test_options_go_to_the_record_that_has_them():
    settings = fit_settings("cross-scale", n_programs=5, map_steps=9, draws=4, spatial_prior="iid")
    assert (settings.family.n_programs, settings.family.spatial_prior) == (5, "iid")
    assert (settings.training.map_steps, settings.draws) == (9, 4)


def test_the_expression_half_is_named_by_fields_that_exist():
    assert set(EXPRESSION_HALF) < {field.name for field in dataclasses.fields(CrossScaleSettings)}


OR_PRIOR = r", or PCPrior\(upper=..., alpha=...\)\.$"
PAPER_FAULTS = [
    ({"lam": -0.1}, "lam is -0.1; give a number of at least 0" + OR_PRIOR),
    ({"lam": float("nan")}, "lam is nan; give a number of at least 0"),
    ({"lam": float("inf")}, "lam is inf; give a number of at least 0"),
    ({"lam": "0.1"}, "lam is '0.1'; give a number"),
    ({"lam": True}, "lam is True; give a number"),
    ({"lam": None}, "lam is None; give a number"),
    ({"unexplained_scale": 0}, "unexplained_scale is 0; give a number above 0" + OR_PRIOR),
    ({"unexplained_scale": -0.2}, "unexplained_scale is -0.2; give a number above 0"),
    ({"unexplained_scale": (1.0, 0.1)}, r"unexplained_scale is \(1.0, 0.1\); give a number above 0"),
    ({"standard_errors": 1}, "standard_errors is 1; give True or False"),
    ({"n_latent": 0}, "n_latent is 0; give a whole number of at least 1"),
    ({"layers": 0}, "layers is 0; give a whole number"),
    ({"width": 2.5}, "width is 2.5; give a whole number"),
    ({"steps": 0}, "steps is 0; give a whole number"),
    ({"particles": True}, "particles is True; give a whole number"),
    ({"warm_up": 0}, "warm_up is 0; give a whole number"),
    ({"patience": -3}, "patience is -3; give a whole number"),
    ({"learning_rate": 0}, r"learning_rate is 0; give a number above 0\.$"),
    ({"learning_rate": "fast"}, "learning_rate is 'fast'; give a number above 0"),
    ({"validation": -0.1}, r"validation is -0.1; give a number of at least 0\.$"),
    ({"validation": float("nan")}, "validation is nan; give a number of at least 0"),
    ({"validation": "all"}, "validation is 'all'; give a number"),
    ({"validation": 0.6}, "validation is 0.6; give a share of the pairs from 0 to 0.5"),
    ({"map_steps": 5}, "model paper has no setting 'map_steps'; it has .*warm_up"),
]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": "gp"}, "unknown model 'gp': the known ones are cross-scale, expression, spatial"),
        ({"program_prior": "car"}, "unknown program_prior 'car': the known ones are bym2, leroux"),
        ({"model": "spatial", "spatial_prior": "car"}, "unknown spatial_prior 'car': the known ones are icar, iid"),
        ({"model": "stacked", "members": ["spatial"]}, "members is .'spatial'.; give two or more different ones"),
        ({"model": "stacked", "members": "spatial"}, "members is 'spatial'; give several"),
        (
            {"model": "stacked", "members": ["spatial", "paper"]},
            "unknown member 'paper': the known ones are cross-scale",
        ),
        ({"model": "stacked", "folds": 1}, "folds is 1; give at least 2"),
        ({"model": "stacked", "method": "exact"}, "the model stacked is fitted by svi only"),
        ({"homologue_sharing": 1.5}, "homologue_sharing is 1.5; give a number from 0 to 1"),
        ({"homologue_sharing": -1}, "homologue_sharing is -1; give a number of at least 0"),
        ({"n_programs": 0}, "n_programs is 0; give a whole number of at least 1"),
        ({"draws": "5"}, "draws is '5'; give a whole number"),
        ({"particles": 0}, "particles is 0"),
        ({"learning_rate": float("nan")}, "learning_rate is nan; give a number above 0"),
        ({"map_learning_rate": 0}, "map_learning_rate is 0"),
        ({"strength": 1.0}, r"strength is 1.0; give PCPrior\(upper=..., alpha=...\)"),
        ({"model": "expression", "transcriptomic_scale": 1.0}, "transcriptomic_scale is 1.0; give PCPrior"),
        ({"training": None}, "has no setting 'training'"),
        ({"family": None}, "has no setting 'family'"),
        *[({"model": "paper", **option}, message) for option, message in PAPER_FAULTS],
    ],
)
def test_faults_name_the_setting_and_what_it_takes(options, message):
    with pytest.raises(SettingsError, match=message):
        fit_settings(**options)


@pytest.mark.parametrize(("upper", "alpha"), [(0, 0.1), (-1, 0.1), (1, 0), (1, 1), (float("nan"), 0.1)])
def test_a_prior_out_of_range(upper, alpha):
    with pytest.raises(SettingsError, match="is out of range: give upper > 0 and 0 < alpha < 1"):
        PCPrior(upper, alpha)
