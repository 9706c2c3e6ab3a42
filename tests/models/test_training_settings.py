"""Settings of the methods: what trained programs depend on, importance ratios, longer trainings, faults."""

from __future__ import annotations

import dataclasses

import pytest

from pyro_neurovae.errors import SettingsError
from pyro_neurovae.models.training_settings import (
    ExactTraining,
    NutsTraining,
    PaperTraining,
    StackedTraining,
    Training,
    TrainingSettings,
)


def test_what_trained_programs_depend_on_is_named_by_fields_that_exist():
    assert set(TrainingSettings.of_programs) < {field.name for field in dataclasses.fields(TrainingSettings)}
    assert all(record.of_programs == () for record in (Training, PaperTraining, NutsTraining, ExactTraining))


def test_importance_ratios_are_a_few_for_each_draw_where_there_are_proposals():
    settings = TrainingSettings(proposals=4, program_proposals=3)
    assert (settings.ratios(100), settings.program_ratios(100)) == (400, 300)
    for record in (PaperTraining, NutsTraining, ExactTraining):
        assert (record().ratios(100), record().program_ratios(100)) == (100, 100)


def test_a_longer_training_has_twice_the_steps():
    assert TrainingSettings(steps=30, map_steps=70).longer() == {"steps": 60, "map_steps": 140}
    assert PaperTraining(steps=900).longer() == {"steps": 1800}
    assert NutsTraining().longer() == ExactTraining().longer() == {}
    for record in (TrainingSettings, StackedTraining, PaperTraining):
        assert isinstance(dataclasses.replace(record(), **record().longer()), record)


def test_a_stack_is_trained_by_the_same_settings():
    names = [[field.name for field in dataclasses.fields(record)] for record in (StackedTraining, TrainingSettings)]
    assert names[0] == names[1]


@pytest.mark.parametrize(
    ("record", "options", "message"),
    [
        (TrainingSettings, {"steps": -1}, "steps is -1; give a whole number"),
        (TrainingSettings, {"steps": 0, "program_sweeps": 0}, "steps and program_sweeps are both 0; give one of them"),
        (TrainingSettings, {"particles": 0}, "particles is 0"),
        (TrainingSettings, {"learning_rate": float("nan")}, "learning_rate is nan; give a number above 0"),
        (TrainingSettings, {"map_learning_rate": 0}, "map_learning_rate is 0"),
        (TrainingSettings, {"program_sweeps": -1}, "program_sweeps is -1; give a whole number of at least 0"),
        (TrainingSettings, {"program_sweeps": 1.5}, "program_sweeps is 1.5; give a whole number"),
        (PaperTraining, {"steps": 0}, "steps is 0; give a whole number"),
        (PaperTraining, {"particles": True}, "particles is True; give a whole number"),
        (PaperTraining, {"warm_up": 0}, "warm_up is 0; give a whole number"),
        (PaperTraining, {"patience": -3}, "patience is -3; give a whole number"),
        (PaperTraining, {"learning_rate": 0}, r"learning_rate is 0; give a number above 0\.$"),
        (PaperTraining, {"learning_rate": "fast"}, "learning_rate is 'fast'; give a number above 0"),
        (PaperTraining, {"validation": -0.1}, r"validation is -0.1; give a number of at least 0\.$"),
        (PaperTraining, {"validation": float("nan")}, "validation is nan; give a number of at least 0"),
        (PaperTraining, {"validation": "all"}, "validation is 'all'; give a number"),
        (PaperTraining, {"validation": 0.6}, "validation is 0.6; give a share of the pairs from 0 to 0.5"),
        (PaperTraining, {"warm_up": 50, "steps": 50}, "warm_up is 50 and steps 50: no state would be looked at"),
        (NutsTraining, {"warm_up": 0}, "warm_up is 0; give a whole number"),
        (NutsTraining, {"target_accept": 1.0}, "target_accept is 1.0; give a probability below 1"),
        (NutsTraining, {"target_accept": 0}, "target_accept is 0; give a number above 0"),
        (ExactTraining, {"points": 3}, "points is 3; give at least 10 for each scale"),
    ],
)
def test_faults_name_the_setting_and_what_it_takes(record, options, message):
    with pytest.raises(SettingsError, match=message):
        record(**options)


def test_a_warm_up_longer_than_training_is_none_where_nothing_is_held_back():
    assert PaperTraining(warm_up=50, steps=50, validation=0).steps == 50
