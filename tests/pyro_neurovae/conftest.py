"""One small study and its fit, which the tests of what a user meets share."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import pyro_neurovae as nv
from pyro_neurovae import cli

# Enough training to run every step of a fit, not enough to trust its numbers.
QUICK = {"n_programs": 3, "steps": 20, "map_steps": 20, "draws": 60, "restarts": 2}


@pytest.fixture(scope="session")
def quick() -> dict[str, int]:
    """Options of a fit that takes a second."""
    return dict(QUICK)


@pytest.fixture(scope="session")
def small_study() -> nv.Study:
    """Two simulated maps; two regions lack expression, and three lack thinning in the first map."""
    study = nv.simulate(4, genes=40, maps=2, programs=3, missing_expression=["R_frontalpole", "R_temporalpole"])
    thinning = study.thinning.copy()
    thinning[0, [3, 20, 50]] = np.nan
    return study.with_thinning(thinning, study.standard_error)


@pytest.fixture(scope="session")
def small_fit(small_study: nv.Study) -> nv.Fit:
    """The small study fitted: two chains of 60 draws."""
    return nv.fit(small_study, seed=5, **QUICK)


@pytest.fixture(scope="session")
def baseline_fit(small_study: nv.Study) -> nv.Fit:
    """The small study under the family that has neither genes nor programs."""
    return nv.fit(small_study, "spatial", seed=5, map_steps=20, draws=60)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run the command line in this process: (exit status, stdout, stderr)."""

    def call(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            cli.main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        assert isinstance(end.value.code, int)
        return end.value.code, printed.out, printed.err

    return call
