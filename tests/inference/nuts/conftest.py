"""A fit by NUTS, made once: compiling it takes longer than sampling."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

import pyro_neurovae as nv
from pyro_neurovae.inference import engine
from pyro_neurovae.inference.engine import FittedModel, fit_model


@dataclass(frozen=True)
class Sampled:
    """A fit, and the fitted model in it: both of one run."""

    fit: nv.Fit
    fitted: FittedModel


@pytest.fixture(scope="session")
def sampled(study: nv.Study) -> Sampled:
    """Two short chains of the spatial baseline on the ring study."""
    pytest.importorskip("numpyro")
    kept = []

    def keep(*given: object, **named: object) -> FittedModel:
        kept.append(fit_model(*given, **named))
        return kept[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "fit_model", keep)
        options = {"draws": 5, "warm_up": 5, "restarts": 2, "max_tree_depth": 2}
        fit = nv.fit(study, "spatial", method="nuts", seed=3, **options)
    return Sampled(fit, kept[0])
