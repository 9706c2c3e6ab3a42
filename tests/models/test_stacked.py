"""A stack has data, settings and noise, and no generative process of its own."""

from __future__ import annotations

import dataclasses

import pytest

from pyro_neurovae.inference.observation import observe
from pyro_neurovae.models.families import family_of
from pyro_neurovae.models.settings import StackedSettings
from pyro_neurovae.models.stacked import Stack


def test_a_stack_is_what_its_family_builds(study):
    data, settings = observe(study), StackedSettings(members=("spatial", "expression"), folds=3)
    stack = family_of("stacked").build(data, settings)
    assert isinstance(stack, Stack)
    assert (stack.data, stack.settings) == (data, settings)
    assert not hasattr(stack, "model")
    with pytest.raises(dataclasses.FrozenInstanceError):
        stack.settings = None


def test_its_noise_is_its_members():
    stacked = family_of("stacked")
    assert all(family_of(name).noise is stacked.noise for name in StackedSettings().members)
