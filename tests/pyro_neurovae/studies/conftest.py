"""One study of made tables: 68 regions, 20 genes and a map."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pyro_neurovae.atlases.atlas import dk68_names
from pyro_neurovae.studies.study import Study

DK = dk68_names()


@pytest.fixture
def expression():
    values = np.random.default_rng(4).uniform(size=(68, 20))
    table = pd.DataFrame(values, index=list(DK), columns=[f"G{k}" for k in range(20)])
    table.loc[["R_frontalpole", "R_temporalpole"]] = np.nan
    return table


@pytest.fixture
def thinning():
    return pd.Series(np.random.default_rng(5).normal(-0.2, 0.1, 68), index=list(DK), name="ad")


@pytest.fixture
def errors(thinning):
    return pd.Series(np.linspace(0.03, 0.06, 68), index=thinning.index)


@pytest.fixture
def study(expression, thinning, errors):
    return Study.from_frames(expression, thinning, standard_error=errors)
