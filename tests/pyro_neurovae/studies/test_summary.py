"""A study in words, and how much of a map noise leaves to explain."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pyro_neurovae.studies.study import Study
from pyro_neurovae.studies.summary import noise_ceiling


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
