"""A study in words, and how much of a map noise leaves to explain."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pyro_neurovae.studies.study import Study
from pyro_neurovae.studies.summary import ceiling_alarms, noise_ceiling, noise_ceilings


def test_summary_names_what_is_missing_and_what_was_done(expression, thinning, errors):
    study = Study.from_frames(
        pd.concat([expression, expression[["G0"]]], axis=1),
        {"ad": thinning.drop("L_cuneus"), "pd": thinning},
        standard_error="none",
    )
    text = study.summary()
    for part in (
        "66 regions",
        "No thinning in ad: L_cuneus",
        "negative where cases are thinner",
        "unknown",
        "Notices:",
        "the first of each kept: G0",
    ):
        assert part in text


def test_noise_ceiling_against_a_simulation():
    rng = np.random.default_rng(9)
    signal, noise = rng.normal(0, 2, 200_000), rng.normal(0, 1, 200_000)
    # var(signal)/var(total) = 4/5; 200,000 draws leave a standard error of about 0.001
    assert noise_ceiling(signal + noise, np.ones(200_000)) == pytest.approx(0.8, abs=0.005)
    assert np.isnan(noise_ceiling(signal, np.zeros(200_000)))


def test_noise_ceiling_of_errors_that_go_together():
    """Of errors that correlate by 0.6 everywhere 0.4 of the variance is about their own mean."""
    rng = np.random.default_rng(3)
    value, error = rng.normal(0, 2, 50), np.full(50, 1.5)
    apart = 1 - noise_ceiling(value, error)
    assert 1 - noise_ceiling(value, error, np.diag(error**2)) == pytest.approx(apart)
    joint = error[0] ** 2 * (0.6 + 0.4 * np.eye(50))
    assert 1 - noise_ceiling(value, error, joint) == pytest.approx(0.4 * apart)
    value[7] = np.nan  # a region that is missing does not count
    joint[7] = joint[:, 7] = np.nan
    assert 1 - noise_ceiling(value, error, joint) == pytest.approx(0.4 * (1 - noise_ceiling(value, error)))


def test_a_ceiling_below_zero_is_an_alarm(thinning, errors):
    study = Study.from_frames(
        pd.DataFrame(np.random.default_rng(0).normal(size=(len(thinning), 12)), index=thinning.index),
        {"sound": thinning, "loud": thinning},
        standard_error={"sound": 0.1 * thinning.std() + 0 * thinning, "loud": 9 * thinning.std() + 0 * thinning},
    )
    ceilings = noise_ceilings(study)
    assert ceilings["loud"] < 0 < ceilings["sound"] < 1
    (alarm,) = ceiling_alarms(study)
    assert alarm.startswith(f"loud: the noise ceiling is {ceilings['loud']:.2f}, below zero")
    assert alarm in study.summary()
