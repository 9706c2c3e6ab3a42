"""Whatever file or option a command is given: a right result, or one sentence that says what to do."""

from __future__ import annotations

import math

import pytest
from campaign import Case, fuzz, kitchen_of, run_case
from doors import DOORS
from mutations import KEEPING


@pytest.fixture(scope="module")
def kitchen(data_dir):
    with kitchen_of(data_dir) as made:
        yield made


def faults(kitchen, inputs, number):
    _, failures = fuzz(kitchen, inputs, number, math.inf)
    return "\n".join(f"{case!r}\n    {fault}" for case, fault in failures.items())


@pytest.mark.parametrize("door", [name for name, door in DOORS.items() if door.file])
def test_good_files_are_read(kitchen, door):
    outcome, fault = run_case(kitchen, Case(door))
    assert outcome.status in (0, "read"), outcome.said
    assert not fault


@pytest.mark.parametrize("mutation", [one.__name__ for one in KEEPING])
def test_what_changes_nothing_changes_nothing(kitchen, mutation):
    for door in ("fit --thinning (ENIGMA)", "contrast --subjects"):
        outcome, fault = run_case(kitchen, Case(door, (mutation,)))
        assert outcome.status in (0, "read"), outcome.said
        assert not fault


def test_a_few_inputs_of_each_kind_keep_the_rule(kitchen):
    assert not faults(kitchen, 40, 0)


@pytest.mark.slow
def test_many_inputs_keep_the_rule_ci_selection(kitchen):
    assert not faults(kitchen, 700, 1)
